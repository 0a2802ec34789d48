//! `POST /logs/batch`: takes a batch and answers once it is safe.

use super::idempotency_key;
use super::sent::Sent;
use crate::http::error::{ApiError, RecordError, Warning, record_errors};
use crate::ingest::batch_key::BatchKey;
use crate::ingest::decode::{BodyForm, BodyTerms};
use crate::ingest::intake::{Durability, Receipt};
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use record::fault::RecordFault;
use record::notice::MAX_LISTED_NOTICES;
use serde::Serialize;
use utoipa::ToSchema;

const IDEMPOTENT_REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");
/// Which aggregator has taken the batch, and so knows what became of it.
const X_INSTANCE: HeaderName = HeaderName::from_static("x-instance");
const PARTIAL_IGNORED: &str =
    "partial=true has no effect: what is sent is taken, unless all or nothing is asked for";

/// What a sender is told when its batch is safe.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = BatchAccepted)]
pub(in crate::http) struct Success {
    status: &'static str,
    message: &'static str,
    accepted: usize,
    batch_id: String,
    durability: Durability,
    /// Records that the store refused for good or that are too large for any, and that are kept aside.
    #[serde(skip_serializing_if = "Option::is_none")]
    set_aside: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rejected: Option<u64>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<RecordError>,
    /// How many there are; of more than a hundred, the first are listed.
    #[serde(skip_serializing_if = "Option::is_none")]
    warning_count: Option<u64>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<Warning>,
}

/// The handler.
pub(in crate::http) async fn batch(sent: Sent) -> Result<Response, ApiError> {
    sent.taken_by(take).await
}

async fn take(sent: Sent) -> Result<Response, ApiError> {
    let Asked {
        terms,
        wanted,
        partial_is_ignored,
    } = asked(&sent).map_err(ApiError::closing)?;
    let instance = HeaderValue::from_str(sent.services.instance.as_str());
    let receipt = sent.receive(terms, wanted).await?;
    let status = match (wanted, receipt.accepted.durability) {
        (Durability::Stored, Durability::Spooled) => StatusCode::ACCEPTED,
        _ => StatusCode::OK,
    };
    let replayed = receipt.accepted.repeated;
    let mut answer = answer(status, &success(&receipt, partial_is_ignored), replayed);
    answer
        .headers_mut()
        .extend(instance.map(|name| (X_INSTANCE, name)));
    Ok(answer)
}

fn success(receipt: &Receipt<()>, partial_is_ignored: bool) -> Success {
    let of_request = partial_is_ignored.then(|| Warning::of_request(PARTIAL_IGNORED));
    let notices = &receipt.notices;
    let set_apart = receipt.too_large.len() as u64;
    let told = notices.counts.total() + set_apart + u64::from(partial_is_ignored);
    let outcome = receipt.accepted.outcome.as_ref();
    let refused = outcome.map_or(0, |outcome| outcome.refused);
    let set_aside = refused + set_apart;
    let rejects = &receipt.rejects;
    Success {
        status: "success",
        message: "Log batch accepted",
        accepted: receipt.records,
        batch_id: receipt.batch_id.to_string(),
        durability: receipt.accepted.durability,
        set_aside: (set_aside > 0).then_some(set_aside),
        rejected: (rejects.count > 0).then_some(rejects.count),
        errors: record_errors(rejects),
        warning_count: (told > 0).then_some(told),
        warnings: of_request
            .into_iter()
            .chain(warnings_of_records(receipt))
            .take(MAX_LISTED_NOTICES)
            .collect(),
    }
}

/// In the order of the records; of each, what is told of its content comes behind.
fn warnings_of_records(receipt: &Receipt<()>) -> impl Iterator<Item = Warning> {
    let too_large = receipt.too_large.iter().map(|place| {
        let reason = format!("{}: it is set aside", RecordFault::TooLarge);
        (*place, Warning::of_record(*place, reason))
    });
    let listed = receipt.notices.listed.iter();
    let told = listed.map(|told| (told.index, Warning::of(told)));
    let mut all: Vec<_> = too_large.chain(told).collect();
    all.sort_by_key(|(place, _)| *place);
    all.into_iter().map(|(_, warning)| warning)
}

fn answer(status: StatusCode, success: &Success, replayed: bool) -> Response {
    let mut text = serde_json::to_vec(success).unwrap_or_default();
    text.push(b'\n');
    let mut response = (status, text).into_response();
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/json"),
    );
    if replayed {
        headers.insert(IDEMPOTENT_REPLAYED, HeaderValue::from_static("true"));
    }
    response
}

/// What the head of a request asks for.
struct Asked {
    /// How the body is to be understood.
    terms: BodyTerms<()>,
    wanted: Durability,
    /// It asks for what is done anyway.
    partial_is_ignored: bool,
}

fn asked(sent: &Sent) -> Result<Asked, ApiError> {
    let (content_type, query) = (sent.content_type(), sent.query());
    let format =
        wire::format_of(&content_type).ok_or_else(|| ApiError::unsupported_type(&content_type))?;
    let encoding = sent.encoding()?;
    let key = match (idempotency_key(&sent.headers)?, has_content_key(query)?) {
        (Some(key), _) => BatchKey::Client(key),
        // The type says how the body is read.
        (None, true) => BatchKey::Content(sent.scope("native").with(&content_type)),
        (None, false) => BatchKey::None,
    };
    let (strict, partial_is_ignored) = strictness(query)?;
    let terms = BodyTerms {
        decode: Box::new(format.decode),
        form: BodyForm::Text,
        encoding,
        key,
        strict,
    };
    Ok(Asked {
        terms,
        wanted: durability(query)?,
        partial_is_ignored,
    })
}

/// `?strict=true` refuses what is told otherwise, and `?partial=false` of old means the same; whether
/// `?partial=true` asks for what is done anyway.
fn strictness(query: &str) -> Result<(Option<bool>, bool), ApiError> {
    let (mut strict, mut partial) = (None, None);
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        let said = match name.as_ref() {
            "strict" => &mut strict,
            "partial" => &mut partial,
            // Senders that cannot set a header put other things here; they change nothing.
            _ => continue,
        };
        *said = Some(match value.as_ref() {
            "true" | "1" | "" => true,
            "false" | "0" => false,
            _ => {
                let message = format!("{name} must be true or false");
                return Err(ApiError::bad_request("invalid_parameter", message));
            }
        });
    }
    let strict = strict.or((partial == Some(false)).then_some(true));
    Ok((strict, partial == Some(true)))
}

/// `?key=content` makes a key of what is sent, for senders that cannot send one of their own.
fn has_content_key(query: &str) -> Result<bool, ApiError> {
    let mut found = false;
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        found = match (name.as_ref(), value.as_ref()) {
            ("key", "content") => true,
            ("key", _) => {
                let message = "key must be content; a key of your own goes into Idempotency-Key";
                return Err(ApiError::bad_request("invalid_parameter", message));
            }
            _ => found,
        };
    }
    Ok(found)
}

/// `?ack=stored` waits until the store has the batch.
fn durability(query: &str) -> Result<Durability, ApiError> {
    let mut wanted = Durability::Spooled;
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        wanted = match (name.as_ref(), value.as_ref()) {
            ("ack", "spooled") => Durability::Spooled,
            ("ack", "stored") => Durability::Stored,
            ("ack", _) => {
                let message = "ack must be spooled or stored";
                return Err(ApiError::bad_request("invalid_parameter", message));
            }
            _ => wanted,
        };
    }
    Ok(wanted)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ingest::intake::Accepted;
    use record::batch::Rejects;
    use record::id::BatchId;
    use record::notice::{Notice, Notices, Told};

    fn warnings(too_large: Vec<u32>, told: impl Iterator<Item = u32>) -> Vec<u64> {
        let listed = told.map(|index| Told {
            index,
            notice: Notice::NotJson,
        });
        let receipt = Receipt {
            batch_id: BatchId::keyed("key", b"body"),
            records: 0,
            too_large,
            rejects: Rejects::default(),
            notices: Notices {
                listed: listed.collect(),
                ..Notices::default()
            },
            accepted: Accepted {
                durability: Durability::Spooled,
                outcome: None,
                repeated: false,
            },
            own_known: Vec::new(),
            told: (),
            told_room: None,
        };
        let answer = serde_json::to_value(success(&receipt, false)).unwrap();
        let warnings = answer["warnings"].as_array().unwrap();
        let places = warnings.iter().map(|warning| warning["index"].as_u64());
        places.map(Option::unwrap).collect()
    }

    #[test]
    fn what_is_told_of_records_comes_in_their_order_and_the_first_hundred_are_listed() {
        assert_eq!(warnings(vec![1, 4], [0, 1, 3].into_iter()), [0, 1, 1, 3, 4]);
        let listed = warnings(vec![50, 200], 0..100);
        assert_eq!((listed.len(), listed[50], listed[51]), (100, 50, 50));
        assert_eq!(listed[99], 98);
    }
}
