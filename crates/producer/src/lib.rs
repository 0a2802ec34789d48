//! The producer makes random, realistic logs and sends them to the aggregator: a gentle stream, or
//! the load that figures are measured with.
//!
//! # Map
//!
//! Each file may name those in the rows below its own, never one above. Only a file of a folder may
//! name the one that the folder belongs to (`send::dispatch` names `send`).
//!
//! ```text
//! main                  from the command line to the exit code
//! run                   a whole run, from the settings to the summary
//! redelivery            what earlier runs left in the spool is sent first
//! progress, config      what is shown meanwhile; every setting
//!   progress::recent_rate how many logs a second it is now
//! summary               what a run came to
//! workload              which batches are sent, and when
//!   workload::pacer       the thread that releases each batch when it is due
//!   workload::schedule    when is the n-th batch due?
//! send                  one batch, attempt after attempt
//!   send::dispatch        many batches at one time
//!   send::http_client     one attempt
//!   send::answer          what its answer means for the batch, and whose it is
//!   send::retry           is it worth another one, and when?
//!   send::endpoint        where to
//! run_error             why there was no run
//! spool                 what is not answered yet, on disk
//! generate, stats       the logs as JSON; counters, latencies and reasons
//! payload, clock, shutdown, telemetry, units
//! ```
//!
//! A batch goes this way, from left to right:
//!
//! ```text
//! generate ─► workload ─► pacer (a thread) ─► queue ─► dispatch ─► send ─► http_client
//!                          redelivery ────────►          spool ◄────┘
//! ```
//!
//! The loop is open: when a batch is due does not depend on the answers to earlier ones. At most
//! `--concurrency` batches are under way, and a few payloads wait. A service that cannot keep up delays
//! what follows. That takes no memory, and the latency shows it, because it is taken from the time at
//! which a batch was due.
//!
//! [`generate`], [`workload::schedule`], [`send::answer`], [`send::retry`], [`send::endpoint`] and
//! `progress::recent_rate` are pure: no clock and no I/O.

pub mod clock;
pub mod config;
pub mod generate;
pub mod payload;
pub mod progress;
pub mod redelivery;
pub mod run;
pub mod run_error;
pub mod send;
pub mod shutdown;
pub mod spool;
pub mod stats;
pub mod summary;
pub mod telemetry;
pub mod units;
pub mod workload;
