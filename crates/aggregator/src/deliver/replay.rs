//! Puts dead letters back into the spool, all or those that are chosen: each batch's records as one batch, under the
//! head that they had.

use super::dead_letters::{Choice, DeadLetter, DeadLetterError, DeadLetters};
use crate::accounting::admission::{Admission, NoRoom};
use record::batch::{Batch, BatchOrigin};
use spool::{AppendError, Spool};
use std::io;
use std::sync::Arc;
use tokio::task::JoinSet;

/// Batches that are appended at one time.
const AT_ONCE: usize = 256;

/// Why not all of them were put back. Those that were are in the spool.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// They cannot be read, or forgotten once they were put back.
    #[error(transparent)]
    DeadLetters(#[from] DeadLetterError),
    /// They would take more memory than there is.
    #[error(transparent)]
    NoRoom(#[from] NoRoom),
    /// The spool does not take them.
    #[error(transparent)]
    Spool(#[from] AppendError),
}

/// What a replay did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Replayed {
    /// Records that are in the spool again.
    pub records: usize,
    /// Records that stay aside: they are too large for any store.
    pub left_aside: usize,
    /// Ids of none that was kept.
    pub not_found: usize,
}

/// Puts back what is kept when it begins, is meant and can be stored. Cut short, it is simply begun again: what was put
/// back already changes nothing.
///
/// # Errors
/// [`ReplayError`].
pub async fn replay(
    letters: &Arc<DeadLetters>,
    spool: &Spool,
    admission: &Admission,
    choice: &Choice,
) -> Result<Replayed, ReplayError> {
    let _alone = letters.replay_alone().await;
    letters.note_replay();
    letters.are_read().await?;
    let last = letters.seal().await?.unwrap_or(0);
    let files = letters.files_of(choice);
    let (mut replayed, mut number) = (Replayed::default(), 0);
    if let (Choice::Ids(ids), Some(files)) = (choice, &files) {
        replayed.not_found = ids.len().saturating_sub(files.values().sum());
    }
    while let Some(next) = letters.after(number)
        && next <= last
    {
        number = next;
        if files
            .as_ref()
            .is_some_and(|files| !files.contains_key(&number))
        {
            continue;
        }
        let too_large = letters.too_large_in(number);
        if too_large.is_empty() {
            replayed.records += replay_file(number, (letters, spool, admission), choice).await?;
        } else {
            replayed.left_aside += choice.count_too_large(&too_large);
        }
    }
    Ok(replayed)
}

/// Puts back what is meant of a file; how many that is.
async fn replay_file(
    number: u64,
    (letters, spool, admission): (&Arc<DeadLetters>, &Spool, &Admission),
    choice: &Choice,
) -> Result<usize, ReplayError> {
    let kept = letters.read(number).await?;
    let bytes = kept.iter().map(|letter| letter.document.len()).sum();
    let _room = admission.reserve(bytes)?;
    let (meant, others): (Vec<_>, Vec<_>) = kept.into_iter().partition(|kept| choice.has(kept));
    if meant.is_empty() && !others.is_empty() {
        return Ok(0);
    }
    let batches = batches(&meant).ok_or_else(|| io::Error::other("a record is no document"));
    let batches = batches.map_err(DeadLetterError::Io)?;
    let leaving = Leaving::begin(letters, number, &meant);
    put_back(batches, spool).await?;
    // They have left also where the file cannot be removed: it may be gone at the next start, so what is refused again has
    // to be kept anew.
    leaving.end();
    // Only now: whenever the process is killed, each is in the spool or in a file.
    match others.is_empty() {
        true => letters.forget(number).await?,
        false => letters.forget_all_but(number, others).await?,
    }
    Ok(meant.len())
}

/// Records that are on their way out of their file: refused again before it is forgotten, they must not be
/// thought to be kept in it. Cut short, they are.
struct Leaving<'a> {
    letters: &'a DeadLetters,
    number: u64,
    kept: &'a [DeadLetter],
    are_gone: bool,
}

impl<'a> Leaving<'a> {
    fn begin(letters: &'a DeadLetters, number: u64, kept: &'a [DeadLetter]) -> Self {
        letters.leave(number, kept);
        Self {
            letters,
            number,
            kept,
            are_gone: false,
        }
    }

    fn end(mut self) {
        self.are_gone = true;
    }
}

impl Drop for Leaving<'_> {
    fn drop(&mut self) {
        if !self.are_gone {
            self.letters.come_back(self.number, self.kept);
        }
    }
}

async fn put_back(batches: Vec<Batch>, spool: &Spool) -> Result<(), AppendError> {
    let mut appending = JoinSet::new();
    for batch in batches {
        if appending.len() >= AT_ONCE
            && let Some(appended) = appending.join_next().await
        {
            appended.unwrap_or(Err(AppendError::Closed))?;
        }
        let spool = spool.clone();
        appending.spawn(async move { spool.append(batch, ()).await });
    }
    while let Some(appended) = appending.join_next().await {
        appended.unwrap_or(Err(AppendError::Closed))?;
    }
    Ok(())
}

/// One batch for each original one, its records in their order; `None` when one makes no batch.
fn batches(letters: &[DeadLetter]) -> Option<Vec<Batch>> {
    let mut sorted: Vec<&DeadLetter> = letters.iter().collect();
    let order = |letter: &DeadLetter| {
        let BatchOrigin {
            id,
            key,
            received_at,
            content_key: _,
        } = letter.origin;
        let key = key.map(|key| *key.as_bytes());
        (*id.as_bytes(), key, received_at, letter.position)
    };
    sorted.sort_by_key(|letter| order(letter));
    let groups = sorted.chunk_by(|a, b| !a.alone && !b.alone && a.origin == b.origin);
    groups.map(batch).collect()
}

fn batch(letters: &[&DeadLetter]) -> Option<Batch> {
    let origin = letters.first()?.origin;
    let documents: Vec<u8> = letters
        .iter()
        .flat_map(|letter| &letter.document)
        .copied()
        .collect();
    let undated = letters.iter().enumerate();
    let undated = undated.filter_map(|(place, letter)| letter.undated.then_some(place));
    let batch = Batch::of_origin(origin, &documents, undated.collect())?;
    Some(match letters.iter().any(|letter| letter.earlier) {
        true => batch.of_earlier_version(),
        false => batch,
    })
}

#[cfg(test)]
mod simulation;
#[cfg(test)]
mod tests;
