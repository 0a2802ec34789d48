//! Two formats of ids, an earlier one of the spool, and retries across them.

use super::{Place, TIME, messages, record, send, send_body};
use crate::support::service::Service;
use crate::support::wait_until;
use bson::{Document, doc};
use logs::clock::{Clock, SystemClock};
use std::fs;
use std::path::Path;
use std::time::Duration;

pub(super) const PATIENCE: Duration = Duration::from_secs(30);

/// A segment of version 2: [`DATED`] and [`UNDATED`] under the keys `dated` and `undated`, and a batch of a
/// single record without a key. It was written by that version, while its store was away.
pub(super) const VERSION_2: &[u8] = include_bytes!("version_2.seg");
pub(super) const DATED: &str = r#"[{"timestamp": "2024-06-04T01:00:00Z", "level": "INFO", "message": "dated one"}, {"timestamp": "2024-06-04T01:00:02Z", "level": "INFO", "message": "dated two"}]"#;
const UNDATED: &str = r#"[{"level": "INFO", "message": "undated"}, {"timestamp": "2024-06-04T01:00:00Z", "level": "INFO", "message": "beside it"}]"#;
const KEYED: [(&str, &str); 2] = [("dated", DATED), ("undated", UNDATED)];

fn put_spool(folder: &Path) {
    fs::create_dir_all(folder.join("spool")).unwrap();
    fs::write(folder.join("spool/00000000000000000001.seg"), VERSION_2).unwrap();
    fs::write(folder.join("spool/clean"), []).unwrap();
}

/// A service that begins with what an earlier version left in its spool, once all of it is stored.
async fn with_old_spool(place: &Place, folder: &Path) -> Service {
    put_spool(folder);
    let settings = Service::builder().mongodb(&place.uri, &place.name);
    let service = settings.data_dir(folder).start().await;
    wait_until("what was spooled to be stored", PATIENCE, async || {
        service.health().await["records"]["stored"] == 5
    })
    .await;
    service
}

/// Sends both keyed batches again, to a service that does not know the keys: nothing is new.
async fn send_again_elsewhere(place: &Place) {
    let elsewhere = place.service().await;
    for (key, body) in KEYED {
        let reply = send_body(&elsewhere, Some(key), body.to_owned()).await;
        let replayed = reply.header("idempotent-replayed");
        assert_eq!(replayed, Some("true"), "{key}: {}", reply.text());
    }
    assert_eq!(messages(&elsewhere, "/logs/retrieve").await.len(), 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_spool_of_an_earlier_version_goes_into_a_new_collection_and_a_retry_of_it_is_no_news() {
    let place = Place::new("a_spool_of_an_earlier_version_new").await;
    let folder = tempfile::tempdir().unwrap();
    let service = with_old_spool(&place, folder.path()).await;
    // A part of a batch may be among what an earlier version left.
    assert_eq!(place.id_lengths().await, [20; 5]);
    send_again_elsewhere(&place).await;
    // Nothing was appended to a segment that the earlier version began.
    let names = fs::read_dir(folder.path().join("spool")).unwrap();
    let segments = names.filter(|name| {
        let name = name.as_ref().unwrap().file_name();
        name.to_string_lossy().ends_with(".seg")
    });
    for segment in segments {
        let bytes = fs::read(segment.unwrap().path()).unwrap();
        assert_eq!(bytes[8..10], [3, 0]);
    }
    drop(service);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_spool_of_an_earlier_version_goes_into_its_collection_and_a_retry_of_it_is_no_news() {
    let place = Place::new("a_spool_of_an_earlier_version_old").await;
    place.mark_as_format(1).await;
    let folder = tempfile::tempdir().unwrap();
    let _service = with_old_spool(&place, folder.path()).await;
    assert_eq!(place.id_lengths().await, [20; 5]);
    assert_eq!(place.lengths("logs_receipts").await, [8]);
    send_again_elsewhere(&place).await;
    assert_eq!(place.id_lengths().await, [20; 5]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_spool_of_an_earlier_version_goes_into_a_newer_collection_and_a_retry_of_it_is_no_news() {
    let place = Place::new("a_spool_of_an_earlier_version_newer").await;
    place.mark_as_format(2).await;
    let folder = tempfile::tempdir().unwrap();
    let _service = with_old_spool(&place, folder.path()).await;
    assert_eq!(place.id_lengths().await, [27; 5]);
    send_again_elsewhere(&place).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_collection_of_an_earlier_version_goes_on_with_its_ids_links_and_cursors() {
    let place = Place::new("the_collection_of_an_earlier_version").await;
    place.mark_as_format(1).await;
    let service = place.service().await;
    for step in 0..4 {
        send(&service, None, &[record(TIME, &format!("step {step}"))]).await;
    }
    assert_eq!(place.id_lengths().await, [20; 4]);
    let first = service.get("/logs/retrieve?limit=2").await;
    let cursor = first.header("x-next-cursor").unwrap();
    let rest = format!("/logs/retrieve?limit=2&cursor={cursor}");
    let (first, rest) = (first.json(), service.get(&rest).await.json());
    let records = first.as_array().unwrap().iter();
    let ids = records
        .chain(rest.as_array().unwrap())
        .map(|one| one["id"].as_str().unwrap());
    let mut ids: Vec<&str> = ids.collect();
    for id in &ids {
        assert_eq!(id.len(), 40);
        assert_eq!(service.get(&format!("/logs/{id}")).await.json()["id"], *id);
    }
    ids.dedup();
    assert_eq!(ids.len(), 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_collection_that_is_dropped_with_its_mark_is_made_anew_in_the_newer_format() {
    let place = Place::new("dropped_with_its_mark").await;
    place.mark_as_format(1).await;
    let service = place.service().await;
    send_body(&service, Some("dated"), DATED.to_owned()).await;
    assert_eq!(place.id_lengths().await, [20; 2]);
    for collection in ["logs_meta", "logs"] {
        let collection = place.database.collection::<Document>(collection);
        collection.drop().await.unwrap();
    }
    // Of so old a time as the others have, two services tell apart what comes 65 ms later.
    let now = SystemClock::start().now().to_string();
    send(&service, None, &[record(&now, "afterwards")]).await;
    assert_eq!(place.id_lengths().await, [27]);
    let elsewhere = place.service().await;
    send(&elsewhere, None, &[record(&now, "elsewhere")]).await;
    let read = ["afterwards", "elsewhere"];
    assert_eq!(messages(&service, "/logs/retrieve").await, read);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_services_that_get_one_key_at_once_store_its_batch_once() {
    let place = Place::new("two_services_that_get_one_key").await;
    let services = [place.service().await, place.service().await];
    for (key, body) in KEYED {
        let (one, other) = tokio::join!(
            send_body(&services[0], Some(key), body.to_owned()),
            send_body(&services[1], Some(key), body.to_owned()),
        );
        assert_eq!(one.json()["batchId"], other.json()["batchId"]);
    }
    assert_eq!(messages(&services[0], "/logs/retrieve").await.len(), 4);
    assert_eq!(place.lengths("logs_receipts").await, [16]);
    let delays = doc! { "find": "logs", "filter": { "message": "dated one" } };
    let found = place.database.run_command(delays).await.unwrap();
    let found = found
        .get_document("cursor")
        .unwrap()
        .get_array("firstBatch")
        .unwrap();
    let id = found[0]
        .as_document()
        .unwrap()
        .get_binary_generic("_id")
        .unwrap();
    // It lies two seconds behind the greatest time of its batch; when it was taken is left out.
    assert_eq!(id[8..15], [0, 0x07, 0xd0, 0, 0, 0, 0]);
}
