//! A spool at rest: looked at on the command line, torn, damaged, recovered.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;

use super::{spool, waiting};
use crate::support::service::{Builder, Service};
use crate::support::traffic::stored;

/// Nobody listens there: what is acknowledged stays in the spool.
const AWAY: &str = "mongodb://127.0.0.1:9/?directConnection=true";

fn away() -> Builder {
    let settings = Service::builder().mongodb(AWAY, "logdb");
    settings.env("SHUTDOWN_TIMEOUT", "1s")
}

/// A killed service with 20 batches in its spool, and the newest segment.
async fn killed() -> (Service, PathBuf) {
    let service = away().start().await;
    spool(&service, 20).await;
    service.kill();
    let segment = segments(service.data_dir()).pop().unwrap();
    (service, segment)
}

fn segments(data_dir: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(data_dir.join("spool")).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path());
    let is_segment = |path: &PathBuf| path.extension().is_some_and(|ending| ending == "seg");
    let mut segments: Vec<_> = paths.filter(is_segment).collect();
    segments.sort();
    segments
}

async fn command(data_dir: &Path, what: &str) -> (ExitStatus, String, String) {
    let service = Service::builder().data_dir(data_dir);
    service.arg("spool").arg(what).start_expecting_exit().await
}

fn flip(path: &Path, offset: usize) {
    let mut bytes = fs::read(path).unwrap();
    bytes[offset] ^= 1;
    fs::write(path, bytes).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_can_look_at_a_spool_without_a_service() {
    let (service, segment) = killed().await;
    let before = fs::read(&segment).unwrap();
    let (status, stdout, stderr) = command(service.data_dir(), "verify").await;
    assert_eq!(status.code(), Some(0), "{stderr}");
    assert!(stdout.contains("20 batches, 20 records"), "{stdout}");
    assert!(stdout.ends_with("sound\n"), "{stdout}");
    let (status, stdout, stderr) = command(service.data_dir(), "dump").await;
    assert_eq!(status.code(), Some(0), "{stderr}");
    let messages: Vec<_> = stdout
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap()["message"].clone())
        .collect();
    let sent: Vec<_> = (0..20).map(|number| format!("m{number}")).collect();
    assert_eq!(messages, sent);
    assert_eq!(fs::read(&segment).unwrap(), before, "nothing was changed");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_spool_in_use_is_not_looked_at_and_a_missing_one_is_told() {
    let service = away().start().await;
    let (status, _, stderr) = command(service.data_dir(), "verify").await;
    assert_eq!(status.code(), Some(1));
    assert!(stderr.contains("is in use by an aggregator"), "{stderr}");
    let empty = tempfile::tempdir().unwrap();
    let (status, _, stderr) = command(empty.path(), "dump").await;
    assert_eq!(status.code(), Some(1));
    assert!(stderr.contains("there is no spool"), "{stderr}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_torn_write_at_the_end_is_cut_off_and_told() {
    let (service, segment) = killed().await;
    let bytes = fs::read(&segment).unwrap();
    fs::write(&segment, &bytes[..bytes.len() - 7]).unwrap();
    service.restart().await;
    assert_eq!(waiting(&service).await, 19);
    let log = service.log_text();
    assert!(
        log.contains("a torn write at the end of the spool was cut off"),
        "{log}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_spool_is_not_started_on_until_an_operator_says_so() {
    let (service, segment) = killed().await;
    let middle = usize::try_from(fs::metadata(&segment).unwrap().len()).unwrap() / 2;
    flip(&segment, middle);
    let (status, stdout, _) = command(service.data_dir(), "verify").await;
    assert_eq!(status.code(), Some(1), "{stdout}");
    assert!(stdout.ends_with("damaged\n"), "{stdout}");
    let (status, _, stderr) = away()
        .data_dir(service.data_dir())
        .start_expecting_exit()
        .await;
    assert_eq!(status.code(), Some(1), "{stderr}");
    assert!(stderr.contains("the spool is damaged"), "{stderr}");
    assert!(stderr.contains("--spool-recover"), "{stderr}");

    let recover = Service::builder().data_dir(service.data_dir());
    let recovered = recover.arg("--spool-recover").start().await;
    // One batch a frame: the damaged one alone is gone, and its segment is kept for those who can
    // read more of it.
    assert_eq!(stored(&recovered).await.len(), 19);
    let aside = fs::read_dir(service.data_dir().join("spool")).unwrap();
    let aside = aside.filter(|entry| {
        let name = entry.as_ref().unwrap().file_name();
        name.to_string_lossy().ends_with(".damaged")
    });
    assert_eq!(aside.count(), 1);
}
