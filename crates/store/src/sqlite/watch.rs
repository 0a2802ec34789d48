//! Looks after an open database from a thread of its own, on which a disk that stands still holds
//! up nothing else: whether its files are in their places, once a second, and at the start how many
//! markers of receipt there are, where they are too many to be counted while the service starts. Meanwhile it
//! moves what an earlier version left in the way.

use super::database::Database;
use super::moving::Mover;
use std::sync::{Arc, Weak};
use std::thread;
use std::time::Duration;

/// Between two looks.
const INTERVAL: Duration = Duration::from_secs(1);
/// Between two steps of moving, in which others read and write.
const MOVING_PAUSE: Duration = Duration::from_millis(20);

/// Starts the thread, which ends when the database is closed.
pub(super) fn start(database: &Arc<Database>) {
    let database = Arc::downgrade(database);
    let name = "store-watch".to_owned();
    if let Err(error) = thread::Builder::new()
        .name(name)
        .spawn(move || run(&database))
    {
        tracing::warn!(%error, "nothing watches whether the database file is moved away; a write still finds it");
    }
}

fn run(database: &Weak<Database>) {
    if let Some(database) = database.upgrade()
        && let Err(error) = database.count_receipts()
    {
        tracing::warn!(%error, "the markers of receipt could not be counted");
    }
    let mut mover = Some(Mover::default());
    let mut is_told = false;
    while let Some(database) = database.upgrade() {
        database.look();
        let step = mover.as_mut().map(|mover| mover.step(&database));
        drop(database);
        if matches!(step, Some(Ok(_))) && std::mem::take(&mut is_told) {
            tracing::info!("large texts of an earlier version are moved again");
        }
        thread::sleep(match step {
            Some(Ok(true)) => MOVING_PAUSE,
            Some(Ok(false)) | None => {
                mover = None;
                INTERVAL
            }
            // Somebody else writes, or there is no room for a while.
            Some(Err(error)) => {
                if !is_told {
                    tracing::warn!(%error, "large texts of an earlier version cannot be moved for now");
                }
                is_told = true;
                INTERVAL
            }
        });
    }
}
