//! Part 4, latency in an open loop at half of the most: from the intended time of sending to the
//! acknowledgement, and from an acknowledgement until a query finds the record.

use crate::clock;
use crate::failure::Failure;
use crate::load::{Amount, Load, Sending, Shape};
use crate::parts::Stores;
use crate::report::{Case, Part, Ratio, Run, percentile};
use crate::rig::{Rig, Target, one_load};
use crate::service::Service;
use crate::session::{Session, say};
use crate::usage::as_f64;
use logs::Timestamp;
use std::time::Duration;

/// Time of the first probe, in nanoseconds since 1970: 1990-01-01T00:00:00Z, far from every load.
const PROBE_NANOS: i64 = 631_152_000_000_000_000;
/// Between two probes.
const PROBE_PAUSE_MS: u64 = 50;
/// A probe that is not found in this time ends the measurement.
const PROBE_PATIENCE: Duration = Duration::from_secs(60);

/// Settings of this part.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Settings {
    /// Logs a second; half of what a run at full speed stores when nothing is said.
    #[arg(long, value_name = "LOGS/S")]
    rate: Option<u32>,
    /// Logs a batch and connections.
    #[arg(long, default_value = "1000x64", value_name = "BATCHxCONNECTIONS")]
    shape: Shape,
    /// Which stores.
    #[arg(long, value_enum, default_value = "both")]
    store: Stores,
}

/// Measures.
pub(crate) async fn run(session: &Session, settings: &Settings) -> Result<Part, Failure> {
    let measure =
        async |target: Target<'_>, part: &mut Part| measure(session, settings, target, part).await;
    let part = settings
        .store
        .part(session, "Latency at a fixed rate", measure);
    let mut part = part.await?;
    if settings.store != Stores::Mongodb {
        // The other layout of the embedded store, which takes its time to be read.
        self::measure(session, settings, Target::Blocks, &mut part).await?;
    }
    Ok(part)
}

async fn measure(
    session: &Session,
    settings: &Settings,
    target: Target<'_>,
    part: &mut Part,
) -> Result<(), Failure> {
    let full = Load::full(settings.shape, Amount::Seconds(session.seconds));
    let rate = if let Some(rate) = settings.rate {
        f64::from(rate)
    } else {
        let most = one_load(session, target, &full).await?.value;
        say(format_args!("{}: at most {most:.0} logs/s", target.name()));
        (most / 2.0).round()
    };
    let load = Load { rate, ..full };
    let name = format!(
        "{}, {rate:.0} logs/s, {}: acknowledgement p99",
        target.name(),
        settings.shape
    );
    let mut acks = session
        .alternate("ms", &[name], async |_: &String| {
            one(session, target, &load).await
        })
        .await?;
    let Some(acks) = acks.pop() else {
        return Ok(());
    };
    part.cases.push(visible(target, &acks));
    let fsync = acks.detail("fsync p99 µs") / 1000.0;
    let what = format!(
        "{}, acknowledgement p99, fsync p99 being {fsync:.1} ms",
        target.name()
    );
    let goal = Some((3.0 * fsync + 5.0, 2.0 * fsync + 2.0));
    part.ratios.push(Ratio::less(what, acks.median, "ms", goal));
    part.cases.push(acks);
    Ok(())
}

/// The same runs, seen by those who query.
fn visible(target: Target<'_>, acks: &Case) -> Case {
    let runs = acks.runs.iter().map(|run| Run {
        value: run
            .details
            .get("visible p99 ms")
            .copied()
            .unwrap_or(f64::NAN),
        ..run.clone()
    });
    let runs = runs.map(|mut run| {
        run.usage.clear();
        run.details.retain(|name, _| name.starts_with("visible"));
        run
    });
    let name = format!("{}, from acknowledged to visible p99", target.name());
    Case::new(name, "ms", runs.collect())
}

async fn one(session: &Session, target: Target<'_>, load: &Load) -> Result<Run, Failure> {
    let mut rig = Rig::start(session, target).await?;
    let before = rig.before()?;
    let sending = load.start(&session.programs, rig.service().url())?;
    let seen = probe(rig.service(), &sending).await?;
    rig.acknowledge(seen.len() as u64);
    let sent = sending.sent(load.patience()).await?;
    // Under the same load: the last thousand syncs.
    let fsync = rig.service().health().await?.spool;
    let stored = rig.stored(load, sent, &before).await?;
    let fault = rig.fault(load.step(), seen.len() as u64).await?;
    rig.end().await?;
    let summary = &stored.sent.summary;
    let Some(latency) = summary.latency_ms else {
        return Ok(stored.run.faulty(summary.fault()));
    };
    let run = Run {
        value: latency.p99,
        ..stored.run
    };
    Ok(run
        .detail("ack p99.9 ms", latency.p999)
        .detail("ack max ms", latency.max)
        .detail("behind", as_f64(summary.behind))
        .detail("fsync p99 µs", as_f64(fsync.fsync_p99_us))
        .detail("visible p50 ms", percentile(&seen, 50))
        .detail("visible p99 ms", percentile(&seen, 99))
        .detail("visible max ms", percentile(&seen, 100))
        .faulty(fault))
}

/// Posts single records with times of their own while the load is on; for each, the milliseconds from
/// its acknowledgement until a query finds it.
async fn probe(service: &Service, sending: &Sending) -> Result<Vec<f64>, Failure> {
    let mut seen = Vec::new();
    let mut nanos = PROBE_NANOS;
    while !sending.is_over()? {
        let [from, to] = [nanos, nanos + 1_000_000].map(Timestamp::from_nanos);
        let body = format!(r#"[{{"timestamp":"{from}","level":"INFO","message":"probe"}}]"#);
        service.post(body).await?;
        let acknowledged = clock::now();
        let query = format!("startTime={from}&endTime={to}");
        while !service.finds(&query).await? {
            if acknowledged.elapsed() > PROBE_PATIENCE {
                return Err(Failure::told(
                    "an acknowledged record does not become visible",
                ));
            }
            clock::pause(1).await;
        }
        seen.push(acknowledged.elapsed().as_secs_f64() * 1000.0);
        nanos += 1_000_000_000;
        clock::pause(PROBE_PAUSE_MS).await;
    }
    Ok(seen)
}
