//! One test, each store.

use std::hash::{DefaultHasher, Hash, Hasher};

use super::mongod;
use super::service::{Builder, Service};

/// Where the service keeps the logs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Backend {
    /// Rows in a file of its own.
    Sqlite,
    /// Blocks in a file of its own.
    Blocks,
    /// A database of the shared server.
    MongoDb,
}

impl Backend {
    /// All of them.
    pub(crate) const ALL: [Self; 3] = [Self::Sqlite, Self::Blocks, Self::MongoDb];

    /// The settings of a service on this store, for the test with this name.
    pub(crate) async fn builder(self, name: &str) -> Builder {
        match self {
            Self::Sqlite => Service::builder().env("LAYOUT", "rows"),
            Self::Blocks => Service::builder().env("LAYOUT", "blocks"),
            Self::MongoDb => {
                let uri = mongod::shared().await.uri();
                Service::builder().mongodb(&uri, &database(name))
            }
        }
    }

    /// A fresh service on this store.
    pub(crate) async fn start(self, name: &str) -> Service {
        self.builder(name).await.start().await
    }
}

/// The database of a test on the shared server.
pub(crate) fn database(name: &str) -> String {
    const LONGEST: usize = 40;
    let (name, pid) = (name.replace("::", "_"), std::process::id());
    if name.len() <= LONGEST {
        return format!("t_{name}_{pid}");
    }
    // MongoDB takes 63 bytes.
    let mut hasher = DefaultHasher::new();
    name.hash(&mut hasher);
    format!("t_{:016x}_{pid}", hasher.finish())
}

/// Runs a test on a fresh service; the bound tells the compiler what the closure takes.
pub(crate) async fn run(backend: Backend, name: &str, test: impl AsyncFnOnce(Service)) {
    test(backend.start(name).await).await;
}

/// Makes a test of one closure for each store: `name::on_sqlite`, `name::on_blocks` and `name::on_mongodb`.
///
/// ```ignore
/// on_each_store!(accepts_a_batch, async |service| {
///     assert_eq!(service.batch(&json!([])).await.status, 200);
/// });
/// ```
macro_rules! on_each_store {
    ($name:ident, $test:expr) => {
        async fn $name(backend: crate::support::stores::Backend) {
            // Two files may have a test of one name.
            let name = concat!(module_path!(), "_", stringify!($name));
            crate::support::stores::run(backend, name, $test).await;
        }

        mod $name {
            use crate::support::stores::Backend;

            #[tokio::test(flavor = "multi_thread")]
            async fn on_sqlite() {
                super::$name(Backend::Sqlite).await;
            }

            #[tokio::test(flavor = "multi_thread")]
            async fn on_blocks() {
                super::$name(Backend::Blocks).await;
            }

            #[tokio::test(flavor = "multi_thread")]
            async fn on_mongodb() {
                super::$name(Backend::MongoDb).await;
            }
        }
    };
}

pub(crate) use on_each_store;
