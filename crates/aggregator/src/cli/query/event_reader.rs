//! Server-Sent Events, out of an answer that comes in pieces.

use super::row_splitter::{Rows, TooLong};

/// One event.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Event {
    /// Empty for a record.
    pub(super) name: String,
    /// Where one goes on behind it, if it says so.
    pub(super) id: Option<String>,
    /// Its lines.
    pub(super) data: Option<String>,
}

/// The events of what has come so far.
#[derive(Debug)]
pub(super) struct Events {
    lines: Rows,
    event: Event,
}

impl Events {
    pub(super) fn new() -> Self {
        Self {
            lines: Rows::new(false),
            event: Event::default(),
        }
    }

    /// Takes what comes next.
    pub(super) fn add(&mut self, bytes: &[u8]) -> Result<(), TooLong> {
        self.lines.add(bytes)
    }

    /// The next event, if all of it has come. One without data says where to go on, at most.
    pub(super) fn next(&mut self) -> Option<Event> {
        while let Some(line) = self.lines.next() {
            let line = line.strip_suffix(b"\n").unwrap_or(line);
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            if line.is_empty() {
                let event = std::mem::take(&mut self.event);
                if event != Event::default() {
                    return Some(event);
                }
                continue;
            }
            let line = String::from_utf8_lossy(line);
            let (field, value) = line.split_once(':').unwrap_or((&line, ""));
            let value = value.strip_prefix(' ').unwrap_or(value);
            match field {
                "event" => value.clone_into(&mut self.event.name),
                "id" => self.event.id = Some(value.to_owned()),
                "data" => match &mut self.event.data {
                    Some(data) => {
                        data.push('\n');
                        data.push_str(value);
                    }
                    data => *data = Some(value.to_owned()),
                },
                // A comment, or what only browsers heed.
                _ => {}
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_read_however_they_are_cut() {
        let text = "retry: 5\n: heartbeat\nid: a\n\n: x\n\nid: b\r\ndata: {\"m\":\"ü: 1\"}\r\n\r\nevent: gap\ndata:one\ndata: two\n\nid: c\n";
        let event = |name: &str, id: Option<&str>, data: Option<&str>| Event {
            name: name.to_owned(),
            id: id.map(str::to_owned),
            data: data.map(str::to_owned),
        };
        let expected = [
            event("", Some("a"), None),
            event("", Some("b"), Some("{\"m\":\"ü: 1\"}")),
            event("gap", None, Some("one\ntwo")),
        ];
        for size in [1, 2, 7, text.len()] {
            let (mut events, mut found) = (Events::new(), Vec::new());
            for piece in text.as_bytes().chunks(size) {
                events.add(piece).unwrap();
                found.extend(std::iter::from_fn(|| events.next()));
            }
            assert_eq!(found, expected, "{size}");
        }
    }
}
