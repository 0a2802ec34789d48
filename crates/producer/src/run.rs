//! A whole run, from the settings to the summary.

use crate::clock::{self, Clock};
use crate::config::Config;
use crate::generate::{GeneratorSettings, older};
use crate::progress::Progress;
use crate::redelivery::redeliver;
use crate::run_error::RunError;
use crate::send::{Batch, BatchSender, Endpoint, HttpClient, dispatch};
use crate::shutdown::Stop;
use crate::stats::Stats;
use crate::summary::{RunInfo, Summary};
use crate::workload::{Pacer, Schedule, Workload, WorkloadSettings};
use indicatif::ProgressBar;
use program::tls::{self, Files};
use std::sync::Arc;
use tokio::sync::mpsc;

/// Sends what the settings ask for until the end or a stop.
///
/// # Errors
/// [`RunError`] when it cannot begin.
pub async fn run(
    config: &Config,
    endpoint: Endpoint,
    stop: Stop,
    bar: ProgressBar,
) -> Result<Summary, RunError> {
    let seed = config.seed.unwrap_or_else(rand::random);
    let client = client(config, endpoint)?;
    let run_id = format!("{:016x}", rand::random::<u64>());
    tracing::info!(seed, run_id, "sending");
    let redelivery = match &config.spool {
        Some(directory) => Some(redeliver(directory, config, &client, &stop).await?),
        None => None,
    };
    // From here on time counts, that of the logs, too: what was resent has taken none of it.
    let schedule = Schedule::new(config.rate, config.batch_size);
    let workload = Workload::new(workload_settings(config, schedule, seed))?;
    if config.prebuilt {
        let (bodies, bytes) = workload.pool();
        tracing::info!(bodies, bytes, "bodies were made beforehand");
    }
    let clock = Clock::start();
    let sender = Arc::new(BatchSender {
        client,
        stats: Stats::new()?,
        clock,
        stop: stop.clone(),
        give_up_after: config.give_up_after,
        spool: redelivery
            .as_ref()
            .map(|earlier| Arc::clone(&earlier.spool)),
    });
    stop.set_deadlines(config.duration, config.grace);
    let pacer = Pacer {
        workload,
        schedule,
        clock,
        duration: config.duration,
        stop: stop.soft.clone(),
        run_id: run_id.clone(),
    };
    let progress = tokio::spawn(
        Progress {
            sender: Arc::clone(&sender),
            schedule,
            count: config.count,
            bar: bar.clone(),
        }
        .run(),
    );
    let behind = send_workload(&sender, pacer, config).await?;
    progress.abort();
    bar.finish_and_clear();
    let info = RunInfo {
        seed,
        run_id,
        elapsed: clock.elapsed(),
        time_of_logs: schedule.time_of(sender.stats.sent.get()),
        cpu: clock.cpu_elapsed(),
        behind,
        spool: redelivery.map(|earlier| earlier.summary(&sender.stats)),
    };
    Ok(Summary::new(info, &sender.stats))
}

fn workload_settings(config: &Config, schedule: Schedule, seed: u64) -> WorkloadSettings {
    // A batch holds the logs of the time before it is sent.
    let start = config
        .start_time
        .unwrap_or_else(|| older(clock::now(), schedule.batch_nanos()));
    WorkloadSettings {
        generator: GeneratorSettings {
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
async fn send_workload(
    sender: &Arc<BatchSender>,
    pacer: Pacer,
    config: &Config,
) -> Result<u64, RunError> {
    let schedule = pacer.schedule;
    let produce = move |queue: mpsc::Sender<Batch>| Ok(pacer.run(&queue)?);
    let ended = dispatch::send_all(sender, produce, config.concurrency).await?;
    let due_until = config
        .duration
        .map_or(ended, |duration| ended.min(duration));
    let behind = schedule.logs_behind(config.count, due_until, sender.stats.sent.get());
    // The batch that was due at this very moment is not behind.
    Ok(if behind > schedule.batch_size() {
        behind
    } else {
        0
    })
}

fn client(config: &Config, endpoint: Endpoint) -> Result<HttpClient, RunError> {
    let token = program::token::of_setting(config.token_file.as_ref())?;
    let files = Files {
        ca: config.ca.as_ref(),
        certificate: config.client_cert.as_ref(),
        key: config.client_key.as_ref(),
    };
    let tls = match endpoint.is_secure() {
        true => tls::verified(files)?,
        false => tls::unused()?,
    };
    let (timeout, connections) = (config.timeout, config.concurrency);
    Ok(HttpClient::new(endpoint, token, tls, timeout, connections)?)
}
