//! `aggregator query`: asks a running service for records and shows them on the command line.
//!
//! What is asked for is one request of `/logs/retrieve`, or with `--limit` as many pages as it takes;
//! each row is shown as soon as it is there, and no more than one is kept. What the service does not
//! bring to its end is never passed off as whole.

mod args;
mod closed_pipe;
mod colors;
mod context;
mod context_groups;
mod event_reader;
mod failure;
mod flatten;
mod following;
mod json_record;
mod levels_in_use;
mod output_format;
mod parameter_names;
mod record_layout;
mod request;
mod row_splitter;
mod service_client;

pub use args::{ColorChoice, Direction, Output, QueryArgs};
pub use failure::Failure;
pub use json_record::NoRecord;
pub use row_splitter::TooLong;

use args::LARGEST_PAGE;
use context::Context;
use following::Following;
pub(super) use json_record::Record;
use levels_in_use::{DoubtfulLevels, FACETS};
use output_format::OutputFormat;
pub(super) use parameter_names::in_flags;
use request::Request;
pub(super) use row_splitter::Rows;
pub(super) use service_client::{Answer, ServiceClient};
use std::io::{self, IsTerminal as _, Write};
use tokio::runtime;

const RETRIEVE: &str = "/logs/retrieve";

/// Asks, and writes what is found to `out`, which is standard output.
///
/// # Errors
/// [`Failure`], after what was found until then was written.
pub fn run(args: &QueryArgs, out: &mut impl Write) -> Result<(), Failure> {
    if let Some(sentence) = args.contradiction() {
        return Err(Failure::Usage(sentence));
    }
    let runtime = runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::Start(error.to_string()))?;
    let ended = runtime.block_on(async {
        tokio::select! {
            ended = show(args, out) => ended,
            () = closed_pipe::closed() => Err(io::Error::from(io::ErrorKind::BrokenPipe).into()),
        }
    });
    // Without waiting: a name server that does not answer still blocks a thread.
    runtime.shutdown_background();
    ended
}

/// What is there, or what is stored from now on until somebody interrupts it.
async fn show(args: &QueryArgs, out: &mut impl Write) -> Result<(), Failure> {
    let mut search = Search::new(args, out)?;
    if !args.follow {
        return search.run().await;
    }
    let Search {
        client,
        format,
        out,
        ..
    } = search;
    tokio::select! {
        ended = Following::new(args, client, format, out).run() => ended,
        _ = tokio::signal::ctrl_c() => Ok(()),
    }
}

struct Search<'a, W> {
    args: &'a QueryArgs,
    request: Request,
    client: ServiceClient,
    format: OutputFormat,
    /// Where neighbours are shown as well.
    context: Option<Context>,
    /// Records that may still be shown.
    left: Option<u64>,
    shown: u64,
    /// Written, but not yet handed over.
    buffer: Vec<u8>,
    out: &'a mut W,
}

impl<'a, W: Write> Search<'a, W> {
    fn new(args: &'a QueryArgs, out: &'a mut W) -> Result<Self, Failure> {
        Ok(Self {
            args,
            request: Request::new(args),
            client: ServiceClient::at(&args.service, args.timeout)?,
            format: OutputFormat::new(args, io::stdout().is_terminal()),
            context: Context::new(args),
            left: args.limit,
            shown: 0,
            buffer: Vec::new(),
            out,
        })
    }

    async fn run(&mut self) -> Result<(), Failure> {
        let mut cursor = None;
        let mut ended = loop {
            let page = self.page(cursor.as_deref()).await;
            match page {
                Ok(Some(next)) => cursor = Some(next),
                Ok(None) => break Ok(()),
                Err(failure) if cursor.is_none() && self.shown == 0 => break Err(failure),
                Err(failure) => break Err(failure.after(self.shown)),
            }
        };
        if let Some(context) = &mut self.context {
            let last = context.finish(self.format, &mut self.buffer);
            ended = ended.and(last);
        }
        // What was found is shown before it is said what is missing.
        self.flush()?;
        ended?;
        self.tell_what_is_not_there().await;
        Ok(())
    }

    /// Says that nothing was found, and which levels nobody uses: an empty answer looks like a mistake,
    /// and so does a level that is mistyped.
    async fn tell_what_is_not_there(&self) {
        let is_found = self.shown > 0;
        let unused = match DoubtfulLevels::of(self.args, is_found) {
            None => None,
            Some(levels) => self
                .facets(levels.question())
                .await
                .ok()
                .and_then(|answer| levels.sentence(&answer)),
        };
        match (is_found, unused) {
            (true, None) => {}
            (true, Some(unused)) => notice(&unused),
            (false, None) => notice("nothing was found"),
            (false, Some(unused)) => notice(&format!("nothing was found: {unused}")),
        }
    }

    async fn facets(&self, question: &str) -> Result<Vec<u8>, Failure> {
        let answer = self
            .client
            .get(FACETS, question, "application/json")
            .await?;
        self.client.whole(answer).await
    }

    /// One page, or all that there is when there is no limit; where the next one starts.
    async fn page(&mut self, cursor: Option<&str>) -> Result<Option<String>, Failure> {
        let is_first = cursor.is_none();
        let limit = self.left.map(|left| left.min(LARGEST_PAGE));
        let query = self.request.search(limit, cursor);
        let content_type = self.format.content_type();
        let answer = self.client.get(RETRIEVE, &query, content_type).await?;
        let (next, is_complete) = (answer.next_cursor(), answer.is_complete());
        self.read(answer, is_first).await?;
        match next {
            _ if self.left == Some(0) => Ok(None),
            None if !is_complete => Err(Failure::Unfinished),
            Some(_) if !is_complete && is_first => {
                notice(
                    "the service has looked for as long as it does for one answer; asking it to go on",
                );
                Ok(next)
            }
            next => Ok(next),
        }
    }

    async fn read(&mut self, mut answer: Answer, is_first: bool) -> Result<(), Failure> {
        let mut rows = Rows::new(self.format.has_head());
        let mut is_head = self.format.has_head();
        let has_end = answer.has_end();
        while let Some(chunk) = answer.chunk().await? {
            rows.add(&chunk)?;
            while self.left != Some(0)
                && let Some(row) = rows.next()
            {
                if std::mem::take(&mut is_head) {
                    if is_first {
                        self.format.write(row, &mut self.buffer)?;
                    }
                    continue;
                }
                self.show(row).await?;
            }
            self.flush()?;
            if self.left == Some(0) {
                return Ok(());
            }
        }
        if rows.has_rest() {
            return Err(Failure::BrokenOff("in the middle of a record".to_owned()));
        }
        if !has_end {
            return Err(Failure::NoEnd);
        }
        Ok(())
    }

    async fn show(&mut self, row: &[u8]) -> Result<(), Failure> {
        match &mut self.context {
            None => self.format.write(row, &mut self.buffer)?,
            Some(context) => {
                let asked = (&self.request, &self.client);
                context
                    .show(row, asked, self.format, &mut self.buffer)
                    .await?;
                self.flush()?;
            }
        }
        self.shown += 1;
        self.left = self.left.map(|left| left - 1);
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

/// Beside the records; standard error may be closed.
fn notice(sentence: &str) {
    drop(writeln!(io::stderr(), "{sentence}"));
}
