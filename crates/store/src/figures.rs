//! What a store knows of itself in numbers, for `/metrics` and `/stats`.

use serde::Serialize;

/// What a store takes on disk.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct StoreSize {
    /// Bytes of what it holds, with all that finds it.
    pub in_use: u64,
    /// The same with what is free for what comes next.
    pub on_disk: u64,
    /// How many records it holds, where it knows that without counting.
    #[serde(skip)]
    pub records: Option<u64>,
}

/// The numbers of one moment; what a store does not have is missing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Figures {
    /// Bytes of its file, with what is committed and not put into it yet.
    pub file_bytes: Option<u64>,
    /// Of a store that keeps blocks.
    pub blocks: Option<BlockFigures>,
}

/// Blocks, and the work on them since the start.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BlockFigures {
    /// From the smallest on, and the ledger: as of the last count, if there was one.
    pub counted: Option<(Vec<Tier>, LedgerFigures)>,
    /// What was merged.
    pub merged: MergedBlocks,
    /// Looks into the cache.
    pub cache: CacheFigures,
}

/// Blocks of about one size.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tier {
    /// Records that each has at most.
    pub most_records: usize,
    /// How many there are.
    pub blocks: u64,
    /// Records in them.
    pub records: u64,
    /// Bytes of them.
    pub bytes: u64,
}

/// What is remembered of batches.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LedgerFigures {
    /// Batches.
    pub rows: u64,
    /// Bytes of the pages that they stand in.
    pub bytes: u64,
}

/// Small blocks that became larger ones.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct MergedBlocks {
    /// How often that was done.
    pub merges: u64,
    /// Blocks that are gone for it.
    pub blocks: u64,
    /// Records that were written again.
    pub records: u64,
    /// Bytes of the blocks that were made.
    pub bytes: u64,
}

/// What was looked for among what was read last.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CacheFigures {
    /// Looks that found it.
    pub hits: u64,
    /// Looks that did not.
    pub misses: u64,
    /// Bytes that it holds.
    pub bytes: u64,
    /// Bytes that it may hold.
    pub max_bytes: u64,
}
