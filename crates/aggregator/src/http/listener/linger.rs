//! An end that the other side sees: a socket that is closed with bytes unread sends a reset, which makes it throw away an
//! answer that it has not read yet.

use super::stopped_for;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio_util::sync::CancellationToken;

/// How long, and how much, of a body that nobody wants is read on, so that the sender sees the
/// answer and not a reset.
const TIME: Duration = Duration::from_secs(5);
/// The same during a stop, which connections that ask for nothing should not hold up.
const TIME_STOPPING: Duration = Duration::from_secs(1);
const BYTES: usize = 64 * 1024 * 1024;
const BUFFER: usize = 16 * 1024;

/// Says that nothing more comes, and reads on for a while.
pub(super) async fn linger(
    stream: &mut (impl AsyncRead + AsyncWrite + Unpin),
    stop: &CancellationToken,
) {
    let drain = async {
        // TLS has a last word, for which a reader that stands still leaves no room.
        if stream.shutdown().await.is_err() {
            return;
        }
        let mut buffer = vec![0; BUFFER];
        let mut total = 0;
        while let Ok(count) = stream.read(&mut buffer).await {
            total += count;
            if count == 0 || total > BYTES {
                break;
            }
        }
    };
    // Whoever has not gone by then gets the reset.
    tokio::select! {
        () = drain => return,
        () = tokio::time::sleep(TIME) => {}
        () = stopped_for(stop, TIME_STOPPING) => {}
    }
    tracing::debug!("a client went on sending after its answer");
}
