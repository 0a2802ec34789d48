//! Lines of the log that wait until they are stored: bounded, so that a service which cannot store them goes on.

use std::io::{self, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::Notify;

/// Bytes that wait at most.
const MOST_BYTES: usize = 256 * 1024;

/// A queue of whole lines; each clone is the same one.
#[derive(Debug, Clone, Default)]
pub struct Unstored(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    came: Notify,
}

#[derive(Debug, Default)]
struct State {
    lines: Vec<u8>,
    left_out: u64,
}

impl Unstored {
    /// Resolves once there are lines.
    pub(in crate::app) async fn some(&self) {
        while self.lock().lines.is_empty() {
            self.0.came.notified().await;
        }
    }

    /// All lines that wait, which may be none.
    pub(in crate::app) fn take(&self) -> Vec<u8> {
        std::mem::take(&mut self.lock().lines)
    }

    /// Lines that had no room, since this was asked last.
    pub(in crate::app) fn take_left_out(&self) -> u64 {
        std::mem::take(&mut self.lock().left_out)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Write for Unstored {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let mut state = self.lock();
        if state.lines.len() + line.len() > MOST_BYTES {
            state.left_out += 1;
        } else {
            state.lines.extend_from_slice(line);
        }
        drop(state);
        // It is remembered while nobody waits for it.
        self.0.came.notify_one();
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_has_no_room_is_counted_and_what_came_before_it_stays() {
        let mut lines = Unstored::default();
        lines.write_all(b"the first\n").unwrap();
        lines.some().await;
        let long = vec![b'x'; MOST_BYTES];
        lines.write_all(&long).unwrap();
        lines.write_all(b"the second\n").unwrap();
        assert_eq!(lines.take(), b"the first\nthe second\n");
        assert_eq!([lines.take_left_out(), lines.take_left_out()], [1, 0]);
        lines.write_all(&long).unwrap();
        assert_eq!(lines.take().len(), MOST_BYTES);
        assert_eq!(lines.take_left_out(), 0);
    }
}
