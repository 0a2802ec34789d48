//! The addresses that are read from: one file each, with its parameters beside it.
//!
//! Takes query strings; gives records, counts and values in the form that a reader asks for. How records
//! are found is the business of `search`.

pub(super) mod by_id;
pub(super) mod facets;
pub(super) mod histogram;
mod off_runtime;
pub(super) mod parameter_error;
#[cfg(test)]
mod parameters_fuzz;
mod reader;
pub(super) mod retrieve;
pub(super) mod tail;
