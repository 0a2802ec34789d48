//! What was kept before this start and is not read yet: how much it is, and waiting for it.

use super::DeadLetterError;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::timeout;

/// Whoever wants to be answered waits so long for what is not read yet.
const PATIENCE: Duration = Duration::from_secs(1);

/// What is not read yet.
pub(super) struct Unread(watch::Sender<Option<Rest>>);

/// Of the files that were there at the start.
#[derive(Debug, Default)]
struct Rest {
    files: u64,
    /// Whether any of them may hold what an earlier version took.
    may_hold_earlier: bool,
    /// Why the next one cannot be read, while that is so.
    problem: Option<String>,
}

impl Unread {
    /// So many files, and what is to be done when they are read.
    pub(super) fn files(files: u64, may_hold_earlier: bool) -> Self {
        Self(watch::Sender::new(Some(Rest {
            files,
            may_hold_earlier,
            problem: None,
        })))
    }

    /// Whether what an earlier version took may be in what is not read yet.
    pub(super) fn may_hold_earlier(&self) -> bool {
        let rest = self.0.borrow();
        rest.as_ref().is_some_and(|rest| rest.may_hold_earlier)
    }

    /// One of them is read.
    pub(super) fn one_is_read(&self) {
        self.0.send_modify(|rest| {
            if let Some(rest) = rest {
                rest.files = rest.files.saturating_sub(1);
                rest.problem = None;
            }
        });
    }

    /// The next one cannot be read at present; whether that is news.
    pub(super) fn stand(&self, reason: &str) -> bool {
        let note = |rest: &mut Option<Rest>| match rest {
            Some(rest) if rest.problem.as_deref() != Some(reason) => {
                rest.problem = Some(reason.to_owned());
                true
            }
            _ => false,
        };
        self.0.send_if_modified(note)
    }

    /// All is known.
    pub(super) fn all_are_read(&self) {
        self.0.send_replace(None);
    }

    /// How many files are not read yet.
    pub(super) fn count(&self) -> u64 {
        self.0.borrow().as_ref().map_or(0, |rest| rest.files)
    }

    /// Why the next one cannot be read, while that is so.
    pub(super) fn problem(&self) -> Option<String> {
        self.0.borrow().as_ref()?.problem.clone()
    }

    /// Waits until all is known, but not for long.
    ///
    /// # Errors
    /// [`DeadLetterError::Unread`] when it is not.
    pub(super) async fn end_soon(&self) -> Result<(), DeadLetterError> {
        match timeout(PATIENCE, self.end()).await {
            Ok(()) => Ok(()),
            Err(_) => Err(DeadLetterError::Unread(self.problem())),
        }
    }

    /// Waits until all is known.
    pub(super) async fn end(&self) {
        let mut rest = self.0.subscribe();
        // It fails only without a sender, which is here.
        drop(rest.wait_for(Option::is_none).await);
    }
}
