//! Where buckets begin on the clocks of people.

use super::*;
use proptest::prelude::*;

fn at(text: &str) -> Timestamp {
    Timestamp::parse(text).unwrap()
}

fn grid(interval: &str, shift: &str, zone: &str) -> Grid {
    let interval = Interval::parse(interval).unwrap();
    let zone = Zone::parse(zone).unwrap();
    Grid::new(interval, Shift::parse(shift).unwrap(), zone)
}

/// The edges of a range, without what they have alike.
fn edges(grid: &Grid, first: &str, last: &str) -> Vec<String> {
    let span = Span {
        first: at(first),
        last: at(last),
    };
    let edges = grid.edges(span);
    let shown = edges.map(|edge| clamped(edge).to_string());
    shown.map(|edge| edge.replace(":00Z", "")).collect()
}

#[test]
fn days_begin_at_the_midnights_of_their_zone_and_have_23_or_25_hours() {
    let berlin = grid("1d", "0", "Europe/Berlin");
    assert_eq!(
        edges(&berlin, "2024-03-30T12:00:00Z", "2024-04-01T12:00:00Z"),
        [
            "2024-03-29T23:00",
            "2024-03-30T23:00",
            "2024-03-31T22:00",
            "2024-04-01T22:00"
        ]
    );
    assert_eq!(
        edges(&berlin, "2024-10-26T22:00:00Z", "2024-10-27T22:59:59Z"),
        ["2024-10-26T22:00", "2024-10-27T23:00"]
    );
    let havana = grid("1d", "0", "America/Havana");
    // One o'clock is followed by midnight.
    assert_eq!(
        edges(&havana, "2024-11-03T05:30:00Z", "2024-11-03T05:30:00Z"),
        ["2024-11-03T04:00", "2024-11-04T05:00"]
    );
    // There is no midnight: the day begins at one o'clock.
    assert_eq!(
        edges(&havana, "2024-03-10T05:00:00Z", "2024-03-10T05:00:00Z"),
        ["2024-03-10T05:00", "2024-03-11T04:00"]
    );
    let st_johns = grid("1d", "0", "America/St_Johns");
    // A minute past midnight is followed by a minute past eleven of the day before.
    for inside in [
        "2006-10-29T02:30:00Z",
        "2006-10-29T02:31:00Z",
        "2006-10-29T03:29:59Z",
    ] {
        assert_eq!(
            edges(&st_johns, inside, inside),
            ["2006-10-29T02:30", "2006-10-30T03:30"],
            "{inside}"
        );
    }
    let apia = grid("1d", "0", "Pacific/Apia");
    // A Friday that nobody there has seen.
    assert_eq!(
        edges(&apia, "2011-12-30T00:00:00Z", "2011-12-31T00:00:00Z"),
        ["2011-12-29T10:00", "2011-12-30T10:00", "2011-12-31T10:00"]
    );
}

#[test]
fn an_hour_that_the_clock_shows_twice_is_two_buckets_and_longer_ones_are_longer() {
    let back = ("2024-10-26T23:30:00Z", "2024-10-27T02:30:00Z");
    for (interval, expected) in [
        (
            "1h",
            vec![
                "10-26T23:00",
                "10-27T00:00",
                "10-27T01:00",
                "10-27T02:00",
                "10-27T03:00",
            ],
        ),
        ("2h", vec!["10-26T22:00", "10-27T00:00", "10-27T03:00"]),
        ("6h", vec!["10-26T22:00", "10-27T05:00"]),
        ("12h", vec!["10-26T22:00", "10-27T11:00"]),
    ] {
        let grid = grid(interval, "0", "Europe/Berlin");
        let expected: Vec<_> = expected.iter().map(|edge| format!("2024-{edge}")).collect();
        assert_eq!(edges(&grid, back.0, back.1), expected, "{interval}");
    }
    let forward = ("2024-03-31T00:00:00Z", "2024-03-31T02:00:00Z");
    for (interval, expected) in [
        ("1h", vec!["31T00:00", "31T01:00", "31T02:00", "31T03:00"]),
        ("2h", vec!["30T23:00", "31T01:00", "31T02:00", "31T04:00"]),
        ("6h", vec!["30T23:00", "31T04:00"]),
    ] {
        let grid = grid(interval, "0", "Europe/Berlin");
        let expected: Vec<_> = expected
            .iter()
            .map(|edge| format!("2024-03-{edge}"))
            .collect();
        assert_eq!(edges(&grid, forward.0, forward.1), expected, "{interval}");
    }
}

#[test]
fn clocks_that_are_not_whole_hours_before_utc_have_their_own_hours() {
    let kolkata = grid("1h", "0", "Asia/Kolkata");
    assert_eq!(
        edges(&kolkata, "2024-10-08T00:00:00Z", "2024-10-08T00:30:00Z"),
        ["2024-10-07T23:30", "2024-10-08T00:30", "2024-10-08T01:30"]
    );
    // Half an hour is put back at two, and forward.
    let lord_howe = grid("1h", "0", "Australia/Lord_Howe");
    assert_eq!(
        edges(&lord_howe, "2024-04-06T14:00:00Z", "2024-04-06T15:30:00Z"),
        ["2024-04-06T14:00", "2024-04-06T15:30", "2024-04-06T16:30"]
    );
    assert_eq!(
        edges(&lord_howe, "2024-10-05T14:30:00Z", "2024-10-05T16:00:00Z"),
        [
            "2024-10-05T14:30",
            "2024-10-05T15:30",
            "2024-10-05T16:00",
            "2024-10-05T17:00"
        ]
    );
}

#[test]
fn an_offset_moves_the_edges_on_the_clock() {
    let six = grid("1d", "6h", "Europe/Berlin");
    // At six o'clock, also on the morning after a change of the clock.
    assert_eq!(
        edges(&six, "2024-10-26T04:00:00Z", "2024-10-28T04:00:00Z"),
        ["2024-10-26T04:00", "2024-10-27T05:00", "2024-10-28T05:00"]
    );
    for (interval, shift, expected) in [
        ("1h", "15m", ["2024-10-07T23:15", "2024-10-08T00:15"]),
        ("1h", "-15m", ["2024-10-07T23:45", "2024-10-08T00:45"]),
        ("1h", "25h15m", ["2024-10-07T23:15", "2024-10-08T00:15"]),
        // Weeks begin on Mondays.
        ("7d", "4d", ["2024-10-07T00:00", "2024-10-14T00:00"]),
        ("7d", "-3d", ["2024-10-07T00:00", "2024-10-14T00:00"]),
        ("7d", "0", ["2024-10-03T00:00", "2024-10-10T00:00"]),
    ] {
        let grid = grid(interval, shift, "UTC");
        let found = edges(&grid, "2024-10-08T00:00:00Z", "2024-10-08T00:00:00Z");
        assert_eq!(found, expected, "{interval} {shift}");
    }
}

#[test]
fn a_round_length_is_one_of_the_zone() {
    let year = Span {
        first: at("2023-12-31T23:00:00Z"),
        last: at("2024-12-31T22:59:59Z"),
    };
    let zone = Zone::parse("Europe/Berlin").unwrap();
    let grid = Grid::round(year, Shift::default(), zone);
    assert_eq!(grid.interval().to_string(), "5d");
    assert!(grid.edges(year).count() <= 101);
}

proptest! {
    #[test]
    fn edges_ascend_hold_the_span_and_are_the_same_wherever_one_begins(
        zone in prop::sample::select(vec![
            "UTC", "Europe/Berlin", "America/Havana", "America/St_Johns", "Australia/Lord_Howe",
            "Pacific/Apia", "Asia/Kathmandu", "Africa/Casablanca", "Antarctica/Troll", "Asia/Manila",
        ]),
        nanos: i64, shift in -100_000_i64..100_000, length in 1_i64..200_000, place in 0_usize..30,
    ) {
        let unit = 1_000_000_000;
        let interval = Interval::parse(&format!("{length}s")).unwrap();
        let shift = Shift::parse(&format!("{shift}s")).unwrap();
        let grid = Grid::new(interval, shift, Zone::parse(zone).unwrap());
        let first = Timestamp::from_nanos(nanos.min(i64::MAX - 40 * 200_000 * unit));
        let last = Timestamp::from_nanos(first.nanos() + 20 * length * unit);
        let edges: Vec<i128> = grid.edges(Span { first, last }).collect();
        prop_assert!(edges.windows(2).all(|pair| pair[0] < pair[1]), "{edges:?}");
        prop_assert!(edges[0] <= first.nanos().into() && edges[1] > first.nanos().into());
        let end = edges.len() - 1;
        prop_assert!(edges[end] > last.nanos().into() && edges[end - 1] <= last.nanos().into());
        // A day at most is added by a change of the clock, or left out.
        let most = i128::from((length + 24 * 3600) * unit);
        prop_assert!(edges.windows(2).all(|pair| pair[1] - pair[0] <= most), "{edges:?}");
        // From the middle on, or at an edge, the same ones are found.
        let place = place.min(end - 1);
        for from in [edges[place], edges[place + 1] - 1, i128::midpoint(edges[place], edges[place + 1])] {
            let from = clamped(from).max(first).min(last);
            let again: Vec<i128> = grid.edges(Span { first: from, last }).collect();
            let begin = edges.partition_point(|edge| *edge <= from.nanos().into()) - 1;
            prop_assert_eq!(&again[..], &edges[begin..]);
        }
    }
}
