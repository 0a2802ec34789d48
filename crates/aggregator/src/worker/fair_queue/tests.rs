//! Who gets a turn, and who gives way when there is no room.

use super::*;
use proptest::prelude::*;
use std::collections::HashMap;
use std::sync::Arc;

/// Without a name, nobody.
fn owner(name: &str) -> Owner {
    (!name.is_empty()).then(|| Arc::from(name))
}

fn all(queue: &mut FairQueue<u32>) -> Vec<u32> {
    std::iter::from_fn(|| queue.pop(|_| true).map(|(_, item)| item)).collect()
}

#[test]
fn whoever_comes_later_does_not_wait_behind_all_that_another_has() {
    let mut queue = FairQueue::new(100);
    for item in 0..4 {
        assert_eq!(queue.push(owner("a"), item), None);
    }
    for item in 10..12 {
        assert_eq!(queue.push(owner("b"), item), None);
    }
    assert_eq!(queue.push(owner(""), 20), None);
    assert_eq!(all(&mut queue), [0, 10, 20, 1, 11, 2, 3]);
}

#[test]
fn in_a_full_queue_whoever_has_most_gives_way() {
    let mut queue = FairQueue::new(3);
    for item in 0..3 {
        assert_eq!(queue.push(owner("a"), item), None);
    }
    assert_eq!(queue.push(owner("a"), 3), Some(3));
    assert_eq!(queue.push(owner("b"), 10), Some(2));
    assert_eq!(queue.push(owner("b"), 11), Some(11));
    assert_eq!(queue.push(owner("c"), 20), Some(1));
    assert_eq!(queue.push(owner("d"), 30), Some(30));
    assert_eq!(all(&mut queue), [0, 10, 20]);
}

#[test]
fn whoever_may_not_waits_and_holds_up_nobody() {
    let mut queue = FairQueue::new(3);
    assert_eq!(queue.push(owner("a"), 0), None);
    assert_eq!(queue.push(owner("b"), 10), None);
    let next = queue.pop(|name| *name != owner("a"));
    assert_eq!(next, Some((owner("b"), 10)));
    assert_eq!(queue.pop(|name| *name != owner("a")), None);
    assert!(!queue.is_empty());
    assert_eq!(all(&mut queue), [0]);
    assert!(queue.is_empty());
}

proptest! {
    #[test]
    fn all_that_is_pushed_comes_out_once_each_owners_in_order_and_no_more_waits_than_may(
        bound in 1_usize..6,
        steps in prop::collection::vec(prop::option::of(0_u8..3), 0..60),
    ) {
        let mut queue = FairQueue::new(bound);
        let (mut inside, mut last_out) = (Vec::new(), HashMap::new());
        for (number, step) in steps.into_iter().enumerate() {
            match step {
                Some(who) => {
                    inside.push((who, number));
                    if let Some(out) = queue.push(owner(&who.to_string()), (who, number)) {
                        let most = |who| inside.iter().filter(|(other, _)| *other == who).count();
                        let longest = (0..3).map(most).max().unwrap();
                        prop_assert_eq!(most(out.0), longest);
                        prop_assert!(inside.iter().all(|one| one.0 != out.0 || one.1 <= out.1));
                        inside.retain(|one| *one != out);
                    }
                }
                None => match queue.pop(|_| true) {
                    Some((_, out)) => {
                        let before = last_out.insert(out.0, out.1);
                        prop_assert!(before.is_none_or(|before| before < out.1));
                        inside.retain(|one| *one != out);
                    }
                    None => prop_assert!(inside.is_empty()),
                },
            }
            prop_assert!(inside.len() <= bound);
            prop_assert_eq!(queue.waiting, inside.len());
        }
    }
}
