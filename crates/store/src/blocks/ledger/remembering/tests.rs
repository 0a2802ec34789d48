use super::*;
use crate::blocks::ledger::have::Have;

const HOUR: i64 = 3_600_000_000_000;
const UNDER_WAY: Duration = Duration::from_secs(2 * 3600);
const KEY: LedgerKey = [7; 16];

fn at(hours: i64) -> Timestamp {
    Timestamp::from_nanos(hours * HOUR)
}

/// Written at no time, of the spool that is at hand.
fn row(kind: BatchKind) -> BatchRow {
    BatchRow {
        delay: None,
        received_at: at(0),
        have: Have::new(),
        mark: false,
        kind,
        spool: 1,
        seq: 9,
        elsewhere: false,
        written_at: at(0),
    }
}

fn removal(hours: i64, own_keys: Option<Duration>, left_at: Option<i64>) -> Removal {
    let beginning = Beginning {
        spool: 1,
        done_below: 10,
        now: at(hours),
        last_left_at: left_at.map(at),
        memory: BatchMemory {
            own_keys,
            under_way: UNDER_WAY,
        },
    };
    let round = beginning.letters(HashSet::from([[8; 16]])).up_to(12);
    let round = round.go_on(11).unwrap_err();
    round.go_on(12).unwrap()
}

/// The first hour in which it goes.
fn goes_at(row: &BatchRow, own_keys: Option<Duration>, left_at: Option<i64>) -> Option<i64> {
    let hours = [
        0, 1, 2, 3, 24, 25, 26, 719, 720, 729, 730, 999, 1000, 1001, 1002, 1_000_000,
    ];
    hours
        .into_iter()
        .find(|hours| removal(*hours, own_keys, left_at).forgets(&KEY, row, false))
}

#[test]
fn a_batch_is_remembered_for_as_long_as_its_key_says_and_a_request_may_take() {
    let keys = |hours: u64| Some(Duration::from_secs(3600 * hours));
    for (kind, own_keys, hour) in [
        (BatchKind::Keyless, None, Some(0)),
        (BatchKind::ContentKey, None, Some(26)),
        (BatchKind::ContentKey, keys(1), Some(26)),
        (BatchKind::OwnKey, None, None),
        (BatchKind::OwnKey, keys(1), Some(3)),
        (BatchKind::OwnKey, keys(1000), Some(1002)),
    ] {
        assert_eq!(goes_at(&row(kind), own_keys, None), hour, "{kind:?}");
    }
}

#[test]
fn what_may_come_back_from_elsewhere_is_remembered_for_thirty_days_at_least() {
    let keys = |hours: u64| Some(Duration::from_secs(3600 * hours));
    let plain = row(BatchKind::Keyless);
    let marked = BatchRow {
        mark: true,
        ..plain.clone()
    };
    let moved = BatchRow {
        elsewhere: true,
        ..plain.clone()
    };
    let away = BatchRow { spool: 2, ..plain };
    for row in [marked, moved, away] {
        assert_eq!(goes_at(&row, keys(1), None), Some(720));
        // From when that spool was at hand last.
        assert_eq!(goes_at(&row, keys(1), Some(10)), Some(730));
        assert_eq!(goes_at(&row, keys(1000), Some(0)), Some(1000));
        assert_eq!(goes_at(&row, None, None), None);
    }
}

#[test]
fn what_is_written_while_a_round_waits_stays() {
    let removal = removal(1, None, None);
    let plain = row(BatchKind::Keyless);
    assert!(removal.forgets(&KEY, &plain, false));
    assert!(!removal.forgets(&KEY, &BatchRow { seq: 10, ..plain }, false));
    assert_eq!(removal.forgotten_below(), 12);
}

#[test]
fn a_batch_with_dead_letters_stays_whenever_they_were_there() {
    let (removal, row) = (removal(1, None, None), row(BatchKind::Keyless));
    assert!(!removal.forgets(&KEY, &row, true));
    assert!(!removal.forgets(&[8; 16], &row, false));
}
