//! Bodies that are made to be read again and again take no longer than others of their size.
#![expect(clippy::disallowed_methods, reason = "how long it takes is the point")]

use super::*;
use std::time::{Duration, Instant};

const BYTES: usize = 16 * 1024 * 1024;
/// As many bytes as the documents of a batch may come to.
const ENCODED_BYTES: usize = 128 * 1024 * 1024;

fn filled(line: &str) -> Vec<u8> {
    line.as_bytes()
        .iter()
        .copied()
        .cycle()
        .take(BYTES)
        .collect()
}

fn time(terms: Terms, body: &[u8]) -> Duration {
    let id = BatchId::keyed("key", b"");
    let mut batch = BatchBuilder::new(id, None, Timestamp::MIN, ENCODED_BYTES);
    let began = Instant::now();
    // Of more records than a batch may have, or of a body that is refused, the time counts as well.
    drop(values::read(body, terms, &mut batch));
    began.elapsed()
}

#[test]
fn no_body_takes_much_longer_than_good_lines() {
    let good = filled("{\"message\":\"a\"}\n");
    for line in ["[\n", "{\"a\":\n", "[{}\n", "{\"message\":\"a\n"] {
        let body = filled(line);
        for terms in [JSON, LINES] {
            // Others work on this machine as well: at one time of several, both have it for themselves.
            let is_quick = (0..5).any(|_| {
                let (good, took) = (time(LINES, &good), time(terms, &body));
                println!("{line:?}: {took:?}, good lines {good:?}");
                took < 3 * good
            });
            assert!(is_quick, "{line:?}");
        }
    }
}
