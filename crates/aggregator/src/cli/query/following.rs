//! `aggregator tail` and `aggregator query --follow`: shows records as they are stored, and connects again by itself.
//!
//! With a number of last ones it first learns where the live end is, then asks for those, and then goes on from there but
//! for what was shown: so none is missed between the two, and none comes twice.

use super::args::QueryArgs;
use super::event_reader::{Event, Events};
use super::failure::Failure;
use super::json_record::Record;
use super::output_format::OutputFormat;
use super::row_splitter::Rows;
use super::service_client::{Answer, ServiceClient};
use super::{LARGEST_PAGE, RETRIEVE, notice};
use crate::cli::filters::Parameter;
use crate::cli::sanitize;
use form_urlencoded::Serializer;
use logs::counted;
use serde_json::Value;
use std::collections::HashSet;
use std::io::{self, Write};
use std::time::Duration;

const TAIL: &str = "/logs/tail";
const EVENTS: &str = "text/event-stream";
const LINES: &str = "application/x-ndjson";
/// A service gives a sign of life more often than this.
const SILENCE: Duration = Duration::from_secs(150);
/// Before the first and the last attempt to connect again.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// Shows what is stored until it is interrupted.
pub(super) struct Following<'a, W> {
    client: ServiceClient,
    format: OutputFormat,
    /// How many of the last ones come first.
    last: Option<u64>,
    /// What is asked for of the last ones, and then of what is stored.
    filters: Vec<Parameter>,
    /// Whether it begins at the time that the filters say.
    begins_there: bool,
    /// Where it goes on.
    after: Option<String>,
    /// The ids of the last ones, which are not shown again.
    shown: HashSet<String>,
    pause: Duration,
    out: &'a mut W,
    buffer: Vec<u8>,
}

/// How a connection ended that had begun.
enum Ended {
    /// With this sentence.
    By(String),
    /// It cannot be gone on.
    Failed(Failure),
}

impl From<Failure> for Ended {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Output(_) | Failure::NoRecord(_) | Failure::TooLong(_) => {
                Self::Failed(failure)
            }
            passing => Self::By(passing.to_string()),
        }
    }
}

impl<'a, W: Write> Following<'a, W> {
    pub(super) fn new(
        args: &QueryArgs,
        client: ServiceClient,
        format: OutputFormat,
        out: &'a mut W,
    ) -> Self {
        let mut filters = args.filters.of_records();
        filters.extend(args.filters.of_attributes());
        Self {
            client,
            format,
            last: args.limit,
            filters,
            begins_there: args.limit.is_none(),
            after: None,
            shown: HashSet::new(),
            pause: FIRST_PAUSE,
            out,
            buffer: Vec::new(),
        }
    }

    /// Until it cannot go on.
    pub(super) async fn run(mut self) -> Result<(), Failure> {
        let mut answer = self.connect().await?;
        if let Some(last) = self.last {
            self.begin(answer, last).await?;
            answer = self.connect().await?;
        }
        loop {
            match self.show(answer).await {
                Ended::Failed(failure) => return Err(failure),
                Ended::By(reason) => answer = self.connect_again(&reason).await?,
            }
        }
    }

    async fn connect(&self) -> Result<Answer, Failure> {
        let mut query = Serializer::new(String::new());
        let filters = self.filters.iter();
        query.extend_pairs(filters.filter(|(name, _)| self.begins_there || name != "startTime"));
        query.append_pair("format", "sse");
        if let Some(after) = &self.after {
            query.append_pair("after", after);
        }
        self.client.get(TAIL, &query.finish(), EVENTS).await
    }

    async fn connect_again(&mut self, reason: &str) -> Result<Answer, Failure> {
        notice(&format!("{reason}; connecting again"));
        loop {
            tokio::time::sleep(self.pause).await;
            self.pause = (self.pause * 2).min(LONGEST_PAUSE);
            match self.connect().await {
                Ok(answer) => {
                    notice("connected again: it goes on where it was");
                    return Ok(answer);
                }
                Err(failure) if failure.may_pass() => {
                    let seconds = self.pause.as_secs();
                    notice(&format!("{failure}; connecting again in {seconds} s"));
                }
                Err(failure) => return Err(failure),
            }
        }
    }

    /// Shows the last ones; the first event says where the live end was before.
    async fn begin(&mut self, mut answer: Answer, last: u64) -> Result<(), Failure> {
        let mut events = Events::new();
        while self.after.is_none() {
            let chunk = answer.chunk().await?;
            events.add(&chunk.ok_or(Failure::NoEnd)?)?;
            self.after = events.next().and_then(|event| event.id);
        }
        drop(answer);
        let mut query = Serializer::new(String::new());
        query.extend_pairs(&self.filters);
        query
            .append_pair("order", "desc")
            .append_pair("format", "ndjson");
        query.append_pair("limit", &last.min(LARGEST_PAGE).to_string());
        let answer = self.client.get(RETRIEVE, &query.finish(), LINES).await?;
        let is_complete = answer.is_complete();
        let whole = self.client.whole_within(answer, usize::MAX).await?;
        let mut rows = Rows::new(false);
        rows.add(&whole)?;
        let mut lines = Vec::new();
        while let Some(line) = rows.next() {
            lines.push(line.to_vec());
        }
        if !is_complete {
            notice(
                "the service has looked for as long as it does for one answer: there may be more before these",
            );
        }
        for line in lines.iter().rev() {
            let json = std::str::from_utf8(line).map_err(|_| super::NoRecord)?;
            self.shown.insert(id_of(json)?);
            self.format.write(line, &mut self.buffer)?;
        }
        Ok(self.flush()?)
    }

    /// What comes over one connection.
    async fn show(&mut self, mut answer: Answer) -> Ended {
        let mut events = Events::new();
        loop {
            let chunk = match tokio::time::timeout(SILENCE, answer.chunk()).await {
                Err(_) => return Ended::By("the service says nothing any more".to_owned()),
                Ok(Ok(None)) => {
                    return Ended::By("the service has ended the connection".to_owned());
                }
                Ok(Ok(Some(chunk))) => chunk,
                Ok(Err(failure)) => return failure.into(),
            };
            self.pause = FIRST_PAUSE;
            if let Err(error) = self.take(&mut events, &chunk) {
                return error.into();
            }
        }
    }

    fn take(&mut self, events: &mut Events, chunk: &[u8]) -> Result<(), Failure> {
        events.add(chunk)?;
        while let Some(event) = events.next() {
            self.write(&event)?;
            self.after = event.id.or(self.after.take());
        }
        Ok(self.flush()?)
    }

    fn write(&mut self, event: &Event) -> Result<(), Failure> {
        let Some(data) = &event.data else {
            return Ok(());
        };
        if event.name.is_empty() {
            if self.shown.is_empty() || !self.shown.remove(&id_of(data)?) {
                self.format.write_json(data, true, &mut self.buffer)?;
            }
            return Ok(());
        }
        self.flush()?;
        let told: Value = serde_json::from_str(data).unwrap_or_default();
        if let Some(sentence) = sentence(&event.name, &told) {
            notice(&sanitize::line(&sentence));
        }
        Ok(())
    }

    fn flush(&mut self) -> io::Result<()> {
        if !self.buffer.is_empty() {
            self.out.write_all(&self.buffer)?;
            self.buffer.clear();
            self.out.flush()?;
        }
        Ok(())
    }
}

fn id_of(json: &str) -> Result<String, Failure> {
    Ok(Record::parse(json)?.id()?.to_string())
}

/// What an event that is no record says, for people.
fn sentence(name: &str, told: &Value) -> Option<String> {
    let text = |member: &str| told.get(member).and_then(Value::as_str).unwrap_or_default();
    Some(match name {
        "dropped" => {
            let count = told.get("count").and_then(Value::as_u64).unwrap_or(0);
            format!(
                "this is too slow for what is stored: up to {} passed over, which a query shows",
                counted(
                    usize::try_from(count).unwrap_or(usize::MAX),
                    "record was",
                    "records were"
                )
            )
        }
        "gap" => "what was stored meanwhile may be missing here: a query shows it".to_owned(),
        "skipped" => format!(
            "it takes too long to tell whether the record {} matches: it is not shown",
            text("record")
        ),
        "waiting" => "the store is away: it goes on when it is back".to_owned(),
        "failed" => format!(
            "the service cannot go on: {} ({})",
            text("message"),
            text("code")
        ),
        _ => return None,
    })
}
