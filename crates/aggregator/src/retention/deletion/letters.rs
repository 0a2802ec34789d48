//! Refused records that are to go: each is looked at as the spool had it.

use crate::deliver::dead_letters::{DeadLetter, DeadLetterError, DeadLetters};
use bson::RawDocument;
use query::Query;
use std::io;
use std::sync::Arc;
use store::removal::candidate;

/// What became of them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Letters {
    /// Those that match.
    pub(super) matching: u64,
    /// Those of which nobody can tell it: they stay.
    pub(super) unreadable: u64,
}

/// Counts those that match.
pub(super) async fn count(
    letters: &Arc<DeadLetters>,
    query: &Arc<Query>,
) -> Result<Letters, DeadLetterError> {
    letters.are_read().await?;
    let (mut all, mut number) = (Letters::default(), 0);
    while let Some(next) = letters.after(number) {
        number = next;
        let sorted = sort(letters.read(number).await?, query).await?;
        all.add(&sorted);
    }
    Ok(all)
}

/// Forgets those that match. `gone` is told of each file's before they are. Nobody may put records back meanwhile.
pub(super) async fn forget<F: Future<Output = Result<(), String>>>(
    letters: &Arc<DeadLetters>,
    query: &Arc<Query>,
    gone: impl Fn(Vec<DeadLetter>) -> F,
) -> Result<Letters, DeadLetterError> {
    letters.are_read().await?;
    let last = letters.seal().await?.unwrap_or(0);
    let (mut all, mut number) = (Letters::default(), 0);
    while let Some(next) = letters.after(number)
        && next <= last
    {
        number = next;
        let sorted = sort(letters.read(number).await?, query).await?;
        all.add(&sorted);
        if sorted.matching.is_empty() {
            continue;
        }
        letters.leave(number, &sorted.matching);
        let forgotten = forget_in(letters, number, &sorted, &gone).await;
        if forgotten.is_err() {
            letters.come_back(number, &sorted.matching);
        }
        forgotten?;
    }
    Ok(all)
}

async fn forget_in<F: Future<Output = Result<(), String>>>(
    letters: &Arc<DeadLetters>,
    number: u64,
    sorted: &Sorted,
    gone: impl Fn(Vec<DeadLetter>) -> F,
) -> Result<(), DeadLetterError> {
    let told = gone(sorted.matching.clone()).await;
    told.map_err(io::Error::other)?;
    match sorted.others.is_empty() {
        true => letters.forget(number).await,
        false => letters.forget_all_but(number, sorted.others.clone()).await,
    }
}

struct Sorted {
    matching: Vec<DeadLetter>,
    others: Vec<DeadLetter>,
    unreadable: u64,
}

impl Letters {
    fn add(&mut self, sorted: &Sorted) {
        self.matching += sorted.matching.len() as u64;
        self.unreadable += sorted.unreadable;
    }
}

/// One may be large, and an expression slow.
async fn sort(letters: Vec<DeadLetter>, query: &Arc<Query>) -> Result<Sorted, DeadLetterError> {
    let query = Arc::clone(query);
    let sorting = tokio::task::spawn_blocking(move || {
        let mut sorted = Sorted {
            matching: Vec::new(),
            others: Vec::new(),
            unreadable: 0,
        };
        for letter in letters {
            let found = matches(&letter, &query);
            sorted.unreadable += u64::from(found.is_none());
            match found {
                Some(true) => sorted.matching.push(letter),
                Some(false) | None => sorted.others.push(letter),
            }
        }
        sorted
    });
    Ok(sorting.await.map_err(io::Error::other)?)
}

/// `None` when the record is none that can be looked at.
fn matches(letter: &DeadLetter, query: &Query) -> Option<bool> {
    if *query == Query::default() {
        return Some(true);
    }
    let document = RawDocument::from_bytes(&letter.document).ok()?;
    Some(query.matches(candidate(document, &mut Vec::new())?))
}
