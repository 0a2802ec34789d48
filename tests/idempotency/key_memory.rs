//! `KEY_MEMORY`: what is remembered of keyed batches whose records have no time of their own goes when
//! it is old, and not before.

use std::sync::Arc;
use std::time::Duration;

use logs::Timestamp;
use logs::clock::{Clock, SystemClock};
use record::batch::BatchOrigin;
use record::id::{BatchId, IdFormat, KeyDigest};
use store::Store;
use store::address::MongoAddress;
use store::blocks::{BlockSettings, BlockStore};
use store::mongo::{MongoStore, Target};
use store::sqlite::SqliteStore;
use tempfile::TempDir;

use crate::support::mongod;
use crate::support::service::Service;
use crate::support::stores::{Backend, database};
use crate::support::wait_until;

const PATIENCE: Duration = Duration::from_secs(60);
const DAY: i64 = 24 * 3600 * 1_000_000_000;
const NAME: &str = "key_memory";

/// A place for a store, on which a service can be started as well.
struct Place {
    backend: Backend,
    folder: TempDir,
}

impl Place {
    async fn open(&self) -> Arc<dyn Store> {
        let clock = Arc::new(SystemClock::start());
        match self.backend {
            Backend::Sqlite => Arc::new(SqliteStore::open(self.folder.path(), clock).unwrap()),
            Backend::Blocks => {
                let settings = BlockSettings {
                    cache_bytes: 0,
                    min_free_disk: 0,
                };
                Arc::new(BlockStore::open(self.folder.path(), clock, settings).unwrap())
            }
            Backend::MongoDb => {
                let target = Target {
                    address: MongoAddress::parse(&mongod::shared().await.uri()).unwrap(),
                    database: database(NAME),
                    collection: "logs".to_owned(),
                    compression: None,
                    max_connections: 4,
                    look_interval: PATIENCE,
                    new_format: Arc::new(|| IdFormat::Ordered),
                };
                Arc::new(MongoStore::start(target, clock))
            }
        }
    }

    async fn service(&self, memory: Option<&str>) -> Service {
        let mut settings = self
            .backend
            .builder(NAME)
            .await
            .data_dir(self.folder.path());
        if let Some(memory) = memory {
            settings = settings.env("KEY_MEMORY", memory);
        }
        settings.start().await
    }

    /// What is known of the times of receipt of these batches; this is the time of those that are not.
    async fn receipts(&self, batches: &[BatchId], otherwise: Timestamp) -> Vec<Timestamp> {
        let store = self.open().await;
        let asked = batches.iter().map(|batch| BatchOrigin {
            id: *batch,
            key: Some(KeyDigest::of("key")),
            content_key: false,
            received_at: otherwise,
        });
        let asked = asked.collect();
        let receipts = store.receipts(asked, PATIENCE).await.unwrap();
        store.close().await;
        receipts
    }
}

fn batches(kind: &str) -> Vec<BatchId> {
    (0..3)
        .map(|number| BatchId::keyed(&format!("{kind} {number}"), b""))
        .collect()
}

async fn forgotten(backend: Backend) {
    let place = Place {
        backend,
        folder: tempfile::tempdir().unwrap(),
    };
    let now = SystemClock::start().now();
    let ago = |days: i64| Timestamp::from_nanos(now.nanos() - days * DAY);
    let (old, young) = (batches("old"), batches("young"));
    assert_eq!(place.receipts(&old, ago(40)).await, [ago(40); 3]);
    assert_eq!(place.receipts(&young, ago(20)).await, [ago(20); 3]);

    // For ever, unless it is set.
    let service = place.service(None).await;
    let count = async |service: &Service, expected: u64| {
        wait_until("the number to be shown", PATIENCE, async || {
            let receipts = service.health().await["store"]["receipts"].clone();
            receipts["count"] == expected && receipts["bytes"].as_u64() > Some(0)
        })
        .await;
    };
    count(&service, 6).await;
    drop(service);
    assert_eq!(place.receipts(&old, now).await, [ago(40); 3]);

    let service = place.service(Some("30days")).await;
    wait_until("the old ones to be forgotten", PATIENCE, async || {
        service.log_text().contains("are forgotten")
    })
    .await;
    service.restart().await;
    count(&service, 3).await;
    drop(service);
    assert_eq!(place.receipts(&young, now).await, [ago(20); 3]);
    assert_eq!(place.receipts(&old, now).await, [now; 3]);
}

mod what_is_older_than_key_memory_is_forgotten_and_the_rest_is_not {
    use super::{Backend, forgotten};

    #[tokio::test(flavor = "multi_thread")]
    async fn on_sqlite() {
        forgotten(Backend::Sqlite).await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn on_mongodb() {
        forgotten(Backend::MongoDb).await;
    }
}
