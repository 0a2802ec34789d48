//! An address in front of the service that notes every batch and whether its sender was told `200`,
//! stays while the service is restarted on another port, and can lose answers.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use super::http;
use super::process::lock;
use super::scripted::{Request, read_request};

/// Headers of a request that are handed on.
const ASKED: [&str; 3] = ["content-type", "content-encoding", "idempotency-key"];
/// Headers of an answer that are handed on.
const TOLD: [&str; 3] = ["content-type", "retry-after", "idempotent-replayed"];

/// What is known of the batch with one key.
#[derive(Clone, Default)]
pub(crate) struct Seen {
    /// The body of its first try.
    pub(crate) body: Vec<u8>,
    /// How often it was sent.
    pub(crate) tries: usize,
    /// Whether a try had another body.
    pub(crate) has_other_body: bool,
    /// How often it was taken without its sender being told.
    pub(crate) lost_answers: usize,
    /// Whether its sender was told `200`.
    pub(crate) acknowledged: bool,
}

/// Hands on requests and answers until it is dropped.
pub(crate) struct Recorder {
    address: SocketAddr,
    shared: Arc<Shared>,
    task: JoinHandle<()>,
}

struct Shared {
    behind: Mutex<Option<SocketAddr>>,
    loses_answers: AtomicBool,
    batches: Mutex<BTreeMap<String, Seen>>,
    http: reqwest::Client,
}

impl Recorder {
    /// Hands on to this address.
    pub(crate) async fn to(behind: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("a bound address");
        let shared = Arc::new(Shared {
            behind: Mutex::new(Some(behind)),
            loses_answers: AtomicBool::new(false),
            batches: Mutex::default(),
            http: http::client(),
        });
        let serving = Arc::clone(&shared);
        let task = tokio::spawn(async move {
            while let Ok((caller, _)) = listener.accept().await {
                let shared = Arc::clone(&serving);
                // A connection that ends early is closed at its other end, too: that is the test.
                tokio::spawn(async move {
                    shared.serve(caller).await;
                });
            }
        });
        Self {
            address,
            shared,
            task,
        }
    }

    /// Hands on to another address.
    pub(crate) fn now_to(&self, behind: SocketAddr) {
        *lock(&self.shared.behind) = Some(behind);
    }

    /// Closes connections with a request: the port of a service that is gone may soon be another one's.
    pub(crate) fn to_nobody(&self) {
        *lock(&self.shared.behind) = None;
    }

    /// From now on answers are lost on the way back, or no longer.
    pub(crate) fn lose_answers(&self, loses: bool) {
        self.shared.loses_answers.store(loses, Ordering::SeqCst);
    }

    /// How many answers that took a batch were lost.
    pub(crate) fn lost_answers(&self) -> usize {
        let batches = lock(&self.shared.batches);
        batches.values().map(|seen| seen.lost_answers).sum()
    }

    /// Where it listens, as a URL.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Every batch that was sent, by its key.
    pub(crate) fn batches(&self) -> BTreeMap<String, Seen> {
        lock(&self.shared.batches).clone()
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Shared {
    /// One connection, until either side breaks off.
    async fn serve(&self, mut caller: TcpStream) -> Option<()> {
        let mut unread = Vec::new();
        loop {
            let request = read_request(&mut caller, &mut unread).await?;
            self.note(&request.key, |seen| {
                if seen.tries == 0 {
                    seen.body.clone_from(&request.body);
                }
                seen.tries += 1;
                seen.has_other_body |= seen.body != request.body;
            });
            let key = request.key.clone();
            let (status, answer) = self.ask(request).await?;
            if self.loses_answers.load(Ordering::SeqCst) {
                self.note(&key, |seen| seen.lost_answers += usize::from(status == 200));
                return None;
            }
            caller.write_all(&answer).await.ok()?;
            self.note(&key, |seen| seen.acknowledged |= status == 200);
        }
    }

    fn note(&self, key: &str, change: impl FnOnce(&mut Seen)) {
        change(lock(&self.batches).entry(key.to_owned()).or_default());
    }

    /// The service's answer; `None` when there is no service, or it dies meanwhile.
    async fn ask(&self, request: Request) -> Option<(u16, Vec<u8>)> {
        let behind = (*lock(&self.behind))?;
        let mut asked = self.http.post(format!("http://{behind}/logs/batch"));
        for name in ASKED {
            if let Some(value) = request.header(name) {
                asked = asked.header(name, value);
            }
        }
        let response = asked.body(request.body).send().await.ok()?;
        let status = response.status().as_u16();
        let mut head = format!("HTTP/1.1 {status} X\r\n");
        for name in TOLD {
            if let Some(value) = response.headers().get(name) {
                let value = value.to_str().expect("a text");
                head.extend([name, ": ", value, "\r\n"]);
            }
        }
        let body = response.bytes().await.ok()?;
        let head = format!("{head}content-length: {}\r\n\r\n", body.len());
        Some((status, [head.as_bytes(), &body].concat()))
    }
}
