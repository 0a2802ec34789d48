//! Bodies that are made to be read again and again take no longer than others of their size.
#![expect(clippy::disallowed_methods, reason = "how long it takes is the point")]

mod protocols;

use super::*;
use record::fault::{MAX_DEPTH, MAX_MEMBERS};
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

/// Objects with more members than are kept, of which many have names that begin so.
fn many_members(begin: &str) -> Vec<u8> {
    let name = |number: usize| match number.checked_sub(MAX_MEMBERS - 5_000) {
        Some(number) => format!(r#""{begin}{}":0"#, "_".repeat(number)),
        None => format!(r#""{number}":0"#),
    };
    let object: Vec<_> = (0..=MAX_MEMBERS).map(name).collect();
    let object = format!("{{{}}}", object.join(","));
    let objects = vec![object.as_str(); BYTES / object.len()];
    format!(r#"{{"x":[{}]}}"#, objects.join(",")).into_bytes()
}

/// Records without a message, as deep as what is kept.
fn deep() -> Vec<u8> {
    let (open, close) = (r#"{"a":"#.repeat(MAX_DEPTH), "}".repeat(MAX_DEPTH));
    let one = format!(r#"{{"x":{open}1{close}}}"#);
    one.repeat(BYTES / one.len()).into_bytes()
}

#[test]
fn no_record_takes_much_longer_than_good_ones() {
    let good = filled("{\"message\":\"a\"}\n");
    for (name, body, good, most) in [
        // Names that the rest could have, and others.
        ("members", many_members("_more"), many_members("_morf"), 3),
        // What lies deep is passed once for each level that it lies in.
        ("deep", deep(), good, 20),
    ] {
        // Others work on this machine as well: of several times, the shortest is that of the body.
        let good = (0..4).map(|_| time(JSON, &good)).min().unwrap();
        let is_quick = (0..8).any(|_| {
            let took = time(JSON, &body);
            println!("{name}: {took:?}, good ones {good:?}");
            took < most * good
        });
        assert!(is_quick, "{name}");
    }
}

#[test]
fn no_body_takes_much_longer_than_good_lines() {
    let good = filled("{\"message\":\"a\"}\n");
    for (line, most) in [
        ("[\n", 3),
        ("{\"a\":\n", 3),
        // Four times as many records as the good lines have, each of which is told.
        ("[{}\n", 6),
        ("{\"message\":\"a\n", 3),
    ] {
        let body = filled(line);
        for terms in [JSON, LINES] {
            // Others work on this machine as well: at one time of several, both have it for themselves.
            let is_quick = (0..5).any(|_| {
                let (good, took) = (time(LINES, &good), time(terms, &body));
                println!("{line:?}: {took:?}, good lines {good:?}");
                took < most * good
            });
            assert!(is_quick, "{line:?}");
        }
    }
}

/// Values one behind another on a single line: where the line ends is not looked for again at each.
#[test]
fn no_line_takes_much_longer_than_good_lines() {
    let good = filled("{\"message\":\"a\"}\n");
    for value in ["[{\"message\":\"a\"}]", "{\"message\":\"a\"} "] {
        let body = filled(value);
        for terms in [JSON, LINES, PLAIN] {
            // Others work on this machine as well: at one time of several, both have it for themselves.
            let is_quick = (0..5).any(|_| {
                let (good, took) = (time(LINES, &good), time(terms, &body));
                println!("{value:?}: {took:?}, good lines {good:?}");
                took < 4 * good
            });
            assert!(is_quick, "{value:?}");
        }
    }
}
