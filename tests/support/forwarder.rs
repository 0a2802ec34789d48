//! An address that stays while the service behind it is restarted on another port.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use super::process::lock;

/// Forwards connections until it is dropped.
pub(crate) struct Forwarder {
    address: SocketAddr,
    behind: Arc<Mutex<Option<SocketAddr>>>,
    task: JoinHandle<()>,
}

impl Forwarder {
    /// Forwards to this address.
    pub(crate) async fn to(behind: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("a bound address");
        let behind = Arc::new(Mutex::new(Some(behind)));
        let target = Arc::clone(&behind);
        let task = tokio::spawn(async move {
            while let Ok((mut caller, _)) = listener.accept().await {
                let Some(target) = *lock(&target) else {
                    continue;
                };
                tokio::spawn(async move {
                    // A connection that cannot be made, or breaks, is closed: that is the test.
                    if let Ok(mut service) = TcpStream::connect(target).await {
                        drop(copy_bidirectional(&mut caller, &mut service).await);
                    }
                });
            }
        });
        Self {
            address,
            behind,
            task,
        }
    }

    /// Forwards new connections to another address.
    pub(crate) fn now_to(&self, behind: SocketAddr) {
        *lock(&self.behind) = Some(behind);
    }

    /// Closes new connections: the port of a service that is gone may soon be another one's.
    pub(crate) fn to_nobody(&self) {
        *lock(&self.behind) = None;
    }

    /// Where it listens, as a URL.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

impl Drop for Forwarder {
    fn drop(&mut self) {
        self.task.abort();
    }
}
