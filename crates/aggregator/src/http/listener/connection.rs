//! One connection, from its first byte to an end that the other side sees.

use super::answer::{Answer, UnderWay};
use super::connections::{Connections, Place};
use super::departure::{ClientLeft, departure};
use super::progress::Progress;
use super::socket::{ResetAtEnd, Socket};
use super::{TIME_WHEN_STOPPING, stopped_for};
use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::http::{Method, Response, Version};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use std::future::poll_fn;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_io_timeout::TimeoutStream;
use tokio_util::sync::CancellationToken;
use tower_service::Service as _;

/// What the system keeps of an answer that is not sent yet or not confirmed: some megabytes otherwise, for
/// each slow reader. The system takes it twice.
const SEND_BUFFER: usize = 256 * 1024;
/// The largest head of a request, and what is read and written at once.
const BUFFER: usize = 64 * 1024;
/// How long, and how much, of a body that nobody wants is read on, so that the sender sees the
/// answer and not a reset.
const LINGER_TIME: Duration = Duration::from_secs(5);
/// The same during a stop, which connections that ask for nothing should not hold up.
const LINGER_TIME_STOPPING: Duration = Duration::from_secs(1);
const LINGER_BYTES: usize = 64 * 1024 * 1024;
const LINGER_BUFFER: usize = 16 * 1024;

type Stream = Pin<Box<TimeoutStream<Socket>>>;

/// Both ends of the connection that a request came over, as every request has them among its extensions.
#[derive(Debug, Clone, Copy)]
pub struct Ends {
    /// Whose connection it is.
    pub peer: IpAddr,
    /// The address of this machine that it came to.
    pub reached: IpAddr,
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
        }
    }
}

/// Serves a connection until its end, or until it is asked for its place while it waits.
pub(super) async fn serve(
    stream: TcpStream,
    place: Place,
    router: Router,
    connections: Arc<Connections>,
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
    let mut ended = pin!(exchange(stream, progress, router, &connections, stop));
    tokio::select! {
        biased;
        () = &mut ended => {}
        () = progress.asked_to_close() => tracing::debug!("a connection that waited gave its place to a new one"),
    }
}

/// Requests and their answers, and the end.
async fn exchange(
    stream: TcpStream,
    progress: &Arc<Progress>,
    router: Router,
    connections: &Connections,
    stop: CancellationToken,
) {
    let stream = Arc::new(stream);
    let (socket, reset_at_end) = Socket::new(Arc::clone(&stream), Arc::clone(progress));
    let ends = Ends::of(&stream);
    let service = service_fn(|mut request: Request<Incoming>| {
        request.extensions_mut().insert(ends);
        answer(request, &router, &stream, progress, &reset_at_end)
    });
    let mut timed = TimeoutStream::new(socket);
    timed.set_write_timeout(Some(connections.write_timeout));
    let mut connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(connections.head_timeout)
        .max_buf_size(BUFFER)
        .half_close(true)
        .serve_connection(TokioIo::new(Box::pin(timed)), service);
    let (mut stopping, mut over) = (false, false);
    let mut late = pin!(stopped_for(&stop, TIME_WHEN_STOPPING));
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
                if progress.is_waiting() {
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
            let stream = connection.into_parts().io.into_inner();
            linger(stream, &stop).await;
        }
    }
}

/// The answer to one request.
fn answer(
    request: Request<Incoming>,
    router: &Router,
    stream: &Arc<TcpStream>,
    progress: &Arc<Progress>,
    reset_at_end: &ResetAtEnd,
) -> Pin<Box<dyn Future<Output = Result<Response<Answer>, ClientLeft>> + Send>> {
    // There are no chunks in HTTP/1.0 that would tell the end of an answer.
    if request.version() < Version::HTTP_11 {
        reset_at_end.set();
    }
    let under_way = UnderWay::begin(progress);
    let for_its_answer = matches!(*request.method(), Method::GET | Method::HEAD);
    let mut departure = Box::pin(departure(Arc::clone(stream), for_its_answer));
    let mut router = router.clone();
    Box::pin(async move {
        let response = tokio::select! {
            biased;
            response = router.call(request.map(Body::new)) => response,
            left = &mut departure => {
                tracing::debug!(reason = %left, "a request was given up");
                return Err(left);
            }
        };
        let Ok(response) = response;
        Ok(response.map(|body| Answer {
            body,
            departure,
            _under_way: under_way,
        }))
    })
}

/// Says that nothing more comes, and reads on for a while. A socket that is closed with bytes unread
/// sends a reset, which makes the other side throw away an answer that it has not read yet.
async fn linger(mut stream: Stream, stop: &CancellationToken) {
    let ended_well = stream.as_ref().get_ref().get_ref().end_well();
    if ended_well.is_err() || stream.shutdown().await.is_err() {
        return;
    }
    let drain = async {
        let mut buffer = vec![0; LINGER_BUFFER];
        let mut total = 0;
        while let Ok(count) = stream.read(&mut buffer).await {
            total += count;
            if count == 0 || total > LINGER_BYTES {
                break;
            }
        }
    };
    // Whoever has not gone by then gets the reset.
    tokio::select! {
        () = drain => return,
        () = tokio::time::sleep(LINGER_TIME) => {}
        () = stopped_for(stop, LINGER_TIME_STOPPING) => {}
    }
    tracing::debug!("a client went on sending after its answer");
}
