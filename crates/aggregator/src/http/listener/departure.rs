//! Whether a client has left while its request is under way.
//!
//! A client may close its sending side once it has sent its request, and still wait for the answer
//! (`nc -N`, `socat`, some proxies). One that is gone looks the same until something is written to it.

use futures_util::FutureExt as _;
use rustix::net::sockopt;
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{Interest, Ready};
use tokio::net::TcpStream;

/// Between two looks at a connection whose request is under way.
const LOOK: Duration = Duration::from_secs(1);
/// A client that is silent for so long is asked whether it is still there, so often, at such intervals:
/// the system then ends the connection of one that is gone.
const SILENCE: Duration = Duration::from_secs(30);
const INTERVAL: Duration = Duration::from_secs(10);
const ATTEMPTS: u32 = 3;

/// The client has left, so nobody waits for the answer.
#[derive(Debug, thiserror::Error)]
#[error("the client left before its answer was there")]
pub(super) struct ClientLeft;

/// Ends when the client has left. It has when the connection is broken; and, where nothing but the
/// answer is `for_its_answer`, when it closes its sending side later than with its request.
pub(super) async fn departure(stream: Arc<TcpStream>, for_its_answer: bool) -> ClientLeft {
    // Most requests are done before the first look.
    tokio::time::sleep(LOOK).await;
    if let Err(error) = ask_the_silent(&stream) {
        tracing::debug!(%error, "the system does not ask whether a client is still there");
    }
    let half_closed = state(&stream).is_read_closed();
    loop {
        let state = state(&stream);
        let closed_later = state.is_read_closed() && !half_closed;
        if state.is_error() || state.is_write_closed() || (closed_later && for_its_answer) {
            return ClientLeft;
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// What is known of the connection, without waiting.
fn state(stream: &TcpStream) -> Ready {
    let all = Interest::READABLE | Interest::WRITABLE | Interest::ERROR;
    let known = stream.ready(all).now_or_never();
    known.and_then(Result::ok).unwrap_or(Ready::EMPTY)
}

fn ask_the_silent(stream: &TcpStream) -> io::Result<()> {
    sockopt::set_tcp_keepidle(stream, SILENCE)?;
    sockopt::set_tcp_keepintvl(stream, INTERVAL)?;
    sockopt::set_tcp_keepcnt(stream, ATTEMPTS)?;
    Ok(sockopt::set_socket_keepalive(stream, true)?)
}
