//! A service on a store, the load on it, and the accounts behind it.

use crate::failure::Failure;
use crate::load::{Load, Sent};
use crate::mongod::{Mark, Mongod};
use crate::report::Run;
use crate::service::{Health, Service, Store, size_of};
use crate::session::Session;
use crate::tally::Tally;
use crate::usage::{Usage, as_f64};
use crate::verify;
use std::path::Path;
use tempfile::TempDir;

/// The database of a run; it is dropped at the end.
pub(crate) const DATABASE: &str = "bench";

/// Which store a service works on.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Target<'a> {
    /// Rows in SQLite.
    Embedded,
    /// Blocks in SQLite.
    Blocks,
    MongoDb(&'a Mongod),
}

/// A service on an empty store.
#[derive(Debug)]
pub(crate) struct Rig<'a> {
    // Declared before the folder: it has to be gone before the folder is removed.
    service: Service,
    data: TempDir,
    target: Target<'a>,
    /// Records that the service has accepted.
    acknowledged: u64,
}

/// A load that is in the store.
#[derive(Debug)]
pub(crate) struct Stored {
    /// Records a second from the first one sent to the last one stored, and all that was used.
    pub(crate) run: Run,
    pub(crate) sent: Sent,
}

/// What was used when a load began.
#[derive(Debug)]
pub(crate) struct Before {
    service: Usage,
    mongod: Option<Mark>,
}

impl Target<'_> {
    /// The two of the embedded store.
    pub(crate) const LAYOUTS: [Target<'static>; 2] = [Target::Embedded, Target::Blocks];

    /// The name of the layout.
    pub(crate) fn layout(self) -> &'static str {
        match self {
            Self::Embedded => "rows",
            Self::Blocks => "blocks",
            Self::MongoDb(_) => "documents",
        }
    }

    /// As the service is told.
    pub(crate) fn store(self) -> Store {
        match self {
            Self::Embedded => Store::Embedded { layout: "rows" },
            Self::Blocks => Store::Embedded { layout: "blocks" },
            Self::MongoDb(mongod) => Store::MongoDb {
                uri: mongod.uri(),
                database: DATABASE.to_owned(),
            },
        }
    }

    /// Its name, for cases.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Embedded => "embedded",
            Self::Blocks => "blocks",
            Self::MongoDb(_) => "MongoDB",
        }
    }
}

impl<'a> Rig<'a> {
    /// Starts a service on an empty store.
    pub(crate) async fn start(session: &Session, target: Target<'a>) -> Result<Self, Failure> {
        if let Target::MongoDb(mongod) = target {
            mongod.drop_database(DATABASE).await?;
        }
        let data = session.programs.folder()?;
        let service = Service::start(&session.programs, &target.store(), data.path()).await?;
        Ok(Self {
            service,
            data,
            target,
            acknowledged: 0,
        })
    }

    /// The service.
    pub(crate) fn service(&self) -> &Service {
        &self.service
    }

    /// The service's data folder.
    pub(crate) fn data(&self) -> &Path {
        self.data.path()
    }

    /// Bytes of the embedded store's files alone, without spool and whatever else is in the folder.
    pub(crate) fn store_bytes(&self) -> Result<u64, Failure> {
        let file = match self.target {
            Target::Embedded => store::sqlite::FILE_NAME,
            Target::Blocks => store::blocks::FILE_NAME,
            Target::MongoDb(_) => return Err(Failure::told("the store is on a server")),
        };
        let mut bytes = 0;
        for suffix in ["", "-wal", "-shm"] {
            let path = self.data().join(format!("{file}{suffix}"));
            bytes += if path.exists() { size_of(&path)? } else { 0 };
        }
        Ok(bytes)
    }

    /// Where it stores.
    pub(crate) fn target(&self) -> Target<'a> {
        self.target
    }

    /// Notes records that were accepted beside a load.
    pub(crate) fn acknowledge(&mut self, records: u64) {
        self.acknowledged += records;
    }

    /// What is used so far.
    pub(crate) fn before(&self) -> Result<Before, Failure> {
        Ok(Before {
            service: self.service.usage()?,
            mongod: match self.target {
                Target::Embedded | Target::Blocks => None,
                Target::MongoDb(mongod) => Some(mongod.mark()?),
            },
        })
    }

    /// Adds what service and server have used since.
    pub(crate) fn add_usage(&self, run: Run, before: &Before) -> Result<Run, Failure> {
        let mut usage = self.service.usage()?;
        usage.cpu_seconds -= before.service.cpu_seconds;
        let run = run.with("aggregator", usage);
        match (self.target, before.mongod) {
            (Target::MongoDb(mongod), Some(mark)) => Ok(run.with("mongod", mongod.since(mark)?)),
            _ => Ok(run),
        }
    }

    /// Sends a load and waits until all of it is stored.
    pub(crate) async fn store(
        &mut self,
        session: &Session,
        load: &Load,
    ) -> Result<Stored, Failure> {
        let before = self.before()?;
        let sent = load.send(&session.programs, self.service.url()).await?;
        self.stored(load, sent, &before).await
    }

    /// Waits until a load that was sent is stored.
    pub(crate) async fn stored(
        &mut self,
        load: &Load,
        sent: Sent,
        before: &Before,
    ) -> Result<Stored, Failure> {
        let (stored_at, health) = self.service.all_stored(load.patience()).await?;
        let after = stored_at
            .saturating_duration_since(sent.ended)
            .as_secs_f64();
        let summary = &sent.summary;
        let run = Run::rate(summary.accepted, summary.elapsed_seconds + after);
        let run = self.add_usage(run, before)?.with("producer", sent.usage);
        let latency = summary.latency_ms;
        let run = run
            .detail("accepted/s", summary.logs_per_second)
            .detail("retries", as_f64(summary.retries))
            .detail("ack p50 ms", latency.map_or(f64::NAN, |all| all.p50))
            .detail("ack p99 ms", latency.map_or(f64::NAN, |all| all.p99));
        self.acknowledged += summary.accepted;
        let told = self.told(&health);
        let run = run.faulty(summary.fault()).faulty(told);
        Ok(Stored { run, sent })
    }

    /// What is wrong with the service's own accounts, if anything is.
    fn told(&self, health: &Health) -> Option<String> {
        let records = &health.records;
        let adds_up = records.stored == self.acknowledged
            && records.stored + records.already_stored == records.received
            && records.rejected.values().all(|records| *records == 0);
        (!adds_up).then(|| {
            format!(
                "{} records were acknowledged, and the service tells of {records:?}",
                self.acknowledged
            )
        })
    }

    /// Reads the store: what is wrong with what it holds, if anything is. `beside` are acknowledged
    /// records with times of their own.
    pub(crate) async fn fault(&self, step: f64, beside: u64) -> Result<Option<String>, Failure> {
        let mut tally = Tally::new(self.acknowledged.saturating_sub(beside), step);
        match self.target {
            Target::Embedded => verify::sqlite(self.data(), &mut tally)?,
            Target::Blocks => verify::served(self.service.url(), &mut tally).await?,
            Target::MongoDb(mongod) => {
                verify::mongodb(&mongod.database(DATABASE), &mut tally).await?;
            }
        }
        Ok(tally.fault(beside))
    }

    /// Ends the service and keeps its data folder.
    pub(crate) async fn stop(self) -> Result<TempDir, Failure> {
        self.service.stop().await?;
        Ok(self.data)
    }

    /// Ends the service and removes what was stored.
    pub(crate) async fn end(self) -> Result<(), Failure> {
        self.service.stop().await?;
        match self.target {
            Target::Embedded | Target::Blocks => Ok(()),
            Target::MongoDb(mongod) => mongod.drop_database(DATABASE).await,
        }
    }
}

/// One run: a service on an empty store, a load, and the accounts.
pub(crate) async fn one_load(
    session: &Session,
    target: Target<'_>,
    load: &Load,
) -> Result<Run, Failure> {
    let mut rig = Rig::start(session, target).await?;
    let stored = rig.store(session, load).await?;
    let fault = rig.fault(load.step(), 0).await?;
    rig.end().await?;
    Ok(stored.run.faulty(fault))
}
