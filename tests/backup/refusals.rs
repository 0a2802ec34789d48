//! What is no backup is not restored, what is there is not written over, and what must wait waits.

use super::{done, on, run, send, stop};
use crate::support::service::Service;
use crate::support::traffic::seconds_to_wait;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// A folder with a record, its service, and where a backup goes.
async fn scene() -> (TempDir, PathBuf, Service, PathBuf) {
    let place = tempfile::tempdir().unwrap();
    let [folder, backup] = ["data", "backup"].map(|name| place.path().join(name));
    let service = on(&folder).start().await;
    send(&service, "first").await;
    (place, folder, service, backup)
}

async fn assert_fails(folder: &Path, command: &str, of: &Path, said: &str) {
    let (status, _, stderr) = run(folder, command, of).await;
    assert_eq!(status.code(), Some(1), "{stderr}");
    assert!(
        stderr.starts_with("error: ") && stderr.contains(said),
        "{stderr}"
    );
}

#[tokio::test]
async fn nothing_that_is_there_is_written_over() {
    let (place, folder, service, backup) = scene().await;
    let nowhere = place.path().join("nowhere");
    assert_fails(&nowhere, "backup", &backup, "there is no data folder").await;
    assert_fails(&folder, "backup", &folder, "not empty").await;
    let within = folder.join("backup");
    assert_fails(&folder, "backup", &within, "lies in the data folder").await;
    assert!(!within.exists());
    done(&folder, "backup", &backup).await;
    assert_fails(&folder, "backup", &backup, "not empty").await;
    assert_fails(
        &folder,
        "restore",
        &backup,
        "is in use by another aggregator",
    )
    .await;
    stop(&service).await;
    assert_fails(
        &folder,
        "restore",
        &backup,
        "there is something in the data folder",
    )
    .await;
    let service = on(&folder).start().await;
    assert_eq!(super::stored(&service).await.len(), 3);
}

#[tokio::test]
async fn what_is_not_whole_is_restored_to_no_folder_that_a_service_starts_on() {
    let (place, folder, _service, backup) = scene().await;
    done(&folder, "backup", &backup).await;
    let target = |name: &str| place.path().join(name);
    let store = backup.join("blocks.sqlite3");
    let whole = fs::read(&store).unwrap();

    fs::write(&store, &whole[..whole.len() - 1]).unwrap();
    assert_fails(
        &target("cut"),
        "restore",
        &backup,
        "is not what was backed up",
    )
    .await;
    assert!(
        !target("cut").join("spool").exists(),
        "it was looked at first"
    );
    let mut changed = whole.clone();
    changed[5000] ^= 1;
    fs::write(&store, changed).unwrap();
    assert_fails(
        &target("changed"),
        "restore",
        &backup,
        "is not what was backed up",
    )
    .await;
    let verify = on(&target("changed")).arg("spool").arg("verify");
    for command in [on(&target("changed")), verify] {
        let (status, _, stderr) = command.start_expecting_exit().await;
        assert!(!status.success());
        assert!(stderr.contains("not all of it is there"), "{stderr}");
    }

    fs::write(&store, whole).unwrap();
    let manifest = backup.join("backup.json");
    let text = fs::read_to_string(&manifest).unwrap();
    for (changed, said) in [
        (
            text.replace("\"format\": 1", "\"format\": 2"),
            "use a newer aggregator",
        ),
        (
            text.replace("blocks.sqlite3", "../blocks.sqlite3"),
            "leads out of the backup",
        ),
        (text[..text.len() / 2].to_owned(), "is no backup"),
    ] {
        fs::write(&manifest, changed).unwrap();
        assert_fails(&target("other"), "restore", &backup, said).await;
    }
    fs::remove_file(&manifest).unwrap();
    assert_fails(&target("other"), "restore", &backup, "is no backup").await;
    assert!(!target("other").exists());
}

#[tokio::test]
async fn what_was_refused_is_not_put_back_while_a_backup_is_made() {
    let (_place, folder, service, _) = scene().await;
    let replay = async || {
        let path = "/logs/rejected/replay";
        service.post(path, "application/json", "").await
    };
    let backup = File::open(folder.join("backup.lock")).unwrap();
    backup.lock().unwrap();
    let refused = replay().await;
    assert_eq!(refused.status, 503, "{}", refused.text());
    assert_eq!(refused.json()["code"], "backup_under_way");
    assert!(seconds_to_wait(&refused) > 0);
    drop(backup);
    assert_eq!(replay().await.status, 200);
}

#[tokio::test]
async fn many_files_of_refused_records_need_no_more_descriptors_than_few() {
    let (_place, folder, service, backup) = scene().await;
    stop(&service).await;
    let rejected = folder.join("rejected");
    for number in 0..300 {
        fs::write(rejected.join(format!("{number:020}.rej")), "one").unwrap();
    }
    let command = on(&folder).arg("backup").arg(backup.display().to_string());
    let (status, _, stderr) = command.max_open_files(100).start_expecting_exit().await;
    assert!(status.success(), "{stderr}");
    let copied = fs::read_dir(backup.join("rejected")).unwrap().count();
    assert_eq!(copied, 300);
}

#[tokio::test]
async fn what_cannot_be_backed_up_well_is_refused() {
    let (place, folder, service, backup) = scene().await;
    // As an aggregator leaves it that knows of no backups.
    let lock = folder.join("backup.lock");
    fs::remove_file(&lock).unwrap();
    assert_fails(
        &folder,
        "backup",
        &backup,
        "an aggregator of an earlier version",
    )
    .await;
    stop(&service).await;
    done(&folder, "backup", &backup).await;
    assert!(lock.is_file(), "made for the next start");
    fs::write(folder.join("restoring"), "").unwrap();
    let other = place.path().join("other");
    assert_fails(
        &folder,
        "backup",
        &other,
        "not all of a backup was put into",
    )
    .await;
}
