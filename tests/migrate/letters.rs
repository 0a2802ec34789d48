//! Dead letters of before, put back after the move, and retries of their batches.

use super::{STORED, dated, known, moved, on, rows, send, stop};
use crate::support::traffic::stored;
use aggregator::deliver::dead_letters::{DeadLetter, DeadLetterBounds, DeadLetters, file_name};
use logs::Timestamp;
use record::batch::{BatchBuilder, BatchOrigin};
use record::bson_writer::BsonWriter;
use record::document;
use record::id::{BatchId, IdFormat, KeyDigest};
use serde_json::{Value, json};
use spool::disk::Folder;
use std::fs;
use std::path::Path;
use std::sync::Arc;

const JSON: &str = "application/json";
/// 2024-10-08T00:00:00Z.
const TIME: Timestamp = Timestamp::from_nanos(1_728_345_600_000_000_000);

/// A batch of one record under this key, as it is sent.
fn body(message: &str) -> Value {
    json!([{"timestamp": "2024-10-08T00:00:00Z", "message": message}])
}

/// The same as a delivery of before set it aside.
fn letter(key: &str, message: &str) -> DeadLetter {
    let id = BatchId::keyed(key, body(message).to_string().as_bytes());
    let mut builder = BatchBuilder::new(id, Some(KeyDigest::of(key)), TIME, usize::MAX);
    builder.record(Some(TIME), None, message, |_| Ok(()));
    let batch = builder.finish().0;
    DeadLetter {
        origin: batch.origin(),
        position: 0,
        undated: false,
        alone: false,
        earlier: false,
        peer: None,
        reason: "it did not like it".to_owned(),
        rejected_at: 7,
        document: batch.documents.encoded().to_vec(),
    }
}

async fn keep(folder: &Path, letters: Vec<DeadLetter>) {
    let disk = Folder::create(&folder.join("rejected")).unwrap();
    let bounds = DeadLetterBounds {
        max_bytes: 1 << 20,
        min_free_disk: 0,
    };
    let (kept, _reading) = DeadLetters::start(Arc::new(disk), bounds).unwrap();
    kept.add(letters).await.unwrap();
}

/// As the first version kept them, which says nothing of their batches.
fn keep_without_origin(folder: &Path, number: u64, letters: &[DeadLetter]) {
    let mut content = Vec::new();
    for letter in letters {
        let mut document = Vec::new();
        document::write_as(&mut document, &letter.document, IdFormat::Plain, true);
        let mut writer = BsonWriter::new(&mut content);
        let whole = writer.open();
        writer.string("reason", &letter.reason);
        writer.date("rejected_at", letter.rejected_at);
        writer.binary("document", 0, &document);
        writer.close(whole);
    }
    let sum = crc32c::crc32c(&content).to_le_bytes();
    let file = [&b"LOGSREJ1"[..], &sum, &content].concat();
    fs::write(folder.join("rejected").join(file_name(number)), file).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn each_is_stored_once_whether_it_is_put_back_or_its_batch_is_sent_again_first() {
    let place = tempfile::tempdir().unwrap();
    let folder = place.path();
    let service = rows(folder).start().await;
    let stored_path = "/logs/batch?ack=stored";
    send(&service, stored_path, None, &dated("beside them")).await;
    // One that is stored, and kept as well: a kill came between.
    send(&service, stored_path, Some("both"), &body("both")).await;
    stop(service).await;
    let names = ["both", "retry-first", "replay-first"];
    let earlier: Vec<DeadLetter> = names[..2].iter().map(|name| letter(name, name)).collect();
    keep_without_origin(folder, 1, &earlier);
    let now = ["replay-first", "retry-of-ours-first"].map(|name| letter(name, name));
    keep(folder, now.to_vec()).await;

    moved(folder).await;
    let service = on(folder).start().await;
    for name in ["retry-first", "retry-of-ours-first"] {
        send(&service, stored_path, Some(name), &body(name)).await;
    }
    let put_back = "/logs/rejected/replay";
    let reply = service.post(put_back, JSON, "").await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    let all = stored(&service).await;
    for name in ["both", "retry-first", "replay-first", "retry-of-ours-first"] {
        assert_eq!(all[name], 1, "{name}: {all:?}");
    }
    assert_eq!(service.get("/logs/rejected").await.json()["total"], 0);
    stop(service).await;
    let service = on(folder).start().await;
    for name in ["both", "retry-first", "replay-first", "retry-of-ours-first"] {
        send(&service, stored_path, Some(name), &body(name)).await;
    }
    assert_eq!(known(&service).await, 4);
    assert_eq!(stored(&service).await, all);
}

#[tokio::test(flavor = "multi_thread")]
async fn so_many_that_they_take_long_to_read_are_waited_for() {
    const FILES: u64 = 8_000;
    let place = tempfile::tempdir().unwrap();
    let folder = place.path();
    let service = rows(folder).start().await;
    send(&service, STORED, None, &dated("beside them")).await;
    stop(service).await;
    for number in 1..=FILES {
        let name = format!("letter-{number}");
        keep_without_origin(folder, number, &[letter(&name, &name)]);
    }
    moved(folder).await;
    let service = on(folder).start().await;
    for number in [1, FILES] {
        let name = format!("letter-{number}");
        send(&service, STORED, Some(&name), &body(&name)).await;
    }
    assert_eq!(stored(&service).await[&format!("letter-{FILES}")], 1);
    assert_eq!(stored(&service).await["letter-1"], 1);
}

#[test]
fn letters_are_those_of_the_batches_that_are_sent() {
    let kept = letter("key", "text");
    let BatchOrigin { id, key, .. } = kept.origin;
    let sent = body("text").to_string();
    assert_eq!(id, BatchId::keyed("key", sent.as_bytes()));
    assert_eq!(key, Some(KeyDigest::of("key")));
}
