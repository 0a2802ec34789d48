//! The producer makes random, realistic logs and sends them to the aggregator: a gentle stream, or
//! the load that figures are measured with.
//!
//! ```text
//!  generate ── source ── feed (a thread: each body at its time) ── run ── deliver ── send
//!                          pace: when is the n-th batch due?         │  retry: again, and when?
//!                                                     resend ── spool: what is not answered yet
//! ```
//!
//! The loop is open: when a batch is due does not depend on the answers to earlier ones. At most
//! `--concurrency` batches are under way, and a few bodies wait; a service that cannot keep up delays
//! what follows, which takes no memory, and the latency, taken from the intended time, shows it.
//!
//! [`generate`], [`levels`], [`pace`], [`retry`] and [`target`] are pure: no clock and no I/O.

pub mod clock;
pub mod config;
pub mod deliver;
pub mod dispatch;
pub mod feed;
pub mod generate;
pub mod levels;
pub mod pace;
pub mod progress;
pub mod reasons;
pub mod report;
pub mod resend;
pub mod retry;
pub mod run;
pub mod run_error;
pub mod send;
pub mod shutdown;
pub mod source;
pub mod spool;
pub mod stats;
pub mod target;
pub mod telemetry;
