use super::super::tests::{all, letter};
use super::super::{DeadLetter, DeadLetterError};
use super::*;
use crate::deliver::memory_disk::MemoryDisk;
use std::net::{IpAddr, Ipv4Addr};

const REJECTED: &str = "rejected";
const BOUNDS: DeadLetterBounds = DeadLetterBounds {
    max_bytes: 1 << 20,
    min_free_disk: 0,
};

async fn kept(disk: &MemoryDisk, letters: &[DeadLetter]) {
    disk.begin(u64::MAX);
    let opened = Arc::new(DeadLetters::open(disk.folder(REJECTED), BOUNDS).unwrap());
    for letter in letters {
        opened.add(vec![letter.clone()]).await.unwrap();
        opened.seal().await.unwrap();
    }
}

fn is_unread<T>(result: &Result<T, DeadLetterError>) -> bool {
    matches!(result, Err(DeadLetterError::Unread(_)))
}

#[tokio::test]
async fn whoever_needs_what_was_kept_before_waits_until_it_is_read() {
    let disk = MemoryDisk::default();
    kept(&disk, &[letter("a", "a"), letter("b", "b")]).await;
    let (letters, _reading) = DeadLetters::start(disk.folder(REJECTED), BOUNDS).unwrap();
    let before = letters.snapshot();
    assert_eq!((before.records, before.unread_files), (0, 2));
    assert_eq!(letters.add(vec![letter("b", "b")]).await.unwrap(), 0);
    let after = letters.snapshot();
    assert_eq!((after.records, after.unread_files), (2, 0));
}

#[tokio::test]
async fn while_it_cannot_be_read_what_was_kept_before_nothing_is_kept_twice_and_no_key_forgotten() {
    let disk = MemoryDisk::default();
    let old = letter("a", "a");
    kept(&disk, std::slice::from_ref(&old)).await;
    let (letters, _reading) = DeadLetters::start(disk.folder(REJECTED), BOUNDS).unwrap();
    disk.break_folder(Some(REJECTED));
    let peer = IpAddr::from(Ipv4Addr::LOCALHOST);
    let (added, apart, too_large) = tokio::join!(
        letters.add(vec![old.clone()]),
        letters.keep_apart(vec![old.clone()], peer),
        letters.too_large_of(old.origin.id),
    );
    assert!(is_unread(&added) && is_unread(&apart) && is_unread(&too_large));
    let oldest = tokio::time::timeout(Duration::ZERO, letters.oldest_received()).await;
    assert!(oldest.is_err(), "{oldest:?}");
    assert_eq!(letters.snapshot().unread_files, 1);
    let problem = letters.problem().unwrap();
    assert!(
        problem.contains("rejected/00000000000000000001.rej: "),
        "{problem}"
    );

    disk.break_folder(None);
    let oldest = letters.oldest_received().await;
    assert_eq!(oldest, Some(old.origin.received_at));
    assert_eq!(
        (letters.problem(), letters.snapshot().unread_files),
        (None, 0)
    );
    assert_eq!(letters.add(vec![old.clone()]).await.unwrap(), 0);
    assert_eq!(all(&letters).await, [old]);
}

#[tokio::test]
async fn whether_an_earlier_version_took_anything_is_known_before_it_is_read() {
    for earlier in [false, true] {
        let disk = MemoryDisk::default();
        let old = DeadLetter {
            earlier,
            ..letter("a", "a")
        };
        kept(&disk, &[letter("b", "b"), old]).await;
        let (letters, _reading) = DeadLetters::start(disk.folder(REJECTED), BOUNDS).unwrap();
        assert_eq!(letters.snapshot().unread_files, 2);
        assert_eq!(letters.holds_earlier(), earlier);
        letters.are_read().await.unwrap();
        assert_eq!(letters.holds_earlier(), earlier);
    }
}

#[tokio::test]
async fn a_file_that_was_taken_away_before_it_was_read_is_not_waited_for() {
    let disk = MemoryDisk::default();
    kept(&disk, &[letter("a", "a"), letter("b", "b")]).await;
    let (letters, _reading) = DeadLetters::start(disk.folder(REJECTED), BOUNDS).unwrap();
    disk.folder(REJECTED).remove(&name(1)).unwrap();
    assert_eq!(letters.add(vec![letter("b", "b")]).await.unwrap(), 0);
    assert_eq!(all(&letters).await, [letter("b", "b")]);
}

#[tokio::test]
async fn killed_at_any_moment_of_the_reading_all_that_was_kept_is_there_once() {
    let (a, b, c) = (letter("a", "a"), letter("b", "b"), letter("c", "c"));
    for operations in 0.. {
        let disk = MemoryDisk::default();
        kept(&disk, &[a.clone(), b.clone(), c.clone()]).await;
        let folder = disk.folder(REJECTED);
        let put = |name: String, content: &[u8]| {
            disk::write_all_at(&*folder.create(&name).unwrap(), content, 0).unwrap();
        };
        // One is damaged, one was left beside what it was put together in, and one was not finished.
        put(name(1), b"LOGSREJ2");
        let mut copied = vec![0; 4096];
        let second = folder.open(&name(2)).unwrap();
        let length = disk::read_full_at(&*second, &mut copied, 0).unwrap();
        put(name(4), &copied[..length]);
        put(name(5) + UNFINISHED, b"LOGS");

        disk.begin(operations);
        let opened = DeadLetters::open(disk.folder(REJECTED), BOUNDS);
        let was_killed = disk.is_killed();
        assert!(was_killed || opened.is_ok());
        disk.begin(u64::MAX);
        let letters = Arc::new(DeadLetters::open(disk.folder(REJECTED), BOUNDS).unwrap());
        assert_eq!(all(&letters).await, [c.clone(), b.clone()]);
        let snapshot = letters.snapshot();
        assert_eq!((snapshot.records, snapshot.damaged_files), (2, 1));
        if !was_killed {
            assert!(operations > 10);
            return;
        }
    }
}
