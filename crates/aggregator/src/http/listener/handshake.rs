//! How a connection begins at a port that speaks TLS. A client that does not get on has the time of a head for it, as
//! one of the connections.

use super::linger::linger;
use super::tls::{Secured, Spoken, Tls};
use super::transport::Tcp;
use super::{TIME_WHEN_STOPPING, stopped_for};
use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio_util::sync::CancellationToken;

/// What comes next.
pub(super) enum Begun {
    /// Requests.
    Secured(Secured),
    /// A client that speaks plain HTTP, and is to be told.
    Plain,
}

/// `None` for a connection that is at its end.
pub(super) async fn begin(
    stream: &Arc<TcpStream>,
    peer: IpAddr,
    tls: &Tls,
    time: Duration,
    stop: &CancellationToken,
) -> Option<Begun> {
    let begun = tokio::time::timeout(time, first_words(stream, tls));
    let begun = tokio::select! {
        begun = begun => begun,
        () = stopped_for(stop, TIME_WHEN_STOPPING) => return None,
    };
    match begun {
        Ok(Ok(begun)) => {
            if let Some(Begun::Plain) = begun {
                tls.tell_plain(peer);
            }
            begun
        }
        Ok(Err(error)) => {
            tls.tell(peer, &error);
            // Or a reset would overtake what it was told.
            linger(&mut Tcp(Arc::clone(stream)), stop).await;
            None
        }
        Err(_) => {
            tracing::debug!(%peer, "a handshake took too long");
            None
        }
    }
}

async fn first_words(stream: &Arc<TcpStream>, tls: &Tls) -> io::Result<Option<Begun>> {
    Ok(match Tls::spoken(stream).await? {
        Spoken::Nothing => None,
        Spoken::Http => Some(Begun::Plain),
        Spoken::Tls => {
            let secured = tls.accept(Tcp(Arc::clone(stream))).await?;
            Some(Begun::Secured(secured))
        }
    })
}
