//! Records that go: what stays is as it was, whatever of it came to the disk.

use super::power_loss::OnDisk;
use super::*;
use crate::blocks::merging::Changed;
use crate::blocks::removing::{Handled, Place};
use crate::removal::{Purpose, Removal, RemovalRule, RemovalStep};
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use std::cell::Cell;

/// What outlives a step.
#[derive(Default)]
struct Memory {
    changed: Changed,
    handled: Handled,
}

impl Store {
    fn step(
        &self,
        memory: &Memory,
        removal: &Arc<Removal>,
        after: Option<RecordId>,
        is_over: &dyn Fn() -> bool,
    ) -> Result<RemovalStep, StoreError> {
        let place = Place {
            reading: self.reading(),
            file: &self.file,
            changed: &memory.changed,
            handled: &memory.handled,
        };
        place.step(removal, after, is_over, self.clock.elapsed() + PATIENCE)
    }

    /// In steps of one block; how many of them, and what went.
    fn remove(&self, removal: &Arc<Removal>) -> (u32, RemovalStep) {
        let memory = Memory::default();
        let (mut steps, mut sum, mut after) = (0, RemovalStep::default(), None);
        loop {
            let step = self.step(&memory, removal, after, &|| true).unwrap();
            steps += 1;
            sum.records += step.records;
            sum.rewritten += step.rewritten;
            after = step.next;
            if after.is_none() {
                return (steps, sum);
            }
        }
    }
}

fn removal(rules: &[(&str, Option<i64>)]) -> Arc<Removal> {
    let now = Timestamp::from_nanos(START + DAY);
    let rule = |(query, before): &(&str, Option<i64>)| RemovalRule {
        query: Query::parse(query, now).unwrap(),
        before: before.map(|before| Timestamp::from_nanos(START + before)),
    };
    Arc::new(Removal {
        rules: rules.iter().map(rule).collect(),
        purpose: Purpose::Age,
    })
}

fn older_than(nanos: i64) -> Arc<Removal> {
    removal(&[("", Some(nanos))])
}

/// Blocks that overlap one another, and one of many days.
fn filled(random: &mut StdRng) -> (Store, Vec<DocumentList>) {
    let (store, mut door) = (Store::new(), Door::new());
    let mut sent = Vec::new();
    for batch in 0..random.random_range(5..40) {
        let days = [1, 1, 3, 40][random.random_range(0..4)];
        let sample = |_| {
            let after = random.random_range(0..days * DAY / 1_000) * 1_000;
            (after, random.random_range(0..50))
        };
        let samples: Vec<Sample> = (0..100).map(sample).collect();
        let list = door.batch(&batch.to_string(), batch % 2 == 0, &samples);
        store.insert(&list);
        sent.push(list);
    }
    (store, sent)
}

#[test]
fn blocks_that_are_all_old_go_unread_and_others_are_written_again_without_what_goes() {
    let (store, mut door) = (Store::new(), Door::new());
    for day in 0..3 {
        store.insert(&door.batch(&day.to_string(), false, &series(day * DAY, 100, 1_000)));
    }
    // The oldest cannot be read, and goes all the same.
    let damage = rusqlite::Connection::open(&store.file.path).unwrap();
    let first = store.blocks().iter().map(|block| block.place.number).min();
    let sql = "UPDATE blocks SET head = x'00', columns = x'00' WHERE number = ?1";
    damage.execute(sql, [first.unwrap().cast_signed()]).unwrap();
    let (_, gone) = store.remove(&older_than(DAY));
    assert_eq!((gone.records, gone.rewritten), (100, 0));
    let last = store.all();
    let (_, gone) = store.remove(&older_than(DAY + 50_000));
    assert_eq!(gone.records, 50);
    assert!(gone.rewritten > 0);
    assert_eq!(store.all(), last[50..]);
    assert_eq!(store.blocks().len(), 2);
    let listed = store
        .blocks()
        .into_iter()
        .find(|block| block.place.day == Day(Day::of(last[0].0.time()).0));
    assert_eq!(listed.unwrap().summary.records, 50);
}

#[test]
fn what_of_a_damaged_block_is_old_stays_until_all_of_it_is_and_the_others_go() {
    let (store, mut door) = (Store::new(), Door::new());
    store.insert(&door.batch("damaged", false, &series(0, 100, 1_000)));
    store.insert(&door.batch("sound", false, &series(500, 100, 1_000)));
    let damage = rusqlite::Connection::open(&store.file.path).unwrap();
    let sql = "UPDATE blocks SET columns = zeroblob(length(columns)) WHERE number = 1";
    damage.execute(sql, []).unwrap();
    let (_, gone) = store.remove(&older_than(50_000));
    assert_eq!(gone.records, 50);
    let (_, gone) = store.remove(&older_than(DAY));
    assert_eq!(gone.records, 150);
    assert_eq!(store.blocks(), []);
}

#[test]
fn what_stays_is_what_the_rules_keep_while_small_blocks_are_merged() {
    for seed in 0..12 {
        let mut random = StdRng::seed_from_u64(seed);
        let (store, sent) = filled(&mut random);
        let before = random.random_range(0..4 * DAY);
        let all = removal(&[
            ("attr.number=7", None),
            ("logLevel=WARN", Some(before / 2)),
            ("attr.a=value", Some(2 * before)),
            ("", Some(before)),
        ]);
        let stays = |row: &Row| {
            let (id, level, message, attributes) = row;
            let after = id.time().nanos() - START;
            let number = message.split(' ').nth(1);
            let has_a = attributes.as_ref().unwrap().contains("\"a\":\"value\"");
            match (number, level.as_deref()) {
                (Some("7"), _) => true,
                (_, Some("WARN")) => after >= before / 2,
                _ if has_a => after >= 2 * before,
                _ => after >= before,
            }
        };
        let mut expected = store.all();
        let many = expected.len();
        expected.retain(stays);
        let memory = Memory::default();
        let (mut after, mut records) = (None, 0);
        loop {
            let step = store.step(&memory, &all, after, &|| true).unwrap();
            records += step.records;
            if random.random_ratio(1, 4) {
                merge_all(&store.file);
            }
            after = step.next;
            if after.is_none() {
                break;
            }
        }
        assert_eq!(store.all(), expected, "seed {seed}");
        assert_eq!(records, (many - expected.len()) as u64, "seed {seed}");
        let is_day = |block: &Listed| {
            let ends = [block.summary.first, block.summary.last];
            ends.map(|id| Day::of(id.time())) == [block.place.day; 2]
        };
        let blocks = store.blocks();
        assert!(
            blocks
                .iter()
                .all(|block| block.place.day == Day::SEVERAL || is_day(block))
        );
        let store = store.again();
        for list in &sent {
            assert_eq!(
                store.insert(list).0,
                0,
                "what is gone is known, seed {seed}"
            );
        }
        assert_eq!(store.all(), expected);
    }
}

#[test]
fn what_is_merged_while_it_is_to_go_is_planned_anew() {
    let (store, mut door) = (Store::new(), Door::new());
    for batch in 0..20 {
        store.insert(&door.batch(&batch.to_string(), false, &series(batch, 10, 1_000)));
    }
    let merges = Cell::new(0);
    let memory = Memory::default();
    let is_over = || {
        if merges.replace(merges.get() + 1) == 5 {
            merge_all(&store.file);
        }
        false
    };
    let step = store
        .step(&memory, &older_than(DAY), None, &is_over)
        .unwrap();
    assert!(merges.get() > 5);
    assert_eq!((step.records, step.next), (200, None));
    assert_eq!(store.blocks(), []);
}

#[test]
fn a_block_of_many_days_is_written_again_once_and_not_looked_at_in_each_step() {
    let (store, mut door) = (Store::new(), Door::new());
    let days: Vec<Sample> = (0..40).flat_map(|day| series(day * DAY, 5, 1)).collect();
    store.insert(&door.batch("wide", false, &days));
    for day in 0..40 {
        store.insert(&door.batch(&day.to_string(), false, &series(day * DAY + 9, 5, 1)));
    }
    let written = || {
        store
            .blocks()
            .iter()
            .map(|block| block.place.number)
            .max()
            .unwrap()
    };
    let before = written();
    let (steps, gone) = store.remove(&removal(&[("logLevel=WARN", Some(50 * DAY))]));
    assert!(steps > 40, "{steps}");
    assert_eq!(gone.records, 2 * 40);
    // Of the wide one the newest days have blocks of their own.
    assert!(written() - before <= 41 + 9, "{}", written() - before);
}

#[test]
fn where_the_machine_loses_its_power_what_stays_is_there_and_the_rest_goes_later() {
    let (mut undone, mut kept) = (0, 0);
    for seed in 0..40 {
        let mut random = StdRng::seed_from_u64(seed);
        let (store, sent) = filled(&mut random);
        let before = store.all();
        let synced = OnDisk::of(&store);
        let all = removal(&[
            ("logLevel=WARN", None),
            ("", Some(random.random_range(0..2 * DAY))),
        ]);
        let memory = Memory::default();
        let mut after = None;
        for _ in 0..random.random_range(1..20) {
            after = store.step(&memory, &all, after, &|| true).unwrap().next;
            if after.is_none() {
                break;
            }
        }
        let now = OnDisk::of(&store);
        store.remove(&all);
        let expected = store.all();
        let torn = synced.torn(&now, &mut random).opened();
        let found = torn.all();
        assert!(
            expected.iter().all(|row| found.contains(row)),
            "seed {seed}"
        );
        assert!(found.iter().all(|row| before.contains(row)), "seed {seed}");
        match found.len() == before.len() {
            true => undone += 1,
            false => kept += 1,
        }
        for list in &sent {
            assert_eq!(torn.insert(list).0, 0, "seed {seed}");
        }
        torn.remove(&all);
        assert_eq!(torn.all(), expected, "seed {seed}");
    }
    assert!(undone > 5 && kept > 5, "{undone} undone, {kept} kept");
}

#[test]
fn a_disk_without_room_keeps_nothing_from_going() {
    let (store, mut door) = (Store::new(), Door::new());
    store.insert(&door.batch("first", false, &series(0, 10, 1_000)));
    let Store { file, folder, .. } = store;
    drop(file);
    let store = Store::opened(folder, u64::MAX);
    assert_eq!(store.remove(&older_than(5_000)).1.records, 5);
    assert_eq!(store.all().len(), 5);
}
