//! Documents that others wrote or changed: they are left alone, and of those with an id like ours a count is what a
//! search finds.

use super::{PATIENCE, one_is_taken_and_found, options, place, ready_service_on, rows, service_on};
use crate::support::service::Service;
use crate::support::traffic::found;
use crate::support::wait_until;
use bson::{Binary, Bson, Decimal128, Document, doc};
use logs::Timestamp;
use record::id::{BatchId, RecordId};
use serde_json::json;

/// Of a place where many documents stand before the first record, its number.
const FIRST_RECORD: usize = 5_000;

/// The document with this number: a record, if `message` is a text.
fn document(number: usize, severity: Option<Bson>, level: &str, message: Bson) -> Document {
    let time = Timestamp::parse("2024-10-08T00:00:00Z").unwrap();
    let position = u32::try_from(number).unwrap();
    let id = RecordId::new(time, BatchId::keyed("k", b""), position);
    let id = Binary {
        subtype: bson::spec::BinarySubtype::Generic,
        bytes: id.as_bytes().to_vec(),
    };
    let mut document = doc! { "_id": id, "level": level, "message": message };
    document.extend(severity.map(|severity| ("severity".to_owned(), severity)));
    document
}

#[tokio::test(flavor = "multi_thread")]
async fn what_others_wrote_is_left_alone_and_not_served() {
    let (uri, name, database) = place("what_others_wrote_is_left_alone").await;
    let logs = database.collection::<Document>("logs");
    let others = (0..3).map(|number| doc! { "message": "theirs", "number": number });
    logs.insert_many(others).await.unwrap();
    logs.insert_one(doc! { "_id": "a text", "message": "theirs" })
        .await
        .unwrap();

    let service = service_on(&uri, &name).await;
    let warning = "4 documents in logs were written by something else";
    wait_until(warning, PATIENCE, async || {
        service.log_text().contains(warning)
    })
    .await;
    one_is_taken_and_found(&service).await;
    let all = service.get("/logs/retrieve").await.json();
    assert_eq!(all.as_array().map(Vec::len), Some(1), "{all}");
    let id = all[0]["id"].as_str().unwrap();
    let mut beside = RecordId::parse(id).unwrap().as_bytes().to_vec();
    beside[19] = beside[19].wrapping_add(1);
    let binary = |bytes| bson::Binary {
        subtype: bson::spec::BinarySubtype::Generic,
        bytes,
    };
    // An id like ours, and no record.
    logs.insert_one(doc! { "_id": binary(beside), "severity": 13 })
        .await
        .unwrap();
    let counted = service.get("/logs/histogram").await.json();
    assert_eq!(counted["records"], 1, "{counted}");
    assert_eq!(
        logs.count_documents(doc! { "message": "theirs" })
            .await
            .unwrap(),
        4
    );
    assert!(!options(&database).await.contains_key("clusteredIndex"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_count_takes_what_others_wrote_for_what_a_search_takes_it() {
    let (uri, name, database) = place("a_count_takes_what_others_wrote").await;
    let service = ready_service_on(&uri, &name).await;
    let decimal: Decimal128 = "17.0".parse().unwrap();
    let severities = [
        (Some(Bson::Int64(17)), "ERROR"),
        (Some(Bson::Int32(17)), "ERROR"),
        (Some(Bson::Double(17.0)), "ERROR"),
        (Some(Bson::Decimal128(decimal)), "ERROR"),
        (Some(Bson::Int32(0)), "audit"),
        (Some(Bson::Int64(0)), "audit"),
        // Those of no level.
        (Some(Bson::Int32(25)), "audit"),
        (Some(Bson::Int32(300)), "ERROR"),
        (Some(Bson::Int32(-1)), "ERROR"),
        (Some(Bson::Double(17.5)), "ERROR"),
        (Some(Bson::String("17".to_owned())), "ERROR"),
        (Some(Bson::Array(vec![Bson::Int32(17)])), "ERROR"),
        (None, "audit"),
    ];
    let text = || Bson::String("text".to_owned());
    let records = severities.into_iter().enumerate();
    let mut all: Vec<Document> = records
        .map(|(number, (severity, level))| document(number, severity, level, text()))
        .collect();
    // No records: the message of one is a list, and the other has none.
    let severity = || Some(Bson::Int32(17));
    all.push(document(13, severity(), "ERROR", Bson::Array(vec![text()])));
    all.push(document(14, severity(), "ERROR", Bson::Null));
    let logs = database.collection::<Document>("logs");
    logs.insert_many(all).await.unwrap();

    for (filter, levels) in [
        ("", json!({"ERROR": 4, "other": 9})),
        ("minLevel=WARN", json!({"ERROR": 4})),
        ("minLevel=FATAL", json!({})),
        ("logLevel=ERROR", json!({"ERROR": 4})),
        ("logLevel=error,info", json!({"ERROR": 4})),
        ("logLevel=audit", json!({"other": 2})),
        ("logLevel=audit,error", json!({"ERROR": 4, "other": 2})),
    ] {
        for order in ["asc", "desc"] {
            let query = format!("{filter}&order={order}");
            let counted = service
                .get(&format!("/logs/histogram?by=level&{query}"))
                .await;
            assert_eq!(counted.status, 200, "{query}: {}", counted.text());
            assert_eq!(counted.json()["levels"], levels, "{query}");
            let rows = found(&service, &query).await.len();
            assert_eq!(counted.json()["records"], rows, "{query}");
        }
    }
    let facets = service.get("/logs/facets?fields=level").await.json();
    assert_eq!(
        facets["fields"][0]["values"],
        json!([{"value": "ERROR", "count": 4}, {"value": "audit", "count": 2}])
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_record_is_found_behind_what_others_wrote_in_few_steps_and_in_its_time() {
    let (uri, name, database) = place("the_first_record_behind_others").await;
    let service = ready_service_on(&uri, &name).await;
    let document = |number: usize| {
        let message = match number {
            FIRST_RECORD.. => Bson::String("a record".to_owned()),
            _ => Bson::Null,
        };
        document(number, Some(Bson::Int32(9)), "INFO", message)
    };
    let logs = database.collection::<Document>("logs");
    let all = (0..40).chain(FIRST_RECORD..FIRST_RECORD + 10);
    logs.insert_many(all.map(document)).await.unwrap();
    database.run_command(doc! { "profile": 2 }).await.unwrap();
    let counted = service.get("/logs/histogram").await;
    assert_eq!(counted.json()["records"], 10, "{}", counted.text());
    // That the service looks whether what it found is empty may come in between, and has no order.
    let pages = doc! { "command.find": "logs", "command.sort": { "$exists": true } };
    let noted = doc! { "find": "system.profile", "filter": pages };
    let finds = rows(&database, noted).await.len();
    assert!((2..=4).contains(&finds), "{finds}");

    logs.insert_many((40..FIRST_RECORD).map(document))
        .await
        .unwrap();
    let hurried = Service::builder().mongodb(&uri, &name);
    let hurried = hurried.env("QUERY_MAX_TIME", "1ms").start().await;
    wait_until("the store to be reached", PATIENCE, async || {
        let later = "/logs/retrieve?startTime=2100-01-01T00:00:00Z";
        hurried.get(later).await.status == 404
    })
    .await;
    let late = hurried.get("/logs/histogram").await;
    assert_eq!(late.status, 504, "{}", late.text());
    assert_eq!(late.json()["code"], "query_too_slow");
}

#[tokio::test(flavor = "multi_thread")]
async fn records_that_others_made_large_are_all_found() {
    let (uri, name, database) = place("records_that_others_made_large").await;
    let service = ready_service_on(&uri, &name).await;
    // So large that MongoDB needs a second reply, and the page of them has room for more all the same.
    let large = (0..18).map(|number| {
        let message = Bson::String(format!("message {number}"));
        let mut document = document(number, Some(Bson::Int32(9)), "INFO", message);
        document.insert("raw", "x".repeat(1 << 20));
        document
    });
    let logs = database.collection::<Document>("logs");
    logs.insert_many(large).await.unwrap();
    let found = service.get("/logs/retrieve").await;
    assert_eq!(found.json().as_array().unwrap().len(), 18);
}
