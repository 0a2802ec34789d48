//! The store's word ends every lane's wait, and a failure that comes late does not begin another.

use super::*;
use crate::breaker::calls::Operation;
use crate::breaker::{Breaker, Settings, State};
use logs::clock::{Clock, SystemClock};
use std::fs;
use store::StoreError;
use store::sqlite::{FILE_NAME, SqliteStore};

/// Longer than anything takes that is not wrong, and shorter than a breaker stays open here.
const PATIENCE: Duration = Duration::from_secs(60);

fn lane(clock: &Arc<dyn Clock>) -> Guard {
    let settings = Settings {
        open_base: 100 * PATIENCE,
        open_max: 100 * PATIENCE,
        ..Settings::read_lane(PATIENCE)
    };
    Guard::new(Arc::new(Breaker::new(settings, 1)), Arc::clone(clock))
}

async fn fail(lane: &Guard, times: u32) {
    for _ in 0..times {
        let away = async { Err::<(), _>(StoreError::Unavailable("away".to_owned())) };
        lane.call(PATIENCE, Operation::Page, away)
            .await
            .unwrap_err();
    }
}

async fn until(condition: impl Fn() -> bool) {
    let met = async {
        while !condition() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(PATIENCE, met).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_stores_word_ends_the_wait_of_every_lane_also_of_one_that_opens_after_it() {
    let folder = tempfile::tempdir().unwrap();
    let (file, away) = (folder.path().join(FILE_NAME), folder.path().join("away"));
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::start());
    let store = SqliteStore::open(folder.path(), Arc::clone(&clock)).unwrap();
    let store: Arc<dyn Store> = Arc::new(store);
    let lanes = [lane(&clock), lane(&clock)];
    let _recovery = start(Arc::clone(&store), lanes.to_vec());
    fs::rename(&file, &away).unwrap();
    until(|| !store.status().available).await;
    for lane in &lanes {
        fail(lane, 5).await;
        assert_eq!(lane.snapshot().state, State::Open);
    }
    fs::rename(&away, &file).unwrap();
    let let_through = |lane: &Guard| lane.snapshot().state == State::HalfOpen;
    until(|| lanes.iter().all(let_through)).await;
    // A probe that began before the word, and fails now.
    fail(&lanes[1], 1).await;
    until(|| let_through(&lanes[1])).await;
    assert_eq!(lanes[1].snapshot().opened, 2);
}
