//! What an earlier version kept of a part of a batch, and a collection that is made after the upgrade: the part
//! does not know its order, and its batch, sent again whole, does.

use super::formats::{DATED, PATIENCE, VERSION_2};
use super::{Place, TIME, messages, record, send, send_body};
use crate::support::service::Service;
use crate::support::wait_until;
use bson::spec::BinarySubtype;
use bson::{Binary, Bson, DateTime, Document, doc};
use record::batch::Batch;
use spool::frame::{FRAME_HEAD_BYTES, FrameHead, SEGMENT_HEAD_BYTES, SegmentHead};
use std::fs;
use std::path::Path;

const SPOOLED: &str = "spool/00000000000000000001.seg";

/// The batch [`DATED`], as the earlier version spooled it.
fn dated() -> Batch {
    let (head, frames) = VERSION_2.split_at(SEGMENT_HEAD_BYTES);
    let (head, _) = SegmentHead::decode(head).unwrap();
    let mut frames = frames;
    while let Some(frame) = FrameHead::decode(frames, head.salt) {
        let payload = &frames[FRAME_HEAD_BYTES..][..frame.payload_bytes as usize];
        let batches = spool::frame::decode_batches(&frame, payload).unwrap();
        let dated = batches
            .into_iter()
            .find(|batch| batch.documents.len() == 2 && batch.undated().is_empty());
        if let Some(dated) = dated {
            return dated;
        }
        frames = &frames[FRAME_HEAD_BYTES + payload.len()..];
    }
    panic!("it is not there");
}

/// Its first record, which is not that with the greatest time.
fn part() -> Vec<u8> {
    dated().documents.slices(0..1).next().unwrap().to_vec()
}

/// Puts the part among the refused records, as the earlier version wrote them.
fn set_aside(folder: &Path) {
    let batch = dated();
    let binary = |bytes: &[u8]| {
        Bson::Binary(Binary {
            subtype: BinarySubtype::Generic,
            bytes: bytes.to_vec(),
        })
    };
    let letter = doc! {
        "batch": binary(batch.id.as_bytes()),
        "key": binary(batch.key().unwrap().as_bytes()),
        "received_at": batch.received_at.nanos(),
        "position": 0,
        "undated": 0,
        "reason": "it was not wanted",
        "rejected_at": DateTime::now(),
        "document": binary(&part()),
    };
    let letter = bson::serialize_to_vec(&letter).unwrap();
    let sum = crc32c::crc32c(&letter).to_le_bytes();
    let content = [&b"LOGSREJ2"[..], &sum, &letter].concat();
    fs::create_dir_all(folder.join("rejected")).unwrap();
    fs::write(folder.join("rejected/00000000000000000001.rej"), content).unwrap();
}

/// Puts the part into the spool of an earlier version that was killed, as it put refused records back.
fn put_back(folder: &Path) {
    let batch = Batch::of_origin(dated().origin(), &part(), Vec::new()).unwrap();
    let salt = 7;
    let mut frame = Vec::new();
    let head = spool::frame::encode_frame(&mut frame, salt, 1, [&batch].into_iter(), 0).unwrap();
    let payload = &mut frame[FRAME_HEAD_BYTES..];
    // Of the flags, that version knew this one: the batch has a key.
    payload[32..36].copy_from_slice(&1_u32.to_le_bytes());
    let frame = head.with_salt(payload, salt);
    let head = SegmentHead {
        version: 2,
        ..SegmentHead::new(1, salt)
    };
    fs::create_dir_all(folder.join("spool")).unwrap();
    fs::write(folder.join(SPOOLED), [&head.encode()[..], &frame].concat()).unwrap();
}

async fn until_stored(service: &Service, count: u64) {
    wait_until("what was kept to be stored", PATIENCE, async || {
        service.health().await["records"]["stored"] == count
    })
    .await;
}

async fn replay(service: &Service) {
    let reply = service
        .post("/logs/rejected/replay", "application/json", "")
        .await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    assert_eq!(reply.json()["replayed"], 1, "{}", reply.text());
}

/// The whole batch is sent again, to a service that does not know its key: the part is there once.
async fn send_whole_batch(place: &Place) {
    let elsewhere = place.service().await;
    send_body(&elsewhere, Some("dated"), DATED.to_owned()).await;
    let expected = ["dated one", "dated two"];
    assert_eq!(messages(&elsewhere, "/logs/retrieve").await, expected);
    assert_eq!(place.id_lengths().await, [20; 2]);
}

async fn drop_collections(place: &Place) {
    for collection in ["logs_meta", "logs"] {
        let collection = place.database.collection::<Document>(collection);
        collection.drop().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_that_an_earlier_version_set_aside_is_there_once_beside_its_batch_in_a_new_collection()
 {
    let place = Place::new("an_earlier_version_set_aside").await;
    let folder = tempfile::tempdir().unwrap();
    set_aside(folder.path());
    let settings = Service::builder().mongodb(&place.uri, &place.name);
    let service = settings.data_dir(folder.path()).start().await;
    wait_until("the collection to be made", PATIENCE, async || {
        service.health().await["store"]["available"] == true
    })
    .await;
    service.restart().await;
    replay(&service).await;
    until_stored(&service, 1).await;
    send_whole_batch(&place).await;
    let told = service.log_text();
    assert!(!told.contains("gets ids of format 1"), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_part_that_an_earlier_version_put_back_is_there_once_also_when_its_segment_was_written_anew()
 {
    let place = Place::new("an_earlier_version_put_back").await;
    let folder = tempfile::tempdir().unwrap();
    put_back(folder.path());
    let settings = Service::builder().data_dir(folder.path());
    let away = settings.clone().mongodb("mongodb://127.0.0.1:1", "logdb");
    away.start().await.kill();
    let rewritten = fs::read(folder.path().join(SPOOLED)).unwrap();
    assert_eq!(rewritten[8..10], [3, 0]);
    let service = settings.mongodb(&place.uri, &place.name).start().await;
    until_stored(&service, 1).await;
    send_whole_batch(&place).await;
    let told = service.log_text();
    assert_eq!(told.matches("gets ids of format 1").count(), 1, "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_collection_that_is_dropped_is_made_in_the_newer_format_once_nothing_is_left_of_an_earlier_version()
 {
    let place = Place::new("nothing_is_left_of_an_earlier").await;
    place.mark_as_format(1).await;
    let folder = tempfile::tempdir().unwrap();
    set_aside(folder.path());
    let settings = Service::builder().mongodb(&place.uri, &place.name);
    let service = settings.data_dir(folder.path()).start().await;
    send(&service, None, &[record(TIME, "before")]).await;
    drop_collections(&place).await;
    send(&service, None, &[record(TIME, "meanwhile")]).await;
    assert_eq!(place.id_lengths().await, [20]);

    replay(&service).await;
    until_stored(&service, 3).await;
    let segment = folder.path().join(SPOOLED);
    wait_until("its segment to be removed", PATIENCE, async || {
        !segment.exists()
    })
    .await;
    drop_collections(&place).await;
    send(&service, None, &[record(TIME, "afterwards")]).await;
    assert_eq!(place.id_lengths().await, [27]);
}
