//! Tokens, held against those of `serde_json`.

use super::*;
use proptest::prelude::*;

fn number(text: &str) -> Option<Number> {
    let mut scanner = Scanner::at(text, 0);
    let number = scanner.number()?;
    (scanner.place == text.len()).then_some(number)
}

#[test]
fn a_number_is_told_apart_as_it_is_stored() {
    for (text, expected) in [
        ("0", Number::Integer(0)),
        ("-7", Number::Integer(-7)),
        ("9223372036854775807", Number::Integer(i64::MAX)),
        ("-9223372036854775808", Number::Integer(i64::MIN)),
        ("-0", Number::Double(-0.0)),
        ("1.0", Number::Double(1.0)),
        ("1e2", Number::Double(100.0)),
        ("-0.5E-1", Number::Double(-0.05)),
    ] {
        assert_eq!(number(text), Some(expected), "{text}");
    }
    for wrong in [
        "9223372036854775808",
        "18446744073709551616",
        "",
        "-",
        "01",
        "-01",
        "1.",
        ".5",
        "1e",
        "1e+",
        "+1",
        "1x",
        "1e999",
    ] {
        assert_eq!(number(wrong), None, "{wrong}");
    }
}

proptest! {
    #[test]
    fn a_string_ends_where_serde_json_ends_it(
        parts in prop::collection::vec(prop::sample::select(vec![
            "abcdefg", "a", "é", "\"", "\\", "\\\"", "\\\\", "\\n", "\\/", "\\x", "\\u0041", "\\u00",
            "\\ud83d", "\\ude00", "\\ud83d\\ude00", "\n", "\t", "\u{0}", "\u{1f}", "\u{7f}",
        ]), 0..12)
    ) {
        let text = parts.concat();
        let quoted = format!("\"{text}");
        let mut scanner = Scanner::at(&quoted, 0);
        let ours = scanner.string().map(|text| (text.into_owned(), scanner.place));
        let mut theirs = serde_json::Deserializer::from_str(&quoted).into_iter::<String>();
        let read = theirs.next().and_then(Result::ok);
        prop_assert_eq!(ours, read.map(|text| (text, theirs.byte_offset())));
    }

    #[test]
    fn a_number_is_one_for_serde_json_too(text in "[-+.eE019]{0,8}") {
        let theirs = serde_json::from_str::<f64>(&text).ok();
        let ours = number(&text).map(|number| match number {
            Number::Integer(number) => number.to_string().parse().unwrap(),
            Number::Double(number) => number,
        });
        prop_assert_eq!(ours.map(f64::to_bits), theirs.map(f64::to_bits));
    }
}
