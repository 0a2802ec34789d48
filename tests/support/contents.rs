//! The records of a service or of a body, each told apart by all that it says.

use std::collections::BTreeMap;

use serde_json::Value;
use serde_json::value::RawValue;

use super::service::Service;
use super::traffic::drained;

/// The message of a record that is sent without a time begins so: the service's time is not compared.
pub(crate) const UNDATED: &str = "undated ";

/// How often each record is there.
pub(crate) type Contents = BTreeMap<String, usize>;

/// Adds the records of a JSON array.
pub(crate) fn add(contents: &mut Contents, array: &[u8]) {
    // One by one: a whole answer as values takes many times its own size.
    let records: Vec<&RawValue> = serde_json::from_slice(array).expect("an array");
    for record in records {
        let record = serde_json::from_str(record.get()).expect("a record");
        *contents.entry(comparable(record)).or_default() += 1;
    }
}

/// A record without what the service adds: an id, fewer digits of the time where fewer do.
fn comparable(mut record: Value) -> String {
    let object = record.as_object_mut().expect("an object");
    object.remove("id");
    let time = object.remove("timestamp");
    let message = object["message"].as_str().expect("a text");
    if let Some(time) = time.filter(|_| !message.starts_with(UNDATED)) {
        let time = logs::Timestamp::parse(time.as_str().expect("a text")).expect("a time");
        object.insert("timestamp".to_owned(), Value::from(time.nanos()));
    }
    record.to_string()
}

/// What is stored, once everything that was acknowledged is.
pub(crate) async fn stored(service: &Service) -> Contents {
    drained(service).await;
    let reply = service.get("/logs/retrieve").await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    let mut contents = Contents::new();
    add(&mut contents, &reply.body);
    contents
}
