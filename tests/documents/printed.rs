//! Whether a command printed what stands below it in the documents. Ids, times and what is measured may
//! vary; names, texts and counts may not. Pure.

use serde_json::{Deserializer, Value};

use super::markdown::Block;

/// Numbers that are measured, or that grow with what happened meanwhile, by the ends of their names.
const MEASURED: [&str; 15] = [
    "Seconds",
    "secondsUntilFull",
    "Bytes",
    "bytes",
    "PerSecond",
    "PerLog",
    "Us",
    "p50",
    "p90",
    "p99",
    "p999",
    "max",
    "seed",
    "connections",
    "retries",
];
/// An id has at least so many hexadecimal digits.
const ID: usize = 16;
/// Digits of a record's id, without an order and with one.
const RECORD_ID: usize = 40;
const ORDERED_ID: usize = 54;

/// What is different, in a sentence; `None` if nothing is.
pub(super) fn difference(documented: &Block, printed: &str) -> Option<String> {
    let text = documented.text.as_str();
    match documented.language.as_str() {
        "json" => in_json(text, printed),
        _ if text.starts_with("HTTP/") => in_answers(text, printed),
        _ => in_lines(text, printed),
    }
}

/// Both are JSON, one value or several.
fn in_json(documented: &str, printed: &str) -> Option<String> {
    let [expected, found] = [documented, printed].map(|text| {
        let values = Deserializer::from_str(text).into_iter::<Value>();
        values.collect::<Result<Vec<_>, _>>().map(Value::Array)
    });
    match (expected, found) {
        (Ok(expected), Ok(found)) => in_values("", &expected, &found),
        (expected, found) => {
            let error = expected.err().or(found.err())?;
            Some(format!("no JSON ({error}): {printed}"))
        }
    }
}

fn in_values(name: &str, expected: &Value, found: &Value) -> Option<String> {
    let differs = || Some(format!("{name}: {found}, and not {expected}"));
    match (expected, found) {
        (Value::Object(left), Value::Object(right)) => {
            let names = |side: &serde_json::Map<String, Value>| side.keys().cloned().collect();
            let (mut ours, mut theirs): (Vec<String>, Vec<String>) = (names(left), names(right));
            ours.sort_unstable();
            theirs.sort_unstable();
            if ours != theirs {
                return Some(format!("{name}: has {theirs:?}, and not {ours:?}"));
            }
            let mut names = ours.iter();
            names.find_map(|name| in_values(name, left.get(name)?, right.get(name)?))
        }
        (Value::Array(left), Value::Array(right)) if left.len() == right.len() => {
            let mut pairs = left.iter().zip(right);
            pairs.find_map(|(left, right)| in_values(name, left, right))
        }
        (Value::String(left), Value::String(right)) => {
            let is_same = left == right || has_ends(left, right);
            let may_vary = varying(left).is_some() && varying(left) == varying(right);
            if is_same || may_vary { None } else { differs() }
        }
        (Value::Number(_), Value::Number(_)) if is_measured(name) => None,
        _ if expected == found => None,
        _ => differs(),
    }
}

fn is_measured(name: &str) -> bool {
    MEASURED.iter().any(|end| name.ends_with(end))
}

/// Whether a text has what stands on both sides of an ellipsis.
fn has_ends(documented: &str, printed: &str) -> bool {
    documented
        .split_once('…')
        .is_some_and(|(first, last)| printed.starts_with(first) && printed.ends_with(last))
}

/// What a text is that may be another one in each run.
fn varying(text: &str) -> Option<String> {
    let is_hexadecimal = text.len() >= ID && text.chars().all(|c| c.is_ascii_hexdigit());
    if is_hexadecimal {
        // A record's id is longer where its order is kept.
        let length = if text.len() == ORDERED_ID {
            RECORD_ID
        } else {
            text.len()
        };
        return Some(format!("an id of {length}"));
    }
    let shape = without_numbers(text);
    (shape == "0-0-0T0:0:0Z").then_some(shape)
}

/// Whole answers of HTTP: the status, the names of the headers, the body.
fn in_answers(documented: &str, printed: &str) -> Option<String> {
    let printed = printed.replace("\r\n", "\n");
    let [expected, found] = [documented, &printed].map(|answer| {
        let (head, body) = answer.split_once("\n\n").unwrap_or((answer, ""));
        let mut lines = head.lines();
        let status = lines.next().unwrap_or_default().to_owned();
        let names = lines.map(|line| line.split(':').next().unwrap_or_default().to_owned());
        (status, names.collect::<Vec<_>>(), body.to_owned())
    });
    if (&expected.0, &expected.1) != (&found.0, &found.1) {
        return Some(format!("{:?}, and not {:?}", found.1, expected.1));
    }
    in_json(&expected.2, &found.2)
}

/// The lines are the same but for numbers, which may be those of ids, the width of columns, and what an
/// ellipsis stands for.
fn in_lines(documented: &str, printed: &str) -> Option<String> {
    let [expected, found] = [documented, printed].map(|text| {
        let lines = text.lines().map(|line| {
            let words: Vec<&str> = line.split_whitespace().collect();
            without_numbers(&words.join(" "))
        });
        lines.collect::<Vec<_>>()
    });
    let lines = expected.len().max(found.len());
    (0..lines).find_map(|line| {
        let (expected, found) = (expected.get(line), found.get(line));
        let is_same = match (expected, found) {
            (Some(expected), Some(found)) => expected == found || has_ends(expected, found),
            _ => false,
        };
        (!is_same).then(|| format!("line {line}: {found:?}, and not {expected:?}"))
    })
}

/// With 0 for every number, whatever its digits, points and commas.
fn without_numbers(text: &str) -> String {
    let mut plain = String::new();
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        if !letter.is_ascii_digit() {
            plain.push(letter);
            continue;
        }
        plain.push('0');
        while let Some(next) = letters.peek() {
            if !next.is_ascii_digit() && !".,".contains(*next) {
                break;
            }
            letters.next();
        }
    }
    plain
}

mod tests {
    use super::*;

    fn compare(language: &str, documented: &str, printed: &str) -> Option<String> {
        let block = Block {
            line: 1,
            language: language.to_owned(),
            text: documented.to_owned(),
            follows: true,
        };
        difference(&block, printed)
    }

    #[test]
    fn ids_times_and_measures_may_vary() {
        let documented = "{\"id\":\"97fc57b6e28d4000\",\"at\":\"2024-10-08T02:00:00Z\",\"lastSeconds\":1.5,\"n\":3}\n{}\n";
        let printed = "{\"n\":3,\"id\":\"0000000000000000\",\"at\":\"2026-11-28T12:13:14.567Z\",\"lastSeconds\":0.2} {}";
        assert_eq!(compare("json", documented, printed), None);
        let printed = "time  12 ms of 1,234.5\n";
        assert_eq!(compare("", "time 1 ms of 9\n", printed), None);
        let head = "HTTP/1.1 200 OK\nlink: <a>\ndate: b\n\n[1]\n";
        let printed = "HTTP/1.1 200 OK\r\nlink: <c>\r\ndate: d\r\n\r\n[1]";
        assert_eq!(compare("", head, printed), None);
    }

    #[test]
    fn what_is_different_is_told() {
        for (documented, printed, expected) in [
            ("{\"a\":1}", "{\"b\":1}", ": has [\"b\"], and not [\"a\"]"),
            ("{\"a\":1}", "{\"a\":2}", "a: 2, and not 1"),
            ("{\"a\":\"x\"}", "{\"a\":\"y\"}", "a: \"y\", and not \"x\""),
            ("[1]", "[1,2]", ": [1,2], and not [1]"),
            ("[1]", "nothing", "no JSON"),
        ] {
            let told = compare("json", documented, printed).expect("a difference");
            assert!(told.contains(expected), "{told}");
        }
        assert!(compare("", "one\n", "one\ntwo\n").is_some());
        assert!(compare("csv", "a,b\n", "a,c\n").is_some());
        let head = "HTTP/1.1 200 OK\nlink: <a>\n\n[1]\n";
        assert!(compare("", head, "HTTP/1.1 404 Not Found\nlink: <a>\n\n[1]\n").is_some());
        assert!(compare("", head, "HTTP/1.1 200 OK\n\n[1]\n").is_some());
    }
}
