//! A panic's words come out through the queue, as the log's do. In a process of its own: the hook and the
//! queue are the process's.

#![cfg(test)]

use program::standard_error;
use std::io::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};

#[derive(Clone, Default)]
struct Stream(Arc<Mutex<Vec<u8>>>);

impl Write for Stream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut written = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        written.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_panic_and_the_last_words_are_written_before_the_end() {
    let stream = Stream::default();
    standard_error::install(stream.clone(), standard_error::as_text, |_| {}).unwrap();
    let thread = std::thread::Builder::new().name("worker".to_owned());
    let panicking = thread.spawn(|| panic!("it broke")).unwrap();
    assert!(panicking.join().is_err());
    standard_error::say("error: the last words");
    standard_error::finish();
    let written = stream.0.lock().unwrap().clone();
    let text = String::from_utf8(written).unwrap();
    let place = format!("thread 'worker' panicked at {}:", file!());
    assert!(text.starts_with(&place), "{text}");
    assert!(text.contains("it broke\n"), "{text}");
    assert!(text.ends_with("error: the last words\n"), "{text}");
}
