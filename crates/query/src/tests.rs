//! What a query string asks for, what is wrong with it, and what each filter finds.

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

fn start(text: &str) -> Result<String, QueryError> {
    let query = parse(&format!("startTime={text}"))?;
    Ok(query.start.unwrap().to_string())
}

#[test]
fn every_parameter_is_optional_and_an_empty_one_is_left_out() {
    assert_eq!(parse(""), Ok(Query::default()));
    let empty =
        "startTime=&endTime=&logLevel=&minLevel=&q=&regex=&caseSensitive=&order=&logLevel=,";
    assert_eq!(parse(empty), Ok(Query::default()));
    let query = parse("startTime=2024-10-08T00:00:00Z&logLevel=warn").unwrap();
    assert_eq!(query.start, Some(NOW));
    assert_eq!(query.levels, Some(LevelFilter::new("WARNING")));
}

#[test]
fn a_time_is_absolute_in_any_unit_or_relative_to_now() {
    for (text, expected) in [
        ("now", "2024-10-08T00:00:00Z"),
        ("-15m", "2024-10-07T23:45:00Z"),
        ("now-15m", "2024-10-07T23:45:00Z"),
        ("-1h30m", "2024-10-07T22:30:00Z"),
        ("-7d", "2024-10-01T00:00:00Z"),
        ("-500ms", "2024-10-07T23:59:59.500Z"),
        ("-1", "1969-12-31T23:59:59Z"),
        ("1728345600", "2024-10-08T00:00:00Z"),
        ("1728345600000", "2024-10-08T00:00:00Z"),
        ("1728345600000000", "2024-10-08T00:00:00Z"),
        ("1728345600000000001", "2024-10-08T00:00:00.000000001Z"),
        ("2024-10-08T02:00:00%2B02:00", "2024-10-08T00:00:00Z"),
        ("2024-10-08T02:00:00+02:00", "2024-10-08T00:00:00Z"),
        ("2024-10-08", "2024-10-08T00:00:00Z"),
        ("1969-12-31", "1969-12-31T00:00:00Z"),
        ("2024-10-08T10:00", "2024-10-08T10:00:00Z"),
        ("2024-10-08%2010:00", "2024-10-08T10:00:00Z"),
        ("2024-10-08T10:00Z", "2024-10-08T10:00:00Z"),
        ("2024-10-08T10:00-02:00", "2024-10-08T12:00:00Z"),
        ("2024-10-08T10:00+02:00", "2024-10-08T08:00:00Z"),
        ("2024-10-08T10:00:05.5", "2024-10-08T10:00:05.500Z"),
        ("today", "2024-10-08T00:00:00Z"),
        ("yesterday", "2024-10-07T00:00:00Z"),
        ("%20Yesterday%20", "2024-10-07T00:00:00Z"),
        ("NOW-1h", "2024-10-07T23:00:00Z"),
    ] {
        assert_eq!(start(text).as_deref(), Ok(expected), "{text}");
    }
    for wrong in [
        "-",
        "now-",
        "-15",
        "15m",
        "-15 lightyears",
        "now15m",
        "-400y",
        "someday",
        "2024-10",
        "2024-10-08T10",
        "2024-13-01",
        "2024-02-30",
        "2024-10-08T10:0",
        "2024-10-08T24:01",
        "2024-10-08x10:00",
    ] {
        // A number without a unit is a time of its own.
        let expected = wrong == "-15";
        assert_eq!(start(wrong).is_ok(), expected, "{wrong}");
    }
}

#[test]
fn a_day_by_its_name_begins_at_its_midnight_whenever_it_is_asked_for() {
    for (now, today, yesterday) in [
        (
            "2024-10-08T23:59:59.999999999Z",
            "2024-10-08T00:00:00Z",
            "2024-10-07T00:00:00Z",
        ),
        (
            "2024-03-01T00:00:00Z",
            "2024-03-01T00:00:00Z",
            "2024-02-29T00:00:00Z",
        ),
        (
            "1969-12-31T10:00:00Z",
            "1969-12-31T00:00:00Z",
            "1969-12-30T00:00:00Z",
        ),
    ] {
        let query = Query::parse(
            "startTime=yesterday&endTime=today",
            Timestamp::parse(now).unwrap(),
        );
        let query = query.unwrap();
        let told = [query.start, query.end].map(|time| time.unwrap().to_string());
        assert_eq!(told, [yesterday, today], "{now}");
    }
    let first = Query::parse("startTime=yesterday", Timestamp::MIN);
    assert_eq!(first.unwrap_err().code(), "invalid_time");
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
            "endTime=9999-01-01T00:00:00Z",
            "invalid_time",
            "endTime is not a time: outside",
        ),
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
fn a_text_is_found_without_regard_to_the_case_of_ascii_letters() {
    let message = "Äußerst langsam: GET /Orders took 120 ms";
    for (query, expected) in [
        ("q=orders", true),
        ("q=ORDERS&q=120 MS", true),
        ("q=orders&q=POST", false),
        ("q=Äußerst", true),
        ("q=äußerst", false),
        ("q=orders&caseSensitive=true", false),
        ("q=Orders&caseSensitive=true", true),
        ("q=Orders&caseSensitive=false", true),
        ("q=.*", false),
    ] {
        assert_eq!(finds(query, "INFO", message, None), expected, "{query}");
    }
}

#[test]
fn a_regular_expression_is_searched_for_in_the_message() {
    let message = "GET /orders took 120 ms";
    for (query, expected) in [
        (r"regex=took \d{3,} ms$", true),
        (r"regex=took \d{4,} ms$", false),
        (r"regex=^orders", false),
        (r"regex=(?i)^get&regex=orders", true),
        (r"regex=GET&regex=POST", false),
    ] {
        assert_eq!(finds(query, "INFO", message, None), expected, "{query}");
    }
}

#[test]
fn an_attribute_is_compared_by_what_a_reader_sees_of_it() {
    let attributes = r#"{"service":"check\"out","n":500,"r":0.5,"ok":true,"none":null,"tags":["a","b",1],"http":{"status":404,"a.b":{"c":"x"}},"http.method":"GET","":1}"#;
    for (query, expected) in [
        ("attr.service=check\"out", true),
        ("attr.service=CHECK\"OUT", false),
        ("attr.n=500", true),
        ("attr.n=50", false),
        ("attr.n=500.0", false),
        ("attr.r=0.5", true),
        ("attr.ok=true", true),
        ("attr.none=null", true),
        ("attr.tags=b", true),
        ("attr.tags=1", true),
        ("attr.tags=c", false),
        ("attr.http.status=404", true),
        ("attr.http.method=GET", true),
        ("attr.http.a.b.c=x", true),
        ("attr.http.a.b.d=x", false),
        ("attr.http", true),
        ("attr.missing", false),
        ("attr.missing=!", true),
        ("attr.n=!", false),
        ("attr.n=!500", false),
        ("attr.n=!501", true),
        ("attr.missing=!500", true),
        ("attr.n=500&attr.ok=true", true),
        ("attr.n=500&attr.ok=false", false),
    ] {
        assert_eq!(
            finds(query, "INFO", "", Some(attributes)),
            expected,
            "{query}"
        );
    }
    assert!(!finds("attr.n", "INFO", "", None));
    assert!(finds("attr.n=!1", "INFO", "", None));
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
            levels: asked.map(LevelFilter::new),
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
        name in prop::sample::select(vec!["startTime", "logLevel", "minLevel", "q", "regex", "attr.", "attr.a", "order"]),
        value: String,
        message: String,
    ) {
        let encoded: String = form_urlencoded::byte_serialize(value.as_bytes()).collect();
        if let Ok(query) = parse(&format!("{name}={encoded}")) {
            let id = RecordId::MIN;
            query.matches(Candidate { id, severity: 0, level: None, message: &message, attributes: Some("{\"a\":1}") });
        }
    }

    #[test]
    fn a_text_is_found_exactly_where_a_naive_search_finds_it(message in "[aAbBäÄkK ]{0,12}", text in "[aAbBäÄkK ]{1,3}", case_sensitive: bool) {
        let mut goes_on = || true;
        let patience = &mut Patience::new(&mut goes_on);
        let found = Substring::new(&text, case_sensitive).unwrap().is_in(&message, patience).unwrap();
        let expected = if case_sensitive {
            message.contains(&text)
        } else {
            message.to_ascii_lowercase().contains(&text.to_ascii_lowercase())
        };
        prop_assert_eq!(found, expected);
    }
}
