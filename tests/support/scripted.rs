//! A server that answers each request as the test says, and keeps what it was sent.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::process::lock;

/// What happens to a request.
pub(crate) enum Action {
    /// It is answered with this status, these headers and this body.
    Answer(u16, Vec<(&'static str, String)>, String),
    /// It is taken: all logs in it are accepted.
    Take,
    /// It is taken once the value is true.
    TakeWhen(watch::Receiver<bool>),
    /// The connection is reset.
    Reset,
    /// It is read and never answered.
    Hang,
    /// The answer begins with these headers and this body, in chunks, and the connection ends there.
    BreakOff(Vec<(&'static str, String)>, String),
    /// The answer begins in the same way, and nothing more comes.
    Stall(Vec<(&'static str, String)>, String),
}

/// A request as it came.
#[derive(Clone)]
pub(crate) struct Request {
    /// When it was complete.
    pub(crate) at: Instant,
    /// The lines of its head, in lower case.
    pub(crate) head: String,
    /// Its `Idempotency-Key`.
    pub(crate) key: String,
    /// Its body.
    pub(crate) body: Vec<u8>,
}

impl Request {
    /// Logs in a body that is not compressed: the producer writes one a line.
    pub(crate) fn logs(&self) -> usize {
        let ends = self.body.iter().filter(|byte| **byte == b'\n');
        ends.count() + 1
    }

    /// A field of its head, in lower case.
    pub(crate) fn header(&self, name: &str) -> Option<String> {
        field(&self.head, name)
    }
}

fn field(head: &str, name: &str) -> Option<String> {
    let mut fields = head.lines().filter_map(|line| line.split_once(": "));
    let found = fields.find(|(field, _)| *field == name)?;
    Some(found.1.to_owned())
}

/// A running server.
pub(crate) struct Scripted {
    address: SocketAddr,
    requests: Arc<Mutex<Vec<Request>>>,
    task: JoinHandle<()>,
}

impl Scripted {
    /// Starts one; the script is told the number of the request, from 0.
    pub(crate) async fn start(script: impl Fn(usize) -> Action + Send + Sync + 'static) -> Self {
        Self::serving(move |number, _| script(number)).await
    }

    /// Starts one; the script is told how many requests with the same key came before.
    pub(crate) async fn by_try(script: impl Fn(usize) -> Action + Send + Sync + 'static) -> Self {
        Self::serving(move |_, tries| script(tries)).await
    }

    async fn serving(script: impl Fn(usize, usize) -> Action + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("a bound address");
        let requests = Arc::new(Mutex::new(Vec::new()));
        let (kept, script) = (Arc::clone(&requests), Arc::new(script));
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (kept, script) = (Arc::clone(&kept), Arc::clone(&script));
                tokio::spawn(async move { serve(stream, &kept, &*script).await });
            }
        });
        Self {
            address,
            requests,
            task,
        }
    }

    /// Its address.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What it was sent so far.
    pub(crate) fn requests(&self) -> Vec<Request> {
        lock(&self.requests).clone()
    }

    /// How many requests came so far.
    pub(crate) fn count(&self) -> usize {
        lock(&self.requests).len()
    }
}

impl Drop for Scripted {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(
    mut stream: TcpStream,
    kept: &Mutex<Vec<Request>>,
    script: &(impl Fn(usize, usize) -> Action + Send + Sync),
) {
    let mut unread = Vec::new();
    while let Some(request) = read_request(&mut stream, &mut unread).await {
        let logs = request.logs();
        let action = {
            let mut kept = lock(kept);
            let same_key = |before: &&Request| before.key == request.key;
            let tries = kept.iter().filter(same_key).count();
            kept.push(request);
            script(kept.len() - 1, tries)
        };
        let (status, headers, body) = match action {
            Action::Answer(status, headers, body) => (status, headers, body),
            Action::Take => taken(logs),
            Action::TakeWhen(mut released) => {
                let released = released.wait_for(|released| *released).await;
                released.expect("the test lets go before it ends");
                taken(logs)
            }
            Action::Reset => {
                // What is closed with no time to linger is reset.
                let lingering = stream.set_zero_linger();
                return lingering.expect("a connection can be reset");
            }
            Action::Hang => std::future::pending().await,
            Action::BreakOff(headers, body) => return begin(&mut stream, headers, &body).await,
            Action::Stall(headers, body) => {
                begin(&mut stream, headers, &body).await;
                std::future::pending().await
            }
        };
        let length = format!("content-length: {}", body.len());
        let text = head(status, &length, headers) + &body;
        if stream.write_all(text.as_bytes()).await.is_err() {
            return;
        }
    }
}

/// The first chunk of an answer.
async fn begin(stream: &mut TcpStream, headers: Vec<(&'static str, String)>, body: &str) {
    let text = head(200, "transfer-encoding: chunked", headers);
    let text = format!("{text}{:x}\r\n{body}\r\n", body.len());
    // Fails only when the other side has left.
    drop(stream.write_all(text.as_bytes()).await);
}

fn head(status: u16, framing: &str, headers: Vec<(&'static str, String)>) -> String {
    let mut text = format!("HTTP/1.1 {status} X\r\n{framing}\r\n");
    for (name, value) in headers {
        text += &(name.to_owned() + ": " + &value + "\r\n");
    }
    text + "\r\n"
}

fn taken(logs: usize) -> (u16, Vec<(&'static str, String)>, String) {
    (
        200,
        Vec::new(),
        format!("{{\"status\":\"success\",\"accepted\":{logs}}}"),
    )
}

/// The next request of a connection; `None` when there is none.
pub(super) async fn read_request(stream: &mut TcpStream, unread: &mut Vec<u8>) -> Option<Request> {
    let end = loop {
        let end = unread.windows(4).position(|bytes| bytes == b"\r\n\r\n");
        match end {
            Some(end) => break end,
            None if stream.read_buf(unread).await.ok()? == 0 => return None,
            None => {}
        }
    };
    let head: Vec<u8> = unread.drain(..end + 4).collect();
    let head = String::from_utf8_lossy(&head).to_lowercase();
    let length = field(&head, "content-length").map_or(Ok(0), |length| length.parse());
    let length: usize = length.ok()?;
    while unread.len() < length {
        if stream.read_buf(unread).await.ok()? == 0 {
            return None;
        }
    }
    Some(Request {
        at: Instant::now(),
        key: field(&head, "idempotency-key").unwrap_or_default(),
        head,
        body: unread.drain(..length).collect(),
    })
}
