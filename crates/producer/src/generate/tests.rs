//! What the generator promises: its bytes by seed, and what the logs are like.

use super::*;
use serde_json::Value;
use std::collections::BTreeSet;

fn settings() -> GeneratorSettings {
    GeneratorSettings {
        seed: 7,
        levels: "DEBUG=8,INFO=70,WARN=12,ERROR=10".parse().unwrap(),
        message_bytes: None,
        late: 0.0,
    }
}

fn at(index: usize) -> Timestamp {
    Timestamp::from_nanos(1_728_345_600_000_000_001 + i64::try_from(index).unwrap() * 1000)
}

fn bytes(generator: &mut Generator, number: u64, count: usize) -> Vec<u8> {
    let mut body = Vec::new();
    generator.batch(number, count, at, &mut body).unwrap();
    body
}

fn logs(settings: GeneratorSettings, count: usize) -> Vec<Value> {
    let body = bytes(&mut Generator::new(settings), 0, count);
    serde_json::from_slice(&body).unwrap()
}

#[test]
fn the_same_seed_gives_the_same_bytes_in_any_order_and_another_seed_gives_others() {
    let (mut one, mut two) = (Generator::new(settings()), Generator::new(settings()));
    let forwards: Vec<_> = (0..5).map(|batch| bytes(&mut one, batch, 50)).collect();
    let mut backwards: Vec<_> = (0..5)
        .rev()
        .map(|batch| bytes(&mut two, batch, 50))
        .collect();
    backwards.reverse();
    assert_eq!(forwards, backwards);
    assert_ne!(forwards[0], forwards[1]);
    let mut other = Generator::new(GeneratorSettings {
        seed: 8,
        ..settings()
    });
    assert_ne!(bytes(&mut other, 0, 50), forwards[0]);
}

/// A change of these bytes is a change of what `--seed` promises, also between machines and versions.
#[test]
fn a_seed_gives_these_very_logs() {
    let body = bytes(&mut Generator::new(settings()), 3, 2);
    assert_eq!(
        String::from_utf8(body).unwrap(),
        include_str!("seed_7.json").trim_end()
    );
}

#[test]
fn logs_are_realistic_several_services_levels_stack_traces_and_nested_attributes() {
    let logs = logs(settings(), 5000);
    let texts = |path: &str| -> BTreeSet<String> {
        let values = logs.iter().filter_map(|log| log.pointer(path)?.as_str());
        values.map(str::to_owned).collect()
    };
    assert_eq!(texts("/level").len(), 4);
    assert_eq!(texts("/attributes/service").len(), SERVICES_COUNT);
    assert!(texts("/attributes/http/path").len() > 1000);
    assert!(texts("/message").len() > 4000, "messages with ids differ");
    let traces = logs.iter().filter(|log| {
        let lines = log["message"].as_str().unwrap().lines().count();
        lines > 3
    });
    let traces = traces.count();
    assert!(
        (50..250).contains(&traces),
        "{traces} of 5000, where 125 are due"
    );
    let known = logs
        .iter()
        .all(|log| !log["message"].as_str().unwrap().contains(['{', '}']));
    assert!(known, "every place of a template is filled");
}

const SERVICES_COUNT: usize = corpus::SERVICES.len();

#[test]
fn messages_have_the_length_that_is_asked_for() {
    for length in [1, 64, 5000] {
        let settings = GeneratorSettings {
            message_bytes: Some(length),
            ..settings()
        };
        for log in logs(settings, 500) {
            let bytes = log["message"].as_str().unwrap().len();
            assert!(
                (length.saturating_sub(3)..=length).contains(&bytes),
                "{bytes} for {length}"
            );
        }
    }
}

#[test]
fn so_many_logs_as_asked_for_are_late() {
    let logs = logs(
        GeneratorSettings {
            late: 0.25,
            ..settings()
        },
        10_000,
    );
    let late = logs.iter().enumerate().filter(|(index, log)| {
        let time = Timestamp::parse(log["timestamp"].as_str().unwrap()).unwrap();
        let behind = at(*index).nanos() - time.nanos();
        assert!(behind == 0 || LATENESS.contains(&behind), "{behind}");
        behind > 0
    });
    let late = late.count();
    assert!((2300..2700).contains(&late), "{late}");
}

#[test]
fn the_slots_tell_where_the_times_stand() {
    let mut body = Vec::new();
    let mut generator = Generator::new(GeneratorSettings {
        late: 0.5,
        ..settings()
    });
    let slots = generator.batch(0, 100, at, &mut body).unwrap();
    for (index, slot) in slots.into_iter().enumerate() {
        let text = std::str::from_utf8(&body[slot.offset..slot.offset + TIME_BYTES]).unwrap();
        assert_eq!(Timestamp::parse(text), Ok(older(at(index), slot.lateness)));
    }
}
