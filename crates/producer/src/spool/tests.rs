//! What the spool promises: batches survive, damage is quarantined, the size is bounded.

use super::*;
use bytes::Bytes;
use std::collections::BTreeSet;
use std::fs;
use tempfile::TempDir;

const ROOM: u64 = 1 << 20;

fn payload(text: &str) -> Payload {
    Payload {
        bytes: Bytes::copy_from_slice(text.as_bytes()),
        logs: 3,
        gzip: text.len() % 2 == 1,
    }
}

fn open(folder: &TempDir) -> (Spool, Recovered) {
    Spool::open(folder.path(), ROOM).unwrap()
}

fn names(folder: &TempDir) -> BTreeSet<String> {
    let entries = fs::read_dir(folder.path()).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.filter(|name| name != "lock").collect()
}

fn file(folder: &TempDir, number: u64, suffix: &str) -> PathBuf {
    folder.path().join(format!("{number:020}.{suffix}"))
}

/// Keys and bodies of what is there at a start.
fn left(folder: &TempDir) -> Vec<(String, Bytes)> {
    let (spool, recovered) = open(folder);
    let read = |entry| spool.read(entry).unwrap();
    let entries = recovered.entries.iter().map(read);
    entries.map(|(key, payload)| (key, payload.bytes)).collect()
}

#[test]
fn what_was_not_answered_is_found_again_byte_for_byte_and_in_its_order() {
    let folder = tempfile::tempdir().unwrap();
    let payloads = ["[]", "", "\u{0}\n{\"key\":\"x\"}\nproducer-spool 1", "[{}]"];
    {
        let (spool, recovered) = open(&folder);
        assert!(recovered.entries.is_empty() && recovered.damaged == 0);
        for (number, text) in payloads.iter().enumerate() {
            spool
                .store(&format!("key \"{number}\""), &payload(text))
                .unwrap();
        }
        let answered = spool.store("answered", &payload("[1]")).unwrap();
        assert_eq!(spool.logs(), 15);
        spool.remove(&answered);
        assert_eq!(spool.logs(), 12);
    }
    let (spool, recovered) = open(&folder);
    assert_eq!((spool.logs(), recovered.logs()), (12, 12));
    for (number, (entry, text)) in recovered.entries.iter().zip(payloads).enumerate() {
        let (key, read) = spool.read(entry).unwrap();
        let expected = payload(text);
        assert_eq!(key, format!("key \"{number}\""));
        assert_eq!(read.bytes, expected.bytes);
        assert_eq!((read.logs, read.gzip), (expected.logs, expected.gzip));
        spool.remove(entry);
    }
    assert_eq!((spool.logs(), names(&folder).len()), (0, 0));
}

#[test]
fn a_run_does_not_write_over_what_another_one_left() {
    let folder = tempfile::tempdir().unwrap();
    for key in ["a", "b", "c"] {
        open(&folder).0.store(key, &payload(key)).unwrap();
    }
    let keys: Vec<_> = left(&folder).into_iter().map(|(key, _)| key).collect();
    assert_eq!(keys, ["a", "b", "c"]);
    // Also when the last file is one that was set aside.
    fs::write(file(&folder, 2, "batch"), "damaged").unwrap();
    open(&folder).0.store("d", &payload("d")).unwrap();
    let expected = [0, 1, 2, 3].map(|number| {
        let suffix = if number == 2 { "damaged" } else { "batch" };
        format!("{number:020}.{suffix}")
    });
    assert_eq!(names(&folder), BTreeSet::from(expected));
}

/// The states that a kill can leave between any two steps of keeping and forgetting a batch.
#[test]
fn a_crash_at_any_step_leaves_a_whole_batch_or_none() {
    let folder = tempfile::tempdir().unwrap();
    open(&folder)
        .0
        .store("whole", &payload("[{},{},{}]"))
        .unwrap();
    let whole = fs::read(file(&folder, 0, "batch")).unwrap();
    for written in 0..=whole.len() {
        // Killed while it wrote, or before the new name: the attempt comes after, so nobody knows of it.
        fs::write(file(&folder, 1, "new"), &whole[..written]).unwrap();
        assert_eq!(left(&folder).len(), 1);
        assert!(!file(&folder, 1, "new").exists());
    }
    // Killed after the new name, tried or not; and answered, but not yet removed: it is sent (again).
    let expected = [("whole".to_owned(), Bytes::from("[{},{},{}]"))];
    assert_eq!(left(&folder), expected);
    // Removed.
    fs::remove_file(file(&folder, 0, "batch")).unwrap();
    assert!(left(&folder).is_empty());
}

#[test]
fn a_damaged_batch_is_set_aside_and_never_sent_as_something_else() {
    let folder = tempfile::tempdir().unwrap();
    open(&folder).0.store("key", &payload("[{}]")).unwrap();
    let path = file(&folder, 0, "batch");
    let whole = fs::read(&path).unwrap();
    let cut = (0..whole.len()).map(|length| whole[..length].to_vec());
    let flipped = (0..whole.len() * 8).map(|bit| {
        let mut bytes = whole.clone();
        bytes[bit / 8] ^= 1 << (bit % 8);
        bytes
    });
    let longer = [[&whole[..], b"\n"].concat()];
    for bytes in cut.chain(flipped).chain(longer) {
        fs::write(&path, &bytes).unwrap();
        let (spool, recovered) = open(&folder);
        assert_eq!(
            (recovered.entries.len(), recovered.damaged, spool.logs()),
            (0, 1, 0)
        );
        assert_eq!(fs::read(file(&folder, 0, "damaged")).unwrap(), bytes);
        assert!(!path.exists());
        fs::remove_file(file(&folder, 0, "damaged")).unwrap();
    }
}

#[test]
fn what_is_damaged_does_not_keep_the_others_back() {
    let folder = tempfile::tempdir().unwrap();
    {
        let (spool, _) = open(&folder);
        for key in ["a", "b", "c"] {
            spool.store(key, &payload(key)).unwrap();
        }
    }
    fs::write(file(&folder, 1, "batch"), "").unwrap();
    let (_, recovered) = open(&folder);
    assert_eq!((recovered.entries.len(), recovered.damaged), (2, 1));
    // It is counted when it is found; it stays until somebody takes it away.
    let (_, recovered) = Spool::open(folder.path(), ROOM).unwrap();
    assert_eq!((recovered.entries.len(), recovered.damaged), (2, 0));
    assert!(file(&folder, 1, "damaged").exists());
}

#[test]
fn a_folder_belongs_to_one_process_and_other_files_in_it_are_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let foreign = [
        "1.batch",
        "notes",
        "00000000000000000001.batch.bak",
        "+0000000000000000001.new",
    ];
    for name in foreign {
        fs::write(folder.path().join(name), "mine").unwrap();
    }
    let (spool, recovered) = open(&folder);
    assert!(recovered.entries.is_empty() && recovered.damaged == 0);
    let second = Spool::open(folder.path(), ROOM).unwrap_err();
    assert!(matches!(second, SpoolError::InUse(_)), "{second}");
    drop(spool);
    open(&folder);
    assert_eq!(names(&folder), foreign.map(str::to_owned).into());
}

#[test]
fn its_size_is_bounded_and_what_is_answered_gives_room() {
    let folder = tempfile::tempdir().unwrap();
    let (spool, _) = Spool::open(folder.path(), 1000).unwrap();
    let large = payload(&"x".repeat(600));
    let first = spool.store("a", &large).unwrap();
    let full = spool.store("b", &large).unwrap_err();
    assert!(matches!(full, SpoolError::Full { .. }), "{full}");
    assert!(
        full.to_string().contains("--spool-max-bytes 1000"),
        "{full}"
    );
    assert_eq!((spool.logs(), names(&folder).len()), (3, 1));
    spool.remove(&first);
    spool.store("b", &large).unwrap();
    drop(spool);
    // What an earlier run left takes room, too.
    let (spool, _) = Spool::open(folder.path(), 1000).unwrap();
    assert!(spool.store("c", &large).is_err());
}

#[test]
fn a_batch_that_the_disk_does_not_take_is_not_in_the_spool() {
    let folder = tempfile::tempdir().unwrap();
    let (spool, _) = open(&folder);
    // Its name is taken: the write fails.
    fs::create_dir(file(&folder, 0, "new")).unwrap();
    let error = spool.store("a", &payload("[]")).unwrap_err();
    assert!(matches!(error, SpoolError::Disk { .. }), "{error}");
    assert_eq!(spool.logs(), 0);
    spool.store("b", &payload("[]")).unwrap();
    assert_eq!(spool.logs(), 3);
    fs::remove_dir(file(&folder, 0, "new")).unwrap();
    drop(spool);
    assert_eq!(left(&folder).len(), 1);
}
