//! Whatever stands behind the question mark of a histogram or of facets is a request or has a precise
//! error: random bytes, and good requests with bits turned over. `PROPTEST_CASES=1000000` looks at more.

use super::retrieve::AskError;
use super::{facets, histogram};
use logs::Timestamp;
use proptest::prelude::*;
use proptest::test_runner::TestCaseResult;

const NOW: Timestamp = Timestamp::from_nanos(1_728_345_600_000_000_000);
/// Unless the environment says otherwise.
const CASES: u32 = 4_000;
/// A sentence for people, also when what it repeats was long.
const LONGEST_SENTENCE: usize = 2_000;
const CODES: [&str; 10] = [
    "invalid_interval",
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
const GOOD: [&str; 15] = [
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
    "by=level",
    "limit=7",
    "fields=level,attr.http.status,+attr.a",
];

fn config() -> ProptestConfig {
    let mut config = ProptestConfig::default();
    if std::env::var_os("PROPTEST_CASES").is_none() {
        config.cases = CASES;
    }
    config
}

fn good() -> impl Strategy<Value = String> {
    let parameters = prop::sample::subsequence(GOOD.to_vec(), 0..8).prop_shuffle();
    parameters.prop_map(|parameters| parameters.join("&"))
}

fn has_an_error(error: &AskError) -> TestCaseResult {
    let sentence = error.to_string();
    prop_assert!(CODES.contains(&error.code()), "{}", error.code());
    prop_assert!(!sentence.is_empty() && sentence.len() < LONGEST_SENTENCE);
    prop_assert!(!sentence.contains(char::is_control), "{sentence:?}");
    Ok(())
}

fn check(text: &str) -> TestCaseResult {
    for error in [histogram::refusal(text, NOW), facets::refusal(text, NOW)] {
        error.as_ref().map_or(Ok(()), has_an_error)?;
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
        check(&String::from_utf8_lossy(&bytes))?;
        let escaped: Vec<String> = bytes.iter().map(|byte| format!("%{byte:02X}")).collect();
        check(&escaped.concat())?;
    }

    #[test]
    fn any_value_of_a_parameter_is_taken_or_has_an_error(
        parameter in prop::sample::select(GOOD.to_vec()), bytes: Vec<u8>,
    ) {
        let name = parameter.split_once('=').map_or(parameter, |(name, _)| name);
        let value: String = form_urlencoded::byte_serialize(&bytes).collect();
        check(&format!("{name}={value}"))?;
    }

    #[test]
    fn a_request_with_bits_turned_over_is_a_request_or_has_an_error(
        text in good(), flips in prop::collection::vec((any::<prop::sample::Index>(), 0_u8..8), 0..4),
    ) {
        let mut bytes = text.into_bytes();
        for (place, bit) in flips {
            if !bytes.is_empty() {
                let place = place.index(bytes.len());
                bytes[place] ^= 1 << bit;
            }
        }
        check(&String::from_utf8_lossy(&bytes))?;
    }
}
