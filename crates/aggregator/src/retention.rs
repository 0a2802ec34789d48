//! What is removed: by age, by size, and on purpose.
//!
//! Takes the store, the spool's state and the refused records; removes in paced steps. It does not know how a record came
//! in, nor who asks.

pub mod deletion;
