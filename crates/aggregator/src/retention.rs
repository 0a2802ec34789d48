//! What is removed: records that are older than they are to be kept, the oldest when the store takes more than it may, and
//! those that somebody asks to be deleted.
//!
//! Takes the settings, the write lane's way to the store, what was too old when it came, the spool's state and the refused
//! records; removes in paced steps, and gives numbers, and why it does not go on. What goes, and how, is the store's. It does
//! not know how a record came in, nor who asks.

pub mod deletion;
mod disk;
mod pace;
mod policy;
mod removing;
mod rounds;
mod size;
mod state;
mod windows;

pub(crate) use disk::DiskWatch;
pub(crate) use policy::Policy;
pub(crate) use rounds::Retention;
pub(crate) use state::RetentionState;
