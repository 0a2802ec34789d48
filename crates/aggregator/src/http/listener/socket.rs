//! A connection that is reset when it ends by accident, for answers whose end nothing else tells.
//!
//! To a reader of HTTP/1.0 an answer without a length is whole when the connection is closed. The
//! system closes the connections of a process that dies, or of an answer that breaks off, in the same
//! way; unless it was told before that closing is to be a reset.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

/// A connection.
#[derive(Debug)]
pub(super) struct Socket {
    stream: TcpStream,
    wanted: ResetAtEnd,
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
    pub(super) fn new(stream: TcpStream) -> (Self, ResetAtEnd) {
        let wanted = ResetAtEnd::default();
        let socket = Self {
            stream,
            wanted: wanted.clone(),
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
}

impl AsyncRead for Socket {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Socket {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.prepare()?;
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.prepare()?;
        Pin::new(&mut self.stream).poll_write_vectored(context, parts)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
