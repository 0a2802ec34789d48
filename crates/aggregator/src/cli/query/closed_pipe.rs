//! Notices that the reader of the output has left, also while there is nothing to write to it.

use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;
use std::io;
use std::thread;
use tokio_util::sync::CancellationToken;

/// Ends when whoever reads standard output has closed it; never, when it is a file or a terminal.
pub(super) async fn closed() {
    let closed = CancellationToken::new();
    let seen = closed.clone();
    // It waits in the system for as long as the process lives.
    let watch = thread::Builder::new().spawn(move || {
        let output = io::stdout();
        let mut watched = [PollFd::new(&output, PollFlags::empty())];
        loop {
            match poll(&mut watched, None) {
                Ok(0) | Err(Errno::INTR) => {}
                Ok(_) => return seen.cancel(),
                // Then the next write tells.
                Err(_) => return,
            }
        }
    });
    // The same where there is no thread to be had.
    drop(watch);
    closed.cancelled().await;
}
