//! What blocks remember of batches goes when no copy of them can come any more, and not before.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use logs::Timestamp;
use logs::clock::Clock;
use record::batch::BatchOrigin;
use record::id::{BatchId, KeyDigest};
use rusqlite::{Connection, OpenFlags};
use serde_json::json;
use spool::disk::Folder;
use store::Store as _;
use store::blocks::{BlockSettings, BlockStore};

use super::{dated, send};
use crate::support::service::Service;
use crate::support::traffic::{drained, stored};
use crate::support::wait_until;

/// A spool rests half a minute before it gives up what is done.
const PATIENCE: Duration = Duration::from_secs(150);
const JSON: &str = "application/json";
const DAY: i64 = 24 * 3600 * 1_000_000_000;

/// How many batches the ledger of a data folder has.
fn batches(folder: &Path) -> u32 {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY;
    let file = Connection::open_with_flags(folder.join("blocks.sqlite3"), flags).unwrap();
    file.busy_timeout(PATIENCE).unwrap();
    let count = "SELECT COUNT(*) FROM batches";
    file.query_row(count, [], |row| row.get(0)).unwrap()
}

async fn forgotten_but_for(folder: &Path, expected: u32) {
    wait_until("batches to be forgotten", PATIENCE, async || {
        batches(folder) == expected
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_without_a_key_leaves_nothing_behind_and_one_with_a_key_is_known_for_good() {
    let service = Service::builder().env("LAYOUT", "blocks").start().await;
    let path = "/logs/batch?ack=stored";
    for number in 0..20 {
        let logs = json!([{ "message": format!("without a key {number}") }]);
        let reply = service.post(path, JSON, logs.to_string()).await;
        assert_eq!(reply.status, 200, "{}", reply.text());
    }
    send(&service, "key", &dated()).await;
    let before = stored(&service).await;
    assert_eq!(before["one"], 1);
    assert_eq!(batches(service.data_dir()), 21);
    forgotten_but_for(service.data_dir(), 1).await;

    // Its segment is gone, and with it what the door knew of it.
    service.restart().await;
    send(&service, "key", &dated()).await;
    wait_until("the copy to be done", PATIENCE, async || {
        service.health().await["records"]["alreadyStored"] == 3
    })
    .await;
    assert_eq!(stored(&service).await, before);
}

/// Copies the segments of a spool, and no other file.
fn copy_segments(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "seg") {
            fs::copy(&path, to.join(path.file_name().unwrap())).unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_old_copy_of_a_spool_that_lost_its_id_is_not_delivered_unless_an_operator_says_so() {
    let data = tempfile::tempdir().unwrap();
    let (spool, copy) = (data.path().join("spool"), data.path().join("copy"));
    let builder = || Service::builder().data_dir(data.path());
    let service = builder().start().await;
    for number in 0..3 {
        let logs = json!([{ "message": format!("without a key {number}") }]);
        let reply = service.post("/logs/batch?ack=stored", JSON, logs.to_string());
        assert_eq!(reply.await.status, 200);
    }
    let before = stored(&service).await;
    copy_segments(&spool, &copy);
    forgotten_but_for(data.path(), 0).await;
    drop(service);

    let id = fs::read(spool.join("spool-id")).unwrap();
    fs::remove_dir_all(&spool).unwrap();
    copy_segments(&copy, &spool);
    for _ in 0..2 {
        let (status, _, stderr) = builder().start_expecting_exit().await;
        assert_eq!(status.code(), Some(1), "{stderr}");
        assert!(stderr.contains("put its file spool-id back"), "{stderr}");
    }
    fs::write(spool.join("spool-id"), id).unwrap();
    let service = builder().start().await;
    drained(&service).await;
    assert_eq!(stored(&service).await, before);
    drop(service);

    fs::remove_dir_all(&spool).unwrap();
    copy_segments(&copy, &spool);
    let recovered = builder().arg("--spool-recover").start().await;
    drained(&recovered).await;
    let health = recovered.health().await;
    assert_eq!(health["records"]["stored"], 3, "{health}");
    drop(recovered);
    // It has an id now.
    drop(builder().start().await);
}

/// A clock that was right so many days ago.
struct Ago(i64, logs::clock::SystemClock);

impl Clock for Ago {
    fn now(&self) -> Timestamp {
        Timestamp::from_nanos(self.1.now().nanos() - self.0 * DAY)
    }

    fn elapsed(&self) -> Duration {
        self.1.elapsed()
    }
}

/// Has the store of a data folder remember batches under clients' own keys so many days ago.
async fn remember(folder: &Path, days: i64, keys: [&str; 2]) {
    let clock = Arc::new(Ago(days, logs::clock::SystemClock::start()));
    let settings = BlockSettings {
        cache_bytes: 0,
        min_free_disk: 0,
    };
    let store = BlockStore::open(folder, Arc::clone(&clock) as Arc<dyn Clock>, settings).unwrap();
    // They came from the spool that is there.
    let spool = Folder::create(&folder.join("spool")).unwrap();
    store
        .meet_spool(spool::identify(&spool).unwrap().id)
        .unwrap();
    let batches = keys.map(|key| BatchOrigin {
        id: BatchId::keyed(key, b""),
        key: Some(KeyDigest::of(key)),
        content_key: false,
        received_at: clock.now(),
    });
    store.receipts(batches.to_vec(), PATIENCE).await.unwrap();
    store.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_older_than_key_memory_is_forgotten_and_the_rest_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let settings = || {
        let service = Service::builder().env("LAYOUT", "blocks");
        service.data_dir(folder.path())
    };
    // A folder is marked as one of blocks when a service begins it.
    drop(settings().start().await);
    remember(folder.path(), 10, ["old", "older"]).await;
    remember(folder.path(), 5, ["young", "younger"]).await;

    // For ever, unless it is set: others are forgotten meanwhile.
    let service = settings().start().await;
    let keyless = json!([{ "message": "without a key" }]).to_string();
    service.post("/logs/batch?ack=stored", JSON, keyless).await;
    assert_eq!(batches(folder.path()), 5);
    forgotten_but_for(folder.path(), 4).await;
    drop(service);

    let _service = settings().env("KEY_MEMORY", "7days").start().await;
    forgotten_but_for(folder.path(), 2).await;
}
