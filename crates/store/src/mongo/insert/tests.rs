//! What is read out of the reply to an insert.

use super::*;
use crate::mongo::error::UUID_MISMATCH;
use mongodb::bson::doc;

fn read(reply: &Document) -> Result<InsertReport, InsertError> {
    read_reply(reply, 10, 3)
}

#[test]
fn a_duplicate_of_our_id_is_success_and_of_another_index_a_refusal() {
    let own = doc! { "index": 0, "code": 11000, "keyPattern": { "_id": 1 }, "errmsg": "dup" };
    let other = doc! { "index": 2, "code": 11000, "keyPattern": { "user": 1 }, "errmsg": "dup" };
    let report = read(&doc! { "ok": 1, "n": 1, "writeErrors": [own, other] }).unwrap();
    assert_eq!((report.stored, report.already_stored), (1, vec![10]));
    assert_eq!(report.refused[0].position, 12);
}

#[test]
fn an_older_server_names_the_index_in_words_only() {
    let error = |index: &str| {
        let text = format!(
            "E11000 duplicate key error collection: logdb.logs index: {index} dup key: {{ : 1 }}"
        );
        doc! { "index": 0, "code": 11000, "errmsg": text }
    };
    assert!(is_own_id(&error("_id_")));
    assert!(!is_own_id(&error("user_id_1")));
    assert!(!is_own_id(&error("tenant_id_")));
}

#[test]
fn a_write_concern_error_is_never_success() {
    let reply =
        doc! { "ok": 1, "n": 3, "writeConcernError": { "code": 64, "errmsg": "timed out" } };
    assert!(
        matches!(read(&reply), Err(InsertError::Store(StoreError::Unavailable(reason))) if reason.contains("timed out"))
    );
}

#[test]
fn an_error_that_passes_puts_the_whole_insert_in_doubt() {
    for code in [10107, 91, 189, 11600, 112, 14031] {
        let reply =
            doc! { "ok": 1, "n": 2, "writeErrors": [{ "index": 1, "code": code, "errmsg": "x" }] };
        assert!(
            matches!(
                read(&reply),
                Err(InsertError::Store(StoreError::Unavailable(_)))
            ),
            "{code}"
        );
    }
}

#[test]
fn a_document_with_an_unknown_error_is_in_doubt_and_the_others_are_not() {
    let error = doc! { "index": 1, "code": 4_242_424, "errmsg": "new" };
    let report = read(&doc! { "ok": 1, "n": 2, "writeErrors": [error] }).unwrap();
    assert_eq!(report.stored, 2);
    assert_eq!(report.doubtful[0].position, 11);
    assert!(report.refused.is_empty());
}

#[test]
fn a_reply_that_does_not_tell_of_every_document_is_not_believed() {
    for reply in [
        doc! { "ok": 1, "n": 2 },
        doc! { "ok": 1 },
        doc! { "ok": 1, "n": 3, "writeErrors": [5] },
    ] {
        assert!(
            matches!(
                read(&reply),
                Err(InsertError::Store(StoreError::Unavailable(_)))
            ),
            "{reply}"
        );
    }
    assert_eq!(read(&doc! { "ok": 1, "n": 3 }).unwrap().stored, 3);
}

#[test]
fn a_collection_that_is_gone_is_told_from_every_other_reason() {
    let gone = doc! { "index": 2, "code": UUID_MISMATCH, "errmsg": "x" };
    let reply = doc! { "ok": 1, "n": 2, "writeErrors": [gone] };
    assert_eq!(read(&reply), Err(InsertError::Gone));
}

#[test]
fn only_a_server_that_does_not_know_the_hold_on_a_collection_is_asked_without_it() {
    let told = |code: i32, message: &str| {
        let failure = doc! { "ok": 0, "code": code, "codeName": "x", "errmsg": message };
        let failure = mongodb::bson::deserialize_from_document(failure).unwrap();
        InsertError::of_command(ErrorKind::Command(failure).into())
    };
    for (code, message) in [
        (
            40415,
            "BSON field 'insert.collectionUUID' is an unknown field.",
        ),
        (72, "collectionUUID is not supported here"),
        (
            238,
            "insert: support for field \"collectionUUID\" is not implemented yet",
        ),
    ] {
        assert_eq!(told(code, message), InsertError::UuidUnknown, "{code}");
    }
    let command = "{ insert: \"logs\", collectionUUID: UUID(\"00\"), ordered: false }";
    for code in [13, 8000, 11600, 4_242_424] {
        let message = format!("not authorized on logdb to execute command {command}");
        let told = told(code, &message);
        assert!(matches!(told, InsertError::Store(_)), "{code}: {told:?}");
    }
}
