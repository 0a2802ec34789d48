//! A spool on a simulated disk, without threads: the real parts, driven one step at a time.

use super::counts::Counts;
use super::model::Waiting;
use super::random::Random;
use super::simulated_disk::SimulatedDisk;
use crate::bounds::{AppendError, Bounds};
use crate::commit::{self, Commit};
use crate::continuation::Tail;
use crate::log::SpoolOptions;
use crate::{Consumer, Spool, SpoolError, assemble, offline};
use logs::Timestamp;
use logs::clock::Clock;
use record::batch::Batch;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};

/// Time stands still: nothing in the spool's promises depends on it.
struct Stopped;

impl Clock for Stopped {
    fn now(&self) -> Timestamp {
        Timestamp::from_nanos(0)
    }

    fn elapsed(&self) -> Duration {
        Duration::ZERO
    }
}

/// A spool on a simulated disk, without threads.
pub(super) struct Opened {
    pub(super) tail: Tail,
    pub(super) spool: Spool,
    pub(super) source: Consumer,
}

pub(super) fn open(
    disk: &SimulatedDisk,
    bounds: Bounds,
    salts: u64,
    recover: bool,
) -> Result<Opened, SpoolError> {
    open_for(disk, bounds, salts, recover, false)
}

/// The same; whether batches may come of which an earlier version took records.
pub(super) fn open_for(
    disk: &SimulatedDisk,
    bounds: Bounds,
    salts: u64,
    recover: bool,
    earlier: bool,
) -> Result<Opened, SpoolError> {
    open_place(place(disk, bounds, earlier), salts, recover)
}

/// The same, where the store may have forgotten what is below this number.
pub(super) fn open_behind(
    disk: &SimulatedDisk,
    bounds: Bounds,
    salts: u64,
    forgotten_below: u64,
) -> Result<Opened, SpoolError> {
    let place = SpoolOptions {
        forgotten_below,
        ..place(disk, bounds, false)
    };
    open_place(place, salts, false)
}

fn place(disk: &SimulatedDisk, bounds: Bounds, earlier: bool) -> SpoolOptions {
    SpoolOptions {
        disk: Arc::new(disk.clone()),
        bounds,
        clock: Arc::new(Stopped),
        accounts: Arc::<Counts>::default(),
        id: [0; 16],
        forgotten_below: 0,
        earlier,
    }
}

fn open_place(place: SpoolOptions, salts: u64, recover: bool) -> Result<Opened, SpoolError> {
    let mut salts = Random::new(salts);
    let (shared, tail) = assemble(place, Box::new(move || salts.bits()), recover)?;
    let source = Consumer::new(Arc::clone(&shared));
    let commits = mpsc::channel(1).0;
    let spool = Spool { shared, commits };
    Ok(Opened {
        tail,
        spool,
        source,
    })
}

pub(super) fn dumped(disk: &SimulatedDisk) -> Vec<(u64, Batch)> {
    let mut all = Vec::new();
    let read = offline::dump(disk, |seq, batch| {
        let (id, key, time) = (batch.id, batch.key().copied(), batch.received_at);
        let documents = batch.documents.encoded();
        let again = Batch::from_parts(id, key, time, documents, batch.undated().to_vec());
        all.push((seq, again.unwrap()));
        Ok(())
    });
    read.unwrap();
    all
}

impl Opened {
    /// Appends as the committing thread does; the answers.
    pub(super) fn append(&mut self, group: Vec<Batch>) -> Vec<Result<u64, AppendError>> {
        self.append_requests(group.into_iter().map(|batch| vec![batch]).collect())
    }

    /// The same for requests of several batches; the answer for each batch.
    pub(super) fn append_requests(
        &mut self,
        group: Vec<Vec<Batch>>,
    ) -> Vec<Result<u64, AppendError>> {
        let (mut commits, mut answers) = (Vec::new(), Vec::new());
        for batches in group {
            let (answer, written) = oneshot::channel();
            let places = 0..batches.len() as u64;
            commits.push(Commit {
                batches,
                room: Box::new(()),
                answer,
            });
            answers.push((places, written));
        }
        commit::commit(&mut self.tail, commits, &self.spool.shared);
        let each = answers.into_iter().flat_map(|(places, mut answer)| {
            let first: Result<u64, AppendError> = answer.try_recv().unwrap();
            places.map(move |place| first.clone().map(|first| first + place))
        });
        each.collect()
    }

    pub(super) fn waiting(&self) -> Waiting {
        let state = self.spool.shared.state();
        Waiting {
            cursor: state.cursor,
            next_seq: state.next_seq,
            batches: state.waiting_batches,
            records: state.accounts.waiting(),
        }
    }

    pub(super) fn segments(&self) -> usize {
        self.spool.shared.state().spans.len()
    }
}
