use super::*;
use proptest::prelude::*;
use std::collections::BTreeSet;

/// Runs close to one another, close to either end of the numbers, or anywhere.
fn run() -> impl Strategy<Value = RangeInclusive<u32>> {
    let first = prop_oneof![0_u32..60, (u32::MAX - 60)..=u32::MAX, any::<u32>()];
    (first, 0_u32..6).prop_map(|(first, more)| first..=first.saturating_add(more))
}

fn runs() -> impl Strategy<Value = Vec<RangeInclusive<u32>>> {
    prop::collection::vec(run(), 0..30)
}

fn set(runs: &[RangeInclusive<u32>]) -> BTreeSet<u32> {
    runs.iter().cloned().flatten().collect()
}

fn have(runs: &[RangeInclusive<u32>]) -> Have {
    let mut have = Have::new();
    for run in runs {
        have.insert_run(run.clone());
    }
    have
}

fn is_of(have: &Have, set: &BTreeSet<u32>) {
    assert!(have.runs().flatten().eq(set.iter().copied()));
    assert_eq!(have.len(), set.len() as u64);
    assert_eq!(have.is_empty(), set.is_empty());
    let runs: Vec<_> = have.runs().collect();
    for pair in runs.windows(2) {
        assert!(u64::from(*pair[0].end()) + 1 < u64::from(*pair[1].start()));
    }
}

#[test]
fn a_whole_batch_takes_a_few_bytes() {
    for (records, bytes) in [(1, 2), (128, 2), (1_000, 3), (16_384, 3), (1_000_000, 4)] {
        let all = have(&[0..=records - 1]);
        assert_eq!(all.encode().len(), bytes, "{records}");
        assert_eq!((all.len(), all.runs().len()), (u64::from(records), 1));
    }
    assert!(Have::new().encode().is_empty());
}

#[test]
fn positions_that_come_in_order_make_one_run() {
    let mut have = Have::new();
    for position in 0..1_000_000 {
        assert!(have.insert(position));
    }
    assert!(have.runs().eq([0..=999_999]));
}

#[test]
fn all_positions_that_there_can_be_are_a_set() {
    let all = have(&[1..=u32::MAX, 0..=0]);
    assert_eq!(all.len(), 1 << 32);
    assert_eq!(Have::decode(&all.encode()), Some(all));
}

#[test]
#[expect(clippy::reversed_empty_ranges, reason = "it is what is tried")]
fn an_empty_run_adds_nothing() {
    assert!(have(&[5..=4]).is_empty());
}

#[test]
fn bytes_of_no_set_are_none() {
    let most = [0xff, 0xff, 0xff, 0xff, 0x0f];
    let cases: &[&[u8]] = &[
        &[0],                                     // A run without its end.
        &[0x80],                                  // A number that is cut off.
        &[0, 0x80, 0],                            // One that is longer than it need be.
        &[0, 0xff, 0xff, 0xff, 0xff, 0x1f],       // One of 33 bits.
        &[0, 0xff, 0xff, 0xff, 0xff, 0xff, 0],    // One of six bytes.
        &[0xff, 0xff, 0xff, 0xff, 0x0f, 1],       // A run beyond the greatest position.
        &[0, 0xff, 0xff, 0xff, 0xff, 0x0f, 0, 0], // Another behind that one.
        &[0xfe, 0xff, 0xff, 0xff, 0x0f, 0, 0, 0], // Another that would touch it.
    ];
    for bytes in cases {
        assert_eq!(Have::decode(bytes), None, "{bytes:?}");
    }
    let last = [&most[..], &[0]].concat();
    assert!(
        Have::decode(&last)
            .unwrap()
            .runs()
            .eq([u32::MAX..=u32::MAX])
    );
}

proptest! {
    #[test]
    fn it_is_the_set_of_what_was_added(added in runs(), asked in run(), one in run()) {
        let mut have = have(&added);
        let mut set = set(&added);
        is_of(&have, &set);
        for position in asked {
            prop_assert_eq!(have.contains(position), set.contains(&position));
        }
        for position in one.rev() {
            prop_assert_eq!(have.insert(position), set.insert(position));
        }
        is_of(&have, &set);
    }

    #[test]
    fn a_union_has_what_either_has(one in runs(), another in runs()) {
        let mut both = have(&one);
        both.union(&have(&another));
        is_of(&both, &set(&one).union(&set(&another)).copied().collect());
        let mut turned = have(&another);
        turned.union(&have(&one));
        prop_assert_eq!(both, turned);
    }

    #[test]
    fn it_is_read_as_it_was_written(added in runs()) {
        let have = have(&added);
        prop_assert_eq!(Have::decode(&have.encode()), Some(have));
    }

    #[test]
    fn bytes_are_of_one_set_or_of_none(bytes in prop::collection::vec(
        prop_oneof![0_u8..4, 0x7f_u8..0x82, any::<u8>()], 0..24
    )) {
        if let Some(have) = Have::decode(&bytes) {
            prop_assert_eq!(have.encode(), bytes);
            let of_runs: Vec<_> = have.runs().collect();
            for pair in of_runs.windows(2) {
                prop_assert!(u64::from(*pair[0].end()) + 1 < u64::from(*pair[1].start()));
            }
        }
    }
}
