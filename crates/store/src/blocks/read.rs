//! Reading blocks: which have to be looked into, what of them, and what comes of it in which order.

mod block_search;
mod columns;
mod counts;
mod facets;
mod going;
mod matching;
mod merge;
mod page;
mod plan;
mod shared;
mod steps;
mod values;
mod walk;

pub(super) use columns::Source;
pub(super) use going::{Going, Gone, Walk};
pub(super) use page::Reading;
