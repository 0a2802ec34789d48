//! The addresses that are read from: one file each, with its parameters beside it.

pub(super) mod by_id;
pub(super) mod facets;
pub(super) mod histogram;
pub(super) mod parameters;
#[cfg(test)]
mod parameters_fuzz;
pub(super) mod retrieve;
