//! The accept loop: a bounded number of connections, time-outs on both directions, and an end that
//! the other side sees.
//!
//! Our own, because `axum::serve` sets no time-out for heads and no bound on connections.

mod socket;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::http::Version;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use socket::Socket;
use std::convert::Infallible;
use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_io_timeout::TimeoutStream;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower_service::Service as _;

/// After an error of `accept`, most often for want of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// How long, and how much, of a body that nobody wants is read on, so that the sender sees the
/// answer and not a reset.
const LINGER_TIME: Duration = Duration::from_secs(5);
/// The same during a stop, which connections that ask for nothing should not hold up.
const LINGER_TIME_STOPPING: Duration = Duration::from_secs(1);
const LINGER_BYTES: usize = 64 * 1024 * 1024;
const LINGER_BUFFER: usize = 16 * 1024;

/// Connections: how many there may be, and how long they may stand still.
#[derive(Debug)]
pub struct Connections {
    places: Arc<Semaphore>,
    limit: usize,
    /// For the head of a request, and between two requests.
    pub head_timeout: Duration,
    /// How long a reader may leave an answer lying.
    pub write_timeout: Duration,
}

impl Connections {
    /// At most `limit` at one time.
    pub fn new(limit: usize, head_timeout: Duration, write_timeout: Duration) -> Self {
        Self {
            places: Arc::new(Semaphore::new(limit)),
            limit,
            head_timeout,
            write_timeout,
        }
    }

    /// How many are open.
    pub fn open(&self) -> usize {
        self.limit.saturating_sub(self.places.available_permits())
    }
}

/// Accepts until `stop` is cancelled; each connection is a task of `tracker`, and ends after the
/// request that it is at.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    connections: Arc<Connections>,
    stop: CancellationToken,
    tracker: TaskTracker,
) {
    loop {
        let accepted = tokio::select! {
            accepted = accept(&listener, &connections) => accepted,
            () = stop.cancelled() => return,
        };
        match accepted {
            Ok((stream, place)) => {
                let (router, stop) = (router.clone(), stop.clone());
                let connections = Arc::clone(&connections);
                tracker.spawn(async move {
                    connection(stream, router, &connections, stop).await;
                    drop(place);
                });
            }
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

/// Waits for a place first: who finds none waits in the system's queue, and nothing is reset.
async fn accept(
    listener: &TcpListener,
    connections: &Connections,
) -> io::Result<(TcpStream, OwnedSemaphorePermit)> {
    let places = &connections.places;
    // Only this loop takes places, so that a free one stays free until there is a connection for it.
    drop(places.acquire().await.map_err(io::Error::other)?);
    let (stream, _) = listener.accept().await?;
    let place = Arc::clone(places).acquire_owned().await;
    Ok((stream, place.map_err(io::Error::other)?))
}

type Stream = Pin<Box<TimeoutStream<Socket>>>;

async fn connection(
    stream: TcpStream,
    router: Router,
    connections: &Connections,
    stop: CancellationToken,
) {
    // Answers are whole when they are written; waiting for more only costs time.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "no delay could not be set");
    }
    let (socket, reset_at_end) = Socket::new(stream);
    let mut stream = TimeoutStream::new(socket);
    stream.set_write_timeout(Some(connections.write_timeout));
    let service = service_fn(move |request: Request<Incoming>| {
        // There are no chunks in HTTP/1.0 that would tell the end of an answer.
        if request.version() < Version::HTTP_11 {
            reset_at_end.set();
        }
        let mut router = router.clone();
        let answer = async move { router.call(request.map(Body::new)).await };
        Box::pin(answer) as Pin<Box<dyn Future<Output = Result<_, Infallible>> + Send>>
    });
    let mut connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(connections.head_timeout)
        .serve_connection(TokioIo::new(Box::pin(stream)), service);
    let mut stopping = false;
    let ended = loop {
        tokio::select! {
            ended = poll_fn(|context| connection.poll_without_shutdown(context)) => break ended,
            () = stop.cancelled(), if !stopping => {
                stopping = true;
                Pin::new(&mut connection).graceful_shutdown();
            }
        }
    };
    match ended {
        Ok(()) => {
            let time = if stopping {
                LINGER_TIME_STOPPING
            } else {
                LINGER_TIME
            };
            linger(connection.into_parts().io.into_inner(), time).await;
        }
        Err(error) => tracing::debug!(%error, "a connection ended badly"),
    }
}

/// Says that nothing more comes, and reads on for a while. A socket that is closed with bytes unread
/// sends a reset, which makes the other side throw away an answer that it has not read yet.
async fn linger(mut stream: Stream, time: Duration) {
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
    if tokio::time::timeout(time, drain).await.is_err() {
        tracing::debug!("a client went on sending after its answer");
    }
}
