//! Killed at many moments, it goes on, and nobody serves what is half moved.

use super::{PATIENCE, left_in_the_spool, migrate, on, rows, stop};
use crate::support::binaries;
use crate::support::process::{Process, leashed};
use crate::support::traffic::{drained, rest};
use rusqlite::{Connection, params};
use serde_json::Value;
use std::path::Path;
use std::time::Duration;
use store::migration::{Standing, standing};

/// Enough for several transactions.
const ROWS: u32 = 150_000;
const BATCH: u32 = 100;
const DAYS: i64 = 3;
const DAY: i64 = 86_400_000_000_000;
/// 2026-01-01T00:00:00Z.
const START: i64 = 1_767_225_600_000_000_000;
/// The delay of the next kill is so much longer.
const LONGER: Duration = Duration::from_millis(11);

/// Rows as a service writes them, of batches that overlap.
fn fill(folder: &Path) {
    let mut file = Connection::open(folder.join("logs.sqlite3")).unwrap();
    let transaction = file.transaction().unwrap();
    let insert = "INSERT INTO logs VALUES (?1, ?2, ?3, NULL, ?4, ?5, ?6)";
    let mut statement = transaction.prepare(insert).unwrap();
    for number in 0..ROWS {
        let time = START + i64::from(number) * (DAYS * DAY / i64::from(ROWS));
        // Each is of one of two.
        let batch = u64::from(number / (2 * BATCH) * 2 + number % 2);
        let position = number % (2 * BATCH) / 2;
        let id = [
            &(time.cast_unsigned() ^ (1 << 63)).to_be_bytes()[..],
            &batch.to_be_bytes(),
            &position.to_be_bytes(),
        ];
        let (message, attributes) = (format!("row {number}"), format!("{{\"n\":{number}}}"));
        let severity = number % 20;
        let row = params![
            id.concat(),
            time,
            severity,
            message,
            attributes,
            time / 1_000_000
        ];
        statement.execute(row).unwrap();
    }
    drop(statement);
    transaction.commit().unwrap();
}

fn begin(folder: &Path) -> Process {
    let mut command = leashed(binaries::aggregator(), None);
    command.env_clear().arg("migrate").env("DATA_DIR", folder);
    Process::spawn(&mut command)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disk_that_is_full_on_the_way_stops_it_and_with_room_it_goes_on() {
    let place = tempfile::tempdir().unwrap();
    let folder = place.path();
    stop(rows(folder).start().await).await;
    fill(folder);
    let before = everything(folder).await;
    // In blocks of 512 bytes: enough for the spool, and for some blocks. A full disk sends no signal.
    let limited = "trap '' XFSZ; ulimit -f 512; exec \"$0\" migrate";
    let mut command = leashed("sh", None);
    command.env_clear().env("DATA_DIR", folder);
    command.args(["-c", limited]).arg(binaries::aggregator());
    let process = Process::spawn(&mut command);
    let status = process.wait_exit(PATIENCE).await;
    assert_eq!(status.code(), Some(1), "{}", process.stderr());
    assert!(
        process.stderr().starts_with("error: "),
        "{}",
        process.stderr()
    );
    assert_eq!(standing(folder).unwrap(), Standing::Moving);
    let (status, told, stderr) = migrate(on(folder)).await;
    assert!(status.success(), "{told}{stderr}");
    assert!(everything(folder).await == before);
}

/// All records, as they are answered.
async fn everything(folder: &Path) -> Vec<Value> {
    let service = on(folder).start().await;
    drained(&service).await;
    let reply = service.get("/logs/retrieve?startTime=0").await;
    assert_eq!(reply.status, 200);
    stop(service).await;
    match reply.json() {
        Value::Array(records) => records,
        other => panic!("no array: {other}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_at_many_moments_it_goes_on_and_no_record_is_lost_or_there_twice() {
    let place = tempfile::tempdir().unwrap();
    let folder = place.path();
    stop(rows(folder).start().await).await;
    fill(folder);
    let before = everything(folder).await;
    left_in_the_spool(folder).await;
    let (mut delay, mut kills, mut seen) = (Duration::ZERO, 0, Vec::new());
    loop {
        delay += LONGER;
        let process = begin(folder);
        rest(delay).await;
        if let Some(status) = process.try_wait() {
            assert!(status.success(), "{}", process.stderr());
            break;
        }
        process.kill();
        kills += 1;
        let found = standing(folder).unwrap();
        if seen.last() != Some(&found) {
            seen.push(found);
            if !matches!(found, Standing::Rows | Standing::Blocks { .. }) {
                let (status, _, stderr) = on(folder).start_expecting_exit().await;
                assert_eq!(status.code(), Some(1), "{stderr}");
                assert!(stderr.contains("run `aggregator migrate`"), "{stderr}");
            }
        }
    }
    assert!(kills > 3, "{kills} kills");
    assert!(seen.contains(&Standing::Moving), "{seen:?}");
    let (status, told, _) = migrate(on(folder)).await;
    assert!(
        status.success() && told.contains("nothing to move"),
        "{told}"
    );
    let mut after = everything(folder).await;
    let came = after.len() - before.len();
    assert_eq!(came, 3, "those of the spool have come to them");
    after.retain(|record| record["message"].as_str().unwrap().starts_with("row "));
    assert!(after == before, "{kills} kills, {seen:?}");
    assert!(PATIENCE > delay);
}
