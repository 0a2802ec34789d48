//! Letters in any case: each store finds every letter of Unicode by each of those that differ from it in case
//! alone, whatever its own search thinks of them.

use logs::Timestamp;
use query::{Phrase, Query, Substring, cases};

use super::{ALL, Sample, contract, documents};

/// Pairs in one message.
const TOGETHER: usize = 16;
/// No less than Unicode 16 has: each of two in both directions.
const PAIRS: usize = 2_900;

/// Letters, each with another one of which only the case is different.
fn pairs() -> Vec<(char, char)> {
    let letters = '\0'..=char::MAX;
    let others = |letter: char| {
        cases(letter)
            .into_iter()
            .filter(move |other| *other != letter)
    };
    letters
        .flat_map(|letter| others(letter).map(move |other| (letter, other)))
        .collect()
}

contract!(
    every_letter_is_found_by_each_that_differs_from_it_in_case_alone,
    async |place| {
        let opened = place.open();
        let pairs = pairs();
        assert!(pairs.len() >= PAIRS, "{} pairs", pairs.len());
        let messages = pairs
            .chunks(TOGETHER)
            .map(|pairs| pairs.iter().map(|(_, other)| other));
        let samples: Vec<Sample> = (0..)
            .zip(messages)
            .map(|(nanos, message)| Sample::at(nanos, "INFO", message.collect::<String>()))
            .collect();
        opened.insert(&documents("letters", &samples)).await;
        for (nanos, pairs) in (0..).zip(pairs.chunks(TOGETHER)) {
            let text: String = pairs.iter().map(|(letter, _)| letter).collect();
            // Others have the same letters.
            let only_this = Query {
                start: Some(Timestamp::from_nanos(nanos)),
                end: Some(Timestamp::from_nanos(nanos + 1)),
                ..Query::default()
            };
            let found = async |case_sensitive: bool| {
                let query = Query {
                    texts: vec![Substring::new(&text, case_sensitive).unwrap()],
                    phrases: vec![Phrase::new(&text, case_sensitive).unwrap()],
                    ..only_this.clone()
                };
                opened.walk(&query, ALL).await.len()
            };
            assert_eq!((found(false).await, found(true).await), (1, 0), "{pairs:?}");
        }
    }
);

contract!(
    what_stands_beside_a_letter_of_any_case_is_found_as_it_is,
    async |place| {
        let opened = place.open();
        let samples: Vec<Sample> = (0..)
            .zip(["[Ä-Z]. (ΩMEGA)^", "STRAẞE \\ 50 \u{212a}", "other"])
            .map(|(nanos, message)| Sample::at(nanos, "INFO", message))
            .collect();
        opened.insert(&documents("beside", &samples)).await;
        for (text, expected) in [
            ("q=[ä-z]. (ωmega)^", Some(0)),
            ("q=.äz", None),
            ("q=straße \\ 50 k", Some(1)),
            ("word=ωmega", Some(0)),
            ("word=Mega", None),
            ("word=straße \\ 50", Some(1)),
            ("word=straße \\ 5", None),
        ] {
            let query = Query::parse(text, Timestamp::from_nanos(0)).unwrap();
            let found = opened.walk(&query, ALL).await;
            let expected: Vec<&str> = expected
                .map(|number: usize| &*samples[number].message)
                .into_iter()
                .collect();
            let found: Vec<&str> = found.iter().map(|row| row.message.as_str()).collect();
            assert_eq!(found, expected, "{text}");
        }
    }
);
