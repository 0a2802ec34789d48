//! What is not moved, in a sentence.

use super::{AWAY, migrate, moved, on, rows, send, stop};
use crate::support::service::{Builder, Service};
use serde_json::json;
use std::fs;

/// The sentence of a run that ends with this code.
async fn refused(settings: Builder, code: i32) -> String {
    let (status, stdout, stderr) = migrate(settings).await;
    assert_eq!(status.code(), Some(code), "{stdout}{stderr}");
    assert_eq!(
        (stdout.as_str(), stderr.lines().count()),
        ("", 1),
        "{stderr}"
    );
    stderr
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_moved_while_a_service_runs_or_without_room_and_all_is_served_as_before() {
    let place = tempfile::tempdir().unwrap();
    let service = rows(place.path()).start().await;
    send(&service, "/logs/batch", None, &json!([{"message": "kept"}])).await;
    let told = refused(on(place.path()), 1).await;
    assert!(
        told.contains(" is in use by an aggregator: stop it first"),
        "{told}"
    );
    stop(service).await;
    let told = refused(on(place.path()).env("STORE_MIN_FREE_DISK", "1TiB"), 1).await;
    assert!(
        told.contains("1099511627776 are to stay so (STORE_MIN_FREE_DISK): make room"),
        "{told}"
    );
    let told = refused(on(place.path()).mongodb(AWAY, "logdb"), 2).await;
    assert!(
        told.contains("the records are in MongoDB (MONGODB_URI)"),
        "{told}"
    );
    let service = rows(place.path()).start().await;
    assert_eq!(service.health().await["store"]["kind"], "sqlite");
    assert_eq!(
        service.get("/logs/retrieve").await.json()[0]["message"],
        "kept"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn where_there_are_no_rows_it_says_so() {
    let place = tempfile::tempdir().unwrap();
    let missing = place.path().join("missing");
    let told = refused(on(&missing), 1).await;
    assert!(told.contains("there is no data folder "), "{told}");
    assert!(!missing.exists());
    let told = moved(place.path()).await;
    assert!(
        told.contains("holds no records: a service begins with blocks there"),
        "{told}"
    );
    drop(on(place.path()).start().await);
    let told = moved(place.path()).await;
    assert!(
        told.contains("are in blocks: there is nothing to move"),
        "{told}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_of_another_user_are_refused_before_anything_is_made_beside_them() {
    let place = tempfile::tempdir().unwrap();
    stop(rows(place.path()).start().await).await;
    let file = place.path().join("logs.sqlite3");
    // Only root can give a file away.
    let refused = match std::os::unix::fs::chown(&file, Some(12_345), None) {
        Ok(()) => refused(on(place.path()), 1).await,
        Err(error) => {
            assert_eq!(error.kind(), std::io::ErrorKind::PermissionDenied);
            return;
        }
    };
    let said = "are those of the user with the number 12345, and this one has ";
    assert!(refused.contains(said), "{refused}");
    assert!(!place.path().join("blocks.sqlite3").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_that_holds_both_is_left_as_it_is() {
    let [one, other] = [(); 2].map(|()| tempfile::tempdir().unwrap());
    drop(rows(one.path()).start().await);
    let service: Service = on(other.path()).start().await;
    stop(service).await;
    let name = "blocks.sqlite3";
    fs::copy(other.path().join(name), one.path().join(name)).unwrap();
    let told = refused(on(one.path()), 1).await;
    assert!(
        told.contains("holds rows (logs.sqlite3) and blocks (blocks.sqlite3)"),
        "{told}"
    );
}
