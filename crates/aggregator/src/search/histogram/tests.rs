//! How long buckets are, where they begin and end, and what falls into which.

use super::*;
use proptest::prelude::*;
use query::buckets::TooManyBuckets;
use query::grid::Grid;
use query::interval::{BadInterval, Interval};
use query::shift::Shift;
use query::span::Span;
use query::zone::Zone;

fn at(text: &str) -> Timestamp {
    Timestamp::parse(text).unwrap()
}

fn span(first: &str, last: &str) -> Span {
    Span {
        first: at(first),
        last: at(last),
    }
}

fn interval(text: &str) -> Interval {
    Interval::parse(text).unwrap()
}

fn grid(interval: Interval) -> Grid {
    Grid::new(interval, Shift::default(), Zone::default())
}

fn round(span: Span) -> Grid {
    Grid::round(span, Shift::default(), Zone::default())
}

fn buckets(span: Span, interval: Interval) -> Result<Arc<Buckets>, TooManyBuckets> {
    Buckets::new(span, &grid(interval)).map(Arc::new)
}

#[test]
fn an_interval_is_read_and_told_in_the_units_of_people() {
    for (text, told) in [
        ("1m", "1m"),
        ("15s", "15s"),
        ("60m", "1h"),
        ("24h", "1d"),
        ("90m", "90m"),
        ("1h 30m", "90m"),
        (" 7d ", "7d"),
        ("1500ms", "1500ms"),
        ("1us", "1us"),
        ("1ns", "1ns"),
    ] {
        assert_eq!(interval(text).to_string(), told, "{text}");
        assert_eq!(interval(told), interval(text));
    }
    for wrong in [
        "",
        "0s",
        "0",
        "m",
        "15",
        "-1m",
        "1 lightyear",
        "1000years",
        "1m;",
    ] {
        assert_eq!(Interval::parse(wrong), Err(BadInterval), "{wrong}");
    }
}

#[test]
fn a_length_that_is_not_given_is_round_and_fits_the_range() {
    for (first, last, chosen) in [
        ("2024-10-08T00:00:00Z", "2024-10-08T23:59:59Z", "15m"),
        ("2024-10-08T00:00:00Z", "2024-10-08T00:59:59Z", "1m"),
        ("2024-10-08T00:00:00Z", "2024-10-08T00:14:59Z", "10s"),
        ("2024-10-08T00:00:00Z", "2024-10-14T23:59:59Z", "2h"),
        ("2024-10-08T00:00:00Z", "2024-11-07T00:00:00Z", "12h"),
        ("2023-10-08T00:00:00Z", "2024-10-08T00:00:00Z", "5d"),
        ("2024-10-08T00:00:00Z", "2024-10-08T00:00:00.999Z", "10ms"),
        ("2024-10-08T00:00:00Z", "2024-10-08T00:00:00Z", "1ms"),
    ] {
        let span = span(first, last);
        assert_eq!(round(span).interval().to_string(), chosen, "{first} {last}");
    }
    let all = Span {
        first: Timestamp::MIN,
        last: Timestamp::MAX,
    };
    assert_eq!(round(all).interval().to_string(), "5000d");
}

#[test]
fn buckets_begin_at_round_times_and_those_at_the_ends_say_what_the_range_leaves_of_them() {
    let span = span("2024-10-08T00:20:00Z", "2024-10-08T02:10:00Z");
    let histogram = Histogram::new(buckets(span, interval("1h")).unwrap());
    let shown: Vec<_> = histogram
        .rows()
        .map(|(bucket, _)| {
            (
                bucket.first.to_string(),
                bucket.last.to_string(),
                bucket.is_cut,
            )
        })
        .collect();
    let expected = [
        (
            "2024-10-08T00:20:00Z",
            "2024-10-08T00:59:59.999999999Z",
            true,
        ),
        (
            "2024-10-08T01:00:00Z",
            "2024-10-08T01:59:59.999999999Z",
            false,
        ),
        ("2024-10-08T02:00:00Z", "2024-10-08T02:10:00Z", true),
    ];
    assert_eq!(
        shown,
        expected.map(|(first, last, cut)| (first.to_owned(), last.to_owned(), cut))
    );
}

#[test]
fn a_day_of_another_length_is_whole_and_one_that_the_range_cuts_is_not() {
    let berlin = Zone::parse("Europe/Berlin").unwrap();
    let days = Grid::new(interval("1d"), Shift::default(), berlin);
    // From the middle of a day to the end of the day of 25 hours.
    let span = span("2024-10-26T12:00:00Z", "2024-10-27T22:59:59.999999999Z");
    let mut histogram = Histogram::new(Arc::new(Buckets::new(span, &days).unwrap()));
    for time in [
        "2024-10-26T21:59:59.999999999Z",
        "2024-10-26T22:00:00Z",
        "2024-10-27T22:59:59.999999999Z",
    ] {
        histogram.add(at(time), 9, 1);
    }
    let shown: Vec<_> = histogram
        .rows()
        .map(|(bucket, counts)| (bucket.first.to_string(), bucket.is_cut, counts.total()))
        .collect();
    let expected = [
        ("2024-10-26T12:00:00Z".to_owned(), true, 1),
        ("2024-10-26T22:00:00Z".to_owned(), false, 2),
    ];
    assert_eq!(shown, expected);
}

#[test]
fn a_bucket_ends_where_time_ends() {
    let length = grid(interval("1d"));
    assert_eq!(
        length.around(at("2024-10-08T12:00:00Z")),
        span("2024-10-08T00:00:00Z", "2024-10-08T23:59:59.999999999Z")
    );
    assert_eq!(length.around(Timestamp::MIN).first, Timestamp::MIN);
    assert_eq!(length.around(Timestamp::MAX).last, Timestamp::MAX);
}

#[test]
fn times_before_1970_fall_into_the_bucket_that_they_are_in() {
    let span = span("1969-12-31T22:30:00Z", "1970-01-01T00:30:00Z");
    let mut histogram = Histogram::new(buckets(span, interval("1h")).unwrap());
    for time in [
        "1969-12-31T22:59:59.999Z",
        "1969-12-31T23:00:00Z",
        "1970-01-01T00:00:00Z",
    ] {
        histogram.add(at(time), 9, 1);
    }
    histogram.add(at("1970-01-01T01:00:00Z"), 9, 1);
    histogram.add(at("1969-12-31T21:59:59Z"), 9, 1);
    let counts: Vec<u64> = histogram.rows().map(|(_, counts)| counts.total()).collect();
    assert_eq!(counts, [1, 1, 1]);
}

#[test]
fn more_buckets_than_an_answer_may_have_are_refused_with_their_number() {
    let day = span("2024-10-08T00:00:00Z", "2024-10-08T23:59:59Z");
    assert_eq!(buckets(day, interval("10s")).unwrap().count(), 8_640);
    let refused = buckets(day, interval("1s")).unwrap_err().to_string();
    assert!(
        refused.starts_with("86400 buckets of 1s are more than 10000"),
        "{refused}"
    );
    let all = Span {
        first: Timestamp::MIN,
        last: Timestamp::MAX,
    };
    let refused = buckets(all, interval("1ns")).unwrap_err().to_string();
    assert!(
        refused.starts_with("18446744073709551615 buckets"),
        "{refused}"
    );
}

#[test]
fn levels_are_counted_by_name_whatever_their_spelling_and_step() {
    let mut counts = LevelCounts::default();
    for severity in [1, 9, 10, 13, 21, 24, 0, 25, 255] {
        counts.add(severity, 2);
    }
    let named: Vec<_> = counts.by_name().collect();
    assert_eq!(
        named,
        [
            ("TRACE", 2),
            ("INFO", 4),
            ("WARN", 2),
            ("FATAL", 4),
            ("other", 6)
        ]
    );
    assert_eq!(counts.total(), 18);
}

#[test]
fn a_bucket_is_counted_when_counting_has_come_beyond_it() {
    let span = span("2024-10-08T00:00:00Z", "2024-10-08T01:59:59Z");
    let histogram = Histogram::new(buckets(span, interval("1h")).unwrap());
    let passed = |reached: RecordId, order| -> Vec<bool> {
        let rows = histogram.rows();
        rows.map(|(bucket, _)| bucket.is_passed(reached, order))
            .collect()
    };
    let (up, down) = (Order::Ascending, Order::Descending);
    let (end, next) = (
        at("2024-10-08T00:59:59.999999999Z"),
        at("2024-10-08T01:00:00Z"),
    );
    for (reached, order, expected, time) in [
        (RecordId::first_at(end), up, [false, false], end),
        (RecordId::last_at(end), up, [true, false], next),
        (RecordId::first_at(next), up, [true, false], next),
        (RecordId::last_at(next), down, [false, false], next),
        (RecordId::first_at(next), down, [false, true], next),
        (RecordId::last_at(end), down, [false, true], end),
    ] {
        assert_eq!(passed(reached, order), expected, "{reached}");
        assert_eq!(counted_up_to(reached, order), time, "{reached}");
    }
}

#[test]
fn what_is_counted_alone_tells_that_all_before_its_last_bucket_is() {
    let span = span("2024-10-08T00:00:00Z", "2024-10-08T03:59:59Z");
    let (up, down) = (Order::Ascending, Order::Descending);
    for (counted, order, passed, time) in [
        (vec![], up, [false; 4], "2024-10-08T00:00:00Z"),
        (vec![], down, [false; 4], "2024-10-08T03:59:59.000000001Z"),
        (
            vec!["2024-10-08T02:30:00Z", "2024-10-08T00:30:00Z"],
            up,
            [true, true, false, false],
            "2024-10-08T02:00:00Z",
        ),
        (
            vec!["2024-10-08T02:30:00Z", "2024-10-08T01:30:00Z"],
            down,
            [false, false, true, true],
            "2024-10-08T02:00:00Z",
        ),
        (
            vec!["2024-10-08T00:30:00Z"],
            up,
            [false; 4],
            "2024-10-08T00:00:00Z",
        ),
    ] {
        let mut histogram = Histogram::new(buckets(span, interval("1h")).unwrap());
        for time in &counted {
            histogram.add(at(time), 9, 1);
        }
        let reached = histogram.passed_at_least(order);
        let rows = histogram.rows();
        let found: Vec<bool> = rows
            .map(|(bucket, _)| bucket.is_passed(reached, order))
            .collect();
        assert_eq!(found, passed, "{counted:?} {order:?}");
        assert_eq!(
            counted_up_to(reached, order),
            at(time),
            "{counted:?} {order:?}"
        );
    }
}

proptest! {
    #[test]
    fn every_time_of_the_span_is_in_the_one_bucket_that_says_so(
        first: i64, length in 0..=i64::MAX, interval in 1..=i64::MAX, place in 0.0..=1.0_f64,
    ) {
        let last = first.saturating_add(length);
        let span = Span { first: Timestamp::from_nanos(first), last: Timestamp::from_nanos(last) };
        let interval = Interval::parse(&format!("{interval}ns")).unwrap();
        let rounded = round(span).interval();
        prop_assert!(buckets(span, rounded).unwrap().count() <= 100);
        for interval in [interval, rounded] {
            let Ok(buckets) = buckets(span, interval) else { continue };
            #[expect(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "any time of the span will do")]
            let nanos = first.saturating_add((last.abs_diff(first) as f64 * place) as i64).min(last);
            let mut histogram = Histogram::new(buckets);
            let times = [first, nanos, last];
            for nanos in times {
                histogram.add(Timestamp::from_nanos(nanos), 9, 1);
            }
            prop_assert_eq!(histogram.total().total(), 3);
            let mut next = i128::from(first);
            for (bucket, counts) in histogram.rows() {
                let [start, end] = [bucket.first, bucket.last].map(|time| i128::from(time.nanos()));
                prop_assert_eq!(start, next);
                prop_assert_eq!(bucket.is_cut, end - start + 1 < i128::from(interval.nanos()));
                let inside = times.iter().filter(|nanos| (start..=end).contains(&i128::from(**nanos)));
                prop_assert_eq!(counts.total(), inside.count() as u64);
                next = end + 1;
            }
            prop_assert_eq!(next, i128::from(last) + 1);
        }
    }
}
