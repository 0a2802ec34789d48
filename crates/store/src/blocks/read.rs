//! Reading blocks: which have to be looked into, what of them, and what comes of it in which order.

mod block_search;
mod columns;
mod counts;
mod facets;
mod matching;
mod merge;
mod page;
mod plan;
mod values;
mod walk;

pub(super) use page::Reading;
