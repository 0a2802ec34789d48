//! Opens each part of the service and puts them together.

use super::data_folder::{REJECTED_FOLDER, SPOOL_FOLDER};
use super::entrance::Entrance;
use super::reload::Changeable;
use super::{Ends, StartError, deleting, new_format, removal};
use crate::accounting::admission::Admission;
use crate::accounting::batch_status::BatchStatuses;
use crate::accounting::record_counts::Accounting;
use crate::accounting::request_account::Books;
use crate::breaker::guard::Guard;
use crate::breaker::{Breaker, Settings, recovery};
use crate::config::{Config, Instance, LogFilter, SpoolConfig};
use crate::deliver::attempt::StoreAccess;
use crate::deliver::backup_lock::BackupLock;
use crate::deliver::batch_memory::{self, ForgetsBatches};
use crate::deliver::dead_letters::{DeadLetterBounds, DeadLetters};
use crate::deliver::deferral::Deferral;
use crate::deliver::delivery::Delivery;
use crate::deliver::drain;
use crate::deliver::expired::Expired;
use crate::deliver::insert_size::InsertSize;
use crate::deliver::key_memory::KeyMemory;
use crate::deliver::outage::Outage;
use crate::deliver::pause::Pause;
use crate::deliver::problems::Problems;
use crate::deliver::write_job::Writer;
use crate::http::{self, Audit, HeldUploads, Services};
use crate::ingest::decode::BodyBounds;
use crate::ingest::intake::Intake;
use crate::ingest::key_recovery;
use crate::retention::RetentionState;
use crate::search::retrieval::Retrieval;
use crate::search::tail::Tails;
use crate::worker::Lane;
use logs::clock::Clock;
use query::cursor::CursorKey;
use spool::disk::Folder;
use spool::{self, Bounds, Committer, Consumer, Identity, Spool, SpoolError, SpoolOptions};
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use store::Store;
use store::blocks::BlockStore;
use store::layout::Opened;
use store::mongo::NewFormat;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

/// A segment of a spool that may become large.
const SEGMENT_BYTES: u64 = 64 * 1024 * 1024;
/// A small spool has this many segments, so that room is freed in small steps.
const SEGMENTS: u64 = 8;

/// What is kept on this machine's own disk.
pub(super) struct Queues {
    pub(super) accounting: Arc<Accounting>,
    pub(super) spool: Spool,
    pub(super) committer: Committer,
    pub(super) consumer: Consumer,
    pub(super) dead_letters: Arc<DeadLetters>,
    /// Reads what was refused before.
    pub(super) reading: AbortOnDropHandle<()>,
    pub(super) backups: BackupLock,
    /// What is too old when it comes.
    pub(super) expired: Arc<Expired>,
}

impl Queues {
    /// For the store: which ids a collection gets that it makes.
    pub(super) fn new_format(&self) -> NewFormat {
        new_format::of(self.spool.clone(), Arc::clone(&self.dead_letters))
    }
}

/// The spool's folder, and which spool it is.
pub(super) struct SpoolFolder {
    disk: Folder,
    pub(super) identity: Identity,
}

impl SpoolFolder {
    /// Keeps the spool's id, if it is new: before the spool is opened.
    pub(super) fn keep(&self) -> io::Result<()> {
        self.identity.keep(&self.disk)
    }
}

/// Finds the spool, or makes its folder; it is not opened yet.
pub(super) fn find_spool(folder: &Path) -> Result<SpoolFolder, StartError> {
    let failed = |source| StartError::Spool(SpoolError::Io(source));
    let disk = Folder::create(&folder.join(SPOOL_FOLDER)).map_err(failed)?;
    let identity = spool::identify(&disk).map_err(failed)?;
    Ok(SpoolFolder { disk, identity })
}

/// Opens the spool, and what was refused, which is read from here on. What the store may have forgotten of it is
/// not delivered again.
pub(super) fn open_queues(
    config: &SpoolConfig,
    folder: &Path,
    SpoolFolder { disk, identity }: SpoolFolder,
    forgotten_below: u64,
    clock: &Arc<dyn Clock>,
) -> Result<Queues, StartError> {
    let (dead_letters, reading) = open_dead_letters(config, &folder.join(REJECTED_FOLDER))?;
    let accounting = Arc::<Accounting>::default();
    let options = SpoolOptions {
        disk: Arc::new(disk),
        bounds: Bounds {
            max_bytes: config.spool_max_bytes,
            min_free_disk: config.spool_min_free_disk,
            segment_bytes: SEGMENT_BYTES.min(config.spool_max_bytes / SEGMENTS),
        },
        clock: Arc::clone(clock),
        accounts: Arc::clone(&accounting) as Arc<dyn spool::Accounts>,
        id: identity.id,
        forgotten_below,
        earlier: dead_letters.holds_earlier(),
    };
    let (spool, committer, consumer) = spool::open(options, config.spool_recover)?;
    Ok(Queues {
        accounting,
        spool,
        committer,
        consumer,
        dead_letters,
        reading,
        backups: BackupLock::of(folder),
        expired: Arc::default(),
    })
}

fn open_dead_letters(
    config: &SpoolConfig,
    folder: &Path,
) -> Result<(Arc<DeadLetters>, AbortOnDropHandle<()>), StartError> {
    let bounds = DeadLetterBounds {
        max_bytes: config.rejected_max_bytes,
        min_free_disk: config.spool_min_free_disk,
    };
    let opened = Folder::create(folder).and_then(|disk| DeadLetters::start(Arc::new(disk), bounds));
    opened.map_err(|source| StartError::DataFolder {
        folder: folder.display().to_string(),
        source,
    })
}

/// Starts the lanes and puts everything where it belongs.
pub(super) fn wire_up(
    (config, folder): (&Config, &Path),
    Opened { store, blocks, .. }: Opened,
    queues: Queues,
    (entrance, log): (Entrance, LogFilter),
    clock: Arc<dyn Clock>,
    cursors: CursorKey,
    instance: Instance,
) -> (Arc<Services>, Ends, Changeable) {
    let (http, workers) = (&config.http, config.workers.workers);
    let deadline = http.request_timeout;
    let [write_guard, read_guard] = guards(deadline, &clock);
    let writer = Arc::new(Writer {
        store: Arc::clone(&store),
        guard: write_guard,
    });
    let (mut tasks, retention) = beside(config, &queues, (&writer, &read_guard), blocks, &clock);
    let (capacity, handler) = (config.workers.queue_capacity, Arc::clone(&writer));
    let (lane, writing) = Lane::start(capacity, workers, handler, Arc::clone(&clock));
    let stopping = CancellationToken::new();
    let (keys, statuses) = key_recovery::start(queues.spool.clone(), stopping.clone());
    let ready = (lane, Arc::clone(&writer));
    let delivery = delivery(&queues, ready, &statuses, &clock, deadline);
    // One more than there are workers, so that none waits for work.
    let (drain, draining) = drain::start(delivery, queues.consumer, workers + 1);
    let ways = (writer, &read_guard, &drain);
    let held = (&queues.spool, &queues.dead_letters, &queues.backups);
    let (deletions, deleting) = deleting::start(folder, held, ways, &clock, &instance, deadline);
    tasks.extend(deleting);
    tasks.extend([queues.reading, queues.backups.follow()]);
    let door = entrance.open(http, &clock, &mut tasks);
    let (retrieval, tails, reading) = retrieval(config, &store, read_guard, &clock);
    let books = books(queues.accounting, &clock);
    let services = Services {
        instance,
        intake: {
            let into = (queues.spool, Arc::clone(&queues.dead_letters));
            Intake::new(into, books.clone(), keys, statuses, bounds(config))
        },
        connections: door.connections,
        clock,
        store,
        drain,
        dead_letters: queues.dead_letters,
        backups: queues.backups,
        retrieval,
        tails,
        retention,
        deletions,
        cursors,
        admission: Admission::with_kept(http.max_inflight_bytes, http.kept_for_deliveries()),
        held_uploads: HeldUploads::new(http.max_inflight_bytes),
        limits: door.changeable.limits.subscribe(),
        tls: door.tls,
        access: door.access,
        log,
        audit: Audit::default(),
        requests: http::requests(),
        senders: books.senders,
        addresses: http::addresses(),
        stopping,
    };
    let ends = Ends {
        committer: queues.committer,
        drain: draining,
        lanes: [writing, reading],
        tasks,
    };
    (Arc::new(services), ends, door.changeable)
}

fn retrieval(
    config: &Config,
    store: &Arc<dyn Store>,
    guard: Guard,
    clock: &Arc<dyn Clock>,
) -> (Arc<Retrieval>, Option<Arc<Tails>>, JoinHandle<()>) {
    let (http, workers) = (&config.http, &config.workers);
    let (retrieval, reading) = Retrieval::start(
        Arc::clone(store),
        guard,
        Arc::clone(clock),
        (workers.queue_capacity.div_ceil(4), workers.workers),
        http.request_timeout,
        http.max_streams,
        Arc::new(Admission::new(http.max_read_bytes)),
    );
    let retrieval = Arc::new(retrieval);
    let tails = store.feed().map(|feed| {
        let bounds = (http.max_tails, http.tail_heartbeat);
        Tails::start(Arc::clone(&retrieval), feed, Arc::clone(clock), bounds)
    });
    (retrieval, tails, reading)
}

fn books(records: Arc<Accounting>, clock: &Arc<dyn Clock>) -> Books {
    Books {
        records,
        senders: Arc::default(),
        clock: Arc::clone(clock),
    }
}

pub(super) fn delivery(
    queues: &Queues,
    (lane, writer): (Lane<Writer>, Arc<Writer>),
    statuses: &Arc<BatchStatuses>,
    clock: &Arc<dyn Clock>,
    timeout: Duration,
) -> Delivery {
    let portion = writer.store.portion();
    Delivery {
        spool: queues.spool.clone(),
        store: StoreAccess {
            lane,
            writer,
            clock: Arc::clone(clock),
            timeout,
            problems: Problems::default(),
            outage: Outage::default(),
            pause: Pause::default(),
            portion,
            insert_size: InsertSize::new(portion.documents),
        },
        dead_letters: Arc::clone(&queues.dead_letters),
        deferral: Deferral::new(&queues.spool),
        panicked: Problems::default(),
        statuses: Arc::clone(statuses),
        expired: Arc::clone(&queues.expired),
    }
}

/// What goes on beside the ways in and out.
fn beside(
    config: &Config,
    queues: &Queues,
    (writer, reads): (&Arc<Writer>, &Guard),
    blocks: Option<Arc<BlockStore>>,
    clock: &Arc<dyn Clock>,
) -> (Vec<AbortOnDropHandle<()>>, Arc<RetentionState>) {
    let guarded = vec![writer.guard.clone(), reads.clone()];
    let mut tasks = vec![recovery::start(Arc::clone(&writer.store), guarded)];
    tasks.extend(forgetting(config, queues, writer, blocks, clock));
    let (spool, backups) = (queues.spool.clone(), queues.backups.clone());
    let of_removal = (spool, backups, Arc::clone(&queues.expired));
    let (removing, retention) = removal::start(config, of_removal, writer, clock);
    tasks.extend(removing);
    (tasks, retention)
}

/// Forgets what is remembered of batches, as the store keeps it.
fn forgetting(
    config: &Config,
    queues: &Queues,
    writer: &Arc<Writer>,
    blocks: Option<Arc<BlockStore>>,
    clock: &Arc<dyn Clock>,
) -> Option<AbortOnDropHandle<()>> {
    let (spool, dead_letters) = (queues.spool.clone(), Arc::clone(&queues.dead_letters));
    let (clock, backups) = (Arc::clone(clock), queues.backups.clone());
    let own_keys = config.store.key_memory;
    if let Some(ledger) = blocks {
        let forgets = ForgetsBatches {
            spool,
            dead_letters,
            ledger,
            clock,
            memory: batch_memory::memory(own_keys),
            backups,
        };
        return Some(forgets.start());
    }
    own_keys.map(|memory| {
        let key_memory = KeyMemory {
            spool,
            dead_letters,
            writer: Arc::clone(writer),
            clock,
            memory,
            timeout: config.http.request_timeout,
            backups,
        };
        key_memory.start()
    })
}

/// The breakers in front of the store's writes and of its reads.
pub(super) fn guards(deadline: Duration, clock: &Arc<dyn Clock>) -> [Guard; 2] {
    let settings = [
        Settings::write_lane(deadline),
        Settings::read_lane(deadline),
    ];
    settings.map(|settings| {
        let breaker = Arc::new(Breaker::new(settings, rand::random()));
        Guard::new(breaker, Arc::clone(clock))
    })
}

fn bounds(config: &Config) -> BodyBounds {
    BodyBounds {
        decoded_bytes: config.http.max_decoded_bytes,
        strict: config.http.is_strict(),
    }
}
