//! The same of bodies in other protocols.

use super::*;
use crate::{GivenAttributes, loki, splunk};

const BYTES: usize = 4 * 1024 * 1024;
/// Whatever is read twice or decoded less quickly; what is read again and again takes a thousand times as long.
const MOST: u32 = 50;

type Case<'a> = (&'a str, &'a dyn Fn(&mut BatchBuilder));

fn took(read: impl Fn(&mut BatchBuilder)) -> Duration {
    let id = BatchId::keyed("key", b"");
    let mut batch = BatchBuilder::new(id, None, Timestamp::MIN, ENCODED_BYTES);
    let began = Instant::now();
    read(&mut batch);
    began.elapsed()
}

fn repeated(part: &[u8]) -> Vec<u8> {
    part.repeat(BYTES / part.len())
}

/// An event with fields that have one name but for what is behind it, and as many that are to have the same.
fn alike() -> Vec<u8> {
    let names: Vec<String> = (0..2_000).map(|number| "_".repeat(number)).collect();
    let members = |value: u8| {
        let members = names.iter().map(|name| format!(r#""a{name}":{value}"#));
        members.collect::<Vec<_>>().join(",")
    };
    let (own, others) = (members(1), members(2));
    format!(r#"{{"event":"x",{own},"fields":{{{others}}}}}"#).into_bytes()
}

#[test]
fn no_body_of_another_protocol_takes_much_longer_than_good_lines() {
    let good = repeated(b"{\"message\":\"a\"}\n");
    let streams = repeated(b"\"stream\"");
    let damaged = [
        b"{\"streams\":[".to_vec(),
        repeated(b"{\"stream\":{\"a\":\"\xff\"},\"values\":[]},"),
        b"{}]}".to_vec(),
    ];
    let (damaged, alike) = (damaged.concat(), alike());
    let good = (0..3).map(|_| took(|batch| drop(values::read(&good, LINES, batch))));
    let good = good.min().unwrap();
    let cases: [Case<'_>; 3] = [
        ("room for streams without an end", &|_| {
            assert!(loki::encoded_json_bytes(&streams) >= BYTES / 8 * 8);
        }),
        ("damaged labels", &|batch| {
            drop(loki::decode_json(&damaged, None, batch));
        }),
        ("names that are taken", &|batch| {
            let given = GivenAttributes::default();
            splunk::decode_events(&alike, &given, batch).unwrap();
        }),
    ];
    for (name, case) in cases {
        let is_quick = (0..3).any(|_| {
            let took = took(case);
            println!("{name}: {took:?}, good lines {good:?}");
            took < MOST * good
        });
        assert!(is_quick, "{name}");
    }
}
