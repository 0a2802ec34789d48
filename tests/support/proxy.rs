//! A network between the service and MongoDB that can be broken, and mended, while it is in use.
//!
//! Traffic is carried message by message, so that a fault can be meant for writes alone and strike
//! at a chosen byte of them. Connections are counted: what is not closed is seen.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicI32, AtomicUsize, Ordering};
use std::time::Duration;

use tokio::io::AsyncWriteExt as _;
use tokio::net::tcp::{ReadHalf, WriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::traffic::rest;
use super::wire_message::{Message, read};

/// The service's collection of records; it has others.
const RECORDS: &str = "logs";
/// Between two bytes of [`Fault::Trickle`].
const TRICKLE: Duration = Duration::from_secs(1);

/// One of the two directions of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Direction {
    /// From the service to MongoDB.
    Requests,
    /// From MongoDB to the service.
    Replies,
}

/// What the network does at present.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Nothing bad.
    None,
    /// Each message is late by this much.
    Latency(Duration),
    /// A write breaks off after so many bytes, with a reset: MongoDB never has the whole of it.
    ResetInRequest(usize),
    /// The reply to a write of records breaks off after so many bytes, with a reset: MongoDB has
    /// committed.
    ResetInReply(usize),
    /// Connections stay open and are accepted, and nothing passes. What is held is passed on later.
    BlackHole,
    /// One direction of every connection is shut down in order; the other goes on.
    HalfClosed(Direction),
    /// One byte a second, in both directions.
    Trickle,
    /// Everything passes but writes. What is held is passed on later.
    StalledWrites,
    /// The same, and a connection that had a write held stays mute for good, as behind a firewall
    /// that has forgotten it.
    ForgottenWrites,
}

/// A proxy in front of one server; dropping it cuts every connection.
pub(crate) struct Proxy {
    address: SocketAddr,
    network: Arc<Network>,
    listening: JoinHandle<()>,
}

struct Network {
    server: SocketAddr,
    fault: watch::Sender<Fault>,
    live: AtomicUsize,
    /// Messages, or connections, that a fault has struck.
    struck: AtomicUsize,
}

/// How a connection ends.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    Closed,
    Reset,
}

impl Proxy {
    /// A proxy in front of the server at this port of this machine.
    pub(crate) async fn before(port: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let network = Arc::new(Network {
            server: SocketAddr::from(([127, 0, 0, 1], port)),
            fault: watch::channel(Fault::None).0,
            live: AtomicUsize::new(0),
            struck: AtomicUsize::new(0),
        });
        Self {
            address: listener.local_addr().expect("a bound address"),
            network: Arc::clone(&network),
            listening: tokio::spawn(listen(listener, network)),
        }
    }

    /// Where the service finds the server.
    pub(crate) fn uri(&self) -> String {
        format!("mongodb://{}/?directConnection=true", self.address)
    }

    /// From now on the network does this, also with messages under way.
    pub(crate) fn set(&self, fault: Fault) {
        self.network.fault.send_replace(fault);
    }

    /// Connections that are open now.
    pub(crate) fn live(&self) -> usize {
        self.network.live.load(Ordering::SeqCst)
    }

    /// Messages and connections that faults have struck so far.
    pub(crate) fn struck(&self) -> usize {
        self.network.struck.load(Ordering::SeqCst)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

async fn listen(listener: TcpListener, network: Arc<Network>) {
    // Aborted with this task: they are connections of the proxy.
    let mut connections = tokio::task::JoinSet::new();
    while let Ok((service, _)) = listener.accept().await {
        let network = Arc::clone(&network);
        connections.spawn(async move {
            let _counted = Live::new(&network.live);
            // A connection that cannot be made, or breaks, is closed: that is the test.
            if let Ok(server) = TcpStream::connect(network.server).await {
                carry(service, server, &network).await;
            }
        });
        while connections.try_join_next().is_some() {}
    }
}

struct Live<'a>(&'a AtomicUsize);

impl<'a> Live<'a> {
    fn new(count: &'a AtomicUsize) -> Self {
        count.fetch_add(1, Ordering::SeqCst);
        Self(count)
    }
}

impl Drop for Live<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

async fn carry(mut service: TcpStream, mut server: TcpStream, network: &Network) {
    let write = AtomicI32::new(0);
    let end = {
        let (from_service, to_service) = service.split();
        let (from_server, to_server) = server.split();
        let one_way = |direction, from, to| OneWay {
            direction,
            from,
            to,
            network,
            fault: network.fault.subscribe(),
            write: &write,
        };
        tokio::select! {
            end = one_way(Direction::Requests, from_service, to_server).run() => end,
            end = one_way(Direction::Replies, from_server, to_service).run() => end,
        }
    };
    if matches!(end, Ok(End::Reset)) {
        // Fails only where the other side has gone already.
        drop(service.set_zero_linger());
        drop(server.set_zero_linger());
    }
}

/// One direction of a connection.
struct OneWay<'a> {
    direction: Direction,
    from: ReadHalf<'a>,
    to: WriteHalf<'a>,
    network: &'a Network,
    fault: watch::Receiver<Fault>,
    /// The id of the last write of records that was asked for on this connection.
    write: &'a AtomicI32,
}

impl OneWay<'_> {
    async fn run(mut self) -> io::Result<End> {
        loop {
            let message = tokio::select! {
                message = read(&mut self.from) => message?,
                () = shut(&mut self.fault, self.direction) => return self.half_close().await,
            };
            let Some(message) = message else {
                return Ok(End::Closed);
            };
            if self.direction == Direction::Requests && message.writes_into(RECORDS) {
                self.write.store(message.id(), Ordering::SeqCst);
            }
            if let Some(end) = self.pass(&message).await? {
                return Ok(end);
            }
        }
    }

    /// Does with a message what the network does at present; says whether that is its end.
    async fn pass(&mut self, message: &Message) -> io::Result<Option<End>> {
        loop {
            let fault = *self.fault.borrow_and_update();
            if !self.strikes(fault, message) {
                self.to.write_all(message.bytes()).await?;
                return Ok(None);
            }
            self.network.struck.fetch_add(1, Ordering::SeqCst);
            match fault {
                Fault::None | Fault::HalfClosed(_) => {}
                Fault::Latency(time) => {
                    rest(time).await;
                    self.to.write_all(message.bytes()).await?;
                    return Ok(None);
                }
                Fault::ResetInRequest(bytes) | Fault::ResetInReply(bytes) => {
                    let begun = message.bytes();
                    self.to.write_all(&begun[..bytes.min(begun.len())]).await?;
                    return Ok(Some(End::Reset));
                }
                Fault::BlackHole | Fault::StalledWrites => self.changed_from(fault).await,
                Fault::ForgottenWrites => {
                    while read(&mut self.from).await?.is_some() {}
                    return Ok(Some(End::Closed));
                }
                Fault::Trickle => return self.trickle(message).await,
            }
        }
    }

    fn strikes(&self, fault: Fault, message: &Message) -> bool {
        let requests = self.direction == Direction::Requests;
        match fault {
            Fault::None | Fault::HalfClosed(_) => false,
            Fault::Latency(_) | Fault::BlackHole | Fault::Trickle => true,
            Fault::ResetInRequest(_) | Fault::StalledWrites | Fault::ForgottenWrites => {
                requests && message.is_write()
            }
            Fault::ResetInReply(_) => {
                !requests && message.answers() == self.write.load(Ordering::SeqCst)
            }
        }
    }

    async fn changed_from(&mut self, fault: Fault) {
        // Fails only when the proxy is gone, and this task with it.
        drop(self.fault.wait_for(|now| *now != fault).await);
    }

    async fn trickle(&mut self, message: &Message) -> io::Result<Option<End>> {
        for (sent, byte) in message.bytes().iter().enumerate() {
            if *self.fault.borrow() != Fault::Trickle {
                self.to.write_all(&message.bytes()[sent..]).await?;
                return Ok(None);
            }
            self.to.write_all(&[*byte]).await?;
            let mut fault = self.fault.clone();
            let changed = fault.wait_for(|now| *now != Fault::Trickle);
            drop(tokio::time::timeout(TRICKLE, changed).await);
        }
        Ok(None)
    }

    /// Ends this direction in order, and throws away what still comes.
    async fn half_close(mut self) -> io::Result<End> {
        self.network.struck.fetch_add(1, Ordering::SeqCst);
        self.to.shutdown().await?;
        while read(&mut self.from).await?.is_some() {}
        Ok(End::Closed)
    }
}

/// Waits until this direction is to be shut down.
async fn shut(fault: &mut watch::Receiver<Fault>, direction: Direction) {
    let wanted = Fault::HalfClosed(direction);
    if fault.wait_for(|now| *now == wanted).await.is_err() {
        std::future::pending::<()>().await;
    }
}
