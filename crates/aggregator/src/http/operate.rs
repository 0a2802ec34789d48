//! The addresses for whoever runs the service: its health, what became of a batch, what the store refused.

pub(super) mod batches;
pub(super) mod dead_letters;
pub(super) mod health;
