//! The store of blocks: columns of records, and a ledger of the batches that they came in.

pub mod ledger;
