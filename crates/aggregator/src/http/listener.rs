//! The accept loop: a bounded number of connections, time-outs on both directions, and an end that
//! the other side sees.
//!
//! Our own, because `axum::serve` sets no time-out for heads and no bound on connections.

mod accept_trouble;
mod access_line;
mod answer;
mod client_certificate;
mod connection;
mod connections;
mod departure;
mod handshake;
mod linger;
mod progress;
mod request_id;
mod socket;
mod tls;
mod transport;

pub use access_line::Route;
pub use connection::Ends;
pub use connections::Connections;
pub use progress::Endless;
pub use tls::Tls;

use accept_trouble::{AcceptTrouble, is_of_one_connection};
use axum::Router;
use logs::clock::Clock;
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Once a stop has begun, heads and bodies that are not whole get so long.
pub(super) const TIME_WHEN_STOPPING: Duration = Duration::from_secs(2);
/// After an error of `accept`, most often for want of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Accepts until `stop` is cancelled; each connection is a task of `tracker`, and ends after the
/// request that it is at.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    connections: Arc<Connections>,
    tls: Option<Arc<Tls>>,
    clock: Arc<dyn Clock>,
    stop: CancellationToken,
    tracker: TaskTracker,
) {
    let accepting = async {
        let mut trouble = AcceptTrouble::default();
        loop {
            let stream = accept(&listener, &connections, &*clock, &mut trouble).await;
            // One that finds no place is held here, and the next ones wait in the system's queue:
            // nothing is reset.
            let place = connections.place().await;
            let serving = connection::serve(
                stream,
                place,
                router.clone(),
                Arc::clone(&connections),
                tls.clone(),
                stop.clone(),
            );
            tracker.spawn(serving);
        }
    };
    tokio::select! {
        () = accepting => {}
        () = stop.cancelled() => {}
    }
}

/// The next connection. While the system gives none, those that wait make room.
async fn accept(
    listener: &TcpListener,
    connections: &Connections,
    clock: &dyn Clock,
    trouble: &mut AcceptTrouble,
) -> TcpStream {
    loop {
        if let Some(lasted) = trouble.ended(clock.elapsed()) {
            let lasted_seconds = lasted.as_secs();
            tracing::info!(lasted_seconds, "connections are accepted again");
        }
        match accept_or_quiet(listener, trouble.left(clock.elapsed())).await {
            Some(Ok(stream)) => return stream,
            Some(Err(error)) if is_of_one_connection(&error) => {
                tracing::debug!(%error, "a connection was gone before it was accepted");
            }
            Some(Err(error)) => {
                if trouble.failed(clock.elapsed()) {
                    tracing::warn!(%error, "connections cannot be accepted; those that are open are served");
                }
                connections.make_room();
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
            None => {}
        }
    }
}

/// Ends when a stop has gone on for so long.
pub(super) async fn stopped_for(stop: &CancellationToken, time: Duration) {
    stop.cancelled().await;
    tokio::time::sleep(time).await;
}

/// `None` when there was no connection within this time.
async fn accept_or_quiet(
    listener: &TcpListener,
    quiet: Option<Duration>,
) -> Option<io::Result<TcpStream>> {
    let accept = async { listener.accept().await.map(|(stream, _)| stream) };
    match quiet {
        None => Some(accept.await),
        Some(time) => tokio::time::timeout(time, accept).await.ok(),
    }
}
