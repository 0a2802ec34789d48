//! Limits as a file has them, and what is left of them.

use super::*;

fn given(records: Option<i64>, bytes: Option<i64>) -> Given {
    Given {
        records_per_second: records,
        bytes_per_second: bytes,
        ..Given::default()
    }
}

fn limited(given: Given) -> Limited {
    Limited::new(Limits::of(given).unwrap())
}

fn cost(records: u64, bytes: u64) -> Cost {
    Cost { records, bytes }
}

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// Takes it for good.
fn take(limited: &Limited, cost: Cost, now: Duration) -> Result<(), OverRate> {
    let charge = limited.charge(cost, now)?;
    charge.into_iter().for_each(Charge::keep);
    Ok(())
}

#[test]
fn what_is_no_limit_is_told_with_its_name() {
    for (given, expected) in [
        (given(Some(0), None), "records_per_second is 0"),
        (given(Some(1), Some(-5)), "bytes_per_second is -5"),
        (
            given(Some(1_000_000_000_001), None),
            "from 1 to 1000000000000",
        ),
        (
            Given {
                burst_seconds: Some(86_401),
                ..given(Some(1), None)
            },
            "burst_seconds is 86401",
        ),
        (
            Given {
                burst_seconds: Some(1),
                concurrent_queries: Some(1),
                ..Given::default()
            },
            "burst_seconds is there without",
        ),
        (
            Given {
                concurrent_queries: Some(i64::MIN),
                ..Given::default()
            },
            "concurrent_queries is -9223372036854775808",
        ),
    ] {
        let error = Limits::of(given).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
    let all = Given {
        burst_seconds: Some(5),
        concurrent_queries: Some(2),
        ..given(Some(100), Some(1_000_000))
    };
    let all = Limits::of(all).unwrap().to_string();
    assert_eq!(all, "100 records/s, 1000000 bytes/s, 5 s burst, 2 queries");
    assert_eq!(Limits::default().to_string(), "");
}

#[test]
fn whichever_limit_is_used_up_lets_one_wait_for_as_long_as_that_takes() {
    let limited = limited(Given {
        burst_seconds: Some(2),
        ..given(Some(10), Some(1000))
    });
    assert_eq!(take(&limited, cost(1, 5_000), seconds(0)), Ok(()));
    let over = limited.check(seconds(0)).unwrap_err();
    assert_eq!((over.wait, over.limit), (seconds(3), BYTES_PER_SECOND));
    assert_eq!(take(&limited, cost(100, 0), seconds(3)), Ok(()));
    let over = limited.check(seconds(3)).unwrap_err();
    assert_eq!((over.wait, over.limit), (seconds(8), RECORDS_PER_SECOND));
    assert!(take(&limited, cost(0, 0), seconds(3)).is_err());
    assert_eq!(take(&limited, cost(1, 1), seconds(11)), Ok(()));
}

#[test]
fn what_was_not_taken_after_all_is_not_counted() {
    let limited = limited(Given {
        burst_seconds: Some(1),
        ..given(Some(10), Some(10))
    });
    let charge = limited.charge(cost(1_000, 1_000), seconds(0)).unwrap();
    assert!(limited.check(seconds(0)).is_err());
    drop(charge);
    assert_eq!(take(&limited, cost(11, 11), seconds(0)), Ok(()));
    let over = limited.check(seconds(0)).unwrap_err();
    assert_eq!(over.wait, Duration::from_millis(100));
}

#[test]
fn what_was_used_counts_on_under_other_limits_and_what_is_not_limited_is_not_counted() {
    let slow = limited(Given {
        burst_seconds: Some(1),
        ..given(Some(10), None)
    });
    assert_eq!(take(&slow, cost(110, u64::MAX), seconds(0)), Ok(()));
    let renewed = |given: Given| {
        let mut renewed = limited(given);
        renewed.after(&slow);
        renewed
    };
    let quick = renewed(given(Some(1000), Some(1)));
    assert_eq!(quick.check(seconds(0)), Ok(()));
    let slower = renewed(Given {
        burst_seconds: Some(10),
        ..given(Some(1), None)
    });
    assert_eq!(slower.check(seconds(0)).unwrap_err().wait, seconds(100));
    let unlimited = renewed(Given::default());
    assert_eq!(
        take(&unlimited, cost(u64::MAX, u64::MAX), seconds(0)),
        Ok(())
    );
    assert_eq!(slower.check(seconds(0)).unwrap_err().wait, seconds(100));
}

#[test]
fn a_query_has_its_place_until_it_is_done_whether_or_not_there_is_a_limit() {
    let unlimited = limited(Given::default());
    let places = [unlimited.query(), unlimited.query()];
    assert!(places.iter().all(Option::is_some));
    let mut two = limited(Given {
        concurrent_queries: Some(2),
        ..Given::default()
    });
    two.after(&unlimited);
    assert!(two.query().is_none());
    drop(places);
    assert!(two.query().is_some());
    let uploads: Vec<Place> = std::iter::from_fn(|| two.waiting()).collect();
    assert_eq!(uploads.len(), MAX_WAITING);
}
