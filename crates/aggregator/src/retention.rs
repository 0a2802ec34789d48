//! Retention: records go when they are older than they are to be kept, or when the store takes more than it may.
//!
//! Takes the settings, the write lane's way to the store, and what was too old when it came; gives numbers, and why it
//! does not go on. What goes, and how, is the store's.

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
