//! What the door sets aside takes no more than it may, and only what is new is taken back.

use super::*;
use crate::deliver::dead_letters::DeadLetterBounds;
use crate::deliver::dead_letters::tests::{all, files, letter, open, open_where};
use crate::deliver::memory_disk::MemoryDisk;
use std::net::Ipv4Addr;

const BLOCK: u64 = 4096;

fn peer(number: u32) -> IpAddr {
    Ipv4Addr::from(number).into()
}

fn from(peer: IpAddr, key: &str, text: &str) -> DeadLetter {
    DeadLetter {
        peer: Some(peer),
        ..letter(key, text)
    }
}

/// One that is too large to be stored.
fn large(key: &str) -> DeadLetter {
    let small = letter(key, "x");
    DeadLetter {
        document: [small.document, vec![0; MAX_DOCUMENT_BYTES]].concat(),
        ..small
    }
}

#[tokio::test]
async fn each_address_takes_a_quarter_of_the_bound_and_all_of_them_the_bound() {
    let folder = tempfile::tempdir().unwrap();
    let mut letters = open(folder.path(), 8 * BLOCK);
    letters
        .add(vec![letter("of the store", "1")])
        .await
        .unwrap();
    for key in ["a", "b"] {
        let kept = letters.keep_apart(vec![letter(key, key)], peer(1)).await;
        assert!(kept.unwrap().is_some());
    }
    // It is the same after a start.
    for _ in 0..2 {
        let full = letters.keep_apart(vec![letter("c", "c")], peer(1)).await;
        let full = full.unwrap_err();
        let expected = [2 * BLOCK; 2];
        assert!(
            matches!(full, DeadLetterError::Share { used, limit, .. } if [used, limit] == expected),
            "{full}"
        );
        assert!(full.is_no_room());
        letters = open(folder.path(), 8 * BLOCK);
    }
    let long = letter("long", &"x".repeat(9000));
    let full = letters.keep_apart(vec![long], peer(2)).await.unwrap_err();
    assert!(
        matches!(full, DeadLetterError::NeverFits { limit, .. } if limit == 2 * BLOCK),
        "{full}"
    );
    for (key, number) in [("d", 2), ("e", 2), ("f", 3), ("g", 3), ("h", 4)] {
        letters
            .keep_apart(vec![letter(key, key)], peer(number))
            .await
            .unwrap();
    }
    let full = letters.keep_apart(vec![letter("i", "i")], peer(5)).await;
    let full = full.unwrap_err();
    assert!(
        matches!(full, DeadLetterError::Full { used, limit } if used == limit),
        "{full}"
    );
    assert_eq!(letters.snapshot().records, 8);
    assert_eq!(files(folder.path()).len(), 8);
}

#[tokio::test]
async fn the_least_bound_is_the_first_that_holds_a_record_of_each_size() {
    let smallest = DeadLetter {
        document: vec![0; MAX_DOCUMENT_BYTES + 1],
        ..letter("a", "")
    };
    for (bound, finds_room) in [(LEAST_BYTES - SHARE * BLOCK, false), (LEAST_BYTES, true)] {
        let folder = tempfile::tempdir().unwrap();
        let letters = open(folder.path(), bound);
        let kept = letters.keep_apart(vec![smallest.clone()], peer(1)).await;
        assert_eq!(kept.is_ok(), finds_room, "{kept:?}");
    }
}

#[tokio::test]
async fn a_disk_that_is_to_stay_free_is_left_free() {
    let folder = tempfile::tempdir().unwrap();
    let letters = open_where(folder.path(), 1 << 20, u64::MAX / 2);
    let full = letters.keep_apart(vec![letter("a", "1")], peer(1)).await;
    let full = full.unwrap_err();
    assert!(matches!(full, DeadLetterError::DiskFull(_)), "{full}");
    assert!(files(folder.path()).is_empty());
}

#[tokio::test]
async fn what_finds_no_room_on_the_disk_leaves_none_of_it_taken() {
    let machine = MemoryDisk::default();
    machine.begin(u64::MAX);
    let bounds = DeadLetterBounds {
        max_bytes: 1 << 20,
        min_free_disk: 0,
    };
    let disk = machine.folder("rejected");
    let letters = Arc::new(DeadLetters::open(Arc::clone(&disk), bounds).unwrap());
    machine.fill(100);
    let full = letters.keep_apart(vec![letter("a", &"x".repeat(100_000))], peer(1));
    let full = full.await.unwrap_err();
    assert!(full.is_no_room(), "{full}");
    assert_eq!(disk.list().unwrap(), Vec::<String>::new());
}

#[tokio::test]
async fn a_request_that_is_taken_back_takes_only_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let letters = open(folder.path(), 1 << 20);
    let (first, second) = (letter("a", "1"), letter("b", "2"));
    let kept = letters.keep_apart(vec![first.clone()], peer(1)).await;
    assert!(kept.unwrap().is_some());
    let both = vec![first.clone(), second.clone(), second.clone()];
    let new = letters.keep_apart(both.clone(), peer(2)).await.unwrap();
    assert_eq!(letters.snapshot().records, 2);
    letters.take_back(new.unwrap()).await.unwrap();
    assert_eq!(all(&letters).await, [from(peer(1), "a", "1")]);
    assert_eq!(letters.snapshot().bytes, BLOCK);
    // All is as before for the next one, and after a start.
    assert_eq!(
        letters.keep_apart(vec![first], peer(2)).await.unwrap(),
        None
    );
    let letters = open(folder.path(), 1 << 20);
    let again = letters.keep_apart(both, peer(2)).await.unwrap();
    assert!(again.is_some());
    let kept = [from(peer(1), "a", "1"), from(peer(2), "b", "2")];
    assert_eq!(all(&letters).await, kept);
}

#[tokio::test]
async fn nothing_is_put_together_with_what_came_from_the_door() {
    let folder = tempfile::tempdir().unwrap();
    let mut letters = open(folder.path(), 1 << 20);
    for number in 0..3 {
        let [one, other] = ["s", "d"].map(|kind| letter(&format!("{kind}{number}"), "text"));
        letters.add(vec![one]).await.unwrap();
        letters.keep_apart(vec![other], peer(1)).await.unwrap();
        letters = open(folder.path(), 1 << 20);
    }
    let mut file = 0;
    while let Some(next) = letters.after(file) {
        file = next;
        let peers = letters.read(file).await.unwrap();
        let from_the_door = peers.iter().filter(|letter| letter.peer.is_some()).count();
        assert!(from_the_door == 0 || peers.len() == 1, "{peers:?}");
    }
    assert_eq!(letters.snapshot().records, 6);
}

#[tokio::test]
async fn only_so_many_addresses_are_told_apart() {
    let machine = MemoryDisk::default();
    machine.begin(u64::MAX);
    let bounds = DeadLetterBounds {
        max_bytes: u64::MAX / 2,
        min_free_disk: 0,
    };
    let letters = DeadLetters::open(machine.folder("rejected"), bounds).unwrap();
    let mut number = 0;
    let full = loop {
        match letters.write_apart(vec![letter(&number.to_string(), "")], peer(number)) {
            Ok(_) => number += 1,
            Err(full) => break full,
        }
    };
    assert_eq!(number as usize, MAX_PEERS);
    assert!(matches!(full, DeadLetterError::Peers(_)), "{full}");
    assert!(
        letters
            .write_apart(vec![letter("known", "")], peer(7))
            .is_ok()
    );
}

#[tokio::test]
async fn what_is_too_large_is_read_whole_and_told_by_its_batch_also_after_a_start() {
    let folder = tempfile::tempdir().unwrap();
    let [one, other] = ["a", "b"].map(large);
    let id = one.origin.id;
    let letters = open(folder.path(), 1 << 30);
    letters.add(vec![letter("c", "small")]).await.unwrap();
    letters
        .keep_apart(vec![one.clone(), other], peer(1))
        .await
        .unwrap();
    for letters in [letters, open(folder.path(), 1 << 30)] {
        let told = letters.too_large_of(id).await.unwrap();
        assert_eq!((told.len(), told[0].position), (1, 0));
        assert_eq!(
            (&*told[0].reason, told[0].origin),
            ("too large", one.origin)
        );
        assert_eq!(
            (letters.too_large_in(1).len(), letters.too_large_in(2).len()),
            (0, 2)
        );
        let kept = letters.read(2).await.unwrap();
        assert!(kept[0].document == one.document, "it is not whole");
    }
}

#[tokio::test]
async fn what_never_goes_back_into_the_spool_keeps_no_key_remembered() {
    let folder = tempfile::tempdir().unwrap();
    let letters = open(folder.path(), 1 << 30);
    letters.keep_apart(vec![large("a")], peer(1)).await.unwrap();
    assert_eq!(letters.oldest_received().await, None);
    let small = letter("b", "b");
    letters.add(vec![small.clone()]).await.unwrap();
    assert_eq!(
        letters.oldest_received().await,
        Some(small.origin.received_at)
    );
}

#[tokio::test]
async fn a_record_of_the_largest_size_that_can_be_stored_is_not_left_aside_by_a_replay() {
    let folder = tempfile::tempdir().unwrap();
    let letters = open(folder.path(), 1 << 30);
    for (key, more, left_aside) in [("a", 0, 0), ("b", 1, 1)] {
        let mut one = letter(key, key);
        one.document = vec![0; MAX_DOCUMENT_BYTES + more];
        letters.add(vec![one]).await.unwrap();
        let file = letters.seal().await.unwrap().unwrap();
        assert_eq!(letters.too_large_in(file).len(), left_aside, "{more} more");
    }
}

#[tokio::test]
async fn the_file_that_is_told_is_the_one_in_which_it_lies() {
    let folder = tempfile::tempdir().unwrap();
    let letters = open(folder.path(), 1 << 30);
    let kept = letters.keep_apart(vec![large("a")], peer(1)).await.unwrap();
    assert!(folder.path().join(kept.unwrap().name()).exists());
}
