//! Whether records may be written to what stands there: not to what loses some in silence, stores some
//! twice, or refuses some that were acknowledged.

use super::found::{Entry, Found, Kind};
use super::{Target, code_of};
use crate::StoreError;
use crate::mongo::reply::first_batch;
use mongodb::Database;
use mongodb::bson::{Bson, Document, doc};

/// What is written to a document of ours, beside its id.
const FIELDS: [&str; 7] = [
    "time",
    "level",
    "severity",
    "message",
    "attributes",
    "received_at",
    // Of a marker of receipt.
    "received_at_ns",
];
/// Those that hold a date, which a TTL index goes by.
const DATES: [&str; 2] = ["time", "received_at"];

const MORE: &str = "the guide's chapter on MongoDB says how to mend it";

/// What an operator should know of what stands there, in sentences.
///
/// # Errors
/// Why nothing may be written to it.
pub(super) async fn check(
    database: &Database,
    target: &Target,
    found: Option<&Found>,
) -> Result<Vec<String>, StoreError> {
    let Some(found) = found else {
        return Ok(Vec::new());
    };
    let logs = (target.collection.clone(), found.logs);
    let mut known = Vec::new();
    for (name, entry) in [logs, (target.receipts(), found.receipts)] {
        let Some(entry) = entry else { continue };
        if let Some(fault) = fault_of_kind(&name, entry) {
            return Err(StoreError::Unsuitable(fault));
        }
        for index in indexes(database, &name).await? {
            if let Some(fault) = fault_of_index(&name, &index) {
                return Err(StoreError::Unsuitable(fault));
            }
            known.extend(removal_by(&name, &index));
        }
    }
    Ok(known)
}

fn fault_of_kind(name: &str, entry: Entry) -> Option<String> {
    let (fault, cure) = match entry.kind {
        Kind::Ordinary => return None,
        Kind::View => (
            "is a view, which takes no records",
            "drop it, which removes nothing of what it shows",
        ),
        Kind::Capped => (
            "is a capped collection, which removes its oldest records in silence",
            "rename it",
        ),
        Kind::TimeSeries => (
            "is a time series, which has no unique ids: a batch that is sent again would be stored twice",
            "copy it and drop it",
        ),
    };
    Some(format!(
        "{name} {fault}; nothing is written to it: {cure} ({MORE})"
    ))
}

/// The indexes that the server tells of; none when the user may not ask, or there is no collection.
async fn indexes(database: &Database, name: &str) -> Result<Vec<Document>, StoreError> {
    // As many as a collection can have, in one reply.
    let list = doc! { "listIndexes": name, "cursor": { "batchSize": 1_000 } };
    let reply = match database.run_command(list).await {
        Ok(reply) => reply,
        Err(error) if code_of(&error).is_some() => return Ok(Vec::new()),
        Err(error) => return Err(error.into()),
    };
    let indexes = first_batch(&reply).unwrap_or_default().iter();
    Ok(indexes.filter_map(Bson::as_document).cloned().collect())
}

fn fault_of_index(name: &str, index: &Document) -> Option<String> {
    let refuses = ["unique", "prepareUnique"]
        .iter()
        .any(|option| index.get_bool(option).unwrap_or(false));
    let key = index.get_document("key").ok()?;
    // With the id among its fields, no two records are equal in it.
    if !refuses || key.contains_key("_id") || !indexes_ours(index, key) {
        return None;
    }
    Some(format!(
        "the unique index {} of {name} refuses good records; nothing is written to it: drop the index, and make it again \
         without unique ({MORE})",
        index.get_str("name").unwrap_or("without a name")
    ))
}

/// Whether it may have documents of ours in it.
fn indexes_ours(index: &Document, key: &Document) -> bool {
    // Without any of its fields, a document is not in a sparse one.
    let is_sparse = index.get_bool("sparse").unwrap_or(false);
    if is_sparse && key.keys().all(|path| !is_ours(path)) {
        return false;
    }
    let is_needed = |(path, condition): (&String, &Bson)| {
        let is_there = |it: &Document| it.get_bool("$exists").unwrap_or(false);
        !is_ours(path) && condition.as_document().is_some_and(is_there)
    };
    match index.get_document("partialFilterExpression") {
        Ok(filter) => !filter.iter().any(is_needed),
        Err(_) => true,
    }
}

/// Whether documents of ours may have something there.
fn is_ours(path: &str) -> bool {
    let field = path.split('.').next().unwrap_or(path);
    FIELDS.contains(&field)
}

/// That an index removes what is old, which is its operator's wish.
fn removal_by(name: &str, index: &Document) -> Option<String> {
    let seconds = match index.get("expireAfterSeconds")? {
        Bson::Int32(seconds) => f64::from(*seconds),
        Bson::Double(seconds) => *seconds,
        Bson::Int64(seconds) => seconds.to_string().parse().ok()?,
        _ => return None,
    };
    let field = index.get_document("key").ok()?.keys().next()?;
    DATES.contains(&field.as_str()).then(|| {
        format!(
            "the index {} of {name} lets MongoDB remove what is {seconds} s older than its {field}: it is not found any more, \
             and a batch that is sent again after that is stored again",
            index.get_str("name").unwrap_or("without a name")
        )
    })
}

#[cfg(test)]
mod tests;
