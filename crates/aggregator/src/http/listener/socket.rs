//! The stream below hyper: what its own answers lack, and an end that does not look like another one.
//!
//! To a reader of HTTP/1.0 an answer without a length is whole when the connection is closed. The
//! system closes the connections of a process that dies, or of an answer that breaks off, in the same
//! way; unless it was told before that closing is to be a reset.
//!
//! A head that hyper cannot read it answers itself, without a body. What is written while no request
//! is under way is such an answer, and gets the form that all errors have.

use super::progress::Progress;
use super::transport::Transport;
use crate::http::error::ApiError;
use bytes::{Buf as _, Bytes};
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

/// A connection.
pub(super) struct Socket {
    transport: Transport,
    /// What is below that.
    stream: Arc<TcpStream>,
    progress: Arc<Progress>,
    wanted: ResetAtEnd,
    /// What is left of an answer that is written instead of hyper's own.
    instead: Option<Bytes>,
}

/// Tells a [`Socket`], before its next write, that any end but that of [`Socket::end_well`] is a reset.
#[derive(Debug, Clone, Default)]
pub(super) struct ResetAtEnd(Arc<AtomicBool>);

impl ResetAtEnd {
    pub(super) fn set(&self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl Socket {
    pub(super) fn new(
        transport: Transport,
        stream: Arc<TcpStream>,
        progress: Arc<Progress>,
    ) -> (Self, ResetAtEnd) {
        let wanted = ResetAtEnd::default();
        let socket = Self {
            transport,
            stream,
            progress,
            wanted: wanted.clone(),
            instead: None,
        };
        (socket, wanted)
    }

    /// Everything was written: from now on the end is an orderly one.
    pub(super) fn end_well(&self) -> io::Result<()> {
        Ok(rustix::net::sockopt::set_socket_linger(&self.stream, None)?)
    }

    fn prepare(&self) -> io::Result<()> {
        if self.wanted.0.swap(false, Ordering::Relaxed) {
            self.stream.set_zero_linger()?;
        }
        Ok(())
    }

    /// Writes what is to be said instead of these bytes; `None` when nothing is.
    fn poll_write_instead(
        &mut self,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Option<Poll<io::Result<()>>> {
        if self.instead.is_none() && self.progress.is_waiting() {
            self.instead = in_full(bytes);
        }
        let mut rest = self.instead.take()?;
        while !rest.is_empty() {
            match Pin::new(&mut self.transport).poll_write(context, &rest) {
                Poll::Ready(Ok(written)) => rest.advance(written),
                Poll::Ready(Err(error)) => return Some(Poll::Ready(Err(error))),
                Poll::Pending => {
                    self.instead = Some(rest);
                    return Some(Poll::Pending);
                }
            }
        }
        Some(Poll::Ready(Ok(())))
    }
}

/// An answer of hyper's with the body of an error.
fn in_full(head: &[u8]) -> Option<Bytes> {
    const EMPTY: &str = "content-length: 0\r\n";
    let head = str::from_utf8(head).ok()?;
    let status = head.split(' ').nth(1)?.parse().ok()?;
    if !head.contains(EMPTY) || !head.ends_with("\r\n\r\n") {
        return None;
    }
    let body = ApiError::unreadable_head(status)?.text();
    let headers = format!(
        "content-type: application/json\r\ncontent-length: {}\r\n",
        body.len()
    );
    let mut whole = head.replacen(EMPTY, &headers, 1).into_bytes();
    whole.extend_from_slice(&body);
    Some(Bytes::from(whole))
}

impl AsyncRead for Socket {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.transport).poll_read(context, buffer)
    }
}

impl AsyncWrite for Socket {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.prepare()?;
        if let Some(written) = self.poll_write_instead(context, bytes) {
            return written.map_ok(|()| bytes.len());
        }
        let written = Pin::new(&mut self.transport).poll_write(context, bytes);
        self.progress.wrote(written.is_ready());
        written
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.prepare()?;
        let first = parts.first().map_or(&[][..], |part| part);
        if let Some(written) = self.poll_write_instead(context, first) {
            return written.map_ok(|()| first.len());
        }
        let written = Pin::new(&mut self.transport).poll_write_vectored(context, parts);
        self.progress.wrote(written.is_ready());
        written
    }

    fn is_write_vectored(&self) -> bool {
        self.transport.is_write_vectored()
    }

    /// Called once hyper has nothing left to write.
    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(Pin::new(&mut self.transport).poll_flush(context))?;
        self.progress.flushed();
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.transport).poll_shutdown(context)
    }
}
