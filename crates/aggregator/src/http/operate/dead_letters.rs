//! `GET /logs/rejected`: what the store refused for good or no store can hold, page by page.

use super::replay::reason_code;
use crate::accounting::admission::{NoRoom, Reservation};
use crate::config::Instance;
use crate::deliver::dead_letters::{Choice, DeadLetter, DeadLetterError, ReasonCode, file_name};
use crate::http::error::ApiError;
use crate::http::services::Services;
use axum::body::{Body, Bytes};
use axum::extract::{RawQuery, State};
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse as _, Response};
use chrono::{DateTime, SecondsFormat};
use futures_util::{StreamExt as _, stream};
use record::batch::BatchOrigin;
use std::collections::HashSet;
use std::convert::Infallible;
use std::io::{self, Write as _};
use std::sync::Arc;
use store::page;

/// Records in one answer when nothing else is asked for, and at most.
const DEFAULT_LIMIT: usize = 100;
const MAX_LIMIT: usize = 1000;
/// An answer that is longer than this ends with the portion that it is at.
const MAX_TEXT_BYTES: usize = 4 * 1024 * 1024;

/// An answer for which more than this was read of the disk ends with the file that it is at, whatever it found.
const MAX_READ_BYTES: u64 = 16 * 1024 * 1024;

/// Where a list goes on: a file, and how many of its records were listed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Place {
    file: u64,
    letters: usize,
}

/// What is listed, with the memory that it takes up.
struct Listed {
    text: Vec<u8>,
    count: usize,
    seen: HashSet<(BatchOrigin, u32)>,
    room: Reservation,
}

/// Lists refused records with their reasons, in the order of their files, and says where the rest begins.
pub(in crate::http) async fn list(
    State(services): State<Arc<Services>>,
    RawQuery(query): RawQuery,
) -> Result<Response, ApiError> {
    let instance = &services.instance;
    let (limit, mut place, choice) = parameters(query.as_deref().unwrap_or_default(), instance)?;
    let mut listed = Listed {
        text: Vec::new(),
        count: 0,
        seen: HashSet::new(),
        room: services.retrieval.room().reserve(0)?,
    };
    let letters = &services.dead_letters;
    letters.are_read().await?;
    let (mut next, mut read) = (None, 0);
    while let Some(file) = letters.after(place.file.saturating_sub(1)) {
        if file != place.file {
            place = Place { file, letters: 0 };
        }
        let is_long = listed.text.len() > MAX_TEXT_BYTES || read > MAX_READ_BYTES;
        if listed.count >= limit || is_long {
            next = Some(place);
            break;
        }
        match listed.make_room(&services, file) {
            Err(_) if listed.count > 0 => {
                next = Some(place);
                break;
            }
            made => made?,
        }
        read += letters.bytes_of(file);
        let kept = letters.read(file).await?;
        let all = kept.len();
        let written;
        (listed, written) = listed.write(kept, place, (limit, choice.clone())).await?;
        place = match written < all {
            true => Place {
                file,
                letters: written,
            },
            false => Place {
                file: file + 1,
                letters: 0,
            },
        };
    }
    // Told last: while they were read, some may have been put back, or others refused.
    let total = letters.snapshot().records.max(listed.count as u64);
    Ok(listed.answer(total, next, instance))
}

impl Listed {
    /// A file is read, and then written behind the others; one at a time may be larger than all the room.
    fn make_room(&mut self, services: &Services, file: u64) -> Result<(), NoRoom> {
        let bytes = usize::try_from(services.dead_letters.bytes_of(file)).unwrap_or(usize::MAX);
        let needed = self.text.len().saturating_add(bytes.saturating_mul(2));
        self.room
            .resize(needed.min(services.retrieval.room().limit()))
    }

    /// Writes what is meant of what a file holds behind so many letters that were listed before; up to which one that was.
    async fn write(
        mut self,
        letters: Vec<DeadLetter>,
        from: Place,
        (limit, choice): (usize, Choice),
    ) -> Result<(Self, usize), ApiError> {
        let writing = tokio::task::spawn_blocking(move || {
            let mut place = from.letters;
            for letter in letters.iter().skip(from.letters) {
                if self.count >= limit {
                    break;
                }
                place += 1;
                // A small file may have been put together with others since it was read.
                if choice.has(letter) && self.seen.insert((letter.origin, letter.position)) {
                    let before: &[u8] = if self.count == 0 { b"\n" } else { b",\n" };
                    self.text.extend_from_slice(before);
                    write_kept(letter, from.file, &mut self.text)?;
                    self.count += 1;
                }
            }
            Ok((self, place))
        });
        let written = writing.await.map_err(|_| ApiError::internal())?;
        written.map_err(|error| DeadLetterError::Io(error).into())
    }

    /// The place names the aggregator: files of another one have the same numbers.
    fn answer(mut self, total: u64, next: Option<Place>, instance: &Instance) -> Response {
        let head =
            format!("{{\"instance\":\"{instance}\",\"total\":{total},\"records\":[").into_bytes();
        let tail = match next {
            Some(Place { file, letters }) => {
                format!("],\"next\":\"{file}-{letters}@{instance}\"}}\n")
            }
            None => "]}\n".to_owned(),
        };
        let length = head.len() + self.text.len() + tail.len();
        // It shrinks, and that never fails.
        drop(self.room.resize(self.text.len()));
        // In three pieces: the text may be as large as a body.
        let pieces = [head, self.text, tail.into_bytes()];
        let room = self.room;
        let pieces = stream::iter(pieces).map(move |piece| {
            let _held_until_it_is_sent = &room;
            Ok::<_, Infallible>(Bytes::from(piece))
        });
        let headers = [
            (
                header::CONTENT_TYPE,
                HeaderValue::from_static("application/json"),
            ),
            (header::CONTENT_LENGTH, HeaderValue::from(length)),
        ];
        (headers, Body::from_stream(pieces)).into_response()
    }
}

/// Of what was set aside at the door the file is told, because nothing but removing it ends it.
fn write_kept(kept: &DeadLetter, file: u64, out: &mut Vec<u8>) -> io::Result<()> {
    let rejected_at = DateTime::from_timestamp_millis(kept.rejected_at)
        .map(|time| time.to_rfc3339_opts(SecondsFormat::Millis, true));
    let code = ReasonCode::of(kept).name();
    write!(out, "{{\"id\":\"{}\",\"reasonCode\":\"{code}\"", kept.id())?;
    out.extend_from_slice(b",\"reason\":");
    serde_json::to_writer(&mut *out, &kept.reason)?;
    out.extend_from_slice(b",\"rejectedAt\":");
    serde_json::to_writer(&mut *out, &rejected_at)?;
    if kept.peer.is_some() {
        write!(out, ",\"file\":\"{}\"", file_name(file))?;
    }
    let start = out.len();
    out.extend_from_slice(b",\"record\":");
    if page::write_document(&kept.document, out).is_err() {
        // A document that is itself broken is refused for that; it has no record to show.
        out.truncate(start);
        write!(out, ",\"bytes\":{}", kept.document.len())?;
    }
    out.push(b'}');
    Ok(())
}

/// How many are asked for, from which on, and of which kind.
fn parameters(query: &str, instance: &Instance) -> Result<(usize, Place, Choice), ApiError> {
    let (mut limit, mut place) = (DEFAULT_LIMIT, Place::default());
    let mut choice = Choice::All;
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        match name.as_ref() {
            "limit" => limit = self::limit(&value)?,
            "after" => place = self::place(&value, instance)?,
            "reason" => choice = Choice::Reason(reason_code(&value)?),
            _ => {}
        }
    }
    Ok((limit, place, choice))
}

fn limit(value: &str) -> Result<usize, ApiError> {
    match value.parse() {
        Ok(limit) if (1..=MAX_LIMIT).contains(&limit) => Ok(limit),
        _ => {
            let message = format!("limit must be a whole number from 1 to {MAX_LIMIT}");
            Err(ApiError::bad_request("invalid_parameter", message))
        }
    }
}

/// One that names no aggregator is of an earlier version.
fn place(value: &str, instance: &Instance) -> Result<Place, ApiError> {
    let (value, of) = match value.split_once('@') {
        Some((place, of)) => (place, of.parse::<Instance>().map(Some)),
        None => (value, Ok(None)),
    };
    if let Ok(Some(other)) = &of
        && other != instance
    {
        let message = format!(
            "after is of the list of {other}, and this is {instance}, which has one of its own: ask {other} for the rest"
        );
        return Err(ApiError::bad_request("invalid_parameter", message));
    }
    let parts = value.split_once('-').filter(|_| of.is_ok());
    let place = parts.and_then(|(file, letters)| {
        Some(Place {
            file: file.parse().ok()?,
            letters: letters.parse().ok()?,
        })
    });
    place.ok_or_else(|| {
        let message = "after must be what an earlier answer gave as next";
        ApiError::bad_request("invalid_parameter", message)
    })
}
