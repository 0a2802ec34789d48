//! One connection, from its first byte to an end that the other side sees.

use super::access_line::AccessLine;
use super::answer::{Answer, UnderWay};
use super::connections::{Connections, Place};
use super::departure::{ClientLeft, departure};
use super::linger::linger;
use super::progress::{Endless, Progress};
use super::request_id::RequestId;
use super::socket::{ResetAtEnd, Socket};
use super::tls::{Secured, Tls};
use super::transport::{Tcp, Transport};
use super::{TIME_WHEN_STOPPING, handshake, stopped_for};
use crate::access::certificate::ClientCertificate;
use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::http::{Method, Response, Version};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use logs::clock::Clock;
use std::future::poll_fn;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::pin::{Pin, pin};
use std::sync::Arc;
use tokio::net::TcpStream;
use tokio_io_timeout::TimeoutStream;
use tokio_util::sync::CancellationToken;
use tower_service::Service as _;
use tracing::Instrument as _;

/// What the system keeps of an answer that is not sent yet or not confirmed: some megabytes otherwise, for
/// each slow reader. The system takes it twice.
const SEND_BUFFER: usize = 256 * 1024;
/// The largest head of a request, and what is read and written at once.
const BUFFER: usize = 64 * 1024;

/// Both ends of the connection that a request came over, as every request has them among its extensions.
#[derive(Debug, Clone, Copy)]
pub struct Ends {
    /// Whose connection it is.
    pub peer: IpAddr,
    /// The address of this machine that it came to.
    pub reached: IpAddr,
    /// Whether TLS is spoken over it.
    pub is_secure: bool,
}

impl Ends {
    fn of(stream: &TcpStream) -> Self {
        // Of one that is gone already nobody knows them any more: then it is a stranger's, and came where most is
        // asked of a name.
        let known = |address: io::Result<SocketAddr>, otherwise: Ipv4Addr| match address {
            Ok(address) => address.ip().to_canonical(),
            Err(_) => otherwise.into(),
        };
        Self {
            peer: known(stream.peer_addr(), Ipv4Addr::UNSPECIFIED),
            reached: known(stream.local_addr(), Ipv4Addr::LOCALHOST),
            is_secure: false,
        }
    }
}

/// Serves a connection until its end, or until it is asked for its place while it waits.
pub(super) async fn serve(
    stream: TcpStream,
    place: Place,
    router: Router,
    connections: Arc<Connections>,
    tls: Option<Arc<Tls>>,
    stop: CancellationToken,
) {
    // Answers are whole when they are written; waiting for more only costs time.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "no delay could not be set");
    }
    if let Err(error) = rustix::net::sockopt::set_socket_send_buffer_size(&stream, SEND_BUFFER) {
        tracing::debug!(%error, "the send buffer could not be set");
    }
    let progress = &place.progress;
    let served = async {
        let plain = Begun::plain(stream, router);
        let begun = match &tls {
            None => Some(plain),
            // Boxed, because it is large and soon over.
            Some(tls) => Box::pin(plain.secured(tls, &connections, &stop)).await,
        };
        if let Some(begun) = begun {
            exchange(begun, progress, &connections, &stop).await;
        }
    };
    let mut ended = pin!(served);
    tokio::select! {
        biased;
        () = &mut ended => {}
        () = progress.asked_to_close() => tracing::debug!("a connection that waited gave its place to a new one"),
    }
}

/// A connection over which requests come.
struct Begun {
    stream: Arc<TcpStream>,
    transport: Transport,
    ends: Ends,
    certificate: Option<Arc<ClientCertificate>>,
    /// What answers them.
    router: Router,
}

impl Begun {
    fn plain(stream: TcpStream, router: Router) -> Self {
        let stream = Arc::new(stream);
        Self {
            transport: Transport::Left(Tcp(Arc::clone(&stream))),
            ends: Ends::of(&stream),
            certificate: None,
            stream,
            router,
        }
    }

    /// After a handshake; `None` where the connection has come to its end in it.
    async fn secured(
        self,
        tls: &Tls,
        connections: &Connections,
        stop: &CancellationToken,
    ) -> Option<Self> {
        let (peer, time) = (self.ends.peer, connections.head_timeout());
        let begun = handshake::begin(&self.stream, peer, tls, time, stop).await?;
        Some(match begun {
            handshake::Begun::Plain => Self {
                router: tls.to_plain(),
                ..self
            },
            handshake::Begun::Secured(Secured {
                stream,
                certificate,
            }) => Self {
                transport: Transport::Right(stream),
                ends: Ends {
                    is_secure: true,
                    ..self.ends
                },
                certificate,
                ..self
            },
        })
    }
}

/// Requests and their answers, and the end.
async fn exchange(
    begun: Begun,
    progress: &Arc<Progress>,
    connections: &Connections,
    stop: &CancellationToken,
) {
    let Begun {
        stream,
        transport,
        ends,
        certificate,
        router,
    } = begun;
    let (socket, reset_at_end) = Socket::new(transport, Arc::clone(&stream), Arc::clone(progress));
    let service = service_fn(|mut request: Request<Incoming>| {
        request.extensions_mut().insert(ends);
        if let Some(certificate) = &certificate {
            request.extensions_mut().insert(Arc::clone(certificate));
        }
        let clock = connections.clock();
        answer(request, &router, &stream, progress, &reset_at_end, clock)
    });
    let mut timed = TimeoutStream::new(socket);
    timed.set_write_timeout(Some(connections.write_timeout));
    let mut connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(connections.head_timeout())
        .max_buf_size(BUFFER)
        .half_close(true)
        .serve_connection(TokioIo::new(Box::pin(timed)), service);
    let (mut stopping, mut over) = (false, false);
    let mut late = pin!(stopped_for(stop, TIME_WHEN_STOPPING));
    let ended = loop {
        tokio::select! {
            biased;
            ended = poll_fn(|context| connection.poll_without_shutdown(context)) => break ended,
            () = stop.cancelled(), if !stopping => {
                stopping = true;
                Pin::new(&mut connection).graceful_shutdown();
            }
            // A request under way ends by its own times.
            () = &mut late, if !over => {
                over = true;
                if progress.may_be_cut_off() {
                    return;
                }
            }
        }
    };
    match ended {
        Err(error) if !error.is_parse() => tracing::debug!(%error, "a connection ended badly"),
        _ => {
            progress.rest();
            // Its buffers end here, and not with the last byte of a sender that does not stop.
            let mut stream = connection.into_parts().io.into_inner();
            if stream.as_ref().get_ref().get_ref().end_well().is_ok() {
                linger(&mut stream, stop).await;
            }
        }
    }
}

/// The answer to one request.
fn answer(
    mut request: Request<Incoming>,
    router: &Router,
    stream: &Arc<TcpStream>,
    progress: &Arc<Progress>,
    reset_at_end: &ResetAtEnd,
    clock: &Arc<dyn Clock>,
) -> Pin<Box<dyn Future<Output = Result<Response<Answer>, ClientLeft>> + Send>> {
    // There are no chunks in HTTP/1.0 that would tell the end of an answer.
    if request.version() < Version::HTTP_11 {
        reset_at_end.set();
    }
    let under_way = UnderWay::begin(progress);
    let progress = Arc::clone(progress);
    let for_its_answer = matches!(*request.method(), Method::GET | Method::HEAD);
    let mut departure = Box::pin(departure(Arc::clone(stream), for_its_answer));
    let id = RequestId::of(request.headers());
    let span = id.span(request.headers());
    let mut line = AccessLine::begin(&mut request, &span, clock);
    let (mut router, of_the_answer) = (router.clone(), span.clone());
    let answering = async move {
        let response = tokio::select! {
            biased;
            response = router.call(request.map(Body::new)) => response,
            left = &mut departure => {
                tracing::debug!(reason = %left, "a request was given up");
                return Err(left);
            }
        };
        let Ok(mut response) = response;
        if response.extensions().get::<Endless>().is_some() {
            progress.is_for_ever();
        }
        id.mark(response.headers_mut());
        if let Some(line) = &mut line {
            line.status = Some(response.status());
        }
        Ok(response.map(|body| Answer {
            body,
            departure,
            span: of_the_answer,
            line,
            _under_way: under_way,
        }))
    };
    Box::pin(answering.instrument(span))
}
