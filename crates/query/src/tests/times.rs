//! Times as questions give them, and those that no record can have.

use super::*;

fn start(text: &str) -> Result<String, QueryError> {
    let query = parse(&format!("startTime={text}"))?;
    Ok(query.start.unwrap().to_string())
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
    assert_eq!(first, Ok(Query::default()));
}

const EARLY: [&str; 8] = [
    "-400y",
    "now-400years",
    "-99999999999999999999999y",
    "0001-01-01",
    "1677-09-20T23:59:59Z",
    "1677-09-21T00:12:43.145224191Z",
    "-1e40",
    "-99999999999999999999",
];
const LATE: [&str; 8] = [
    "9999-12-31T23:59:59Z",
    "9999-12-31",
    "9999-12-31 23:59",
    "9999-12-31T23:59:59+02:00",
    "9999-12-31T23:59:59.999999999-01:00",
    "2262-04-11T23:47:16.854775808Z",
    "99999999999999999999",
    "1e40",
];

/// Which of the first time, 1970 and the last time a query finds, and its bounds do as well.
fn ends_found(text: &str) -> [bool; 3] {
    let query = parse(text).unwrap();
    let bounds = query.bounds(None);
    let is_inside = |id| id >= bounds.from && bounds.before.is_none_or(|before| id < before);
    [Timestamp::MIN, Timestamp::from_nanos(0), Timestamp::MAX].map(|time| {
        let [first, last] = [RecordId::first_at(time), RecordId::last_at(time)];
        let found = [first, last].map(|id| {
            let record = Candidate {
                id,
                severity: 0,
                level: None,
                message: "",
                attributes: None,
            };
            query.matches(record)
        });
        assert_eq!(found, [is_inside(first), is_inside(last)], "{text} {time}");
        assert_eq!(found[0], found[1], "{text} {time}");
        found[0]
    })
}

#[test]
fn a_time_that_no_record_can_have_is_the_beginning_or_the_end_of_all() {
    let is_empty = |text: &str| assert_eq!(parse(text), Err(QueryError::EmptyRange), "{text}");
    for (early, late) in EARLY
        .iter()
        .flat_map(|early| LATE.map(|late| (early, late)))
    {
        for (text, found) in [
            (format!("startTime={early}"), [true; 3]),
            (format!("endTime={early}"), [false; 3]),
            (format!("startTime={late}"), [false; 3]),
            (format!("endTime={late}"), [true; 3]),
            (format!("startTime={early}&endTime={late}"), [true; 3]),
            (format!("startTime={late}&endTime={late}"), [false; 3]),
            (format!("startTime={early}&endTime={early}"), [false; 3]),
            (format!("startTime=0&endTime={late}"), [false, true, true]),
            (format!("startTime={early}&endTime=1"), [true, true, false]),
        ] {
            assert_eq!(ends_found(&text), found, "{text}");
        }
        is_empty(&format!("startTime={late}&endTime={early}"));
        is_empty(&format!("startTime={late}&endTime=1"));
        is_empty(&format!("startTime=1&endTime={early}"));
    }
}
