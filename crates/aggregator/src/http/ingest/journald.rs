//! `POST /upload`: what `systemd-journal-upload` sends, taken in portions while its request goes on.
//!
//! A request may last for long and hold any number of records, so nothing is held but what is not whole yet, and
//! time-outs are for a portion. Where there is no room for a portion, or its token has brought as much as it may, it waits,
//! and nothing more is read. When a
//! request breaks off or is refused, portions before are safe; the sender begins anew from where it last saved its
//! place, and records that came before are known by themselves.

mod held;

use super::check;
use super::sent::Sent;
use crate::access::Sender;
use crate::accounting::admission::Reservation;
use crate::http::error::ApiError;
use crate::http::listener::{TIME_WHEN_STOPPING, stopped_for};
use crate::http::services::Services;
use crate::ingest::compression::Encoding;
use axum::body::Body;
use axum::http::StatusCode;
use bytes::{Bytes, BytesMut};
use held::{Part, Taker};
use http_body_util::BodyExt as _;
use std::ops::Range;
use std::pin::pin;
use std::time::Duration;
use wire::journald::Portion;

const MEDIA_TYPE: &str = "application/vnd.fdo.journal";
/// A portion is taken when it has so many bytes.
const PORTION_BYTES: usize = 256 * 1024;
/// And also when so much time has gone by with something that was not looked at.
const PORTION_TIME: Duration = Duration::from_millis(500);

/// The handler.
pub(in crate::http) async fn upload(sent: Sent) -> Result<(StatusCode, &'static str), ApiError> {
    sent.taken_by(take).await?;
    Ok((StatusCode::ACCEPTED, "OK.\n"))
}

async fn take(sent: Sent) -> Result<(), ApiError> {
    check_type(&sent).map_err(ApiError::closing)?;
    let services = &sent.services;
    check(services, &sent.sender)?;
    let room = services.admission.reserve(0);
    let upload = Upload {
        room: room.map_err(|error| ApiError::from(error).closing())?,
        services,
        sender: &sent.sender,
        body: sent.body,
        unread: BytesMut::new(),
        wanted: PORTION_BYTES.min(services.limits().body_bytes),
    };
    upload.take_all().await.map_err(ApiError::closing)
}

/// The journal's own service takes no other type either; what is compressed cannot be taken in portions.
fn check_type(sent: &Sent) -> Result<(), ApiError> {
    let content_type = sent.content_type();
    let media_type = content_type.split(';').next().unwrap_or_default();
    let is_journal = media_type.trim().eq_ignore_ascii_case(MEDIA_TYPE);
    let (code, message) = match (is_journal, sent.encoding()?) {
        (true, Encoding::Identity) => return Ok(()),
        (true, _) => ("unsupported_encoding", "a journal is taken uncompressed"),
        (false, _) => (
            "unsupported_media_type",
            "a journal is taken here: send application/vnd.fdo.journal",
        ),
    };
    let error = ApiError::bad_request(code, message);
    Err(error.with_status(StatusCode::UNSUPPORTED_MEDIA_TYPE))
}

/// A request that is under way.
struct Upload<'s> {
    services: &'s Services,
    sender: &'s Sender,
    body: Body,
    /// What came and was not taken yet.
    unread: BytesMut,
    /// Memory that is held for it.
    room: Reservation,
    /// Bytes from which on it is worth a look.
    wanted: usize,
}

/// Why reading stops for a moment.
enum Pause {
    /// There is enough for a portion, or it has waited for long enough.
    Portion,
    /// There is no memory for this, which came.
    NoRoom(Bytes),
    /// The body has ended.
    End,
}

impl<'s> Upload<'s> {
    async fn take_all(mut self) -> Result<(), ApiError> {
        let limits = self.services.limits();
        let mut stopping = pin!(stopped_for(&self.services.stopping, TIME_WHEN_STOPPING));
        let mut too_long = Box::pin(tokio::time::sleep(limits.body_timeout));
        loop {
            let pause = tokio::select! {
                biased;
                read = self.read() => read?,
                () = too_long.as_mut() => return Err(ApiError::body_timeout(limits.body_timeout)),
                () = stopping.as_mut() => return Err(ApiError::stopping()),
            };
            let is_end = matches!(pause, Pause::End);
            let mut is_on = self.take_whole(is_end).await?;
            if let Pause::NoRoom(data) = pause {
                self.wait_for_room(data).await?;
                is_on = true;
            }
            // While there is no room, its sender is not the one that is waited for.
            if is_on {
                too_long = Box::pin(tokio::time::sleep(limits.body_timeout));
            }
            if is_end {
                return Ok(());
            }
        }
    }

    /// Takes what is whole of what came; whether anything was.
    async fn take_whole(&mut self, is_end: bool) -> Result<bool, ApiError> {
        let before = self.unread.len();
        while let Some(portion) = wire::journald::portion(&self.unread, is_end)? {
            let taker = self.taker();
            let bytes = self.unread.split_to(portion.bytes).freeze();
            taker.take(&parts(&bytes, portion)).await?;
            // It never grows here.
            drop(self.room.resize(self.unread.len()));
        }
        // Of one that is not whole, not each piece that comes is worth a look.
        let limit = self.services.limits().body_bytes;
        if self.unread.len() >= limit {
            return Err(ApiError::body_too_large(limit));
        }
        self.wanted = limit.min(PORTION_BYTES.max(2 * self.unread.len()));
        Ok(self.unread.len() < before)
    }

    fn taker(&self) -> Taker<'s> {
        Taker {
            services: self.services,
            sender: self.sender,
            holds: self.unread.len(),
        }
    }

    /// Reads until there is enough for a portion, or nothing comes for a while, or the body ends.
    async fn read(&mut self) -> Result<Pause, ApiError> {
        let before = self.unread.len();
        let mut while_nothing_comes = pin!(tokio::time::sleep(PORTION_TIME));
        while self.unread.len() < self.wanted {
            let frame = tokio::select! {
                biased;
                frame = self.body.frame() => frame,
                () = while_nothing_comes.as_mut(), if self.unread.len() > before => return Ok(Pause::Portion),
            };
            let Some(frame) = frame else {
                return Ok(Pause::End);
            };
            let frame = frame.map_err(|error| {
                ApiError::bad_request("broken_body", format!("the body broke off: {error}"))
            })?;
            let data = frame.into_data().unwrap_or_default();
            if self.room.resize(self.unread.len() + data.len()).is_err() {
                return Ok(Pause::NoRoom(data));
            }
            self.unread.extend_from_slice(&data);
        }
        Ok(Pause::Portion)
    }

    async fn wait_for_room(&mut self, data: Bytes) -> Result<(), ApiError> {
        if self.room.resize(self.unread.len() + data.len()).is_err() {
            let room = self.taker().wait_for_memory(data.len()).await?;
            self.room.add(room);
        }
        self.unread.extend_from_slice(&data);
        Ok(())
    }
}

/// The parts of a portion that stands in these bytes.
fn parts(bytes: &Bytes, portion: Portion) -> Vec<Part> {
    let of = |place: &Range<usize>| bytes.get(place.clone()).unwrap_or_default();
    let parts = portion.parts.into_iter().map(|part| Part {
        run: part.run,
        bytes: match &part.places[..] {
            [place] => bytes.slice(place.clone()),
            places => places.iter().flat_map(of).copied().collect(),
        },
    });
    parts.collect()
}
