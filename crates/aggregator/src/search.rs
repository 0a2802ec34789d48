//! How a query reaches the store: pages of records, counts by time and the values of attributes, through the
//! read lane.
//!
//! Takes a query and bounds of time and size; gives pages, step by step, so that memory does not grow
//! with the answer. It does not know how a question is written in an address, nor in which form an
//! answer goes out.

pub mod accumulate;
pub mod histogram;
pub mod outermost;
pub mod retrieval;
pub mod statistics;
pub mod steps;
pub mod tail;
