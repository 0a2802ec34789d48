//! An hour of a quiet service, whose blocks are small and still being merged, searched beside the same
//! records in full blocks.
//!
//! Nobody waits for an hour: its batches come one after another, each when the one before is stored, with the
//! times that they would have. So as many small blocks are made, and merged while more are coming. During the
//! searches a batch a second goes on coming to both, a day later: without any, everything would be merged.

use super::questions::QUESTIONS;
use super::spread::{Delivery, Spread};
use crate::block_count;
use crate::clock;
use crate::failure::Failure;
use crate::parts::kept::{self, Keeper, Kept};
use crate::report::{Part, Ratio};
use crate::rig::{Rig, Target};
use crate::session::{Session, say};
use crate::tally::BASE_NANOS;
use logs::Timestamp;
use std::time::Duration;

const SMALL: &str = "small blocks";
const FULL: &str = "full blocks";
/// Records in a body of those that are to be in full blocks.
const FULL_BATCH: u64 = 1000;
const SECOND_NANOS: i64 = 1_000_000_000;
/// Where the batches go that come during the searches: days behind everything that is asked for.
const MEANWHILE_NANOS: i64 = BASE_NANOS + 10 * 86_400 * SECOND_NANOS;
/// Nothing is left to be merged when there are as many blocks for so many looks, a second each.
const LOOKS: u32 = 5;
const PATIENCE: Duration = Duration::from_secs(300);

/// Settings of this part.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Settings {
    /// Records: those of an hour unless something else is said.
    #[arg(long, default_value_t = 360_000, value_name = "COUNT", value_parser = clap::value_parser!(u64).range(10_000..))]
    records: u64,
    /// Logs a second that the records stand for; all of a second come in one batch.
    #[arg(long, default_value_t = 100, value_name = "LOGS/S", value_parser = clap::value_parser!(u64).range(1..=1000))]
    rate: u64,
    /// How long the full blocks are left alone, in seconds: what is smaller is merged.
    #[arg(long, default_value_t = 60, value_name = "SECONDS")]
    rest: u64,
}

/// Measures.
pub(crate) async fn run(session: &Session, settings: &Settings) -> Result<Part, Failure> {
    let seconds = i64::try_from(settings.records / settings.rate).unwrap_or(i64::MAX);
    let small = Spread {
        records: settings.records,
        nanos: seconds.saturating_mul(SECOND_NANOS),
        batch: settings.rate,
        needles: 1,
    };
    let full = Spread {
        batch: FULL_BATCH,
        ..small
    };
    let mut part = Part {
        name: "Small blocks",
        cases: Vec::new(),
        ratios: Vec::new(),
    };
    let full = fill(session, FULL, full, Delivery::Spooled).await?;
    clock::pause(1_000 * settings.rest).await;
    let all = [full, fill(session, SMALL, small, Delivery::Stored).await?];
    let services = all.each_ref().map(|kept| match &kept.keeper {
        Keeper::Ours(rig) => Some(rig),
        Keeper::Peer(_) => None,
    });
    let services: Vec<&Rig<'_>> = services.into_iter().flatten().collect();
    tokio::select! {
        measured = measure(session, &all, &services, small, &mut part) => measured?,
        failed = keep_coming(&services, settings.rate) => return Err(failed),
    }
    drop(services);
    for kept in all {
        kept.end().await?;
    }
    Ok(part)
}

async fn fill(
    session: &Session,
    name: &'static str,
    spread: Spread,
    delivery: Delivery,
) -> Result<Kept<'static>, Failure> {
    let mut rig = Rig::start(session, Target::Blocks).await?;
    let began = clock::now();
    let fault = spread.fill(&mut rig, delivery).await?;
    let took = began.elapsed().as_secs_f64();
    let blocks = block_count::of_day(rig.data(), BASE_NANOS)?;
    say(format_args!("{name}: {blocks} after {took:.1} s"));
    Ok(Kept {
        name,
        keeper: Keeper::Ours(rig),
        fault,
    })
}

async fn measure(
    session: &Session,
    all: &[Kept<'_>],
    services: &[&Rig<'_>],
    spread: Spread,
    part: &mut Part,
) -> Result<(), Failure> {
    for (kept, rig) in all.iter().zip(services) {
        let blocks = settled(rig).await?;
        let what = format!("{}, when they are searched", kept.name);
        let blocks = crate::usage::as_f64(blocks);
        part.ratios.push(Ratio::less(what, blocks, "blocks", None));
    }
    for question in &QUESTIONS {
        let asked = kept::ask(session, all, question, &spread).await?;
        let ratio = asked.median(SMALL) / asked.median(FULL);
        let what = format!("{}, small against full blocks", question.what);
        part.ratios.push(Ratio::less(what, ratio, "×", None));
        part.cases.extend(asked.cases);
    }
    Ok(())
}

/// Waits until merging has nothing left to do while records are coming; how many blocks there are then.
async fn settled(rig: &Rig<'_>) -> Result<u64, Failure> {
    let began = clock::now();
    let (mut blocks, mut looks) = (0, 0);
    while looks < LOOKS {
        if began.elapsed() > PATIENCE {
            return Err(Failure::told("merging does not come to an end"));
        }
        clock::pause(1_000).await;
        let now = block_count::of_day(rig.data(), BASE_NANOS)?;
        looks = if now == blocks { looks + 1 } else { 0 };
        blocks = now;
    }
    Ok(blocks)
}

/// Sends a batch a second to each service, until something goes wrong.
async fn keep_coming(services: &[&Rig<'_>], rate: u64) -> Failure {
    let mut nanos = MEANWHILE_NANOS;
    loop {
        for rig in services {
            if let Err(failure) = rig.service().post(second(nanos, rate)).await {
                return failure;
            }
        }
        nanos += SECOND_NANOS;
        clock::pause(1_000).await;
    }
}

/// The records of a second.
fn second(nanos: i64, rate: u64) -> String {
    let step = SECOND_NANOS / i64::try_from(rate).unwrap_or(i64::MAX);
    let times = (0..rate)
        .zip(0_i64..)
        .map(|(_, place)| nanos + place * step);
    let record = |nanos| {
        let time = Timestamp::from_nanos(nanos);
        format!(r#"{{"timestamp":"{time}","level":"INFO","message":"meanwhile"}}"#)
    };
    let records: Vec<String> = times.map(record).collect();
    format!("[{}]", records.join(","))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_has_as_many_records_as_are_asked_for_and_ends_before_the_next() {
        let records: Vec<serde_json::Value> =
            serde_json::from_str(&second(MEANWHILE_NANOS, 7)).unwrap();
        assert_eq!(records.len(), 7);
        let last = records[6]["timestamp"].as_str().unwrap();
        let last = Timestamp::parse(last).unwrap().nanos() - MEANWHILE_NANOS;
        assert!(last < SECOND_NANOS, "{last}");
    }
}
