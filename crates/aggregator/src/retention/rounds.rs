//! Round after round: what has become too old since the last one goes, and then what the store has no room for.

use super::policy::Policy;
use super::removing::Remover;
use super::state::{Cause, RetentionState};
use super::windows::windows;
use crate::deliver::backup_lock::BackupLock;
use crate::deliver::expired::Expired;
use crate::deliver::write_job::Writer;
use logs::clock::Clock;
use spool::Spool;
use std::sync::Arc;
use std::time::Duration;
use store::removal::{Purpose, Removal};
use tokio_util::task::AbortOnDropHandle;

/// Before the first round: a start has other things to do.
const FIRST: Duration = Duration::from_secs(2);
/// Between two rounds.
const PAUSE: Duration = Duration::from_secs(30);
/// The same where something came that was too old: it need not stay for long.
const SOON: Duration = Duration::from_secs(5);
/// A round that looks at more than what is new waits for so many times as long as the last of its kind took.
const RESTS: u32 = 20;
/// So often all is looked at, whatever is known of the last round: others may write to the same MongoDB.
const ALL: Duration = Duration::from_secs(24 * 3600);
/// So often it is told that what comes is too old.
const TOLD: Duration = Duration::from_secs(3600);

/// What the rounds work with.
pub(crate) struct Retention {
    pub(super) policy: Policy,
    pub(super) remover: Remover,
    expired: Arc<Expired>,
    told_expired: (Duration, u64),
}

/// The last whole round.
struct Last {
    removal: Arc<Removal>,
    all_at: Duration,
}

impl Retention {
    /// Starts the rounds, which end with the handle.
    pub(crate) fn start(
        policy: Policy,
        writer: Arc<Writer>,
        (spool, backups): (Spool, BackupLock),
        (clock, timeout): (Arc<dyn Clock>, Duration),
        (state, expired): (Arc<RetentionState>, Arc<Expired>),
    ) -> AbortOnDropHandle<()> {
        state.is_on(policy.most_bytes());
        let is_embedded = writer.store.status().kind != "mongodb";
        let retention = Self {
            policy,
            remover: Remover {
                writer,
                spool,
                clock,
                timeout,
                backups,
                state,
                is_embedded,
            },
            expired,
            told_expired: Default::default(),
        };
        AbortOnDropHandle::new(tokio::spawn(retention.run()))
    }

    async fn run(mut self) {
        let mut last = None;
        let mut looked = Duration::ZERO;
        self.watch();
        tokio::time::sleep(FIRST).await;
        loop {
            let clock = Arc::clone(&self.remover.clock);
            let began = clock.elapsed();
            self.remover.state.round_begins(began);
            let came = self.expired.take_oldest();
            let is_more = came.is_some() || last.is_none();
            self.by_age(&mut last, came).await;
            self.by_size().await;
            self.give_back().await;
            let ended = clock.elapsed();
            self.remover.state.round_ends(ended);
            let took = ended.saturating_sub(began);
            if is_more {
                looked = took;
            }
            self.tell_expired(ended);
            let soon = async {
                tokio::time::sleep(SOON.max(looked * RESTS)).await;
                self.expired.came().await;
            };
            tokio::select! {
                () = tokio::time::sleep(PAUSE.max(took)) => {}
                () = soon => {}
            }
        }
    }

    /// What comes is judged as the next round would.
    fn watch(&self) -> Arc<Removal> {
        let now = self.remover.clock.now();
        let removal = Arc::new(self.policy.removal(now, Purpose::Age));
        self.expired.watch(Arc::clone(&removal));
        removal
    }

    async fn by_age(&self, last: &mut Option<Last>, came: Option<logs::Timestamp>) {
        if !self.policy.is_by_age() {
            return;
        }
        let began = self.remover.clock.elapsed();
        let removal = self.watch();
        let known = last.take();
        let known = known.filter(|last| began.saturating_sub(last.all_at) < ALL);
        let of_last = known.as_ref().map(|last| &*last.removal);
        let mut removed = 0;
        for window in windows(of_last, &removal, came) {
            let what = (Cause::Age, u64::MAX);
            removed += self.remover.remove(&removal, window, what).await;
        }
        if removed > 0 {
            let took = self.remover.clock.elapsed().saturating_sub(began);
            let took_seconds = took.as_secs_f32();
            tracing::info!(
                removed,
                took_seconds,
                "records that were too old are removed"
            );
        }
        let all_at = known.map_or(began, |last| last.all_at);
        *last = Some(Last { removal, all_at });
    }

    fn tell_expired(&mut self, now: Duration) {
        let count = self.expired.count();
        let (told_at, told) = self.told_expired;
        if count > told && (told == 0 || now.saturating_sub(told_at) >= TOLD) {
            let records = count - told;
            tracing::warn!(
                records,
                "records came that are older than they are kept: they are stored, and removed soon"
            );
            self.told_expired = (now, count);
        }
    }
}
