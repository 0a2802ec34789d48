//! The forms of a tail: Server-Sent Events, each with its id, or a JSON object a line.

use crate::http::read::retrieve::format::FormatError;
use crate::search::tail::Form;
use crate::search::tail::place::Place;
use query::cursor::CursorKey;
use serde_json::{Map, Value};
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use store::page::Row;

/// The media types of the forms, in the order of [`Kind`].
pub(super) const MEDIA_TYPES: &[&[&str]] = &[
    &["text/event-stream"],
    &[
        "application/x-ndjson",
        "application/ndjson",
        "application/jsonl",
    ],
];
/// How long a browser waits before it comes again, in milliseconds.
const RETRY: &[u8] = b"retry: 2000\n";

/// Which form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Server-Sent Events.
    Events,
    /// A JSON object a line.
    Lines,
}

/// Writes in a form what is given to a reader, with the ids that his question has.
pub(super) struct Writer {
    pub(super) kind: Kind,
    pub(super) key: CursorKey,
    pub(super) question: Arc<str>,
    /// For whoever reads through a filter.
    pub(super) hidden: Option<Hidden>,
}

/// An id of such a reader must not show what it says, nor by being another one that something was stored which he may not
/// know of: each has a number, so that all are different.
pub(super) struct Hidden(AtomicU64);

/// Bytes of that number, behind the place.
const NUMBER_BYTES: usize = 8;

impl Hidden {
    /// For one reader; `random` is where his numbers begin.
    pub(super) fn from(random: u64) -> Self {
        Self(AtomicU64::new(random))
    }

    /// The place in what an id says.
    pub(super) fn place(said: &[u8]) -> Option<&[u8]> {
        said.len()
            .checked_sub(NUMBER_BYTES)
            .and_then(|length| said.get(..length))
    }

    fn numbered(&self, place: &[u8]) -> Vec<u8> {
        let number = self.0.fetch_add(1, Ordering::Relaxed);
        [place, &number.to_be_bytes()[..]].concat()
    }
}

impl Kind {
    /// The form with this name.
    pub(super) fn parse(name: &str) -> Result<Self, FormatError> {
        match &*name.to_ascii_lowercase() {
            "sse" => Ok(Self::Events),
            "ndjson" => Ok(Self::Lines),
            _ => Err(FormatError::UnknownOfTail),
        }
    }

    /// The form at this place of [`MEDIA_TYPES`].
    pub(super) fn at(position: usize) -> Self {
        match position {
            1 => Self::Lines,
            _ => Self::Events,
        }
    }

    pub(super) fn content_type(self) -> &'static str {
        match self {
            Self::Events => "text/event-stream",
            Self::Lines => "application/x-ndjson",
        }
    }
}

impl Writer {
    /// Two that write the same have the same.
    pub(super) fn digest(&self) -> [u8; 32] {
        let kind = [self.kind as u8, u8::from(self.hidden.is_some())];
        let mut hasher = blake3::Hasher::new();
        hasher.update(&kind);
        hasher.update(self.question.as_bytes());
        *hasher.finalize().as_bytes()
    }

    /// The id of an event behind which one goes on at this place.
    pub(super) fn id(&self, place: &Place) -> String {
        let mut id = Vec::new();
        self.append_id(&place.bytes(), &mut id);
        String::from_utf8(id).unwrap_or_default()
    }

    fn append_id(&self, place: &[u8], out: &mut Vec<u8>) {
        let question = &self.question;
        match &self.hidden {
            None => self.key.seal_event(place, question, false, out),
            Some(hidden) => {
                let numbered = hidden.numbered(place);
                self.key.seal_event(&numbered, question, true, out);
            }
        }
    }

    /// What stands before everything: where one goes on who breaks off before the first record.
    pub(super) fn opening(&self, place: &Place) -> Vec<u8> {
        match self.kind {
            Kind::Events => [RETRY, &self.sign_of_life(place)].concat(),
            Kind::Lines => self.position(place),
        }
    }

    /// What is sent when there has been nothing for a while. A browser tells nobody of it and keeps the id.
    pub(super) fn sign_of_life(&self, place: &Place) -> Vec<u8> {
        match self.kind {
            Kind::Events => format!(": heartbeat\nid: {}\n\n", self.id(place)).into_bytes(),
            Kind::Lines => self.event("heartbeat", [], Some(place)),
        }
    }

    fn position(&self, place: &Place) -> Vec<u8> {
        self.event("position", [], Some(place))
    }

    /// An event that is no record, with these members, and the id of the place where one goes on.
    pub(super) fn event(
        &self,
        name: &str,
        members: impl IntoIterator<Item = (&'static str, Value)>,
        place: Option<&Place>,
    ) -> Vec<u8> {
        let members = members.into_iter();
        let mut members: Map<_, _> = members
            .map(|(name, value)| (name.to_owned(), value))
            .collect();
        let id = place.map(|place| self.id(place));
        match self.kind {
            Kind::Events => {
                let id = id.map(|id| format!("id: {id}\n")).unwrap_or_default();
                let data = Value::Object(members);
                format!("event: {name}\n{id}data: {data}\n\n").into_bytes()
            }
            Kind::Lines => {
                if let Some(id) = id {
                    members.insert("id".to_owned(), id.into());
                }
                let rest = Value::Object(members).to_string();
                let rest = rest.strip_prefix('{').unwrap_or_default();
                let comma = if rest == "}" { "" } else { "," };
                format!("{{\"event\":\"{name}\"{comma}{rest}\n").into_bytes()
            }
        }
    }
}

impl Form for Writer {
    fn record(&self, row: Row<'_>, place: &[u8], out: &mut Vec<u8>) -> io::Result<()> {
        match self.kind {
            Kind::Events => {
                out.extend_from_slice(b"id: ");
                self.append_id(place, out);
                out.extend_from_slice(b"\ndata: ");
                row.write_json(out)?;
                out.extend_from_slice(b"\n\n");
            }
            Kind::Lines => {
                row.write_json(out)?;
                out.push(b'\n');
            }
        }
        Ok(())
    }

    fn behind(&self, place: &[u8], out: &mut Vec<u8>) {
        if self.kind == Kind::Lines {
            out.extend_from_slice(b"{\"event\":\"position\",\"id\":\"");
            self.append_id(place, out);
            out.extend_from_slice(b"\"}\n");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use logs::Timestamp;
    use record::id::{BatchId, RecordId};
    use serde_json::json;

    fn writer(kind: Kind) -> Writer {
        Writer {
            kind,
            key: CursorKey::new([3; 32]),
            question: "q=a".into(),
            hidden: None,
        }
    }

    fn text(bytes: Vec<u8>) -> String {
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn an_event_has_one_line_of_data_and_the_id_of_its_place() {
        let events = writer(Kind::Events);
        let place = Place::at(None, Default::default(), None);
        let id = events.id(&place);
        let dropped = [("count", json!(7)), ("after", json!("x"))];
        assert_eq!(
            text(events.event("dropped", dropped.clone(), Some(&place))),
            format!("event: dropped\nid: {id}\ndata: {{\"after\":\"x\",\"count\":7}}\n\n")
        );
        assert_eq!(
            text(events.opening(&place)),
            format!("retry: 2000\n: heartbeat\nid: {id}\n\n")
        );
        let lines = writer(Kind::Lines);
        let line = text(lines.event("dropped", dropped, Some(&place)));
        assert!(
            line.starts_with("{\"event\":\"dropped\",") && line.ends_with("}\n"),
            "{line}"
        );
        let read: Value = serde_json::from_str(&line).unwrap();
        assert_eq!(read["count"], 7);
        assert_eq!(
            text(lines.event("away", [], None)),
            "{\"event\":\"away\"}\n"
        );
    }

    #[test]
    fn a_record_is_written_as_it_is_read_elsewhere() {
        let row = Row {
            id: RecordId::new(Timestamp::from_nanos(7), BatchId::from_bytes([1; 8]), 2),
            severity: 9,
            level: Some("INFO"),
            message: "two\nlines",
            attributes: None,
            received: None,
        };
        let mut json = Vec::new();
        row.write_json(&mut json).unwrap();
        let json = text(json);
        let place = Place::at(Some(row.id), Default::default(), None).bytes();
        let mut out = Vec::new();
        writer(Kind::Events).record(row, &place, &mut out).unwrap();
        let event = text(out);
        let lines: Vec<_> = event.lines().collect();
        assert!(lines[0].starts_with("id: ") && lines[1] == format!("data: {json}"));
        assert_eq!(lines[2..], [""]);
        let mut out = Vec::new();
        let form = writer(Kind::Lines);
        form.record(row, &place, &mut out).unwrap();
        form.behind(&place, &mut out);
        let lines = text(out);
        let (record, position) = lines.split_once('\n').unwrap();
        assert!(record == json && position.starts_with("{\"event\":\"position\",\"id\":\""));
    }
}
