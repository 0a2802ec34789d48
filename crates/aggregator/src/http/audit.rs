//! Who was refused, and who operated: a line in the log, and a count. Most senders drop what is refused, and whoever
//! operates should be known afterwards. A token is told by its name; its secret never is.

use super::error::ApiError;
use super::methods;
use crate::access::secret::masked;
use crate::access::{Caller, Sender};
use axum::http::Method;
use logs::notices::{Due, Notices};
use serde::Serialize;
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Of the lines that are told here.
pub const TARGET: &str = module_path!();

/// Of an address that is asked for, more is not told.
const LONGEST_PATH: usize = 200;

/// The name of a token, if it is known.
type Name = Option<Arc<str>>;

/// What was told, and counted, since the start.
#[derive(Debug, Default)]
pub struct Audit {
    /// By the code of the answer.
    refused: Notices<(&'static str, Name)>,
    /// By what was asked for.
    operated: Notices<(String, Name)>,
    counts: Mutex<Counts>,
}

/// How many there were.
#[derive(Debug, Clone, Default, Serialize)]
pub(super) struct Counts {
    pub(super) operated: u64,
    /// By the code of the answer.
    pub(super) refused: BTreeMap<&'static str, u64>,
}

impl Audit {
    /// A request is refused for who asks.
    pub(super) fn refused(
        &self,
        now: Duration,
        (peer, token): (IpAddr, Name),
        path: &str,
        error: &ApiError,
    ) {
        if let Some(due) = self.note_refused(now, token, error) {
            let path = shortened(path);
            let (sentence, others) = (masked(error.message()), due.others());
            tracing::warn!(%peer, path, "a request is refused: {sentence}{others}");
        }
    }

    /// What a token brings is not taken, or not taken any more.
    pub(super) fn not_taken(&self, now: Duration, sender: &Sender, error: &ApiError) {
        let name = sender.token.as_ref().map(|token| Arc::clone(&token.name));
        if let Some(due) = self.note_refused(now, name.clone(), error) {
            let (sentence, others) = (error.message(), due.others());
            let (peer, token) = (sender.address, name.as_deref());
            tracing::warn!(%peer, token, "a request is refused: {sentence}{others}");
        }
    }

    fn note_refused(&self, now: Duration, token: Name, error: &ApiError) -> Option<Due> {
        let code = error.code();
        *self.counted().refused.entry(code).or_default() += 1;
        self.refused.note((code, token), now)
    }

    /// Whoever may operate does so.
    pub(super) fn operated(&self, now: Duration, peer: IpAddr, caller: &Caller, asked: &str) {
        self.counted().operated += 1;
        let token = caller.token().map(|token| Arc::clone(&token.name));
        let kind = (asked.to_owned(), token.clone());
        if let Some(due) = self.operated.note(kind, now) {
            let (token, others) = (token.as_deref(), due.others());
            tracing::info!(%peer, token, "{asked} is used by one who may operate{others}");
        }
    }

    pub(super) fn counts(&self) -> Counts {
        self.counted().clone()
    }

    fn counted(&self) -> MutexGuard<'_, Counts> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What an operator does, and to what, as far as it stands in a path. Whatever else stands in its place is not told: there is
/// no end to it.
const IN_PATHS: [&str; 7] = [
    "pause", "resume", "open", "close", "release", "write", "read",
];

/// A path as the table of addresses has it, with what of it is known.
pub(super) fn filled(pattern: &str, path: &str) -> String {
    let (of_pattern, of_path) = (pattern.split('/'), path.split('/'));
    let parts = of_pattern.zip(of_path).map(|(pattern, part)| match part {
        part if pattern.starts_with('{') && IN_PATHS.contains(&part) => part,
        _ => pattern,
    });
    parts.collect::<Vec<_>>().join("/")
}

/// What is asked for, as it is told.
pub(super) fn shortened(path: &str) -> String {
    masked(path).chars().take(LONGEST_PATH).collect()
}

/// A method as it is told.
pub(super) fn known(method: &Method) -> &'static str {
    let name = methods::name_at(methods::place_of(method));
    name.unwrap_or("another method of")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_path_that_is_used_only_what_is_known_is_told() {
        let breakers = "/operate/breakers/{lane}/{action}";
        for (pattern, path, told) in [
            ("/stats", "/stats", "/stats"),
            (
                breakers,
                "/operate/breakers/read/open",
                "/operate/breakers/read/open",
            ),
            (
                breakers,
                "/operate/breakers/x\u{2028}y/open",
                "/operate/breakers/{lane}/open",
            ),
            (
                breakers,
                "/operate/breakers/write/17",
                "/operate/breakers/write/{action}",
            ),
        ] {
            assert_eq!(filled(pattern, path), told);
        }
    }
}
