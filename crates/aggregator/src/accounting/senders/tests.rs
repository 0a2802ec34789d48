//! Senders are told apart, counted, and forgotten in the order in which they were seen.

use super::*;

fn at(seconds: u64) -> When {
    let nanos = i64::try_from(seconds).unwrap() * 1_000_000_000;
    When {
        at: Timestamp::from_nanos(nanos),
        elapsed: Duration::from_secs(seconds),
    }
}

fn name(protocol: &str, token: &str) -> Name {
    let mut all = Protocol::ALL.into_iter();
    Name {
        protocol: all.find(|known| known.name() == protocol).unwrap(),
        token: Some(token.into()).filter(|_| !token.is_empty()),
    }
}

fn records(records: u64) -> Taken {
    let brought = Brought {
        accepted: records,
        taken_bytes: 10 * records,
        ..Brought::default()
    };
    Taken {
        brought,
        ..Taken::default()
    }
}

#[test]
fn each_protocol_and_each_token_has_counts_of_its_own_and_who_came_last_is_told_first() {
    let senders = Senders::default();
    senders.taken(name("native", ""), records(1), at(0));
    senders.taken(name("native", "orders"), records(2), at(1));
    senders.taken(name("loki", "orders"), records(3), at(2));
    senders.taken(name("native", "orders"), records(4), at(3));
    let told = senders.snapshot(Duration::from_secs(3));
    let told = told.senders.iter();
    let told: Vec<_> = told
        .map(|row| {
            (
                row.protocol,
                row.token.as_deref(),
                row.requests,
                row.records,
                row.bytes,
            )
        })
        .collect();
    let expected = [
        ("native", Some("orders"), 2, 6, 60),
        ("loki", Some("orders"), 1, 3, 30),
        ("native", None, 1, 1, 10),
    ];
    assert_eq!(told, expected);
}

#[test]
fn what_came_in_the_last_minute_is_counted_to_five_seconds() {
    let senders = Senders::default();
    for second in 0..300 {
        senders.taken(name("gelf", ""), records(2), at(second));
    }
    let of_minute = |now| {
        let told = senders.snapshot(Duration::from_secs(now));
        told.senders[0].records_of_last_minute
    };
    assert_eq!(of_minute(299), 120);
    assert_eq!(of_minute(329), 60);
    assert_eq!(of_minute(354), 10);
    assert_eq!((of_minute(355), of_minute(100_000)), (0, 0));
    senders.taken(name("gelf", ""), records(7), at(1000));
    assert_eq!(of_minute(1059), 7);
}

#[test]
fn what_was_told_last_is_shown_with_an_example_that_is_not_long() {
    let senders = Senders::default();
    let long = "ü".repeat(1000);
    senders.refused(name("native", ""), "invalid_json", "no JSON", at(7));
    senders.refused(name("native", ""), "invalid_json", &long, at(8));
    let told = &senders.snapshot(Duration::from_secs(8)).senders[0];
    assert_eq!((told.requests, told.refused["invalid_json"]), (0, 2));
    let last = told.last_told.as_ref().unwrap();
    assert_eq!(last.at, "1970-01-01T00:00:08Z");
    assert_eq!(last.example, format!("{}…", "ü".repeat(200)));
    // What is taken without a word leaves it as it is.
    senders.taken(name("native", ""), records(1), at(9));
    let told = &senders.snapshot(Duration::from_secs(9)).senders[0];
    assert_eq!(
        told.last_told.as_ref().unwrap().example.chars().count(),
        201
    );
    assert_eq!(told.last_seen, "1970-01-01T00:00:09Z");
}

#[test]
fn of_more_senders_than_there_is_room_for_the_one_goes_that_was_not_seen_for_longest() {
    let senders = Senders::default();
    for number in 0..MOST_SENDERS as u64 {
        senders.taken(name("native", &number.to_string()), records(1), at(number));
    }
    senders.taken(name("native", "0"), records(1), at(1000));
    for number in 0..10 {
        let new = format!("new {number}");
        senders.refused(
            name("native", &new),
            "overloaded",
            "later",
            at(2000 + number),
        );
    }
    let told = senders.snapshot(Duration::from_secs(2010));
    assert_eq!(
        (told.senders.len(), told.forgotten_senders),
        (MOST_SENDERS, 10)
    );
    let has = |wanted: &str| {
        let mut tokens = told.senders.iter().map(|row| row.token.as_deref());
        tokens.any(|token| token == Some(wanted))
    };
    assert!(has("0") && has("new 9") && has("11"));
    assert!(!has("1") && !has("10"));
}
