//! Delivery from the spool to the store: batches are sent until every record has its fate, and what the
//! store refuses for good is kept as a dead letter.
//!
//! Takes portions of the spool; gives outcomes to the spool and to the batches' statuses. It does not
//! know how a batch came in.

pub mod dead_letters;
pub mod delivery;
pub mod drain;
pub(crate) mod key_memory;
mod outcome;
pub mod write_job;
