//! Removing: what is to go goes, in steps that hold nobody up, and its room is given back.

use super::{LARGE_NUMBER, Opened, PATIENCE, Sample, contract, documents, rows, series};
use crate::support::stores::Backend;
use logs::Timestamp;
use logs::clock::Clock as _;
use query::Query;
use std::sync::Arc;
use std::time::Duration;
use store::removal::{Purpose, Removal, RemovalRule, RemovalStep};

const STEP: Duration = Duration::from_millis(20);
const NOW: Timestamp = Timestamp::from_nanos(0);
const MILLI: i64 = 1_000_000;

fn removal(rules: &[(&str, Option<i64>)], purpose: Purpose) -> Arc<Removal> {
    let rule = |(query, before): &(&str, Option<i64>)| RemovalRule {
        query: Query::parse(query, NOW).unwrap(),
        before: before.map(Timestamp::from_nanos),
    };
    let rules = rules.iter().map(rule).collect();
    Arc::new(Removal { rules, purpose })
}

fn older_than(nanos: i64) -> Arc<Removal> {
    removal(&[("", Some(nanos))], Purpose::Age)
}

impl Opened {
    async fn give_back(&self) -> u32 {
        let mut steps = 0;
        let deadline = || self.clock.elapsed() + PATIENCE;
        while self.store.give_back(deadline()).await.unwrap() {
            steps += 1;
        }
        steps
    }

    async fn on_disk(&self) -> u64 {
        let deadline = self.clock.elapsed() + PATIENCE;
        self.store.size(deadline).await.unwrap().unwrap().on_disk
    }
}

contract!(
    what_is_older_goes_and_what_would_go_is_counted,
    async |place| {
        let opened = place.open();
        let samples = series(5_000);
        opened.insert(&documents("old", &samples)).await;
        let count = removal(&[("", Some(3_000 * MILLI))], Purpose::Count);
        let counted = opened.remove(&count, STEP).await;
        assert_eq!((counted.records, counted.rewritten), (3_000, 0));
        assert_eq!(opened.everything().await.len(), 5_000);
        let gone = opened.remove(&older_than(3_000 * MILLI), STEP).await;
        assert_eq!(gone.records, 3_000);
        assert_eq!(opened.everything().await, rows("old", &samples)[3_000..]);
        let again = opened.remove(&older_than(3_000 * MILLI), STEP).await;
        assert_eq!(again, RemovalStep::default());
    }
);

contract!(without_a_time_nothing_goes, async |place| {
    let opened = place.open();
    opened.insert(&documents("kept", &series(10))).await;
    for rules in [&[][..], &[("", None)]] {
        let gone = opened.remove(&removal(rules, Purpose::Age), STEP).await;
        assert_eq!(gone, RemovalStep::default());
    }
    assert_eq!(opened.everything().await.len(), 10);
});

contract!(
    a_level_and_a_service_have_times_of_their_own_and_the_first_rule_that_matches_decides,
    async |place| {
        let opened = place.open();
        let sample = |number: i64| {
            let level = ["DEBUG", "INFO", "ERROR"][usize::try_from(number % 3).unwrap()];
            Sample {
                number: Some(number),
                ..Sample::at(number * MILLI, level, "text")
            }
        };
        let samples: Vec<Sample> = (0..3_000).map(sample).collect();
        opened.insert(&documents("levels", &samples)).await;
        let rules = [
            ("attr.service=checkout&minLevel=ERROR", None),
            ("logLevel=DEBUG", Some(2_500 * MILLI)),
            ("attr.number=2998", Some(i64::MAX)),
            ("", Some(1_000 * MILLI)),
        ];
        let stays = |number: i64| match (number % 3, number % 2) {
            (2, 1) => true,
            (0, _) => number >= 2_500,
            _ => number >= 1_000 && number != 2_998,
        };
        let kept = (0..3_000).filter(|number| stays(*number));
        let kept: Vec<i64> = kept.map(|number| number * MILLI).collect();
        let gone = opened.remove(&removal(&rules, Purpose::Age), STEP).await;
        assert_eq!(gone.records, (3_000 - kept.len()) as u64);
        let left = opened.everything().await;
        let left: Vec<i64> = left.iter().map(|row| row.id.time().nanos()).collect();
        assert_eq!(left, kept);
    }
);

contract!(
    a_step_is_a_part_of_it_and_what_comes_meanwhile_is_stored,
    async |place| {
        let opened = place.open();
        opened.insert(&documents("many", &series(20_000))).await;
        let all = older_than(i64::MAX);
        let first = opened.step(&all, None, Duration::ZERO).await;
        assert!((1..20_000).contains(&first.records), "{first:?}");
        assert_eq!(
            opened.everything().await.len() as u64,
            20_000 - first.records
        );
        // As old as what is gone: it goes with the next round.
        let late = [Sample::at(-1, "INFO", "late")];
        assert_eq!(opened.insert(&documents("late", &late)).await, (1, 0));
        let mut after = first.next;
        while after.is_some() {
            after = opened.step(&all, after, STEP).await.next;
        }
        assert_eq!(opened.everything().await, rows("late", &late));
        assert_eq!(opened.remove(&all, STEP).await.records, 1);
        assert_eq!(opened.everything().await, []);
    }
);

/// What cannot be told in fewer bytes.
fn noise(number: i64) -> String {
    let hash = |part: i64| blake3::hash(&(number * 8 + part).to_be_bytes()).to_hex();
    (0..4).map(|part| hash(part).to_string()).collect()
}

async fn room_is_given_back(backend: Backend) {
    let place = super::Place::new(backend, "room_is_given_back").await;
    let opened = place.open();
    let sample = |number: i64| Sample {
        // Some of them are kept apart.
        number: Some(number % 50 / 49 * LARGE_NUMBER + number % 7),
        ..Sample::at(number * MILLI, "INFO", noise(number))
    };
    let samples: Vec<Sample> = (0..20_000).map(sample).collect();
    opened.insert(&documents("room", &samples)).await;
    let before = opened.on_disk().await;
    let gone = opened.remove(&older_than(19_000 * MILLI), STEP).await;
    assert_eq!(gone.records, 19_000);
    opened.give_back().await;
    assert!(!opened.store.give_back(PATIENCE * 9).await.unwrap());
    let left = opened.on_disk().await;
    assert!(left < before / 4, "{left} bytes of {before}");
    assert_eq!(opened.everything().await, rows("room", &samples)[19_000..]);
    assert_eq!(place.open().everything().await.len(), 1_000);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_room_of_what_is_gone_is_given_back_by_rows() {
    room_is_given_back(Backend::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_room_of_what_is_gone_is_given_back_by_blocks() {
    room_is_given_back(Backend::Blocks).await;
}

/// What is kept for a week, over many of them.
async fn disk_over_days(backend: Backend) {
    const DAY: i64 = 86_400_000 * MILLI;
    const WEEK: i64 = 7;
    let place = super::Place::new(backend, "disk_over_days").await;
    let opened = place.open();
    let mut sizes = Vec::new();
    for day in 0..40 {
        for part in 0..4 {
            let sample = |number: i64| {
                let level = ["DEBUG", "INFO", "WARN"][usize::try_from(number % 3).unwrap()];
                let time = day * DAY + (part * 400 + number) * 50_000 * MILLI;
                Sample::at(time, level, noise(day * 10_000 + part * 1_000 + number))
            };
            let samples: Vec<Sample> = (0..400).map(sample).collect();
            opened
                .insert(&documents(&format!("{day} {part}"), &samples))
                .await;
        }
        let before = |days: i64| Some((day - days) * DAY);
        let rules = [("logLevel=DEBUG", before(1)), ("", before(WEEK))];
        opened.remove(&removal(&rules, Purpose::Age), STEP).await;
        opened.give_back().await;
        sizes.push(opened.on_disk().await);
    }
    // Ten days on, as much goes as comes.
    let (least, most) = (sizes[10..].iter().min(), sizes[10..].iter().max());
    let (least, most) = (*least.unwrap(), *most.unwrap());
    assert!(
        most < least + least / 4,
        "from {least} to {most} bytes: {sizes:?}"
    );
    let left = opened.everything().await;
    let oldest = left[0].id.time().nanos();
    assert!(oldest >= (39 - WEEK) * DAY, "{oldest}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_disk_of_rows_is_flat_over_weeks() {
    disk_over_days(Backend::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_disk_of_blocks_is_flat_over_weeks() {
    disk_over_days(Backend::Blocks).await;
}

contract!(
    a_copy_of_what_is_gone_goes_with_the_next_round_where_it_is_stored_again,
    async |place| {
        let opened = place.open();
        let documents = documents("copy", &series(100));
        opened.insert(&documents).await;
        opened.remove(&older_than(50 * MILLI), STEP).await;
        let (stored, known) = opened.insert(&documents).await;
        // Blocks know what was stored; the others know it by what is there.
        let knows_all = matches!(place, super::Place::Blocks(_));
        assert_eq!(stored, if knows_all { 0 } else { 50 });
        assert_eq!(stored + known as u64, 100);
        opened.remove(&older_than(50 * MILLI), STEP).await;
        assert_eq!(opened.everything().await, rows("copy", &series(100))[50..]);
    }
);
