//! What is known of a job, as the file of the jobs and answers have it.

use super::question::Question;
use logs::Timestamp;
use serde::{Deserialize, Serialize};

/// A deletion.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Job {
    /// Names it.
    pub id: String,
    /// Which records; forgotten when the job has ended, as they are.
    pub question: Option<Question>,
    /// The names of the filters.
    pub filters: Vec<String>,
    /// When it began, in nanoseconds since 1970.
    pub began: i64,
    /// When it ended.
    #[serde(default)]
    pub ended: Option<i64>,
    /// Aggregators that are not waited for.
    #[serde(default)]
    pub without: Vec<String>,
    /// How far it is.
    pub state: State,
    /// Records that the store had and has no more.
    #[serde(default)]
    pub removed: u64,
    /// Refused records that are kept no more, of all aggregators.
    #[serde(default)]
    pub letters: u64,
    /// Refused records here of which nobody can tell whether they match.
    #[serde(default)]
    pub unreadable: u64,
    /// Records of which it takes too long to find out whether they match.
    #[serde(default)]
    pub undecided: u64,
    /// Why it has failed.
    #[serde(default)]
    pub reason: Option<String>,
}

/// How far a job is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// Not everything that it is about is in the store yet.
    Waiting,
    /// Records are removed.
    Removing,
    /// What is left of them in files is overwritten.
    Erasing,
    /// All is done.
    Done,
    /// It cannot be done.
    Failed,
    /// Somebody ended it before anything was removed from the store.
    Cancelled,
}

impl State {
    /// All that there are.
    pub const ALL: [Self; 6] = [
        Self::Waiting,
        Self::Removing,
        Self::Erasing,
        Self::Done,
        Self::Failed,
        Self::Cancelled,
    ];

    /// The word.
    pub fn name(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Removing => "removing",
            Self::Erasing => "erasing",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }

    /// Whether it is over.
    pub fn has_ended(self) -> bool {
        matches!(self, Self::Done | Self::Failed | Self::Cancelled)
    }
}

impl Job {
    pub(super) fn new(question: Question, without: Vec<String>) -> Self {
        Self {
            id: format!("{:016x}", rand::random::<u64>()),
            filters: question.names(),
            began: question.asked_at().nanos(),
            question: Some(question),
            ended: None,
            without,
            state: State::Waiting,
            removed: 0,
            letters: 0,
            unreadable: 0,
            undecided: 0,
            reason: None,
        }
    }

    /// It is over.
    pub(super) fn end(&mut self, state: State, now: Timestamp) {
        self.state = state;
        self.ended = Some(now.nanos());
        self.question = None;
    }
}
