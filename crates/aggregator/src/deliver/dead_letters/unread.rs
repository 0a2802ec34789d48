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
    /// Waits until all is known, for as long as one after another is read.
    ///
    /// # Errors
    /// [`DeadLetterError::Unread`] when none was read for so long.
    pub(super) async fn end_patiently(
        &self,
        patience: Duration,
        left: &mut (dyn FnMut(u64) + Send),
    ) -> Result<(), DeadLetterError> {
        let mut rest = self.0.subscribe();
        let is_known = |rest: &Option<Rest>| rest.is_none();
        while !is_known(&rest.borrow_and_update()) {
            let files = self.count();
            left(files);
            let goes_on = |rest: &Option<Rest>| rest.as_ref().is_none_or(|rest| rest.files < files);
            if timeout(patience, rest.wait_for(goes_on)).await.is_err() {
                return Err(DeadLetterError::Unread(self.problem()));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use tokio::time::sleep;

    #[tokio::test]
    async fn as_long_as_one_after_another_is_read_all_of_them_are_waited_for() {
        const PATIENCE: Duration = Duration::from_secs(2);
        let unread = Arc::new(Unread::files(5, false));
        let reading = Arc::clone(&unread);
        let read = tokio::spawn(async move {
            for _ in 0..5 {
                sleep(PATIENCE / 4).await;
                reading.one_is_read();
            }
            sleep(PATIENCE / 4).await;
            reading.all_are_read();
        });
        let mut told = Vec::new();
        let mut left = |files| told.push(files);
        unread.end_patiently(PATIENCE, &mut left).await.unwrap();
        assert_eq!(told, [5, 4, 3, 2, 1, 0]);
        read.await.unwrap();
        unread.end_patiently(PATIENCE, &mut |_| {}).await.unwrap();
    }

    #[tokio::test]
    async fn where_one_cannot_be_read_it_is_told_why() {
        let unread = Unread::files(2, false);
        unread.one_is_read();
        unread.stand("the disk is away");
        let mut ignored = |_| {};
        let refused = unread.end_patiently(Duration::from_millis(20), &mut ignored);
        let refused = refused.await.unwrap_err().to_string();
        assert!(refused.ends_with(": the disk is away"), "{refused}");
    }
}
