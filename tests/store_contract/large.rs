//! Large records beside small ones: stored once and found by whatever is asked, as any other.

use std::sync::Arc;

use logs::Timestamp;
use query::Query;
use store::PageLimit;

use super::{ALL, Found, LARGE_NUMBER, Opened, Sample, contract, documents, rows};

const COUNT: i64 = 60;
const NOW: Timestamp = Timestamp::from_nanos(0);

/// What the embedded store puts in the place of a large text.
const STAND_IN: &str = "(in logs_large)";

/// Whether a question asks for a record.
type Matches<'a> = Box<dyn Fn(&Found) -> bool + 'a>;

/// Every third one is large: by its message, by its attributes, or by both together.
fn samples() -> Vec<Sample> {
    let sample = |place: i64| {
        let level = ["INFO", "WARN", "ERROR", "audit"][usize::try_from(place % 4).unwrap()];
        let long = "long ".repeat(2_000);
        let (message, number) = match place % 12 {
            0 => (format!("{long}Needle"), None),
            3 => (format!("{place}"), Some(LARGE_NUMBER + place)),
            6 => (format!("{long}{place}"), Some(LARGE_NUMBER + place)),
            9 => (String::new(), Some(LARGE_NUMBER)),
            1 => (STAND_IN.to_owned(), None),
            2 => (STAND_IN.to_owned(), Some(place)),
            4 => (String::new(), None),
            5 => (String::new(), Some(place)),
            7 => ("the Needle".to_owned(), Some(7)),
            _ => (format!("small {place}"), None),
        };
        Sample {
            number,
            ..Sample::at(place / 2, level, message)
        }
    };
    (0..COUNT).map(sample).collect()
}

async fn asked(opened: &Opened, text: &str, limit: PageLimit) -> Vec<Found> {
    let query = Query::parse(text, NOW).unwrap_or_else(|error| panic!("{error}: {text}"));
    opened.walk(&query, limit).await
}

contract!(
    large_records_beside_small_ones_are_found_by_whatever_is_asked,
    async |place| {
        let opened = place.open();
        let all = rows("large", &samples());
        opened.insert(&documents("large", &samples())).await;
        let has = |row: &Found, text: &str| row.message.contains(text);
        let of = |row: &Found, levels: &[&str]| {
            levels.contains(&row.level.as_deref().unwrap_or_default())
        };
        let number = format!(r#"{{"number":{LARGE_NUMBER},"#);
        let questions: [(&str, Matches<'_>); 9] = [
            ("", Box::new(|_| true)),
            ("q=nEEDLE", Box::new(|row| has(row, "Needle"))),
            ("word=long", Box::new(|row| has(row, "long"))),
            ("regex=edle$", Box::new(|row| has(row, "Needle"))),
            ("q=logs_large", Box::new(|row| has(row, STAND_IN))),
            ("logLevel=INFO", Box::new(|row| of(row, &["INFO"]))),
            ("minLevel=WARN", Box::new(|row| of(row, &["WARN", "ERROR"]))),
            (
                "minLevel=WARN&q=long",
                Box::new(|row| of(row, &["WARN", "ERROR"]) && has(row, "long")),
            ),
            (
                "attr.number=10000",
                Box::new(|row| {
                    row.attributes
                        .as_ref()
                        .is_some_and(|all| all.starts_with(&number))
                }),
            ),
        ];
        for (text, matches) in questions {
            let mut expected: Vec<Found> = all.iter().filter(|row| matches(row)).cloned().collect();
            assert!(!expected.is_empty(), "{text}");
            for order in ["", "&order=desc"] {
                let text = format!("{text}{order}");
                for rows in [usize::MAX, 1, 7] {
                    let limit = PageLimit { rows, ..ALL };
                    assert!(
                        asked(&opened, &text, limit).await == expected,
                        "{text} {rows}"
                    );
                }
                let few_bytes = PageLimit {
                    bytes: 9_000,
                    ..ALL
                };
                assert!(asked(&opened, &text, few_bytes).await == expected, "{text}");
                expected.reverse();
            }
        }
    }
);

contract!(
    large_records_are_stored_once_whoever_sends_them_however_often,
    async |place| {
        let opened = place.open();
        let (samples, all) = (samples(), rows("once", &samples()));
        let count = samples.len() as u64;
        let sent = documents("once", &samples);
        opened.insert_range(&sent, 5..20).await;
        let senders = (0..4).map(|_| {
            let (opened, sent) = (opened.clone(), Arc::clone(&sent));
            tokio::spawn(async move { opened.insert(&sent).await.0 })
        });
        let mut stored = 15;
        for sender in senders.collect::<Vec<_>>() {
            stored += sender.await.unwrap();
        }
        assert_eq!(stored, count);
        // Others of the same ids: small where there is a large one, and the other way round.
        let mut others = samples.clone();
        for sample in &mut others {
            let is_small = sample.message.len() < 100;
            sample.message = "o".repeat(if is_small { 20_000 } else { 3 });
        }
        let refused = opened.insert(&documents("once", &others)).await;
        assert_eq!(refused, (0, samples.len()));
        assert!(opened.everything().await == all);
        drop(opened);
        let again = place.open();
        assert_eq!(again.insert(&sent).await, (0, samples.len()));
        assert!(again.everything().await == all);
    }
);
