//! What blocks remember of batches goes when no copy of them can come any more, and not before.

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
use crate::support::traffic::stored;
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
    store.meet_spool(spool::identify(&spool).unwrap()).unwrap();
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
