//! Documents that are looked at, since not all of them go.

use super::RemovalTask;
use crate::StoreError;
use crate::blocking::blocking;
use crate::mongo::read::{documents, max_time_millis};
use crate::removal::{Removal, Rules, Verdict, candidate};
use futures_util::StreamExt as _;
use logs::Timestamp;
use logs::clock::Clock;
use mongodb::bson::{Document, RawDocument, doc};
use mongodb::raw_batch_cursor::RawBatch;
use query::{GaveUp, Patience};
use record::document;
use record::id::RecordId;
use std::sync::Arc;
use std::time::Duration;

/// Documents in one reply, which may be large.
const REPLY: u64 = 256;

/// Those that go, and how far it was looked for them.
pub(super) struct Looked {
    pub(super) going: Vec<RecordId>,
    /// The last that was looked at, when there may be more behind it.
    pub(super) next: Option<RecordId>,
}

/// Looks at the next documents behind `after`, for half of the task's time.
pub(super) async fn look(
    task: &RemovalTask<'_>,
    after: Option<RecordId>,
    end: Timestamp,
) -> Result<Looked, StoreError> {
    let most = task.stride.documents();
    let mut looking = Looking {
        rules: Rules::of(task.removal),
        removal: Arc::clone(task.removal),
        clock: Arc::clone(task.clock),
        until: task.deadline.min(task.clock.elapsed() + task.time / 2),
        deadline: task.deadline,
        most,
        seen: 0,
        going: Vec::new(),
        last: None,
        is_over: false,
    };
    let command = command(task, &looking.rules, after, end);
    let finding = task.database.run_cursor_command(command);
    let reply = u32::try_from(REPLY.min(most)).unwrap_or(u32::MAX);
    let mut replies = finding.batch_size(reply).batch().await?;
    while let Some(reply) = replies.next().await {
        let reply = match reply.map_err(StoreError::from) {
            Ok(reply) => reply,
            Err(StoreError::QueryTooSlow) if looking.last.is_some() => {
                looking.is_over = true;
                break;
            }
            Err(error) => return Err(error),
        };
        looking = blocking(move || looking.through(&reply)).await?;
        if looking.is_over {
            break;
        }
    }
    let is_cut = looking.is_over || looking.seen >= most;
    Ok(Looked {
        going: looking.going,
        next: looking.last.filter(|_| is_cut),
    })
}

fn command(
    task: &RemovalTask<'_>,
    rules: &Rules,
    after: Option<RecordId>,
    end: Timestamp,
) -> Document {
    let most = task.stride.documents();
    let mut command = doc! {
        "find": task.collection,
        "filter": { "_id": task.ids(after, end) },
        "sort": { "_id": 1 },
        "limit": most.cast_signed(),
        "batchSize": REPLY.min(most).cast_signed(),
        "maxTimeMS": max_time_millis(task.left()),
    };
    if rules.are_exact() {
        command.insert("projection", doc! { "_id": 1, "severity": 1 });
    }
    command
}

struct Looking {
    rules: Rules,
    removal: Arc<Removal>,
    clock: Arc<dyn Clock>,
    until: Duration,
    deadline: Duration,
    most: u64,
    seen: u64,
    going: Vec<RecordId>,
    last: Option<RecordId>,
    is_over: bool,
}

impl Looking {
    fn through(mut self, reply: &RawBatch) -> Result<Self, StoreError> {
        for document in documents(reply)? {
            let document = document?;
            self.seen += 1;
            // What others wrote is left alone.
            let Some(id) = document::id_of(document) else {
                continue;
            };
            match self.goes(id, document) {
                Ok(true) => self.going.push(id),
                Ok(false) => {}
                // The next step begins with it.
                Err(GaveUp) if self.last.is_some() => {
                    self.is_over = true;
                    return Ok(self);
                }
                Err(GaveUp) => return Err(StoreError::RecordTooSlow { record: id }),
            }
            self.last = Some(id);
        }
        self.is_over = self.seen >= self.most || self.clock.elapsed() >= self.until;
        Ok(self)
    }

    fn goes(&self, id: RecordId, document: &RawDocument) -> Result<bool, GaveUp> {
        let Ok(Some(severity)) = document.get("severity") else {
            return Ok(false);
        };
        let severity = document::severity_in(severity);
        match self.rules.verdict((id.time(), id.time()), [severity]) {
            Verdict::Goes => return Ok(true),
            Verdict::Stays => return Ok(false),
            Verdict::Open => {}
        }
        let mut json = Vec::new();
        let Some(record) = candidate(document, &mut json) else {
            return Ok(false);
        };
        let end = if self.last.is_none() {
            self.deadline
        } else {
            self.until
        };
        let mut goes_on = || self.clock.elapsed() < end;
        self.removal.takes(record, &mut Patience::new(&mut goes_on))
    }
}
