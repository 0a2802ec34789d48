//! Allocations of each step, for one record: `cargo bench -p bench --bench allocations`. Apart from the
//! times, which the counting would lengthen.

#![expect(
    clippy::expect_used,
    reason = "a measurement ends when its data is not what it made"
)]

mod cases;

use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};
use std::alloc::System;
use std::io::{self, Write as _};

#[global_allocator]
static COUNTING: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// Calls that are counted, after one that is not.
const TIMES: u32 = 10;

fn main() -> io::Result<()> {
    let mut out = io::stdout();
    writeln!(
        out,
        "| for one record | allocations | reallocations | bytes |"
    )?;
    writeln!(out, "|---|---|---|---|")?;
    for (name, mut case) in cases::all() {
        case();
        let region = Region::new(COUNTING);
        for _ in 0..TIMES {
            case();
        }
        let seen = region.change();
        let each = |count: usize| {
            let count = u32::try_from(count).unwrap_or(u32::MAX);
            f64::from(count) / f64::from(TIMES * cases::RECORDS)
        };
        let (made, grown) = (each(seen.allocations), each(seen.reallocations));
        let bytes = each(seen.bytes_allocated);
        writeln!(out, "| {name} | {made:.3} | {grown:.3} | {bytes:.0} |")?;
    }
    Ok(())
}
