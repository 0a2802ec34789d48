//! What merging costs those who wait for `ack=stored`: batches whose blocks are merged while more are coming,
//! beside batches of the same records whose blocks never can be.
//!
//! Only blocks of one UTC day are merged. So the records of the second kind have a day for each batch. One
//! sender waits for each answer: a batch is a block in both, until it is merged. That all were merged in the one
//! and none in the other is counted in the store's file, or the run does not count. The first second counts nowhere:
//! files that are written over later grow in it.

use super::day::DAY_NANOS;
use crate::block_count;
use crate::clock;
use crate::failure::Failure;
use crate::parts::median_of;
use crate::records::generator;
use crate::report::{Part, Ratio, Run, percentile};
use crate::rig::{Rig, Target};
use crate::session::Session;
use crate::tally::BASE_NANOS;
use crate::usage::as_f64;
use logs::Timestamp;
use std::fmt;
use std::time::Duration;

/// Between two records of one day.
const STEP_NANOS: i64 = 100_000;
/// A run ends here at the latest: times have to be within what a record's id holds, and in one day.
const MOST_BATCHES: u64 = 50_000;
const PATIENCE: Duration = Duration::from_secs(60);
/// What is sent before this is not measured.
const WARM_UP: Duration = Duration::from_secs(1);

/// Settings of this part.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Settings {
    /// Logs a batch.
    #[arg(long, default_value_t = 100, value_name = "COUNT", value_parser = clap::value_parser!(u16).range(1..=1000))]
    batch: u16,
}

/// Whether blocks can be merged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Days {
    One,
    Many,
}

impl fmt::Display for Days {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::One => "ack=stored p99 while blocks are merged",
            Self::Many => "ack=stored p99 while none can be merged",
        })
    }
}

/// Measures.
pub(crate) async fn run(session: &Session, settings: &Settings) -> Result<Part, Failure> {
    let subjects = [Days::One, Days::Many];
    let cases = session.alternate("ms", &subjects, async |days: &Days| {
        one(session, *days, settings.batch).await
    });
    let cases = cases.await?;
    let [merged, alone] = subjects.map(|days| median_of(&cases, &days.to_string()));
    let what = "ack=stored p99, while blocks are merged against while none can be";
    Ok(Part {
        name: "Merging",
        ratios: vec![Ratio::less(what, merged / alone, "×", None)],
        cases,
    })
}

async fn one(session: &Session, days: Days, batch: u16) -> Result<Run, Failure> {
    let mut rig = Rig::start(session, Target::Blocks).await?;
    let before = rig.before()?;
    let sent = send(session, &rig, days, batch).await?;
    let blocks = block_count::all(rig.data())?;
    rig.acknowledge(sent.batches * u64::from(batch));
    rig.service().all_stored(PATIENCE).await?;
    let fault = rig.fault(days.step(batch), 0).await?;
    let rate = Run::rate(sent.batches * u64::from(batch), sent.seconds);
    let run = rig.add_usage(rate, &before)?;
    rig.end().await?;
    let percentile = |percent| percentile(&sent.each, percent);
    let measured = as_f64(sent.each.len() as u64) / (sent.seconds - WARM_UP.as_secs_f64());
    let run = Run {
        value: percentile(99),
        ..run.detail("batches/s", measured)
    };
    Ok(run
        .detail("p50 ms", percentile(50))
        .detail("max ms", percentile(100))
        .detail("blocks", as_f64(blocks))
        .faulty(fault)
        .faulty(days.fault(sent.batches, blocks)))
}

/// What one sender has sent.
struct Sent {
    batches: u64,
    seconds: f64,
    /// Milliseconds to each answer, after the warm-up.
    each: Vec<f64>,
}

async fn send(session: &Session, rig: &Rig<'_>, days: Days, batch: u16) -> Result<Sent, Failure> {
    let mut generator = generator(&[])?;
    let during = WARM_UP + Duration::from_secs(session.seconds);
    let (began, mut batches, mut each) = (clock::now(), 0, Vec::new());
    while batches < MOST_BATCHES && began.elapsed() <= during {
        let mut body = Vec::new();
        let first = batches * u64::from(batch);
        let time = |place| days.time(first + place as u64, batch);
        generator.batch(batches, usize::from(batch), time, &mut body)?;
        let sent = clock::now();
        rig.service().store(body).await?;
        batches += 1;
        if sent.duration_since(began) >= WARM_UP {
            each.push(sent.elapsed().as_secs_f64() * 1e3);
        }
    }
    let seconds = began.elapsed().as_secs_f64();
    Ok(Sent {
        batches,
        seconds,
        each,
    })
}

impl Days {
    /// Nanoseconds between two records.
    #[expect(
        clippy::cast_precision_loss,
        reason = "as the accounts count: see tally"
    )]
    fn step(self, batch: u16) -> f64 {
        match self {
            Self::One => STEP_NANOS as f64,
            Self::Many => DAY_NANOS as f64 / f64::from(batch),
        }
    }

    /// The time of a record: a little behind the beginning of its step, so that no rounding moves it into
    /// the day before.
    #[expect(
        clippy::cast_possible_truncation,
        reason = "as the accounts count: see tally"
    )]
    fn time(self, place: u64, batch: u16) -> Timestamp {
        let after = (as_f64(place) + 0.25) * self.step(batch);
        Timestamp::from_nanos(BASE_NANOS + after as i64)
    }

    /// What the blocks tell against this run, if they do.
    fn fault(self, batches: u64, blocks: u64) -> Option<String> {
        let is_as_meant = match self {
            Self::One => blocks < batches,
            Self::Many => blocks == batches,
        };
        (!is_as_meant).then(|| format!("{batches} batches have become {blocks} blocks"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_has_all_batches_or_one() {
        let day = |days: Days, place, batch| days.time(place, batch).nanos().div_euclid(DAY_NANOS);
        let first = BASE_NANOS.div_euclid(DAY_NANOS);
        for batch in [1, 7, 100, 1000] {
            for number in [0, 1, 2, 4_999, MOST_BATCHES - 1] {
                let place = number * u64::from(batch);
                let own = first + i64::try_from(number).unwrap();
                for last in [place, place + u64::from(batch) - 1] {
                    assert_eq!(day(Days::Many, last, batch), own, "{batch} {number}");
                    assert_eq!(day(Days::One, last, batch), first, "{batch} {number}");
                }
            }
        }
    }

    #[test]
    fn a_run_counts_when_its_blocks_are_as_meant() {
        assert_eq!(Days::One.fault(100, 20), None);
        assert_eq!(Days::Many.fault(100, 100), None);
        assert!(Days::One.fault(100, 100).is_some());
        assert!(Days::Many.fault(100, 99).is_some());
    }
}
