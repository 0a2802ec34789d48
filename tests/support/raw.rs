//! HTTP/1.1 by hand over TCP, for clients that misbehave.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::timeout;

const PATIENCE: Duration = Duration::from_secs(30);

/// One connection.
pub(crate) struct RawClient {
    stream: TcpStream,
    /// Received, not yet handed out.
    unread: Vec<u8>,
}

/// An answer as far as it came.
#[derive(Debug)]
pub(crate) struct RawReply {
    /// The status code.
    pub(crate) status: u16,
    /// The headers in their order, names in lower case.
    pub(crate) headers: Vec<(String, String)>,
    /// The body, without the framing of a chunked one.
    pub(crate) body: Vec<u8>,
    /// Whether the body ended as it should; false for a connection cut in its middle.
    pub(crate) complete: bool,
}

impl RawReply {
    /// The value of a header; `name` in lower case.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(header, _)| header == name);
        found.map(|(_, value)| value.as_str())
    }

    /// The body as text.
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

impl RawClient {
    /// Connects.
    pub(crate) async fn connect(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).await.expect("a connection");
        Self::new(stream)
    }

    /// Connects with a small receive buffer: what is not read soon stays at the service.
    pub(crate) async fn connect_slow(address: SocketAddr, receive_buffer: u32) -> Self {
        let socket = TcpSocket::new_v4().expect("a socket");
        socket
            .set_recv_buffer_size(receive_buffer)
            .expect("a small receive buffer");
        Self::new(socket.connect(address).await.expect("a connection"))
    }

    fn new(stream: TcpStream) -> Self {
        stream
            .set_nodelay(true)
            .expect("every send is sent at once");
        Self {
            stream,
            unread: Vec::new(),
        }
    }

    /// Sends all of these bytes; an error when the service has closed or reads no more.
    pub(crate) async fn send(&mut self, bytes: impl AsRef<[u8]>) -> io::Result<()> {
        timeout(PATIENCE, self.stream.write_all(bytes.as_ref())).await?
    }

    /// Reads a response (an interim one, too); panics if the head does not come.
    pub(crate) async fn read_response(&mut self, limit: Duration) -> RawReply {
        let reply = self.try_read_response(limit).await;
        reply.expect("the connection stays open until there is a response")
    }

    /// Reads a response; `None` if the connection ended before there was one.
    /// Panics if it neither ends nor breaks off within `limit`.
    pub(crate) async fn try_read_response(&mut self, limit: Duration) -> Option<RawReply> {
        let reply = timeout(limit, self.response()).await;
        reply.unwrap_or_else(|_| panic!("no end of a response within {limit:?}"))
    }

    /// Reads `count` bytes as they come, fewer only if the connection ended.
    pub(crate) async fn read_some(&mut self, count: usize) -> Vec<u8> {
        let taken = timeout(PATIENCE, self.take(count)).await;
        taken.unwrap_or_else(|_| panic!("no {count} bytes within {PATIENCE:?}"))
    }

    /// Gives back what was read, to be read again.
    pub(crate) fn unread(&mut self, mut read: Vec<u8>) {
        read.append(&mut self.unread);
        self.unread = read;
    }

    /// Whether anything of an answer comes within `limit`; it stays to be read.
    pub(crate) async fn answered_within(&mut self, limit: Duration) -> bool {
        let first =
            async { while self.unread.is_empty() && matches!(self.fill().await, Ok(true)) {} };
        let in_time = timeout(limit, first).await.is_ok();
        in_time && !self.unread.is_empty()
    }

    /// Throws away what comes until the service closes the connection; whether it does in time.
    pub(crate) async fn closed_within(&mut self, limit: Duration) -> bool {
        let drained = async {
            while matches!(self.fill().await, Ok(true)) {
                self.unread.clear();
            }
        };
        timeout(limit, drained).await.is_ok()
    }

    /// Says that nothing more will be sent; reading goes on.
    pub(crate) async fn shutdown_write(&mut self) {
        // Fails only when the connection is gone already.
        drop(self.stream.shutdown().await);
    }

    /// Leaves with a reset, as a program does that is killed with an answer half read.
    pub(crate) fn abort(self) {
        let reset = self.stream.set_zero_linger();
        reset.expect("a connection can be told to end with a reset");
    }

    /// Closes the connection at once.
    pub(crate) fn close(self) {
        drop(self);
    }

    /// Receives more; false at a proper end of the connection.
    async fn fill(&mut self) -> io::Result<bool> {
        let read = self.stream.read_buf(&mut self.unread).await?;
        Ok(read > 0)
    }

    /// Up to `count` bytes, fewer only if the connection ended.
    async fn take(&mut self, count: usize) -> Vec<u8> {
        while self.unread.len() < count && matches!(self.fill().await, Ok(true)) {}
        self.unread.drain(..count.min(self.unread.len())).collect()
    }

    /// The text up to `end`, which is dropped; `None` if the connection ended before.
    async fn take_until(&mut self, end: &[u8]) -> Option<String> {
        loop {
            let mut windows = self.unread.windows(end.len());
            if let Some(length) = windows.position(|bytes| bytes == end) {
                let taken: Vec<u8> = self.unread.drain(..length + end.len()).collect();
                return Some(String::from_utf8_lossy(&taken[..length]).into_owned());
            }
            if !matches!(self.fill().await, Ok(true)) {
                return None;
            }
        }
    }

    async fn response(&mut self) -> Option<RawReply> {
        let head = self.take_until(b"\r\n\r\n").await?;
        let lines = head.split("\r\n").skip(1);
        let status = head.split(' ').nth(1).and_then(|code| code.parse().ok());
        let headers = lines
            .filter_map(|line| line.split_once(':'))
            .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
            .collect();
        let mut reply = RawReply {
            status: status.unwrap_or_else(|| panic!("not an HTTP response: {head:?}")),
            headers,
            body: Vec::new(),
            complete: false,
        };
        self.body(&mut reply).await;
        Some(reply)
    }

    async fn body(&mut self, reply: &mut RawReply) {
        if reply.status < 200 || reply.status == 204 || reply.status == 304 {
            reply.complete = true;
        } else if reply.header("transfer-encoding") == Some("chunked") {
            reply.complete = self.chunks(&mut reply.body).await.is_some();
        } else if let Some(length) = reply.header("content-length") {
            let length = length.parse().expect("a length");
            reply.body = self.take(length).await;
            reply.complete = reply.body.len() == length;
        } else {
            let end = loop {
                match self.fill().await {
                    Ok(true) => {}
                    end => break end,
                }
            };
            reply.body.append(&mut self.unread);
            reply.complete = end.is_ok();
        }
    }

    /// Reads the chunks into `body`; `None` if the last one did not come.
    async fn chunks(&mut self, body: &mut Vec<u8>) -> Option<()> {
        loop {
            let line = self.take_until(b"\r\n").await?;
            let digits = line.split(';').next()?.trim();
            let size = usize::from_str_radix(digits, 16)
                .unwrap_or_else(|error| panic!("chunk size {line:?}: {error}"));
            if size == 0 {
                // Trailers, up to an empty line.
                while !self.take_until(b"\r\n").await?.is_empty() {}
                return Some(());
            }
            let chunk = self.take(size).await;
            body.extend_from_slice(&chunk);
            self.take_until(b"\r\n").await?;
        }
    }
}
