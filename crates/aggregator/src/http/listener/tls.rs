//! TLS as the connections of a service speak it: which certificate is shown now, and a handshake.

use super::client_certificate;
use super::transport::Tcp;
use crate::access::certificate::ClientCertificate;
use crate::http::error::ApiError;
use axum::Router;
use logs::clock::Clock;
use logs::notices::Notices;
use rustls::{AlertDescription, Error, ServerConfig};
use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

/// Of a reason that a client has a part in.
const LONGEST_REASON: usize = 300;

/// What TLS is spoken with. It may be another one tomorrow; a connection keeps that with which it was made.
pub struct Tls {
    config: watch::Receiver<Arc<ServerConfig>>,
    problem: watch::Receiver<Option<String>>,
    clock: Arc<dyn Clock>,
    failures: Notices<&'static str>,
    /// Answers whoever speaks plain HTTP.
    to_plain: Router,
}

/// What a client speaks, by the first thing that it says.
pub(super) enum Spoken {
    Tls,
    /// It would take the answer of TLS for noise.
    Http,
    /// It left without a word.
    Nothing,
}

/// A connection over which TLS is spoken.
pub(super) struct Secured {
    pub(super) stream: Box<TlsStream<Tcp>>,
    pub(super) certificate: Option<Arc<ClientCertificate>>,
}

impl Tls {
    /// With what counts now and what is wrong with it, both of which may change.
    pub fn new(
        config: watch::Receiver<Arc<ServerConfig>>,
        problem: watch::Receiver<Option<String>>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self {
            config,
            problem,
            clock,
            failures: Notices::default(),
            to_plain: Router::new().fallback(tls_needed),
        }
    }

    /// What those who run the service should know: a certificate that ends, or a new one that cannot be used.
    pub fn problem(&self) -> Option<String> {
        self.problem.borrow().clone()
    }

    /// What answers a client that speaks plain HTTP.
    pub(super) fn to_plain(&self) -> Router {
        self.to_plain.clone()
    }

    /// Listens to the first byte, and leaves it where it is.
    pub(super) async fn spoken(stream: &TcpStream) -> io::Result<Spoken> {
        let mut first = [0];
        Ok(match stream.peek(&mut first).await? {
            0 => Spoken::Nothing,
            // Of a method; nothing of TLS begins so.
            _ if first.iter().all(u8::is_ascii_uppercase) => Spoken::Http,
            _ => Spoken::Tls,
        })
    }

    /// A handshake. A client with which it fails has been told why.
    pub(super) async fn accept(&self, stream: Tcp) -> Result<Secured, io::Error> {
        let config = Arc::clone(&self.config.borrow());
        let stream = TlsAcceptor::from(config).accept(stream).await?;
        let chain = stream.get_ref().1.peer_certificates();
        Ok(Secured {
            certificate: client_certificate::of_chain(chain).map(Arc::new),
            stream: Box::new(stream),
        })
    }

    /// Says in the log that somebody is not heard who speaks plain HTTP, once a minute at most.
    pub(super) fn tell_plain(&self, peer: IpAddr) {
        if let Some(due) = self.failures.note("plain HTTP", self.clock.elapsed()) {
            let others = due.others();
            tracing::warn!(%peer, "a client speaks plain HTTP where TLS is spoken{others}");
        }
    }

    /// Says in the log why somebody is not heard, of each kind of reason once a minute at most.
    pub(super) fn tell(&self, peer: IpAddr, error: &io::Error) {
        let reason = error.get_ref().and_then(|error| error.downcast_ref());
        // Of a client that only left: whoever looks whether a port is open does so.
        let Some(kind) = reason.and_then(kind) else {
            tracing::debug!(%peer, %error, "a handshake was not finished");
            return;
        };
        if let Some(due) = self.failures.note(kind, self.clock.elapsed()) {
            let reason: String = error.to_string().chars().take(LONGEST_REASON).collect();
            let others = due.others();
            tracing::warn!(%peer, "TLS cannot be spoken with a client: {reason}{others}");
        }
    }
}

async fn tls_needed() -> ApiError {
    ApiError::tls_needed()
}

fn kind(error: &Error) -> Option<&'static str> {
    match error {
        Error::NoCertificatesPresented => Some("no certificate"),
        Error::InvalidCertificate(_) => Some("certificate"),
        // It does not believe us, most often.
        Error::AlertReceived(AlertDescription::CloseNotify) => None,
        Error::AlertReceived(_) => Some("refused by the client"),
        Error::InvalidMessage(_) => Some("no TLS"),
        Error::PeerIncompatible(_) | Error::NoApplicationProtocol => Some("other versions"),
        _ => Some("other"),
    }
}
