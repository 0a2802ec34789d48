//! The logs are for the service's own user: nobody else on the machine can read them.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use super::send;
use crate::support::service::Service;

/// The folder and everything in it, each with its mode.
fn modes(folder: &Path) -> Vec<(PathBuf, u32)> {
    let mut all = vec![(folder.to_owned(), mode(folder))];
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => all.extend(modes(&path)),
            false => all.push((path.clone(), mode(&path))),
        }
    }
    all
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

/// The files of a store, with what SQLite keeps beside that of its records.
const ROWS: [&str; 3] = ["logs.sqlite3", "logs.sqlite3-wal", "logs.sqlite3-shm"];
const BLOCKS: [&str; 4] = [
    "logs.sqlite3",
    "blocks.sqlite3",
    "blocks.sqlite3-wal",
    "blocks.sqlite3-shm",
];

/// Everything that the service keeps is there, and closed.
#[track_caller]
fn closed(folder: &Path, store: &[&str]) {
    let all = modes(folder);
    let queues = ["spool", "done", "rejected", "cursor.key", "lock"];
    for wanted in queues.iter().chain(store) {
        assert!(
            all.iter().any(|(path, _)| path.ends_with(wanted)),
            "{wanted} in {all:?}"
        );
    }
    let segment = all
        .iter()
        .any(|(path, _)| path.extension().is_some_and(|one| one == "seg"));
    assert!(segment, "{all:?}");
    for (path, mode) in all {
        let expected = if path.is_dir() { 0o700 } else { 0o600 };
        assert_eq!(mode, expected, "{mode:o} of {}", path.display());
    }
}

async fn on(folder: &Path, layout: &str) -> Service {
    let settings = Service::builder().data_dir(folder);
    let service = settings.env("LAYOUT", layout).start().await;
    assert_eq!(send(&service, "secret").await.status, 200);
    crate::support::traffic::stored(&service).await;
    crate::support::wait_until("the hint", super::PATIENCE, async || {
        folder.join("spool/done").exists()
    })
    .await;
    service
}

#[tokio::test(flavor = "multi_thread")]
async fn no_other_user_of_the_machine_can_read_the_logs_also_those_of_an_earlier_version() {
    // As most machines have it.
    rustix::process::umask(rustix::fs::Mode::WGRP | rustix::fs::Mode::WOTH);
    for (layout, files) in [("rows", &ROWS[..]), ("blocks", &BLOCKS)] {
        let place = tempfile::tempdir().unwrap();
        let folder = place.path().join("new/data");
        let service = on(&folder, layout).await;
        closed(&folder, files);
        service.kill();
        for file in ["rejected/of-before", "spool/of-before.damaged"] {
            fs::write(folder.join(file), "").unwrap();
        }
        for (path, _) in modes(&folder) {
            set_mode(&path, if path.is_dir() { 0o755 } else { 0o644 });
        }
        let service = on(&folder, layout).await;
        closed(&folder, files);
        service.kill();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_data_folder_that_holds_other_things_stays_open_to_their_users_and_ours_are_closed() {
    let place = tempfile::tempdir().unwrap();
    let foreign = place.path().join("notes");
    fs::write(&foreign, "of somebody else").unwrap();
    set_mode(&foreign, 0o644);
    set_mode(place.path(), 0o755);
    let service = on(place.path(), "blocks").await;
    service.kill();
    let service = on(place.path(), "blocks").await;
    for (path, mode) in modes(place.path()) {
        let open = path == foreign || path == place.path();
        let expected = if open { 0o044 } else { 0 };
        assert_eq!(mode & 0o066, expected, "{mode:o} of {}", path.display());
    }
    service.kill();
}
