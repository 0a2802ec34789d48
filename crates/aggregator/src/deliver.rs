//! Delivery from the spool to the store: batches are sent until every record has its fate, and what the
//! store refuses for good is kept as a dead letter.
//!
//! Takes portions of the spool; gives outcomes to the spool and to the batches' statuses. It does not
//! know how a batch came in.

pub(crate) mod attempt;
pub mod backup_lock;
pub(crate) mod batch_memory;
pub mod dead_letters;
pub mod deferral;
pub mod delivery;
pub mod drain;
pub(crate) mod expired;
mod feed;
pub(crate) mod insert_size;
pub(crate) mod key_memory;
#[cfg(test)]
pub(crate) mod memory_disk;
pub mod outage;
mod outcome;
pub(crate) mod pause;
mod portion;
pub mod problems;
pub mod replay;
#[cfg(test)]
mod scripted;
mod waiting;
pub mod write_job;
