//! The way of a batch from the spool to the store: fed, sent until every record has its fate, and what
//! the store refuses for good kept aside.
//!
//! Takes portions of the spool; gives outcomes to the spool and to the batches' statuses. It does not
//! know how a batch came in.

pub mod dead_letters;
pub mod delivery;
pub mod drain;
mod outcome;
pub mod write_job;
