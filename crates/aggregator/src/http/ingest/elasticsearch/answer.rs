//! The answer to a `_bulk`: `{"took":3,"errors":false,"items":[…]}`, compact and in this order, which senders
//! rely on that read no more than its beginning.

use crate::accounting::admission::Reservation;
use crate::ingest::intake::Receipt;
use axum::body::Body;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::stream;
use serde::Serialize;
use std::convert::Infallible;
use std::time::Duration;
use wire::{BulkItems, ItemRuns, Refusal, Run};

/// Bytes that are handed over at a time, at least: millions of items are written as they are sent.
const CHUNK_BYTES: usize = 64 * 1024;

/// What is said of one action.
#[derive(Debug, Serialize)]
struct Item<'a> {
    /// Clients of Java require it.
    #[serde(rename = "_index")]
    index: &'a str,
    #[serde(rename = "_id", skip_serializing_if = "Option::is_none")]
    id: Option<&'a str>,
    status: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    result: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<ItemError>,
}

#[derive(Debug, Serialize)]
struct ItemError {
    #[serde(rename = "type")]
    kind: &'static str,
    reason: &'static str,
}

/// The answer that is left to write.
struct Answer {
    items: ItemRuns,
    /// Whether all documents without an id were there before.
    repeated: bool,
    /// The same of each that has one.
    own_known: std::vec::IntoIter<bool>,
    /// The next item, and how often it comes.
    item: Vec<u8>,
    times: u64,
    is_first: bool,
    is_closed: bool,
    _room: Option<Reservation>,
}

/// Of a request that was taken, after so long.
pub(super) fn of(receipt: Receipt<BulkItems>, took: Duration) -> Response {
    let (took, errors) = (took.as_millis(), receipt.told.any_refused());
    let mut first = format!(r#"{{"took":{took},"errors":{errors},"items":["#).into_bytes();
    let mut answer = Answer {
        items: receipt.told.into_runs(),
        repeated: receipt.accepted.repeated,
        own_known: receipt.own_known.into_iter(),
        item: Vec::new(),
        times: 0,
        is_first: true,
        is_closed: false,
        _room: receipt.told_room,
    };
    answer.write(&mut first);
    let body = match answer.is_closed {
        true => Body::from(first),
        false => answer.into_body(first),
    };
    let mut response = body.into_response();
    let json = HeaderValue::from_static("application/json");
    response.headers_mut().insert(header::CONTENT_TYPE, json);
    response
}

impl Answer {
    /// The rest behind what is written.
    fn into_body(self, first: Vec<u8>) -> Body {
        let chunks = stream::unfold((first, self), |(written, mut answer)| async {
            if !written.is_empty() {
                return Some((
                    Ok::<_, Infallible>(Bytes::from(written)),
                    (Vec::new(), answer),
                ));
            }
            let mut chunk = Vec::with_capacity(CHUNK_BYTES + CHUNK_BYTES / 8);
            answer.write(&mut chunk);
            (!chunk.is_empty()).then(|| (Ok(Bytes::from(chunk)), (Vec::new(), answer)))
        });
        Body::from_stream(chunks)
    }

    /// Writes what makes up a chunk, or all that is left.
    fn write(&mut self, chunk: &mut Vec<u8>) {
        while !self.is_closed && chunk.len() < CHUNK_BYTES {
            if self.times > 0 || self.next_run() {
                self.times -= 1;
                if !std::mem::take(&mut self.is_first) {
                    chunk.push(b',');
                }
                chunk.extend_from_slice(&self.item);
            } else {
                chunk.extend_from_slice(b"]}");
                self.is_closed = true;
            }
        }
    }

    /// Whether there is another item.
    fn next_run(&mut self) -> bool {
        let Some(run) = self.items.next_run() else {
            return false;
        };
        let is_own = run.id.is_some() && run.refusal.is_none();
        let known = match is_own {
            true => self.own_known.next().unwrap_or(false),
            false => self.repeated,
        };
        self.times = run.count;
        self.item.clear();
        self.item.extend_from_slice(b"{\"");
        self.item.extend_from_slice(run.kind.name().as_bytes());
        self.item.extend_from_slice(b"\":");
        // Writing to memory does not fail.
        drop(serde_json::to_writer(&mut self.item, &item(&run, known)));
        self.item.push(b'}');
        run.count > 0
    }
}

fn item<'a>(run: &Run<'a>, known: bool) -> Item<'a> {
    let (status, result) = match (run.refusal, known) {
        (Some(_), _) => (400, None),
        (None, true) => (200, Some("noop")),
        (None, false) => (201, None),
    };
    Item {
        index: run.index,
        id: run.id,
        status,
        result,
        error: run.refusal.map(|refusal| ItemError {
            kind: "illegal_argument_exception",
            reason: match refusal {
                Refusal::Unsupported => "logs are not changed: send index or create",
                Refusal::NoDocument => "no document is in the line behind the action",
            },
        }),
    }
}
