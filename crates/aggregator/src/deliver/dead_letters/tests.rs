//! What was refused is kept until it is forgotten.

mod earlier;

use super::*;
use logs::Timestamp;
use record::batch::BatchBuilder;
use record::id::{BatchId, KeyDigest};
use spool::disk::{DiskFile, Folder};
use std::fs;
use std::path::Path;
use std::sync::mpsc;

pub(super) fn open(folder: &Path, max_bytes: u64) -> Arc<DeadLetters> {
    open_where(folder, max_bytes, 0)
}

/// The same where so much of the disk is to stay free.
pub(super) fn open_where(folder: &Path, max_bytes: u64, min_free_disk: u64) -> Arc<DeadLetters> {
    let bounds = DeadLetterBounds {
        max_bytes,
        min_free_disk,
    };
    let disk = Arc::new(Folder::create(folder).unwrap());
    Arc::new(DeadLetters::open(disk, bounds).unwrap())
}

pub(super) fn letter(key: &str, text: &str) -> DeadLetter {
    let time = Timestamp::from_nanos(7_000_000_123);
    let (id, digest) = (BatchId::keyed(key, b""), KeyDigest::of(key));
    let mut builder = BatchBuilder::new(id, Some(digest), time, usize::MAX);
    builder.record(None, None, text, |_| Ok(()));
    let batch = builder.finish().0;
    DeadLetter {
        origin: batch.origin(),
        position: 0,
        undated: true,
        alone: false,
        earlier: false,
        peer: None,
        reason: "too large".to_owned(),
        rejected_at: 7,
        document: batch.documents.encoded().to_vec(),
    }
}

pub(super) async fn all(letters: &Arc<DeadLetters>) -> Vec<DeadLetter> {
    let (mut all, mut file) = (Vec::new(), 0);
    while let Some(next) = letters.after(file) {
        file = next;
        all.extend(letters.read(file).await.unwrap());
    }
    all
}

pub(super) fn files(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = names.collect();
    names.sort();
    names
}

#[tokio::test]
async fn what_was_refused_is_there_after_a_restart_until_it_is_forgotten() {
    let folder = tempfile::tempdir().unwrap();
    let letters = open(folder.path(), 1 << 20);
    let kept = vec![letter("a", "1"), letter("b", "2"), letter("c", "3")];
    assert_eq!(letters.add(kept[..2].to_vec()).await.unwrap(), 2);
    assert_eq!(letters.seal().await.unwrap(), Some(1));
    assert_eq!(letters.add(kept[2..].to_vec()).await.unwrap(), 1);
    let before = letters.snapshot();
    assert_eq!((before.records, before.bytes), (3, 2 * 4096));
    assert_eq!((letters.bytes_of(1), letters.bytes_of(3)), (4096, 0));
    let letters = open(folder.path(), 1 << 20);
    assert_eq!(letters.snapshot(), before);
    assert_eq!(all(&letters).await, kept);
    letters.leave(1, &kept[..2]);
    letters.forget(1).await.unwrap();
    let letters = open(folder.path(), 1 << 20);
    assert_eq!(all(&letters).await, kept[2..]);
}

#[tokio::test]
async fn small_refusals_are_put_together_in_one_file() {
    let folder = tempfile::tempdir().unwrap();
    let letters = open(folder.path(), 1 << 20);
    let sent: Vec<_> = (0..50).map(|n| letter(&n.to_string(), "text")).collect();
    for letter in &sent {
        letters.add(vec![letter.clone()]).await.unwrap();
    }
    assert_eq!(files(folder.path()).len(), 1);
    assert_eq!(all(&letters).await, sent);
    // One that is read while it is put together with more is found in the next.
    assert!(letters.read(49).await.unwrap().is_empty());
    assert_eq!(letters.after(49), Some(50));
    // What is large enough is left as it is.
    let large = letter("large", &"x".repeat(100_000));
    letters.add(vec![large]).await.unwrap();
    letters.add(vec![letter("z", "z")]).await.unwrap();
    assert_eq!(files(folder.path()).len(), 2);
    assert_eq!(open(folder.path(), 1 << 20).snapshot().records, 52);
}

#[tokio::test]
async fn files_that_a_crash_left_beside_what_they_were_put_together_in_count_once() {
    let folder = tempfile::tempdir().unwrap();
    let letters = open(folder.path(), 1 << 20);
    letters.add(vec![letter("a", "1")]).await.unwrap();
    let first = folder.path().join(file_format::name(1));
    let content = fs::read(&first).unwrap();
    letters.add(vec![letter("b", "2")]).await.unwrap();
    assert!(!first.exists());
    fs::write(&first, content).unwrap();
    let letters = open(folder.path(), 1 << 20);
    assert_eq!(all(&letters).await, [letter("a", "1"), letter("b", "2")]);
    assert!(!first.exists());
}

#[tokio::test]
async fn what_is_kept_already_is_not_kept_again_unless_it_is_leaving() {
    let folder = tempfile::tempdir().unwrap();
    let letters = open(folder.path(), 1 << 20);
    letters.add(vec![letter("a", "1")]).await.unwrap();
    let twice = vec![letter("a", "1"), letter("b", "2"), letter("b", "2")];
    assert_eq!(letters.add(twice).await.unwrap(), 1);
    let letters = open(folder.path(), 1 << 20);
    assert_eq!(letters.add(vec![letter("a", "1")]).await.unwrap(), 0);
    let file = letters.seal().await.unwrap().unwrap();
    let leaving = letters.read(file).await.unwrap();
    letters.leave(file, &leaving);
    // It is back in the spool, and refused before its file is forgotten.
    assert_eq!(letters.add(vec![letter("a", "1")]).await.unwrap(), 1);
    letters.forget(file).await.unwrap();
    assert_eq!(open(folder.path(), 1 << 20).snapshot().records, 1);
    assert_eq!(all(&letters).await, [letter("a", "1")]);
}

#[tokio::test]
async fn a_number_that_was_forgotten_is_not_given_again() {
    let folder = tempfile::tempdir().unwrap();
    let letters = open(folder.path(), 1 << 20);
    letters.add(vec![letter("a", "1")]).await.unwrap();
    letters.leave(1, &[letter("a", "1")]);
    letters.forget(1).await.unwrap();
    letters.add(vec![letter("b", "2")]).await.unwrap();
    // Who still means the first file takes nothing away.
    letters.forget(1).await.unwrap();
    assert_eq!(all(&letters).await, [letter("b", "2")]);
}

#[tokio::test]
async fn no_more_is_kept_than_may_be_in_whole_blocks_of_the_disk() {
    let folder = tempfile::tempdir().unwrap();
    let letters = open(folder.path(), 4096);
    letters.add(vec![letter("a", "1")]).await.unwrap();
    let full = letters.add(vec![letter("b", "2")]).await.unwrap_err();
    assert!(
        matches!(full, DeadLetterError::Full { used: 4096, .. }),
        "{full}"
    );
    // What is kept already needs no room.
    assert_eq!(letters.add(vec![letter("a", "1")]).await.unwrap(), 0);
    assert_eq!(letters.snapshot().records, 1);
}

#[tokio::test]
async fn a_disk_that_is_to_stay_free_is_left_free() {
    let folder = tempfile::tempdir().unwrap();
    let letters = open_where(folder.path(), 1 << 20, u64::MAX / 2);
    let full = letters.add(vec![letter("a", "1")]).await.unwrap_err();
    assert!(matches!(full, DeadLetterError::DiskFull(_)), "{full}");
}

#[tokio::test]
async fn a_damaged_file_is_set_aside_at_the_start_and_while_running_and_stops_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let letters = open(folder.path(), 1 << 20);
    for key in ["a", "b", "c"] {
        letters.add(vec![letter(key, key)]).await.unwrap();
        letters.seal().await.unwrap();
    }
    let flip = |number| {
        let file = folder.path().join(file_format::name(number));
        let mut content = fs::read(&file).unwrap();
        *content.last_mut().unwrap() ^= 1;
        fs::write(&file, content).unwrap();
    };
    flip(1);
    assert_eq!(all(&letters).await, [letter("b", "b"), letter("c", "c")]);
    assert_eq!(letters.snapshot().records, 2);
    assert!(letters.problem().unwrap().starts_with("1 file "));
    // Refused again, it is kept again.
    assert_eq!(letters.add(vec![letter("a", "a")]).await.unwrap(), 1);
    flip(2);
    let letters = open(folder.path(), 1 << 20);
    assert_eq!(letters.snapshot().damaged_files, 2);
    assert_eq!(all(&letters).await, [letter("c", "c"), letter("a", "a")]);
    let aside = files(folder.path()).into_iter();
    let aside: Vec<_> = aside.filter(|name| name.ends_with(".damaged")).collect();
    assert_eq!(aside.len(), 2);
}

#[tokio::test]
async fn no_damaged_file_takes_the_place_of_one_that_was_set_aside_before() {
    let folder = tempfile::tempdir().unwrap();
    let damaged = folder.path().join("00000000000000000001.rej");
    for content in ["first", "second", "third"] {
        fs::write(&damaged, content).unwrap();
        open(folder.path(), 1 << 20);
    }
    let contents = files(folder.path()).into_iter();
    let mut contents: Vec<_> = contents
        .map(|name| fs::read_to_string(folder.path().join(name)).unwrap())
        .collect();
    contents.sort();
    assert_eq!(contents, ["first", "second", "third"]);
}

#[tokio::test]
async fn files_of_an_earlier_version_are_read_record_by_record() {
    let folder = tempfile::tempdir().unwrap();
    let kept = letter("a", "1");
    let mut body = Vec::new();
    let mut writer = record::bson_writer::BsonWriter::new(&mut body);
    let whole = writer.open();
    writer.string("reason", "too large");
    writer.date("rejected_at", 7);
    writer.binary("document", 0, &kept.document);
    writer.close(whole);
    let sum = crc32c::crc32c(&body).to_le_bytes();
    let content = [&b"LOGSREJ1"[..], &sum, &body].concat();
    fs::write(folder.path().join("00000000000000000007.rej"), content).unwrap();
    let letters = open(folder.path(), 1 << 20);
    let read = all(&letters).await.remove(0);
    assert_eq!((read.document, read.position), (kept.document, 0));
    assert_eq!((read.origin.id, read.origin.key), (kept.origin.id, None));
    // Its document tells milliseconds.
    assert_eq!(read.origin.received_at.nanos(), 7_000_000_000);
    assert!(read.alone && read.earlier);
    // Nothing is put together with it.
    letters.add(vec![letter("b", "2")]).await.unwrap();
    assert_eq!(letters.after(7), Some(8));
    assert_eq!(files(folder.path()).len(), 2);
}

/// A disk whose folder cannot be synced until it is let go on.
struct Stalled {
    disk: Folder,
    entered: mpsc::SyncSender<()>,
    go_on: Mutex<mpsc::Receiver<()>>,
}

impl Disk for Stalled {
    fn list(&self) -> io::Result<Vec<String>> {
        self.disk.list()
    }

    fn create(&self, name: &str) -> io::Result<Arc<dyn DiskFile>> {
        self.disk.create(name)
    }

    fn create_new(&self, name: &str) -> io::Result<Arc<dyn DiskFile>> {
        self.disk.create_new(name)
    }

    fn open(&self, name: &str) -> io::Result<Arc<dyn DiskFile>> {
        self.disk.open(name)
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        self.disk.rename(from, to)
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        self.disk.remove(name)
    }

    fn sync_folder(&self) -> io::Result<()> {
        self.entered.send(()).unwrap();
        self.go_on.lock().unwrap().recv().unwrap();
        self.disk.sync_folder()
    }

    fn free_bytes(&self) -> io::Result<u64> {
        self.disk.free_bytes()
    }
}

#[tokio::test]
async fn whoever_asks_how_much_is_kept_waits_for_no_disk() {
    let folder = tempfile::tempdir().unwrap();
    let (entered, has_entered) = mpsc::sync_channel(1);
    let (lets_go_on, go_on) = mpsc::sync_channel(1);
    let disk = Stalled {
        disk: Folder::create(folder.path()).unwrap(),
        entered,
        go_on: Mutex::new(go_on),
    };
    let bounds = DeadLetterBounds {
        max_bytes: 1 << 20,
        min_free_disk: 0,
    };
    let letters = Arc::new(DeadLetters::open(Arc::new(disk), bounds).unwrap());
    let adding = Arc::clone(&letters);
    let adding = tokio::spawn(async move { adding.add(vec![letter("a", "1")]).await });
    let stands = tokio::task::spawn_blocking(move || has_entered.recv());
    stands.await.unwrap().unwrap();
    assert_eq!((letters.snapshot().records, letters.after(0)), (0, None));
    assert_eq!(
        (letters.problem(), letters.oldest_received().await),
        (None, None)
    );
    lets_go_on.send(()).unwrap();
    assert_eq!(adding.await.unwrap().unwrap(), 1);
    assert_eq!(letters.snapshot().records, 1);
}

/// Another letter of the same batch.
fn another(key: &str, position: u32) -> DeadLetter {
    DeadLetter {
        position,
        ..letter(key, "another")
    }
}

#[tokio::test]
async fn a_batch_is_known_as_long_as_a_file_has_a_letter_of_it() {
    let folder = tempfile::tempdir().unwrap();
    let letters = open(folder.path(), 1 << 20);
    let [a, b] = ["a", "b"].map(|key| letter(key, "").origin.ledger_key());
    letters.add(vec![another("a", 0)]).await.unwrap();
    // Both come into one file, in the first one's place.
    letters
        .add(vec![another("a", 1), another("b", 0)])
        .await
        .unwrap();
    letters.seal().await.unwrap();
    letters.add(vec![another("a", 2)]).await.unwrap();
    letters.seal().await.unwrap();
    assert_eq!(letters.batches().await, HashSet::from([a, b]));
    letters.forget(2).await.unwrap();
    assert!(letters.has_batch(&a) && !letters.has_batch(&b));
    let letters = open(folder.path(), 1 << 20);
    assert_eq!(letters.batches().await, HashSet::from([a]));
    letters.forget(3).await.unwrap();
    assert!(letters.batches().await.is_empty());
}

#[tokio::test]
async fn files_that_a_crash_left_beside_the_one_that_took_their_place_count_once() {
    let folder = tempfile::tempdir().unwrap();
    let letters = open(folder.path(), 1 << 20);
    letters.add(vec![another("a", 0)]).await.unwrap();
    let first = fs::read(folder.path().join(file_name(1))).unwrap();
    letters.add(vec![another("a", 1)]).await.unwrap();
    fs::write(folder.path().join(file_name(1)), first).unwrap();
    let letters = open(folder.path(), 1 << 20);
    let a = letter("a", "").origin.ledger_key();
    assert_eq!(files(folder.path()), [file_name(2)]);
    assert!(letters.has_batch(&a));
    letters.forget(2).await.unwrap();
    assert!(!letters.has_batch(&a));
}

#[tokio::test]
async fn what_stays_of_a_file_is_in_another_and_counts_once_wherever_a_crash_comes() {
    let folder = tempfile::tempdir().unwrap();
    let letters = open(folder.path(), 1 << 20);
    let kept = vec![letter("a", "1"), letter("b", "2"), letter("c", "3")];
    letters.add(kept.clone()).await.unwrap();
    assert_eq!(letters.seal().await.unwrap(), Some(1));
    let first = folder.path().join(file_format::name(1));
    let content = fs::read(&first).unwrap();
    letters.leave(1, &kept[..1]);
    letters.forget_all_but(1, kept[1..].to_vec()).await.unwrap();
    assert_eq!(all(&letters).await, kept[1..]);
    assert_eq!(letters.snapshot().records, 2);
    assert_eq!(files(folder.path()), [file_format::name(2)]);
    assert_eq!(all(&open(folder.path(), 1 << 20)).await, kept[1..]);
    // Before the old file was removed: what left it may be in the spool alone, and is put back once more.
    fs::write(&first, content).unwrap();
    let letters = open(folder.path(), 1 << 20);
    assert_eq!(all(&letters).await, kept);
    assert_eq!(letters.snapshot().records, 3);
}

#[tokio::test]
async fn what_an_earlier_version_kept_without_its_origin_goes_alone_also_in_another_file() {
    let folder = tempfile::tempdir().unwrap();
    let letters = open(folder.path(), 1 << 20);
    let mut old = letter("a", "1");
    (old.alone, old.earlier) = (true, true);
    letters
        .add(vec![letter("b", "2"), old.clone()])
        .await
        .unwrap();
    letters.seal().await.unwrap();
    letters.forget_all_but(1, vec![old.clone()]).await.unwrap();
    assert_eq!(all(&open(folder.path(), 1 << 20)).await, [old]);
}
