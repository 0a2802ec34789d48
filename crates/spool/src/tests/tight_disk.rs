//! A disk with little room, or on which no file can be made: what is done is given back, what can never
//! fit is told, and it goes on when it can.

use super::super::disk::{Disk, DiskFile, Folder};
use super::super::frame::{FRAME_HEAD_BYTES, SEGMENT_HEAD_BYTES, batch_bytes};
use super::super::log::{FILLED_BYTES, FILLED_TO};
use super::super::tidy::WORTH_REMOVING;
use super::super::*;
use super::{ALL, append, batch, expected, place, take};
use logs::Timestamp;
use record::batch::{Batch, BatchBuilder};
use record::id::BatchId;
use std::io;
use std::path::Path;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// A real folder on a disk that has as much room as it is told.
struct Tight {
    folder: Folder,
    free: AtomicU64,
    /// Whether the process has as many files open as it may.
    no_descriptor: AtomicBool,
}

impl Tight {
    fn at(folder: &Path) -> Arc<Self> {
        Arc::new(Self {
            folder: Folder::create(folder).unwrap(),
            free: AtomicU64::new(1 << 30),
            no_descriptor: AtomicBool::new(false),
        })
    }
}

impl Disk for Tight {
    fn list(&self) -> io::Result<Vec<String>> {
        self.folder.list()
    }

    fn create(&self, name: &str) -> io::Result<Arc<dyn DiskFile>> {
        if self.no_descriptor.load(Ordering::Relaxed) {
            return Err(rustix::io::Errno::MFILE.into());
        }
        self.folder.create(name)
    }

    fn create_new(&self, name: &str) -> io::Result<Arc<dyn DiskFile>> {
        self.folder.create_new(name)
    }

    fn open(&self, name: &str) -> io::Result<Arc<dyn DiskFile>> {
        self.folder.open(name)
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        self.folder.rename(from, to)
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        self.folder.remove(name)
    }

    fn sync_folder(&self) -> io::Result<()> {
        self.folder.sync_folder()
    }

    fn free_bytes(&self) -> io::Result<u64> {
        Ok(self.free.load(Ordering::Relaxed))
    }
}

#[tokio::test]
async fn a_spool_that_is_done_gives_its_newest_segment_back_when_room_is_short() {
    let folder = tempfile::tempdir().unwrap();
    let disk = Tight::at(folder.path());
    let mut place = place(folder.path());
    place.disk = Arc::clone(&disk) as Arc<dyn Disk>;
    place.bounds.min_free_disk = 1 << 20;
    place.bounds.segment_bytes = 1 << 20;
    let (spool, _committer, mut source) = open(place, false).unwrap();
    append(&spool, 0..600).await;
    assert!(spool.snapshot().bytes > WORTH_REMOVING);
    take(&mut source, 600).await;
    for seq in 1..=600 {
        spool.done(seq, 0, BatchOutcome::default());
    }
    disk.free.store(1000, Ordering::Relaxed);
    assert!(matches!(spool.check(), Err(AppendError::DiskFull(_))));
    // The committing thread begins the next segment; then the old one can go.
    let freeing = async {
        while spool.snapshot().bytes >= WORTH_REMOVING {
            spool.tidy().unwrap();
            tokio::task::yield_now().await;
        }
    };
    let freed = tokio::time::timeout(Duration::from_secs(30), freeing).await;
    assert!(freed.is_ok(), "the newest segment stands in the way");
    disk.free.store(1 << 30, Ordering::Relaxed);
    append(&spool, 600..610).await;
    assert_eq!(take(&mut source, 10).await.len(), 10);
}

#[tokio::test]
async fn room_is_waited_for_until_what_is_done_was_removed() {
    let folder = tempfile::tempdir().unwrap();
    let mut place = place(folder.path());
    place.bounds.max_bytes = 1 << 16;
    place.bounds.segment_bytes = 1 << 14;
    let (spool, _committer, mut source) = open(place, false).unwrap();
    let mut taken = 0;
    while spool.append(batch(2), ()).await.is_ok() {
        taken += 1;
    }
    take(&mut source, taken).await;
    let mut waiting = pin!(spool.room(1000));
    let is_waiting = async |waiting: &mut Pin<&mut _>| {
        let waited: Result<(), _> = tokio::time::timeout(Duration::ZERO, waiting).await;
        waited.is_err()
    };
    for done in 1..taken as u64 {
        // Told or not, there is none yet.
        assert!(is_waiting(&mut waiting).await, "{done}");
        let before = spool.snapshot().bytes;
        spool.done(done, 0, BatchOutcome::default());
        spool.tidy().unwrap();
        if spool.snapshot().bytes < before {
            break;
        }
    }
    assert!(!is_waiting(&mut waiting).await);
    assert!(spool.append(batch(2), ()).await.is_ok());
}

#[tokio::test]
async fn a_batch_that_can_never_fit_is_told_so() {
    let folder = tempfile::tempdir().unwrap();
    let mut place = place(folder.path());
    place.bounds.max_bytes = 300;
    let (spool, _committer, mut source) = open(place, false).unwrap();
    let refused = spool.append(batch(2), ()).await.unwrap_err();
    assert!(matches!(refused, AppendError::TooLarge(_)), "{refused}");
    drop(source.next(ALL));
}

#[tokio::test]
async fn a_segment_that_cannot_be_made_refuses_that_batch_and_the_next_one_is_taken() {
    let folder = tempfile::tempdir().unwrap();
    let disk = Tight::at(folder.path());
    let mut place = place(folder.path());
    place.disk = Arc::clone(&disk) as Arc<dyn Disk>;
    // Every batch needs a segment of its own.
    place.bounds.segment_bytes = 1;
    let (spool, _committer, mut source) = open(place, false).unwrap();
    append(&spool, 0..2).await;
    disk.no_descriptor.store(true, Ordering::Relaxed);
    for _ in 0..3 {
        let refused = spool.append(batch(2), ()).await.unwrap_err();
        let told = matches!(&refused, AppendError::NoSegment(why) if why.contains("open files"));
        assert!(told, "{refused}");
    }
    assert!(!spool.snapshot().poisoned);
    assert!(spool.refusal().unwrap().contains("open files"));
    assert_eq!(spool.check(), Ok(()), "nobody would try again");
    disk.no_descriptor.store(false, Ordering::Relaxed);
    append(&spool, 2..4).await;
    assert_eq!(spool.refusal(), None);
    assert_eq!(take(&mut source, 4).await, expected(0..4));
}

#[tokio::test]
async fn a_segment_that_could_not_be_made_is_made_when_it_can_be_although_no_batch_comes() {
    let folder = tempfile::tempdir().unwrap();
    let disk = Tight::at(folder.path());
    let mut place = place(folder.path());
    place.disk = Arc::clone(&disk) as Arc<dyn Disk>;
    place.bounds.segment_bytes = 1;
    let (spool, _committer, _source) = open(place, false).unwrap();
    append(&spool, 0..1).await;
    disk.no_descriptor.store(true, Ordering::Relaxed);
    spool.append(batch(1), ()).await.unwrap_err();
    disk.no_descriptor.store(false, Ordering::Relaxed);
    let ending = async {
        while spool.refusal().is_some() {
            spool.tidy().unwrap();
            tokio::task::yield_now().await;
        }
    };
    let ended = tokio::time::timeout(Duration::from_secs(30), ending).await;
    assert!(ended.is_ok(), "it is refused for ever");
}

/// A batch of one record of about so many bytes.
fn large(number: usize, bytes: usize) -> Batch {
    let id = BatchId::keyed(&number.to_string(), b"body");
    let mut builder = BatchBuilder::new(id, None, Timestamp::from_nanos(5), usize::MAX);
    builder.record(None, None, &"x".repeat(bytes), |_| Ok(()));
    builder.finish().0
}

#[tokio::test]
async fn a_batch_that_fits_an_empty_spool_is_taken_whenever_everything_is_done() {
    const MAX_BYTES: u64 = 20_000;
    let fresh = async |bytes: usize| {
        let folder = tempfile::tempdir().unwrap();
        let mut place = place(folder.path());
        place.bounds.max_bytes = MAX_BYTES;
        let (spool, committer, source) = open(place, false).unwrap();
        let taken = spool.append(large(0, bytes), ()).await;
        (taken, spool, committer, source, folder)
    };
    let mut largest = usize::try_from(MAX_BYTES).unwrap();
    while fresh(largest).await.0.is_err() {
        largest -= 1;
    }
    for before in (1..=largest).step_by(largest / 50).chain([largest]) {
        let (taken, spool, _committer, _source, _folder) = fresh(before).await;
        spool.done(taken.unwrap(), 0, BatchOutcome::default());
        // Nothing else has looked for room meanwhile.
        let taken = spool.append(large(1, largest), ()).await;
        assert_eq!(taken, Ok(2), "behind {before} bytes");
        let refused = spool.append(large(2, largest), ()).await.unwrap_err();
        let full = matches!(refused, AppendError::Full { .. });
        assert!(full, "it is not done: {refused}");
        let refused = spool.append(large(2, largest + 1), ()).await.unwrap_err();
        assert!(matches!(refused, AppendError::TooLarge(_)), "{refused}");
    }
}

/// A batch whose frame takes so many bytes, without filler.
fn of_frame(bytes: usize) -> Batch {
    let mut batches = (1..bytes).map(|text| large(0, text));
    let exact = batches.find(|batch| batch_bytes(batch) + FRAME_HEAD_BYTES == bytes);
    exact.expect("one more letter is one more byte")
}

#[tokio::test]
async fn a_batch_is_too_large_from_the_first_byte_for_which_an_empty_spool_has_no_room() {
    let heads = 2 * SEGMENT_HEAD_BYTES as u64;
    // Of frames that have no filler, and of those that end with a block.
    for most in [FILLED_BYTES - 2, 20 * FILLED_TO] {
        for (bytes, fits) in [(most + 1, false), (most, true)] {
            let folder = tempfile::tempdir().unwrap();
            let mut place = place(folder.path());
            place.bounds.max_bytes = most as u64 + heads;
            let (spool, _committer, _source) = open(place, false).unwrap();
            let taken = spool.append(of_frame(bytes), ()).await;
            let is_too_large = matches!(taken, Err(AppendError::TooLarge(_)));
            assert_eq!(
                (taken.is_ok(), is_too_large),
                (fits, !fits),
                "{bytes}: {taken:?}"
            );
        }
    }
}

#[tokio::test]
async fn a_newest_segment_that_cannot_give_way_refuses_the_batch() {
    let folder = tempfile::tempdir().unwrap();
    let disk = Tight::at(folder.path());
    let mut place = place(folder.path());
    place.disk = Arc::clone(&disk) as Arc<dyn Disk>;
    place.bounds.segment_bytes = 1 << 20;
    let (spool, _committer, _source) = open(place, false).unwrap();
    let bytes = usize::try_from(2 * WORTH_REMOVING).unwrap();
    let seq = spool.append(large(0, bytes), ()).await.unwrap();
    spool.done(seq, 0, BatchOutcome::default());
    disk.no_descriptor.store(true, Ordering::Relaxed);
    disk.free.store(1000, Ordering::Relaxed);
    let refused = spool.append(large(1, bytes), ()).await.unwrap_err();
    assert!(matches!(refused, AppendError::DiskFull(_)), "{refused}");
    assert!(!spool.snapshot().poisoned);
}

#[tokio::test]
async fn an_orderly_stop_writes_what_the_start_had_no_room_for() {
    let folder = tempfile::tempdir().unwrap();
    let (spool, _killed, source) = open(place(folder.path()), false).unwrap();
    append(&spool, 0..3).await;
    drop((spool, source));
    for room in [false, true] {
        let disk = Tight::at(folder.path());
        disk.no_descriptor.store(true, Ordering::Relaxed);
        let mut place = place(folder.path());
        place.disk = Arc::clone(&disk) as Arc<dyn Disk>;
        let (spool, committer, _source) = open(place, false).unwrap();
        disk.no_descriptor.store(!room, Ordering::Relaxed);
        let closed = tokio::task::spawn_blocking(|| committer.close());
        assert!(closed.await.unwrap());
        disk.no_descriptor.store(false, Ordering::Relaxed);
        assert_eq!(spool.mark_clean().is_ok(), room);
    }
}

#[tokio::test]
async fn whoever_waits_for_the_end_of_a_spool_that_cannot_be_written_is_told_the_first_reason() {
    let folder = tempfile::tempdir().unwrap();
    let (spool, _committer, _source) = open(place(folder.path()), false).unwrap();
    let poison = async {
        for reason in ["first", "second"] {
            spool.shared.poison(reason);
        }
    };
    let told = async { tokio::join!(spool.poisoned(), poison).0 };
    let told = tokio::time::timeout(Duration::from_secs(30), told).await;
    assert_eq!(told.as_deref(), Ok("first"));
    assert_eq!(spool.poisoned().await, "first");
}

#[test]
fn a_folder_that_is_gone_is_not_taken_for_synced() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("spool");
    let disk = Folder::create(&path).unwrap();
    disk.sync_folder().unwrap();
    std::fs::remove_dir(&path).unwrap();
    disk.sync_folder().unwrap_err();
}
