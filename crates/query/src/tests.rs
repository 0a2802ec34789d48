//! What a query string asks for, what is wrong with it, and what each filter finds.

mod attributes;
mod messages;
mod times;

use super::*;
use proptest::prelude::*;
use record::id::BatchId;

const NOW: Timestamp = Timestamp::from_nanos(1_728_345_600_000_000_000);

fn parse(text: &str) -> Result<Query, QueryError> {
    Query::parse(text, NOW)
}

/// Whether the query finds a record with this level, message and attributes.
fn finds(query: &str, level: &str, message: &str, attributes: Option<&str>) -> bool {
    parse(query).unwrap().matches(Candidate {
        id: RecordId::first_at(NOW),
        severity: logs::severity_of(level),
        level: Some(level),
        message,
        attributes,
    })
}

#[test]
fn every_parameter_is_optional_and_none_but_an_attribute_may_be_empty() {
    assert_eq!(parse(""), Ok(Query::default()));
    for (parameter, name) in [
        ("startTime=", "startTime"),
        ("endTime=", "endTime"),
        ("logLevel=", "logLevel"),
        ("logLevel=,+", "logLevel"),
        ("logLevel=INFO&logLevel=", "logLevel"),
        ("minLevel=", "minLevel"),
        ("q=", "q"),
        ("q", "q"),
        ("word=", "word"),
        ("regex=", "regex"),
        ("caseSensitive=", "caseSensitive"),
        ("order=", "order"),
    ] {
        let error = parse(parameter).unwrap_err();
        assert_eq!(error.code(), "invalid_parameter", "{parameter}");
        let said = format!("{name} is empty: give it a value, or leave it out");
        assert_eq!(error.to_string(), said, "{parameter}");
    }
    assert!(parse("attr.a=").is_ok());
    let query = parse("startTime=2024-10-08T00:00:00Z&logLevel=warn").unwrap();
    assert_eq!(query.start, Some(NOW));
    assert_eq!(query.levels, Some(LevelFilter::new("WARNING").unwrap()));
}

#[test]
fn what_is_wrong_is_named() {
    let long = format!("q={}", "x".repeat(1_001));
    let many = "q=x&".repeat(17);
    let large = "regex=(\\w{100}){100}".to_owned();
    for (text, code, said) in [
        (
            "startTime=someday",
            "invalid_time",
            "startTime is not a time: expected one such as 2024-10-08, ",
        ),
        (
            "endTime=9999-99-99T00:00:00Z",
            "invalid_time",
            "endTime is not a time: expected",
        ),
        ("q=%FF", "invalid_parameter", "parameter \"q\" is no UTF-8"),
        (
            "startTime=2&endTime=1",
            "invalid_time_range",
            "startTime is after endTime",
        ),
        (
            "loglevel=INFO",
            "unknown_parameter",
            "there is no parameter \"loglevel\": known are startTime,",
        ),
        (
            "minLevel=WARN&minLevel=INFO",
            "repeated_parameter",
            "minLevel is given more than once",
        ),
        ("minLevel=loud", "invalid_level", "minLevel is no level"),
        (
            "caseSensitive=yes",
            "invalid_parameter",
            "caseSensitive is neither true nor false",
        ),
        (
            "order=up",
            "invalid_parameter",
            "order is neither asc nor desc",
        ),
        ("attr.=1", "invalid_parameter", "attr. has no name"),
        ("attributes.=1", "invalid_parameter", "attr. has no name"),
        (
            "regex=(",
            "invalid_regex",
            "regex cannot be used: unclosed group",
        ),
        (
            &large,
            "invalid_regex",
            "regex cannot be used: it takes more than",
        ),
        (&long, "query_too_large", "q is longer than 1000 bytes"),
        (&many, "query_too_large", "q is given more than 16 times"),
    ] {
        let error = parse(text).unwrap_err();
        assert_eq!(error.code(), code, "{text}");
        assert!(error.to_string().starts_with(said), "{error}");
    }
}

#[test]
fn several_levels_are_named_with_commas_or_one_by_one() {
    for query in [
        "logLevel=ERROR,warn",
        "logLevel=err&logLevel=Warning",
        "logLevel= error ,,WRN",
    ] {
        for (level, expected) in [
            ("ERROR", true),
            ("wrn", true),
            ("INFO", false),
            ("AUDIT", false),
        ] {
            assert_eq!(finds(query, level, "", None), expected, "{query} {level}");
        }
    }
    assert!(finds("logLevel=audit,ERROR", " Audit ", "", None));
    assert!(!finds("logLevel=audit,ERROR", "Audits", "", None));
}

#[test]
fn a_least_level_takes_the_worse_ones_and_no_unknown_one() {
    for (level, expected) in [
        ("INFO", false),
        ("WARN", true),
        ("critical", true),
        ("FATAL", true),
        ("AUDIT", false),
    ] {
        assert_eq!(finds("minLevel=warn", level, "", None), expected, "{level}");
    }
    let both = parse("minLevel=ERROR&logLevel=INFO,WARN,ERROR,AUDIT").unwrap();
    assert_eq!(both.severities(), Some(vec![17, 18, 19, 20]));
}

#[test]
fn an_order_is_told_in_any_case() {
    for (text, order) in [
        ("order=ASC", Order::Ascending),
        ("order=Asc", Order::Ascending),
        ("order=DESC", Order::Descending),
        ("order=desc", Order::Descending),
    ] {
        assert_eq!(parse(text).unwrap().order, order, "{text}");
    }
}

proptest! {
    #[test]
    fn what_narrows_never_leaves_out_what_matches(
        start in prop::option::of(-50_i64..50), end in prop::option::of(-50_i64..50),
        time in -60_i64..60, level in prop::sample::select(vec!["INFO", "warning", "AUDIT", "audit", ""]),
        asked in prop::option::of(prop::sample::select(vec!["info", "WARN", "Audit", "fatal", "audit,warn"])),
        min_level in prop::option::of(prop::sample::select(vec![Level::Debug, Level::Warn, Level::Fatal])),
        // What others wrote has any.
        others in prop::option::of(any::<u8>()),
    ) {
        let query = Query {
            start: start.map(Timestamp::from_nanos),
            end: end.map(Timestamp::from_nanos),
            levels: asked.map(|text| LevelFilter::new(text).unwrap()),
            min_level,
            ..Query::default()
        };
        let id = RecordId::new(Timestamp::from_nanos(time), BatchId::keyed("k", b""), 7);
        let severity = others.unwrap_or(logs::severity_of(level));
        let matches = query.matches(Candidate { id, severity, level: Some(level), message: "", attributes: None });
        let bounds = query.bounds(None);
        let inside = id >= bounds.from && bounds.before.is_none_or(|before| id < before);
        let level_fits = query.severities().is_none_or(|all| all.contains(&severity));
        prop_assert!(!matches || (inside && level_fits));
        prop_assert_eq!(inside, start.is_none_or(|s| time >= s) && end.is_none_or(|e| time < e));
    }

    #[test]
    fn no_query_string_makes_it_panic(text: String) {
        drop(parse(&text));
    }

    #[test]
    fn no_value_of_a_known_parameter_makes_it_panic(
        name in prop::sample::select(vec!["startTime", "logLevel", "minLevel", "q", "word", "regex", "attr.", "attr.a", "order"]),
        value: String,
        message: String,
    ) {
        let encoded: String = form_urlencoded::byte_serialize(value.as_bytes()).collect();
        if let Ok(query) = parse(&format!("{name}={encoded}")) {
            let id = RecordId::MIN;
            query.matches(Candidate { id, severity: 0, level: None, message: &message, attributes: Some("{\"a\":1}") });
        }
    }
}
