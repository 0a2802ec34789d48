use super::*;
use std::sync::OnceLock;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

const PATIENCE: Duration = Duration::from_secs(30);

/// A stream whose reader takes one write after the other; it tells what was written.
struct Pipe {
    asked: SyncSender<()>,
    allowed: Receiver<()>,
    read: SyncSender<Vec<u8>>,
}

struct Reader {
    asked: Receiver<()>,
    allow: SyncSender<()>,
    read: Receiver<Vec<u8>>,
}

fn pipe() -> (Pipe, Reader) {
    let (asked, asks) = sync_channel(1000);
    let (allow, allowed) = sync_channel(1000);
    let (read, reads) = sync_channel(1000);
    let pipe = Pipe {
        asked,
        allowed,
        read,
    };
    let reader = Reader {
        asked: asks,
        allow,
        read: reads,
    };
    (pipe, reader)
}

impl Write for Pipe {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.asked.send(()).map_err(io::Error::other)?;
        self.allowed.recv().map_err(io::Error::other)?;
        self.read.send(bytes.to_vec()).map_err(io::Error::other)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Reader {
    fn begin(&self) {
        self.asked.recv_timeout(PATIENCE).unwrap();
    }

    fn read(&self) -> String {
        self.allow.send(()).unwrap();
        String::from_utf8(self.read.recv_timeout(PATIENCE).unwrap()).unwrap()
    }
}

fn started() -> (LineQueue, Reader) {
    let (pipe, reader) = pipe();
    let told = Arc::new(OnceLock::<LineQueue>::new());
    let telling = Arc::clone(&told);
    let tell_gap = move |lines| {
        let queue = telling.get().unwrap();
        queue.push(format!("{lines} left out\n").as_bytes());
    };
    let queue = LineQueue::start(pipe, tell_gap).unwrap();
    told.set(queue.clone()).unwrap();
    (queue, reader)
}

#[test]
fn while_nobody_reads_nothing_waits_and_what_has_no_room_is_told_of_in_its_place() {
    let (queue, reader) = started();
    queue.push(b"first\n");
    reader.begin();
    let line = vec![b'x'; QUEUE_BYTES / 4];
    for _ in 0..10 {
        queue.push(&line);
    }
    queue.push(b"also left out, although it has room\n");
    assert_eq!(queue.left_out(), 7);
    assert!(!queue.flush(Duration::from_millis(1)));

    assert_eq!(reader.read(), "first\n");
    reader.begin();
    assert_eq!(reader.read().len(), QUEUE_BYTES);
    reader.begin();
    assert_eq!(reader.read(), "7 left out\n");
    assert!(queue.flush(PATIENCE));
    queue.push(b"it flows again\n");
    reader.begin();
    assert_eq!(reader.read(), "it flows again\n");
    assert_eq!(queue.left_out(), 7);
}

#[test]
fn last_words_have_room_while_lines_are_left_out_and_come_behind_the_gap() {
    let (queue, reader) = started();
    queue.push(b"first\n");
    reader.begin();
    queue.push(&vec![b'x'; QUEUE_BYTES]);
    queue.push(b"no room\n");
    queue.push_last_words(b"a thread panicked\n");
    queue.push(b"no room either\n");
    queue.push_last_words(b"error: the reason\n");
    assert_eq!(reader.read(), "first\n");
    reader.begin();
    assert_eq!(reader.read().len(), QUEUE_BYTES);
    reader.begin();
    assert_eq!(
        reader.read(),
        "2 left out\na thread panicked\nerror: the reason\n"
    );
    assert!(queue.flush(PATIENCE));
    assert_eq!(queue.left_out(), 2);
}

#[test]
fn last_words_are_bounded_and_those_beyond_it_counted() {
    let (queue, reader) = started();
    queue.push(b"first\n");
    reader.begin();
    queue.push(&vec![b'x'; QUEUE_BYTES]);
    queue.push_last_words(&vec![b'y'; LAST_BYTES]);
    queue.push_last_words(b"beyond it\n");
    assert_eq!(queue.left_out(), 1);
    reader.read();
    reader.begin();
    reader.read();
    reader.begin();
    let end = reader.read();
    assert!(end.starts_with("1 left out\ny") && end.ends_with('y'));
    assert!(queue.flush(PATIENCE));
}

#[test]
fn a_flush_waits_until_a_gap_is_told_of() {
    let (asked, asks) = sync_channel(1);
    let (go_on, goes_on) = sync_channel(1);
    let tell_gap = move |lines| {
        asked.send(lines).unwrap();
        goes_on.recv().unwrap();
    };
    let queue = LineQueue::start(io::sink(), tell_gap).unwrap();
    queue.push(&vec![b'x'; QUEUE_BYTES + 1]);
    assert_eq!(asks.recv_timeout(PATIENCE), Ok(1));
    assert!(!queue.flush(Duration::from_millis(1)));
    go_on.send(()).unwrap();
    assert!(queue.flush(PATIENCE));
}

#[test]
fn a_line_that_is_larger_than_the_queue_is_told_of_and_costs_no_other_one() {
    let (queue, reader) = started();
    queue.push(&vec![b'x'; QUEUE_BYTES + 1]);
    reader.begin();
    assert_eq!(reader.read(), "1 left out\n");
    queue.push(b"the next one\n");
    reader.begin();
    assert_eq!(reader.read(), "the next one\n");
}

#[test]
fn a_flush_waits_for_what_is_under_way() {
    let (queue, reader) = started();
    assert!(queue.flush(Duration::ZERO));
    queue.push(b"one\n");
    reader.begin();
    assert!(!queue.flush(Duration::from_millis(1)));
    assert_eq!(reader.read(), "one\n");
    assert!(queue.flush(PATIENCE));
}

#[test]
fn a_reader_that_has_left_holds_up_nothing() {
    let (queue, reader) = started();
    drop(reader);
    queue.push(b"one\n");
    queue.push(b"two\n");
    assert!(queue.flush(PATIENCE));
}

#[test]
fn a_stream_that_does_not_wait_gets_every_byte() {
    struct Nonblocking(Vec<u8>, bool);
    impl Write for Nonblocking {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.1 = !self.1;
            if self.1 {
                return Err(ErrorKind::WouldBlock.into());
            }
            self.0.extend_from_slice(&bytes[..1]);
            Ok(1)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let mut stream = Nonblocking(Vec::new(), false);
    write_all(&mut stream, b"whole").unwrap();
    assert_eq!(stream.0, b"whole");
}
