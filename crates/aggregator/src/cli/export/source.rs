//! Where records come from: pages of a service's answers, or of a folder's store, read by a thread of its own.

use super::ExportArgs;
use super::failure::Failure;
use super::window::Window;
use crate::cli::filters::Parameter;
use crate::cli::query::{Answer, Record, Rows, ServiceClient, in_flags};
use form_urlencoded::Serializer;
use logs::clock::{Clock, SystemClock};
use query::{Candidate, Query};
use record::id::RecordId;
use serde_json::value::RawValue;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;
use std::time::Duration;
use store::PageLimit;
use store::folder_reader::FolderReader;
use store::inspection::Found;
use store::page::Page;

/// Pages that wait to be written.
const PAGES_BETWEEN: usize = 1;
/// Records in one answer of the service at most, as it has it.
const LARGEST_PAGE: usize = 10_000;
/// What one page of a store may hold. Where little matches it ends sooner, and is asked on from there.
const PAGE: PageLimit = PageLimit {
    rows: 16_384,
    bytes: 8 * 1024 * 1024,
    looked_at: 4 * 1024 * 1024,
    time: Duration::from_secs(2),
    record_time: Duration::from_secs(60),
};
const RETRIEVE: &str = "/logs/retrieve";

/// A page, or `None` behind the last one: what ends without that has failed.
type Read = Result<Option<Page>, Failure>;
type Pages = SyncSender<Read>;

/// Reads what is asked for behind `behind`, oldest first.
///
/// # Errors
/// [`Failure`] when nothing can be asked.
pub(super) fn start(
    args: &ExportArgs,
    window: Window,
    behind: Option<RecordId>,
) -> Result<Receiver<Read>, Failure> {
    let (sender, receiver) = sync_channel(PAGES_BETWEEN);
    let window = behind.map_or(window, |behind| window.from(behind.time()));
    let parameters = window.parameters(&args.filters);
    let read: Box<dyn FnOnce() + Send> = if let Some(folder) = &args.data_dir {
        let folder = OpenFolder::new(folder, &parameters)?;
        Box::new(move || folder.read(behind, &sender))
    } else {
        let client = ServiceClient::at(&args.service, args.timeout)?;
        let asked = Asked::new(parameters, behind);
        Box::new(move || {
            let end = asked.read(&client, &sender).map(|()| None);
            // Nobody may wait for it any more.
            drop(sender.send(end));
        })
    };
    let started = thread::Builder::new().spawn(read);
    started.map_err(|error| Failure::Start(error.to_string()))?;
    Ok(receiver)
}

/// The next page; `None` when all was read.
///
/// # Errors
/// Why there are no more, also when the thread that reads is gone without having said so.
pub(super) fn next(pages: &Receiver<Read>) -> Read {
    pages.recv().unwrap_or(Err(Failure::Reader))
}

fn question<'a>(parameters: impl IntoIterator<Item = &'a Parameter>) -> String {
    let mut text = Serializer::new(String::new());
    text.extend_pairs(parameters);
    text.finish()
}

/// The store of a folder.
struct OpenFolder {
    reader: FolderReader,
    query: Arc<Query>,
}

impl OpenFolder {
    fn new(folder: &Path, parameters: &[Parameter]) -> Result<Self, Failure> {
        let clock = SystemClock::start();
        let query = Query::parse(&question(parameters), clock.now());
        let query = query.map_err(|error| {
            let sentence = error.to_string();
            Failure::Filter(in_flags(&sentence).unwrap_or(sentence))
        })?;
        Ok(Self {
            reader: FolderReader::open(&Found::of(folder)?, Arc::new(clock))?,
            query: Arc::new(query),
        })
    }

    fn read(&self, behind: Option<RecordId>, pages: &Pages) {
        let mut after = behind;
        loop {
            let page = self.reader.page(&self.query, after, PAGE);
            let next = page.as_ref().map_or(None, |page| page.next);
            let is_failed = page.is_err();
            let is_left = pages.send(page.map(Some).map_err(Failure::from)).is_err();
            if is_failed || is_left {
                return;
            }
            if next.is_none() {
                drop(pages.send(Ok(None)));
                return;
            }
            after = next;
        }
    }
}

/// What a service is asked.
struct Asked {
    parameters: Vec<Parameter>,
    behind: Option<RecordId>,
    /// The service has done the asking.
    all: Query,
}

impl Asked {
    /// A service is asked by time; what it gives again is left out.
    fn new(mut parameters: Vec<Parameter>, behind: Option<RecordId>) -> Self {
        let mut set = |name: &str, value: String| parameters.push((name.to_owned(), value));
        set("format", "ndjson".to_owned());
        set("limit", LARGEST_PAGE.to_string());
        Self {
            parameters,
            behind,
            all: Query::default(),
        }
    }

    fn read(&self, client: &ServiceClient, pages: &Pages) -> Result<(), Failure> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| Failure::Start(error.to_string()))?;
        let mut cursor: Option<Parameter> = None;
        loop {
            let question = question(self.parameters.iter().chain(&cursor));
            let (page, next) = runtime.block_on(self.page(client, &question))?;
            if pages.send(Ok(Some(page))).is_err() {
                return Ok(());
            }
            match next {
                Some(next) => cursor = Some(("cursor".to_owned(), next)),
                None => return Ok(()),
            }
        }
    }

    /// One page, and where the next one starts.
    async fn page(
        &self,
        client: &ServiceClient,
        question: &str,
    ) -> Result<(Page, Option<String>), Failure> {
        let answer = client
            .get(RETRIEVE, question, "application/x-ndjson")
            .await?;
        let (next, is_complete) = (answer.next_cursor(), answer.is_complete());
        let page = self.rows(answer).await?;
        match next {
            None if !is_complete => Err(crate::cli::query::Failure::Unfinished.into()),
            next => Ok((page, next)),
        }
    }

    async fn rows(&self, mut answer: Answer) -> Result<Page, crate::cli::query::Failure> {
        use crate::cli::query::Failure;
        let (mut rows, mut page) = (Rows::new(false), Page::default());
        let has_end = answer.has_end();
        while let Some(chunk) = answer.chunk().await? {
            rows.add(&chunk)?;
            while let Some(row) = rows.next() {
                self.add(row, &mut page)?;
            }
        }
        if rows.has_rest() {
            return Err(Failure::BrokenOff("in the middle of a record".to_owned()));
        }
        match has_end {
            true => Ok(page),
            false => Err(Failure::NoEnd),
        }
    }

    fn add(&self, row: &[u8], page: &mut Page) -> Result<(), crate::cli::query::NoRecord> {
        let json = std::str::from_utf8(row).map_err(|_| crate::cli::query::NoRecord)?;
        let record = Record::parse(json)?;
        let id = record.id()?;
        if self.behind.is_none_or(|behind| id > behind) {
            let level = record.level.as_deref();
            let candidate = Candidate {
                id,
                severity: level.map_or(logs::SEVERITY_UNKNOWN, logs::severity_of),
                level,
                message: &record.message,
                attributes: record.attributes.map(RawValue::get),
            };
            page.push_record(&self.all, candidate);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reader_that_fails_in_itself_is_no_end() {
        let (sender, receiver) = sync_channel::<Read>(PAGES_BETWEEN);
        let reader = thread::spawn(move || {
            sender.send(Ok(Some(Page::default()))).unwrap();
            panic!("as a fault in what reads would");
        });
        assert!(matches!(next(&receiver), Ok(Some(_))));
        assert!(matches!(next(&receiver), Err(Failure::Reader)));
        assert!(reader.join().is_err());
    }
}
