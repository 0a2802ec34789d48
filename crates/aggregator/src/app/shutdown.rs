//! SIGTERM and Ctrl-C: the first asks for an orderly stop, the second ends the process at once.

use std::io;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// Exit code after a second signal: 128 + SIGINT, as shells have it.
const INTERRUPTED: i32 = 130;

/// "File too large", on Linux.
const SIGXFSZ: i32 = 25;

/// A token that is cancelled at the first signal.
///
/// # Errors
/// When the system does not let us listen for signals.
pub fn on_signals() -> io::Result<CancellationToken> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    // A write beyond RLIMIT_FSIZE then fails as on a full disk, and does not end the process.
    // A handler that was installed once stays.
    drop(signal(SignalKind::from_raw(SIGXFSZ))?);
    let token = CancellationToken::new();
    let asked = token.clone();
    tokio::spawn(async move {
        next(&mut terminate, &mut interrupt).await;
        tracing::info!("stopping: finishing what was accepted (a second signal ends at once)");
        asked.cancel();
        next(&mut terminate, &mut interrupt).await;
        tracing::warn!("a second signal: ending at once");
        program::exit::at_once(INTERRUPTED);
    });
    Ok(token)
}

async fn next(terminate: &mut Signal, interrupt: &mut Signal) {
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
}
