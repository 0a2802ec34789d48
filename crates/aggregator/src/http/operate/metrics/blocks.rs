//! The embedded store: its file, its blocks, and the work on them.

use super::written::{Written, about};
use ::store::figures::{BlockFigures, Figures, Tier};
use std::fmt;

/// What a store does not have is left out.
pub(super) fn write(figures: &Figures, out: &mut Written<'_>) -> fmt::Result {
    if let Some(bytes) = figures.file_bytes {
        let file = about("store_file", "The file of the store, with its log.");
        out.gauge(&file.in_bytes(), bytes)?;
    }
    let Some(blocks) = &figures.blocks else {
        return Ok(());
    };
    if let Some((counted, ledger)) = &blocks.counted {
        tiers(counted, out)?;
        let rows = about(
            "ledger_rows",
            "Batches that the ledger remembers, as of the last count.",
        );
        out.gauge(&rows, ledger.rows)?;
        let bytes = about(
            "ledger",
            "What they take in the file, as of the last count.",
        );
        out.gauge(&bytes.in_bytes(), ledger.bytes)?;
    }
    merging(blocks, out)?;
    let cache = &blocks.cache;
    let hits = about(
        "block_cache_hits",
        "Parts of blocks that were looked for and found in memory.",
    );
    out.counter(&hits, cache.hits)?;
    let misses = about(
        "block_cache_misses",
        "Parts of blocks that were looked for and had to be read.",
    );
    out.counter(&misses, cache.misses)?;
    let held = about("block_cache", "Memory of the parts that were read last.");
    out.gauge(&held.in_bytes(), cache.bytes)?;
    let most = about("block_cache_max", "Memory that they may take.");
    out.gauge(&most.in_bytes(), cache.max_bytes)
}

/// By the most records that a block of their size has.
fn tiers(tiers: &[Tier], out: &mut Written<'_>) -> fmt::Result {
    let names: Vec<String> = tiers
        .iter()
        .map(|tier| tier.most_records.to_string())
        .collect();
    let of = |value: fn(&Tier) -> u64| {
        let each = names.iter().zip(tiers);
        each.map(move |(name, tier)| ([("most_records", name.as_str())], value(tier)))
    };
    let count = about(
        "blocks",
        "Blocks by the most records that one of their size has.",
    );
    out.gauges(&count, of(|tier| tier.blocks))?;
    let records = about("blocks_records", "Records in them.");
    out.gauges(&records, of(|tier| tier.records))?;
    let bytes = about("blocks_size", "Bytes of them.");
    out.gauges(&bytes.in_bytes(), of(|tier| tier.bytes))
}

fn merging(blocks: &BlockFigures, out: &mut Written<'_>) -> fmt::Result {
    let work = &blocks.merged;
    let merges = about("merges", "Times that small blocks became larger ones.");
    out.counter(&merges, work.merges)?;
    let gone = about("merged_blocks", "Small blocks that became larger ones.");
    out.counter(&gone, work.blocks)?;
    let records = about("merged_records", "Records that were written again for it.");
    out.counter(&records, work.records)?;
    let bytes = about("merged", "Blocks that were written for it.");
    out.counter(&bytes.in_bytes(), work.bytes)
}
