//! The reading end of the spool: hands out what waits, oldest first, from memory while it is there
//! and else from disk.
//!
//! It may linger: a store that keeps many records together is handed them so, as long as nobody waits for them and
//! others were handed out a moment ago.

use super::Shared;
use super::open_segment::OpenSegment;
use super::portion::{ConsumeError, Portion, PortionBuilder};
use super::reader::read_portion;
use super::spooled::Spooled;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinHandle;

/// The reading end. There is one.
pub struct Consumer {
    shared: Arc<Shared>,
    linger: Duration,
    reader: Option<OpenSegment>,
    /// What is being read, and has not come back yet.
    reading: Option<JoinHandle<Reading>>,
}

type Reading = (Option<OpenSegment>, Result<Vec<Spooled>, ConsumeError>);

impl Consumer {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        Self {
            shared,
            linger: Duration::ZERO,
            reader: None,
            reading: None,
        }
    }

    /// Has what comes wait for more until so long after the last portion, unless it is a full one, or someone is in
    /// [a hurry](crate::Spool::hurry), or the spool is closed. What comes after a pause is handed out at once, and what is
    /// read from disk has waited long enough.
    #[must_use]
    pub fn lingering(self, linger: Duration) -> Self {
        Self { linger, ..self }
    }

    /// The next batches; waits for them. `None` when the spool is closed and everything was handed
    /// out. Dropping the future loses nothing.
    ///
    /// # Errors
    /// [`ConsumeError`]; it may be called again.
    pub async fn next(&mut self, portion: Portion) -> Result<Option<Vec<Spooled>>, ConsumeError> {
        let shared = Arc::clone(&self.shared);
        loop {
            let appended = shared.appended.notified();
            // The future of an earlier call was dropped while it was reading.
            if self.reading.is_some()
                && let Some(batches) = self.read(portion).await?
            {
                return Ok(Some(batches));
            }
            match self.look(portion) {
                Look::Batches(batches) => return Ok(Some(batches)),
                Look::OnDisk => {
                    if let Some(batches) = self.read(portion).await? {
                        return Ok(Some(batches));
                    }
                }
                Look::Later(wait) => {
                    // Whichever comes first, it is looked again.
                    drop(tokio::time::timeout(wait, appended).await);
                }
                Look::Nothing { closed: true } => return Ok(None),
                Look::Nothing { closed: false } => appended.await,
            }
        }
    }

    fn look(&self, portion: Portion) -> Look {
        let mut state = self.shared.state();
        if state.cursor >= state.next_seq {
            return Look::Nothing {
                closed: state.closed,
            };
        }
        if let Some(ripe) = state.ripe_at(portion, self.linger) {
            let wait = ripe.saturating_sub(self.shared.clock.elapsed());
            if !wait.is_zero() {
                return Look::Later(wait);
            }
        }
        let mut builder = PortionBuilder::new(portion);
        while state
            .peek_hot()
            .is_some_and(|batch| builder.has_room(batch))
            && let Some(spooled) = state.take_hot()
        {
            builder.add(spooled);
        }
        if builder.batches.is_empty() {
            return Look::OnDisk;
        }
        state.handed_out_at = Some(self.shared.clock.elapsed());
        Look::Batches(builder.batches)
    }

    async fn read(&mut self, portion: Portion) -> Result<Option<Vec<Spooled>>, ConsumeError> {
        let (shared, reader) = (Arc::clone(&self.shared), &mut self.reader);
        // It stays here while it is awaited: whoever drops the future finds it again.
        let reading = self.reading.get_or_insert_with(|| {
            let mut reader = reader.take();
            tokio::task::spawn_blocking(move || {
                let read = read_portion(&shared, &mut reader, portion);
                (reader, read)
            })
        });
        let ended = reading.await;
        self.reading = None;
        let (reader, read) = ended?;
        self.reader = reader;
        self.judge(read)
    }

    /// The next batches, if there are any now. Blocks on the disk.
    #[cfg(test)]
    pub(super) fn next_now(&mut self, portion: Portion) -> Result<Vec<Spooled>, ConsumeError> {
        loop {
            match self.look(portion) {
                Look::Batches(batches) => return Ok(batches),
                Look::Nothing { .. } | Look::Later(_) => return Ok(Vec::new()),
                Look::OnDisk => {
                    let read = read_portion(&self.shared, &mut self.reader, portion);
                    if let Some(batches) = self.judge(read)? {
                        return Ok(batches);
                    }
                }
            }
        }
    }

    fn judge(
        &self,
        read: Result<Vec<Spooled>, ConsumeError>,
    ) -> Result<Option<Vec<Spooled>>, ConsumeError> {
        match &read {
            Ok(_) => self.shared.unreadable.is_over(),
            Err(ConsumeError::Io(error)) => self.shared.unreadable.is_there(error),
            Err(ConsumeError::Damaged(damage)) => {
                self.shared.damaged.note(damage, &*self.shared.disk);
            }
            Err(ConsumeError::Panicked(_)) => {}
        }
        let batches = read?;
        if batches.is_empty() {
            return Ok(None);
        }
        self.shared.state().handed_out_at = Some(self.shared.clock.elapsed());
        Ok(Some(batches))
    }
}

enum Look {
    Batches(Vec<Spooled>),
    OnDisk,
    /// Not before so long, unless more comes, or someone is in a hurry.
    Later(Duration),
    Nothing {
        closed: bool,
    },
}
