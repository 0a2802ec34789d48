//! The sums over the files, and which file counts for a letter, whatever order files come and go in.

use super::super::tests::letter;
use super::*;
use std::net::Ipv4Addr;

fn peer(number: u8) -> IpAddr {
    Ipv4Addr::from([127, 0, 0, number]).into()
}

fn from(number: u8, key: &str) -> DeadLetter {
    DeadLetter {
        peer: Some(peer(number)),
        ..letter(key, key)
    }
}

#[test]
fn what_came_from_an_address_counts_until_its_last_file_is_gone() {
    let mut kept = Kept::default();
    kept.add(1, 1, &[from(1, "a")]);
    kept.add(2, BLOCK_BYTES + 1, &[from(1, "b")]);
    kept.add(3, 1, &[from(2, "c")]);
    kept.add(4, 1, &[letter("d", "of the store")]);
    assert_eq!(kept.of_peer(peer(1)), (3 * BLOCK_BYTES, 2));
    kept.remove(1);
    assert_eq!(kept.of_peer(peer(1)), (2 * BLOCK_BYTES, 2));
    kept.remove(2);
    // Its place among the addresses is free.
    assert_eq!(kept.of_peer(peer(1)), (0, 1));
    assert_eq!(kept.of_peer(peer(2)), (BLOCK_BYTES, 1));
    kept.remove(3);
    assert_eq!((kept.of_peer(peer(2)), kept.bytes()), ((0, 0), BLOCK_BYTES));
}

#[test]
fn a_number_is_new_also_when_files_are_read_in_another_order() {
    let mut kept = Kept::default();
    assert_eq!(kept.next(), 1);
    for number in [5, 3] {
        kept.add(number, 1, &[letter("a", "a")]);
    }
    assert_eq!(kept.next(), 6);
    kept.remove(5);
    assert_eq!(kept.next(), 6);
}

#[test]
fn nothing_is_put_together_with_a_file_that_is_gone() {
    let mut kept = Kept::default();
    for number in [1, 2] {
        kept.add(number, 1, &[letter(&number.to_string(), "")]);
    }
    kept.set_open(Some(2));
    kept.remove(1);
    assert_eq!(kept.open(), Some(2));
    kept.remove(2);
    assert_eq!(kept.open(), None);
}

#[test]
fn only_the_file_that_counts_for_a_letter_takes_it_away() {
    let mut kept = Kept::default();
    let a = letter("a", "a");
    for number in [1, 2] {
        kept.add(number, 1, std::slice::from_ref(&a));
    }
    assert_eq!(kept.superseded(), [1]);
    kept.leave(1, std::slice::from_ref(&a));
    kept.come_back(1, std::slice::from_ref(&a));
    assert!(kept.is_owner(2, &a) && !kept.is_owner(1, &a));
    kept.leave(2, std::slice::from_ref(&a));
    let mut refused = vec![a.clone(), a.clone()];
    kept.retain_new(&mut refused);
    assert_eq!(refused, std::slice::from_ref(&a));
    kept.come_back(2, std::slice::from_ref(&a));
    assert!(kept.is_owner(2, &a));
    kept.retain_new(&mut refused);
    assert!(refused.is_empty());
}

#[test]
fn what_is_too_large_is_told_in_the_order_of_its_batch() {
    let mut kept = Kept::default();
    let large = |position: u32| DeadLetter {
        position,
        document: vec![0; MAX_DOCUMENT_BYTES + 1],
        ..letter("a", "")
    };
    kept.add(1, 1, &[large(2)]);
    kept.add(2, 1, &[large(0), large(3), letter("b", "small")]);
    let told = kept.too_large_of(large(0).origin.id);
    let places: Vec<u32> = told.iter().map(|letter| letter.position).collect();
    assert_eq!(places, [0, 2, 3]);
}

#[test]
fn the_oldest_of_all_that_may_go_back_is_known_whichever_file_it_is_in() {
    let mut kept = Kept::default();
    let received = |key: &str, time: i64| {
        let mut letter = letter(key, key);
        letter.origin.received_at = Timestamp::from_nanos(time);
        letter
    };
    kept.add(
        1,
        1,
        &[received("a", 30), received("b", 20), received("c", 40)],
    );
    assert_eq!(kept.oldest(), Some(Timestamp::from_nanos(20)));
    kept.add(2, 1, &[received("d", 10)]);
    kept.add(3, 1, &[received("e", 50)]);
    assert_eq!(kept.oldest(), Some(Timestamp::from_nanos(10)));
    kept.remove(2);
    assert_eq!(kept.oldest(), Some(Timestamp::from_nanos(20)));
}
