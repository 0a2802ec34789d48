//! The body of a tail: what is given, written as it is there; a sign of life when there is nothing; an end when the service
//! stops or the reader is let in no more.

use super::form::Writer;
use crate::access::{Caller, Scope};
use crate::http::error::ApiError;
use crate::http::services::Services;
use crate::search::retrieval::PageError;
use crate::search::tail::{Given, Tail};
use crate::worker::JobError;
use bytes::Bytes;
use serde_json::json;
use std::io;
use std::sync::Arc;
use std::time::Duration;
use store::feed::Gap;

/// How often it is asked whether the reader is still let in.
const LOOK: Duration = Duration::from_secs(2);

/// The events of a tail.
pub(super) struct Events {
    tail: Tail,
    writer: Arc<Writer>,
    services: Arc<Services>,
    caller: Caller,
    /// What comes before everything else.
    opening: Option<Bytes>,
    /// When it has been silent for too long.
    heartbeat: Duration,
    /// When it is asked whether the reader is still let in.
    look: Duration,
    is_over: bool,
}

impl Events {
    pub(super) fn of(
        tail: Tail,
        writer: Arc<Writer>,
        services: Arc<Services>,
        caller: Caller,
    ) -> Self {
        let now = services.clock.elapsed();
        Self {
            opening: Some(writer.opening(tail.place()).into()),
            heartbeat: now + services.tail_heartbeat,
            look: now + LOOK,
            is_over: false,
            tail,
            writer,
            services,
            caller,
        }
    }

    /// What goes out next; `None` at the end.
    pub(super) async fn chunk(mut self) -> io::Result<Option<(Bytes, Self)>> {
        if let Some(opening) = self.opening.take() {
            return Ok(Some((opening, self)));
        }
        if self.is_over {
            return Ok(None);
        }
        let stopping = self.services.stopping.clone();
        let next = tokio::select! {
            biased;
            () = stopping.cancelled() => None,
            next = self.next() => next,
        };
        Ok(next.map(|bytes| (bytes, self)))
    }

    async fn next(&mut self) -> Option<Bytes> {
        loop {
            let now = self.services.clock.elapsed();
            if now >= self.look {
                self.look = now + LOOK;
                if !self.is_let_in() {
                    return None;
                }
            }
            if now >= self.heartbeat {
                self.heartbeat = now + self.services.tail_heartbeat;
                return Some(self.writer.sign_of_life(self.tail.place()).into());
            }
            let given = self.tail.next(self.heartbeat.min(self.look)).await;
            if let Some(bytes) = self.written(given) {
                let now = self.services.clock.elapsed();
                self.heartbeat = now + self.services.tail_heartbeat;
                return Some(bytes);
            }
            if self.is_over {
                return None;
            }
        }
    }

    fn written(&mut self, given: Result<Given, PageError>) -> Option<Bytes> {
        let (writer, place) = (&self.writer, self.tail.place());
        let event = match given {
            Ok(Given::Quiet) => return None,
            Ok(Given::Records(chunk)) => return Some(chunk.bytes),
            Ok(Given::Dropped { records, from }) => {
                let from = writer.id(&from);
                // How much is stored of which he may know nothing is not told either.
                let count = writer.hidden.is_none().then_some(("count", json!(records)));
                let members = count.into_iter().chain([("after", json!(from))]);
                writer.event("dropped", members, Some(place))
            }
            Ok(Given::Gap(gap)) => {
                let reason = match gap {
                    Gap::Forgotten => "forgotten",
                    Gap::AnotherHistory => "another_history",
                };
                writer.event("gap", [("reason", json!(reason))], Some(place))
            }
            Ok(Given::Skipped(record)) => {
                let members = [
                    ("record", json!(record.to_string())),
                    ("reason", json!("query_too_slow")),
                ];
                writer.event("skipped", members, Some(place))
            }
            Ok(Given::Away) => {
                writer.event("waiting", [("reason", json!("store_unavailable"))], None)
            }
            Err(JobError::Closed) => {
                self.is_over = true;
                return None;
            }
            Err(error) => {
                self.is_over = true;
                let error = ApiError::from(error);
                let members = [
                    ("code", json!(error.code())),
                    ("message", json!(error.message())),
                ];
                writer.event("failed", members, None)
            }
        };
        Some(event.into())
    }

    /// Whether he may still read what he could when he began.
    fn is_let_in(&self) -> bool {
        let Some(token) = self.caller.token() else {
            return true;
        };
        let now = self.services.access.current(token);
        now.is_some_and(|now| now.is_for(Scope::Read) && now.filter == token.filter)
    }
}
