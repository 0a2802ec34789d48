use super::*;
use crate::config::REQUEST;
use logs::Timestamp;
use serde_json::{Value, json};
use std::io::Write;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tracing::subscriber::with_default;

/// A clock that is set by hand, to seconds.
#[derive(Default)]
struct Hand(AtomicU64);

impl Clock for Hand {
    fn now(&self) -> Timestamp {
        Timestamp::MIN
    }

    fn elapsed(&self) -> Duration {
        Duration::from_secs(self.0.load(Ordering::Relaxed))
    }
}

impl Hand {
    fn set(&self, seconds: u64) {
        self.0.store(seconds, Ordering::Relaxed);
    }
}

/// What was written.
#[derive(Clone, Default)]
struct Written(Arc<Mutex<Vec<u8>>>);

impl Write for Written {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Written {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }

    fn lines(&self) -> Vec<Value> {
        let text = self.text();
        let lines = text.lines();
        lines
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }
}

/// What `say` logs as JSON.
fn as_json(clock: Arc<dyn Clock>, say: impl FnOnce()) -> Written {
    let written = Written::default();
    let stream = written.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_writer(move || stream.clone())
        .fmt_fields(JsonFields::new())
        .event_format(Lines::json(clock))
        .finish();
    with_default(subscriber, say);
    written
}

/// The same as text.
fn as_text(clock: Arc<dyn Clock>, say: impl FnOnce()) -> Written {
    let written = Written::default();
    let stream = written.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_ansi(false)
        .with_writer(move || stream.clone())
        .event_format(Lines::text(false, clock))
        .finish();
    with_default(subscriber, say);
    written
}

#[test]
fn a_line_of_json_is_flat_and_has_what_the_line_and_its_request_say() {
    let written = as_json(Arc::<Hand>::default(), || {
        let span = tracing::error_span!(target: REQUEST, "request", request_id = "r1", trace_id = None::<&str>);
        let _entered = span.enter();
        tracing::warn!(count = 3, ratio = 0.5, is_new = true, kind = ?Some(1), "a \"word\"\nand more");
        tracing::trace!(
            request_id = "another",
            level = "mine",
            message_ = 1,
            "clashes"
        );
    });
    let mut lines = written.lines();
    for line in &mut lines {
        let time = line.as_object_mut().unwrap().remove("timestamp").unwrap();
        assert!(Timestamp::parse(time.as_str().unwrap()).is_ok(), "{time}");
        assert!(time.as_str().unwrap().ends_with('Z'), "{time}");
    }
    let target = module_path!();
    assert_eq!(
        lines[0],
        json!({"level": "WARN", "message": "a \"word\"\nand more", "target": target, "request_id": "r1",
               "count": 3, "ratio": 0.5, "is_new": true, "kind": "Some(1)"})
    );
    assert_eq!(
        lines[1],
        json!({"level": "TRACE", "message": "clashes", "target": target, "request_id": "r1",
               "request_id_": "another", "level_": "mine", "message_": 1})
    );
    assert!(written.text().starts_with("{\"timestamp\":\""));
}

/// Says the same, but for a number, within a request.
fn fail(number: u32) {
    let span = tracing::error_span!(target: REQUEST, "request", request_id = number);
    let _entered = span.enter();
    tracing::warn!(number, "a request failed");
}

#[test]
fn what_requests_make_it_say_again_and_again_is_told_once_a_minute_with_the_number_of_the_others() {
    let hand = Arc::<Hand>::default();
    let failures = || {
        hand.set(0);
        for second in [0, 1, 30, 59, 60, 61, 200] {
            hand.set(second);
            fail(u32::try_from(second).unwrap());
        }
    };
    let lines = as_json(Arc::clone(&hand) as _, failures).lines();
    let told: Vec<_> = lines
        .iter()
        .map(|line| (&line["number"], &line["others_before"]))
        .collect();
    assert_eq!(
        told,
        [
            (&json!(0), &Value::Null),
            (&json!(60), &json!(3)),
            (&json!(200), &json!(1)),
        ]
    );
    let text = as_text(Arc::clone(&hand) as _, failures).text();
    let lines: Vec<_> = text.lines().collect();
    assert_eq!(lines.len(), 3, "{text}");
    assert!(lines[0].ends_with("a request failed number=0"), "{text}");
    assert!(
        lines[1].contains("request{request_id=60}: a request failed number=60 others_before=3"),
        "{text}"
    );
}

#[test]
fn lines_that_say_something_else_or_are_asked_for_or_of_no_request_are_each_told() {
    let lines = as_json(Arc::<Hand>::default(), || {
        for _ in 0..3 {
            tracing::warn!("the store is away");
        }
        let span = tracing::error_span!(target: REQUEST, "request", request_id = 1);
        let _entered = span.enter();
        for error in ["a", "b", "c"] {
            tracing::error!(error, "a request failed");
        }
        for _ in 0..3 {
            tracing::debug!("refused");
        }
        for _ in 0..3 {
            tracing::warn!(target: crate::http::AUDIT, "counted by those who say it");
        }
    })
    .lines();
    assert_eq!(lines.len(), 12, "{lines:?}");
    assert!(lines.iter().all(|line| line["others_before"].is_null()));
}
