//! What is under way, and what became of it: memory that requests hold, the fate of every record, the
//! status of the last batches, and who sends.
//!
//! Takes what the ways in and out tell it; gives counts and states. It does no I/O.

pub mod admission;
pub mod batch_status;
pub mod brought;
pub mod fair_admission;
pub mod fair_order;
pub mod record_counts;
pub mod request_account;
pub mod senders;
pub mod shares;
