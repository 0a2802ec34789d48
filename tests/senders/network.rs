//! The address that a sender knows: it stays while the service is started again on another port, and can lose answers.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt, copy};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use crate::support::mongod::free_port;
use crate::support::process::lock;

/// What becomes of a connection.
#[derive(Clone, Copy)]
pub(crate) enum Way {
    /// It leads to the service.
    To(SocketAddr),
    /// It leads to the service, and is cut when an answer comes.
    WithoutAnswers(SocketAddr),
    /// It is accepted and closed, as by a proxy whose service is away.
    Closed,
}

/// Carries connections until it is dropped.
pub(crate) struct Network {
    address: SocketAddr,
    shared: Arc<Shared>,
    /// `None` while connections are refused.
    listening: Option<JoinHandle<()>>,
}

struct Shared {
    way: Mutex<Way>,
    lost_answers: AtomicUsize,
    closed: AtomicUsize,
}

impl Network {
    /// At a port below those that the system gives away: nobody takes it while nothing listens there.
    pub(crate) async fn start(way: Way) -> Self {
        let listener = loop {
            if let Ok(listener) = TcpListener::bind(("127.0.0.1", free_port())).await {
                break listener;
            }
        };
        let shared = Arc::new(Shared {
            way: Mutex::new(way),
            lost_answers: AtomicUsize::new(0),
            closed: AtomicUsize::new(0),
        });
        Self {
            address: listener.local_addr().expect("a bound address"),
            listening: Some(listen(listener, &shared)),
            shared,
        }
    }

    /// Where the sender sends to.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// From now on connections go this way, also those that are open.
    pub(crate) fn go(&self, way: Way) {
        *lock(&self.shared.way) = way;
    }

    /// From now on connections are refused, as by a machine without the service.
    pub(crate) async fn refuse(&mut self) {
        if let Some(listening) = self.listening.take() {
            listening.abort();
            // It ends by the abort, which is no success.
            drop(listening.await);
        }
    }

    /// From now on connections are accepted again, and go this way.
    pub(crate) async fn accept(&mut self, way: Way) {
        self.go(way);
        let listener = TcpListener::bind(self.address).await;
        self.listening = Some(listen(listener.expect("its own port"), &self.shared));
    }

    /// Answers that were lost on their way back.
    pub(crate) fn lost_answers(&self) -> usize {
        self.shared.lost_answers.load(Ordering::SeqCst)
    }

    /// Connections that were closed at once.
    pub(crate) fn closed(&self) -> usize {
        self.shared.closed.load(Ordering::SeqCst)
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        if let Some(listening) = &self.listening {
            listening.abort();
        }
    }
}

fn listen(listener: TcpListener, shared: &Arc<Shared>) -> JoinHandle<()> {
    let shared = Arc::clone(shared);
    tokio::spawn(async move {
        while let Ok((caller, _)) = listener.accept().await {
            let way = *lock(&shared.way);
            match way {
                Way::Closed => drop(shared.closed.fetch_add(1, Ordering::SeqCst)),
                Way::To(service) | Way::WithoutAnswers(service) => {
                    let shared = Arc::clone(&shared);
                    tokio::spawn(async move { shared.carry(caller, service).await });
                }
            }
        }
    })
}

impl Shared {
    /// One connection, until the service ends it, or an answer is lost.
    async fn carry(&self, caller: TcpStream, service: SocketAddr) {
        let Ok(service) = TcpStream::connect(service).await else {
            return;
        };
        let (mut asked, told) = caller.into_split();
        let (answers, mut asking) = service.into_split();
        let requests = async {
            // A sender that breaks off, or has sent all, may still be answered.
            drop(copy(&mut asked, &mut asking).await);
            drop(asking.shutdown().await);
            std::future::pending::<()>().await;
        };
        tokio::select! {
            () = requests => {}
            _ = self.answer(answers, told) => {}
        }
    }

    async fn answer(
        &self,
        mut answers: impl AsyncReadExt + Unpin,
        mut told: impl AsyncWriteExt + Unpin,
    ) -> std::io::Result<()> {
        let mut bytes = vec![0; 64 * 1024];
        loop {
            let read = answers.read(&mut bytes).await?;
            let answer = &bytes[..read];
            if answer.is_empty() {
                return Ok(());
            }
            // Also once connections are closed: a service that is about to be killed answers yet.
            let loses = !matches!(*lock(&self.way), Way::To(_));
            // `100 Continue` is not yet an answer.
            if loses && !answer.starts_with(b"HTTP/1.1 100 ") {
                self.lost_answers.fetch_add(1, Ordering::SeqCst);
                return Ok(());
            }
            told.write_all(answer).await?;
        }
    }
}
