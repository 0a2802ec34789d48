//! A whole run, from the settings to the summary.

use crate::clock::{self, Clock};
use crate::config::Config;
use crate::deliver::{Batch, Delivery};
use crate::dispatch::deliver_all;
use crate::feed::Feeder;
use crate::generate::{Style, older};
use crate::pace::Schedule;
use crate::progress::{self, Progress};
use crate::report::{Run, Summary};
use crate::resend;
use crate::run_error::RunError;
use crate::send::Sender;
use crate::shutdown::Stop;
use crate::source::{self, Source};
use crate::stats::Stats;
use crate::target::Target;
use indicatif::ProgressBar;
use std::sync::Arc;
use tokio::sync::mpsc;

/// Sends what the settings ask for until the end or a stop.
///
/// # Errors
/// [`RunError`] when it cannot begin.
pub async fn run(
    config: &Config,
    target: Target,
    stop: Stop,
    bar: ProgressBar,
) -> Result<Summary, RunError> {
    let seed = config.seed.unwrap_or_else(rand::random);
    let schedule = Schedule::new(config.rate, config.batch_size);
    let source = Source::new(source_settings(config, schedule, seed))?;
    let sender = Sender::new(target, config.timeout, config.concurrency)?;
    let run_id = format!("{:016x}", rand::random::<u64>());
    tracing::info!(seed, run_id, "sending");
    if config.prebuilt {
        let (bodies, bytes) = source.pool();
        tracing::info!(bodies, bytes, "bodies were made beforehand");
    }
    let spool = match &config.spool {
        Some(folder) => Some(resend::all(folder, config, &sender, &stop).await?),
        None => None,
    };
    let clock = Clock::start();
    let delivery = Arc::new(Delivery {
        sender,
        stats: Stats::new()?,
        clock,
        stop: stop.clone(),
        give_up_after: config.give_up_after,
        spool: spool.as_ref().map(|resent| Arc::clone(&resent.spool)),
    });
    stop.in_time(config.duration, config.grace);
    let feeder = Feeder {
        source,
        schedule,
        clock,
        duration: config.duration,
        stop: stop.soft.clone(),
        run_id: run_id.clone(),
    };
    let progress = tokio::spawn(
        Progress {
            delivery: Arc::clone(&delivery),
            schedule,
            count: config.count,
            bar: bar.clone(),
        }
        .run(),
    );
    let behind = send_all(&delivery, feeder, config).await?;
    progress.abort();
    bar.finish_and_clear();
    let run = Run {
        seed,
        run_id,
        elapsed: clock.elapsed(),
        cpu: clock.cpu_elapsed(),
        behind,
        spool: spool.map(|resent| resent.to_report(&delivery.stats)),
    };
    Ok(Summary::new(run, &delivery.stats))
}

fn source_settings(config: &Config, schedule: Schedule, seed: u64) -> source::Settings {
    // A batch holds the logs of the time before it is sent.
    let start = config
        .start_time
        .unwrap_or_else(|| older(clock::now(), schedule.batch_nanos()));
    source::Settings {
        style: Style {
            seed,
            levels: config.levels.clone(),
            message_bytes: config.message_bytes,
            late: config.late,
        },
        schedule,
        count: config.count,
        start,
        gzip: config.gzip,
        prebuilt: config.prebuilt,
    }
}

/// Sends all batches and waits for the end of each; tells how many logs were due and not sent.
async fn send_all(
    delivery: &Arc<Delivery>,
    feeder: Feeder,
    config: &Config,
) -> Result<u64, RunError> {
    let schedule = feeder.schedule;
    let feed = move |sender: mpsc::Sender<Batch>| Ok(feeder.run(&sender)?);
    let ended = deliver_all(delivery, feed, config.concurrency).await?;
    let due_until = config
        .duration
        .map_or(ended, |duration| ended.min(duration));
    let sent = delivery.stats.sent.get();
    let behind = progress::behind(schedule, config.count, due_until, sent);
    // The batch that was due at this very moment is not behind.
    Ok(if behind > schedule.batch_size() {
        behind
    } else {
        0
    })
}
