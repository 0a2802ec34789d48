//! A reader of `/logs/tail`.

use std::time::Duration;

use reqwest::Response;
use serde_json::Value;

use super::service::Service;

/// For what takes a moment on a machine that has time.
const PATIENCE: Duration = Duration::from_secs(60);
/// Longer than any test.
const WHOLE: Duration = Duration::from_secs(900);

/// One event.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Event {
    /// Empty for a record.
    pub(crate) name: String,
    /// Where one goes on behind it.
    pub(crate) id: Option<String>,
    /// Its data.
    pub(crate) data: Option<String>,
    /// What only people read.
    pub(crate) comment: Option<String>,
}

impl Event {
    /// Its data as JSON.
    pub(crate) fn json(&self) -> Value {
        let data = self.data.as_deref().unwrap_or_default();
        serde_json::from_str(data).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

/// Events as they come.
pub(crate) struct Tail {
    response: Response,
    unread: Vec<u8>,
    /// The id of the last event that had one.
    pub(crate) last: Option<String>,
}

/// Asks for a tail with these headers; whatever the answer is.
pub(crate) async fn ask(service: &Service, query: &str, headers: &[(&str, &str)]) -> Response {
    let request = service
        .http()
        .get(service.url(&format!("/logs/tail?{query}")));
    let request = headers.iter().fold(request, |request, (name, value)| {
        request.header(*name, *value)
    });
    request.timeout(WHOLE).send().await.expect("an answer")
}

impl Tail {
    /// One that has begun, and said where it is.
    pub(crate) async fn open(service: &Service, query: &str) -> Self {
        Self::open_with(service, query, &[]).await
    }

    /// The same behind the event with this id, as a browser asks for it.
    pub(crate) async fn resume(service: &Service, query: &str, id: &str) -> Self {
        Self::open_with(service, query, &[("last-event-id", id)]).await
    }

    /// The same with these headers.
    pub(crate) async fn open_with(
        service: &Service,
        query: &str,
        headers: &[(&str, &str)],
    ) -> Self {
        let response = ask(service, query, headers).await;
        let status = response.status();
        assert_eq!(status, 200, "{}", response.text().await.unwrap_or_default());
        let mut tail = Self {
            response,
            unread: Vec::new(),
            last: None,
        };
        let first = tail.next().await.expect("a first event");
        assert!(first.id.is_some() && first.data.is_none(), "{first:?}");
        tail
    }

    /// A header of the answer.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.response.headers().get(name)?.to_str().ok()
    }

    /// The next event, a sign of life too; `None` at the end.
    pub(crate) async fn next(&mut self) -> Option<Event> {
        let next = tokio::time::timeout(PATIENCE, self.read()).await;
        let event = next.unwrap_or_else(|_| panic!("no event within {PATIENCE:?}"));
        if let Some(id) = event.as_ref().and_then(|event| event.id.clone()) {
            self.last = Some(id);
        }
        event
    }

    /// The next event with data.
    pub(crate) async fn event(&mut self) -> Event {
        loop {
            let event = self.next().await.expect("it goes on");
            if event.data.is_some() {
                return event;
            }
        }
    }

    /// The next record, with the id of its event.
    pub(crate) async fn record(&mut self) -> (String, Value) {
        let event = self.event().await;
        assert_eq!(event.name, "", "{event:?}");
        let record = event.json();
        (event.id.expect("each record's event has an id"), record)
    }

    /// The messages of so many records.
    pub(crate) async fn messages(&mut self, count: usize) -> Vec<String> {
        let mut messages = Vec::new();
        while messages.len() < count {
            let (_, record) = self.record().await;
            messages.push(record["message"].as_str().expect("a message").to_owned());
        }
        messages
    }

    async fn read(&mut self) -> Option<Event> {
        loop {
            if let Some(end) = self.unread.windows(2).position(|two| two == b"\n\n") {
                let text: Vec<u8> = self.unread.drain(..end + 2).collect();
                return Some(parse(std::str::from_utf8(&text).expect("UTF-8")));
            }
            let chunk = self.response.chunk().await.ok()??;
            self.unread.extend_from_slice(&chunk);
        }
    }
}

fn parse(text: &str) -> Event {
    let mut event = Event::default();
    for line in text.lines().filter(|line| !line.is_empty()) {
        let (field, value) = line.split_once(": ").expect("a field");
        let place = match field {
            "event" => {
                value.clone_into(&mut event.name);
                continue;
            }
            "id" => &mut event.id,
            "data" => &mut event.data,
            "" => &mut event.comment,
            "retry" => continue,
            other => panic!("{other:?} in {text:?}"),
        };
        assert!(place.replace(value.to_owned()).is_none(), "{text:?}");
    }
    event
}
