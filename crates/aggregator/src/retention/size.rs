//! The bound of the store: beyond it the oldest records go, an hour of them at a time. And the disk gets back what is free.

use super::policy::{all_before, minus};
use super::rounds::Retention;
use super::state::Cause;
use super::windows::Window;
use crate::breaker::guard::CallError;
use logs::Timestamp;
use program::shown;
use query::{Order, Query};
use std::sync::Arc;
use std::time::Duration;
use store::figures::StoreSize;
use store::{PageLimit, StoreError};

/// Records of the newest hour stay, whatever they take.
const HOUR: Duration = Duration::from_secs(3600);
const HOUR_NANOS: i64 = 3_600_000_000_000;
/// So much of the bound is free when a round has ended, by twentieths: else each round would have something to do.
const FREE_OF_TWENTY: u64 = 1;
/// Room of the file that is left in it for what comes next: a tenth of what is in use.
const KEPT_FREE: u64 = 10;
/// Steps of giving back in one round.
const MOST_STEPS: u32 = 20_000;
/// What MongoDB could give back is told from here on.
const WORTH_TELLING: u64 = 64 * 1024 * 1024;

impl Retention {
    /// Keeps the bound.
    pub(super) async fn by_size(&self) {
        let Some(mut size) = self.size().await else {
            return;
        };
        self.remover.goes_on();
        let (mut over, mut removed) = (None, 0);
        let most = self.policy.most_bytes().unwrap_or(u64::MAX);
        if size.in_use > most {
            let target = most - most / 20 * FREE_OF_TWENTY;
            let quota = quota(&size, target);
            while size.in_use > target && removed < quota {
                let Some(window) = self.oldest_hour().await else {
                    over = Some(format!(
                        "the store takes {}, more than MAX_STORE_BYTES, and all that could go is of the last hour",
                        shown::size(size.in_use)
                    ));
                    break;
                };
                let removal = Arc::new(all_before(window.until));
                let what = (Cause::Size, quota - removed);
                removed += self.remover.remove(&removal, window, what).await;
                match self.size().await {
                    Some(now) => size = now,
                    None => break,
                }
            }
            tracing::info!(
                removed,
                in_use = size.in_use,
                most,
                "the oldest records are removed: the store took more than MAX_STORE_BYTES"
            );
        }
        self.remover.state.takes(size.in_use, over);
    }

    /// Gives the disk what is free in the store's file, but for a part that is used soon.
    pub(super) async fn give_back(&self) {
        let Some(size) = self.size().await else {
            return;
        };
        let free = size.on_disk.saturating_sub(size.in_use);
        if !self.remover.is_embedded {
            let is_much = free >= WORTH_TELLING && free > size.in_use / 4;
            let note = format!(
                "{} of the collection's files are free, and used for what comes next; MongoDB's command `compact` gives them back to the disk",
                shown::size(free)
            );
            self.remover.state.has_to_give_back(is_much.then_some(note));
            return;
        }
        if free <= size.in_use / KEPT_FREE {
            return;
        }
        let began = self.remover.clock.elapsed();
        for _ in 0..MOST_STEPS {
            let _undisturbed = self.remover.backups.hold_off_in_the_end().await;
            let stepped = self.remover.clock.elapsed();
            let deadline = stepped + self.remover.timeout;
            match self.remover.writer.store.give_back(deadline).await {
                Ok(true) => {}
                Ok(false) => return,
                Err(error) => return tracing::debug!(%error, "room is not given back"),
            }
            let took = self.remover.clock.elapsed().saturating_sub(stepped);
            self.remover.pause(took, began).await;
        }
    }

    async fn size(&self) -> Option<StoreSize> {
        let deadline = self.remover.clock.elapsed() + self.remover.timeout;
        match self.remover.writer.store.size(deadline).await {
            Ok(size) => {
                if size.is_none() && self.policy.most_bytes().is_some() {
                    let reason = "the store does not say what it takes: its user needs collStats";
                    self.remover
                        .fails(&StoreError::Rejected(reason.to_owned()).into());
                }
                size
            }
            Err(error) => {
                self.remover.fails(&error.into());
                None
            }
        }
    }

    /// From the oldest record to the end of its hour; `None` when that is of the newest hour.
    async fn oldest_hour(&self) -> Option<Window> {
        const ONE: PageLimit = PageLimit {
            rows: 1,
            bytes: 1,
            looked_at: 1,
            time: HOUR,
            record_time: HOUR,
        };
        let query = Query {
            order: Order::Ascending,
            ..Query::default()
        };
        let clock = &self.remover.clock;
        let deadline = clock.elapsed() + self.remover.timeout;
        let store = &self.remover.writer.store;
        let page = async {
            let page = store.page(&query, None, ONE, deadline).await?;
            page.read(&query).await
        };
        let page = match page.await {
            Ok(page) => page,
            Err(error) => {
                self.remover.fails(&CallError::from(error));
                return None;
            }
        };
        let oldest = page.row(0)?.id.time();
        window_of(oldest, minus(clock.now(), HOUR))
    }
}

/// The rest of the hour of the oldest record, as far as it is older than `newest`.
fn window_of(oldest: Timestamp, newest: Timestamp) -> Option<Window> {
    let hour = oldest.nanos().div_euclid(HOUR_NANOS);
    let end = hour.saturating_add(1).saturating_mul(HOUR_NANOS);
    let until = Timestamp::from_nanos(end).min(newest);
    (oldest < until).then_some(Window { from: None, until })
}

/// Records that may go at most. MongoDB tells what is free only some time after they have gone, so it goes by how many
/// there are.
fn quota(size: &StoreSize, target: u64) -> u64 {
    let Some(records) = size.records else {
        return u64::MAX;
    };
    let excess = size.in_use.saturating_sub(target);
    let share = u128::from(records) * u128::from(excess) / u128::from(size.in_use.max(1));
    u64::try_from(share).unwrap_or(u64::MAX).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_hour_goes_and_nothing_of_the_newest() {
        let at = |minutes: i64| Timestamp::from_nanos(minutes * 60_000_000_000);
        let until = |oldest, newest| window_of(at(oldest), at(newest)).map(|window| window.until);
        assert_eq!(until(130, 1_000), Some(at(180)));
        assert_eq!(until(130, 170), Some(at(170)));
        assert_eq!(until(130, 130), None);
        assert_eq!(until(-1, 1_000), Some(at(0)));
        let ends = [Timestamp::MIN, Timestamp::MAX];
        assert!(ends.iter().all(|end| window_of(*end, *end).is_none()));
    }

    #[test]
    fn where_it_is_known_how_many_there_are_a_share_of_them_goes() {
        let size = |records| StoreSize {
            in_use: 1_000,
            on_disk: 2_000,
            records,
        };
        assert_eq!(quota(&size(None), 900), u64::MAX);
        assert_eq!(quota(&size(Some(50)), 900), 5);
        assert_eq!(quota(&size(Some(5)), 999), 1);
    }
}
