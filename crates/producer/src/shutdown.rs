//! The stop of a run: a signal or the end of the duration asks for it, the grace period limits it.

use std::io;
use std::time::Duration;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// Exit code after a second signal: 128 + SIGINT, as shells have it.
const INTERRUPTED: i32 = 130;

/// The two steps of a stop.
#[derive(Debug, Clone, Default)]
pub struct Stop {
    /// No new batches; what is under way is finished.
    pub soft: CancellationToken,
    /// What is still under way has failed.
    pub hard: CancellationToken,
}

impl Stop {
    /// Asks for a stop at the first SIGTERM or Ctrl-C, and ends the process at the second.
    ///
    /// # Errors
    /// When the system does not let us listen for signals.
    pub fn on_signals(&self) -> io::Result<()> {
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        let soft = self.soft.clone();
        tokio::spawn(async move {
            next(&mut terminate, &mut interrupt).await;
            soft.cancel();
            tracing::info!("stopping: finishing what is under way (a second signal ends at once)");
            next(&mut terminate, &mut interrupt).await;
            tracing::warn!("a second signal: ending at once");
            program::exit::at_once(INTERRUPTED);
        });
        Ok(())
    }

    /// Asks for a stop after `duration`, if there is one; what is under way fails `grace` after any stop.
    pub fn set_deadlines(&self, duration: Option<Duration>, grace: Duration) {
        let stop = self.clone();
        tokio::spawn(async move {
            let over = async {
                match duration {
                    Some(duration) => tokio::time::sleep(duration).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = over => stop.soft.cancel(),
                () = stop.soft.cancelled() => {}
            }
            tokio::time::sleep(grace).await;
            stop.hard.cancel();
        });
    }
}

async fn next(terminate: &mut Signal, interrupt: &mut Signal) {
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
}
