//! Whatever stands behind the question mark of a histogram or of facets is a request or has a precise
//! error: random bytes, and good requests with bits turned over. `PROPTEST_CASES=1000000` looks at more.
//! The same is tried on `/logs/retrieve` with what is made here.

use super::parameter_error::ParameterError;
use super::{facets, histogram};
use logs::Timestamp;
use proptest::prelude::*;
use proptest::sample::Index;
use proptest::test_runner::TestCaseResult;
use std::ops::Range;

const NOW: Timestamp = Timestamp::from_nanos(1_728_345_600_000_000_000);
/// Unless the environment says otherwise.
const CASES: u32 = 4_000;
/// A sentence for people, also when what it repeats was long.
const LONGEST_SENTENCE: usize = 2_000;
const CODES: [&str; 12] = [
    "invalid_interval",
    "invalid_level",
    "invalid_number",
    "invalid_offset",
    "invalid_parameter",
    "invalid_regex",
    "invalid_time",
    "invalid_time_range",
    "invalid_time_zone",
    "query_too_large",
    "repeated_parameter",
    "unknown_parameter",
];
/// Parameters as readers send them.
const GOOD: [&str; 18] = [
    "startTime=-15m",
    "startTime=2024-10-08T00:00:00%2B02:00",
    "endTime=now",
    "logLevel=ERROR,warn",
    "minLevel=info",
    "q=a+b",
    "regex=took+%5Cd%7B3%2C%7D",
    "attr.http.status=!500",
    "order=desc",
    "interval=5m",
    "interval=1h30m",
    "interval=33333333333ns",
    "timeZone=Europe/Berlin",
    "timeZone=Asia%2FKathmandu",
    "offset=-30m",
    "by=level",
    "limit=7",
    "fields=level,attr.http.status,+attr.a",
];

/// How many cases are tried.
pub(super) fn config() -> ProptestConfig {
    let mut config = ProptestConfig::default();
    if std::env::var_os("PROPTEST_CASES").is_none() {
        config.cases = CASES;
    }
    config
}

/// Requests of some of these parameters, in any order.
pub(super) fn requests(good: &[&'static str]) -> impl Strategy<Value = String> + use<> {
    let parameters = prop::sample::subsequence(good.to_vec(), 0..8).prop_shuffle();
    parameters.prop_map(|parameters| parameters.join("&"))
}

/// Bytes as they are, and escaped.
pub(super) fn written(bytes: &[u8]) -> [String; 2] {
    let escaped: Vec<String> = bytes.iter().map(|byte| format!("%{byte:02X}")).collect();
    [
        String::from_utf8_lossy(bytes).into_owned(),
        escaped.concat(),
    ]
}

/// The name in a parameter as readers send it.
pub(super) fn name(parameter: &str) -> &str {
    parameter
        .split_once('=')
        .map_or(parameter, |(name, _)| name)
}

/// A request with this parameter alone, whose value is these bytes.
pub(super) fn with_value(name: &str, value: &[u8]) -> String {
    let value: String = form_urlencoded::byte_serialize(value).collect();
    format!("{name}={value}")
}

/// So many of these bits, each at some place.
pub(super) fn flips(
    bits: Range<u8>,
    count: Range<usize>,
) -> impl Strategy<Value = Vec<(Index, u8)>> {
    prop::collection::vec((any::<Index>(), bits), count)
}

/// The text with these bits turned over.
pub(super) fn flipped(text: &str, flips: &[(Index, u8)]) -> String {
    let mut bytes = text.as_bytes().to_vec();
    for (place, bit) in flips {
        if !bytes.is_empty() {
            let place = place.index(bytes.len());
            bytes[place] ^= 1 << bit;
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// What is not taken is told in a sentence and by one of these codes.
pub(super) fn is_precise(error: &ParameterError, codes: &[&str]) -> TestCaseResult {
    let sentence = error.to_string();
    prop_assert!(codes.contains(&error.code()), "{}", error.code());
    prop_assert!(!sentence.is_empty() && sentence.len() < LONGEST_SENTENCE);
    prop_assert!(!sentence.contains(char::is_control), "{sentence:?}");
    Ok(())
}

fn check(text: &str) -> TestCaseResult {
    let refusals = [histogram::refusal(text, NOW), facets::refusal(text, NOW)];
    for error in refusals.iter().flatten() {
        is_precise(error, &CODES)?;
    }
    Ok(())
}

#[test]
fn what_readers_send_is_taken_by_one_of_them() {
    for text in GOOD {
        let refusals = [histogram::refusal(text, NOW), facets::refusal(text, NOW)];
        assert!(refusals.iter().any(Option::is_none), "{text}: {refusals:?}");
    }
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
        parameter in prop::sample::select(GOOD.to_vec()), bytes: Vec<u8>,
    ) {
        check(&with_value(name(parameter), &bytes))?;
    }

    #[test]
    fn a_request_with_bits_turned_over_is_a_request_or_has_an_error(
        text in requests(&GOOD), flips in flips(0..8, 0..4),
    ) {
        check(&flipped(&text, &flips))?;
    }
}
