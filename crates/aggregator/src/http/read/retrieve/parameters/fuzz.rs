//! Whatever stands behind the question mark is a request or has a precise error: random bytes, and
//! good requests with bits turned over. `PROPTEST_CASES=1000000` looks at more of them.

use super::tests::{NOW, key};
use super::*;
use crate::http::read::parameters_fuzz::{
    config, flipped, flips, is_precise, name, requests, with_value, written,
};
use proptest::prelude::*;
use proptest::test_runner::TestCaseResult;
use query::Candidate;

const CODES: [&str; 10] = [
    "invalid_cursor",
    "invalid_level",
    "invalid_number",
    "invalid_parameter",
    "invalid_regex",
    "invalid_time",
    "invalid_time_range",
    "query_too_large",
    "repeated_parameter",
    "unknown_parameter",
];
/// Parameters as readers send them.
const GOOD: [&str; 22] = [
    "startTime=-15m",
    "startTime=2024-10-08T00:00:00%2B02:00",
    "startTime=1728345600.123",
    "endTime=now",
    "endTime=1728345600000",
    "logLevel=ERROR,warn",
    "logLevel=AUDIT",
    "minLevel=info",
    "q=a+b",
    "q=%C3%84u%C3%9Ferst",
    "caseSensitive=true",
    "regex=took+%5Cd%7B3%2C%7D",
    "regex=(?i)^get",
    "attr.service=orders",
    "attr.http.status=!500",
    "attr.k",
    "order=desc",
    "order=asc",
    "limit=7",
    "format=ndjson",
    "format=csv",
    "format=csv&fields=id,attr.a.b",
];

/// A good request, with a cursor of its own for some.
fn good() -> impl Strategy<Value = String> {
    (requests(&GOOD), any::<bool>()).prop_map(|(text, goes_on)| {
        match Parameters::parse(&text, NOW, &key(), Reach::EVERYTHING) {
            Ok(parameters) if goes_on => {
                let address = parameters.address(&parameters.cursor(RecordId::MAX, &key()));
                address.split_once('?').unwrap().1.to_owned()
            }
            _ => text,
        }
    })
}

/// What is taken can be asked on and on; what is not taken is told in a sentence.
fn check(text: &str) -> TestCaseResult {
    let parameters = match Parameters::parse(text, NOW, &key(), Reach::EVERYTHING) {
        Ok(parameters) => parameters,
        Err(error) => return is_precise(&error, &CODES),
    };
    for message in ["", "GET /orders took 120 ms"] {
        parameters.query.query().matches(Candidate {
            id: RecordId::MIN,
            severity: 17,
            level: Some("ERROR"),
            message,
            attributes: Some(r#"{"service":"orders","http":{"status":500}}"#),
        });
    }
    let address = parameters.address(&parameters.cursor(RecordId::MIN, &key()));
    let later = Timestamp::from_nanos(NOW.nanos() + 1);
    let next = Parameters::parse(
        address.split_once('?').unwrap().1,
        later,
        &key(),
        Reach::EVERYTHING,
    )
    .unwrap();
    prop_assert_eq!(next.query.query(), parameters.query.query());
    prop_assert_eq!(
        (next.after, next.format),
        (Some(RecordId::MIN), parameters.format)
    );
    prop_assert_eq!(next.limit, parameters.limit.or(Some(DEFAULT_LIMIT)));
    Ok(())
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn any_bytes_are_a_request_or_have_an_error(bytes: Vec<u8>) {
        for text in written(&bytes) {
            check(&text)?;
        }
    }

    #[test]
    fn any_value_of_a_parameter_is_taken_or_has_an_error(
        parameter in prop::sample::select(GOOD.to_vec()), bytes: Vec<u8>, cursor: bool,
    ) {
        let name = if cursor { "cursor" } else { name(parameter) };
        check(&with_value(name, &bytes))?;
    }

    #[test]
    fn a_request_with_bits_turned_over_is_a_request_or_has_an_error(
        text in good(), flips in flips(0..8, 0..4),
    ) {
        check(&flipped(&text, &flips))?;
    }

    #[test]
    fn a_cursor_with_bits_turned_over_is_refused(
        text in good(), flips in flips(0..7, 1..4),
    ) {
        if let Ok(parameters) = Parameters::parse(&text, NOW, &key(), Reach::EVERYTHING) {
            let cursor = parameters.cursor(RecordId::MAX, &key());
            let changed = flipped(&cursor, &flips);
            let opened = key().open(&changed, &parameters.question);
            prop_assert_eq!(opened.is_ok(), changed == cursor, "{}", changed);
        }
    }
}
