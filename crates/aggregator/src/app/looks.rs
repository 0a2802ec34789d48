//! Files that are looked at again and again: whether what is seen now is to count.

use std::sync::Arc;
use tokio::sync::Notify;

/// Asks for a look at once: whoever asks has written the file to its end.
#[derive(Clone, Default)]
pub(super) struct Prompt(Arc<Notify>);

impl Prompt {
    pub(super) fn ask(&self) {
        self.0.notify_one();
    }

    /// Ends when somebody asks, or has asked since the last time.
    pub(super) async fn asked(&self) {
        self.0.notified().await;
    }
}

/// What was seen of a file, or of several that belong together.
pub(super) struct Looks<C> {
    /// What counts: what was in it, or why nothing could be made of it.
    last: Result<C, String>,
    /// What was seen last, if it is not what counts: whoever writes the file in place may not be done.
    changed: Option<C>,
    /// Whether what is seen next need not be seen twice.
    is_whole: bool,
}

impl<C: PartialEq + Clone> Looks<C> {
    /// That is what counts.
    pub(super) fn new(content: C) -> Self {
        Self {
            last: Ok(content),
            changed: None,
            is_whole: false,
        }
    }

    /// The next look shows what is written to its end.
    pub(super) fn is_whole(&mut self) {
        self.is_whole = true;
    }

    /// It was looked at; whether that is news, and was seen twice or is known to be whole.
    pub(super) fn is_news(&mut self, content: &C) -> bool {
        let is_whole = std::mem::take(&mut self.is_whole);
        if self.last.as_ref().ok() == Some(content) {
            self.changed = None;
            return false;
        }
        if !is_whole && self.changed.as_ref() != Some(content) {
            self.changed = Some(content.clone());
            return false;
        }
        true
    }

    /// Why what was seen last does not count, if that is so.
    pub(super) fn failure(&self) -> Option<&str> {
        self.last.as_ref().err().map(String::as_str)
    }

    /// It counts from here on.
    pub(super) fn count(&mut self, content: C) {
        self.last = Ok(content);
    }

    /// Nothing could be made of it; whether that is news.
    pub(super) fn fail(&mut self, reason: String) -> bool {
        let is_news = self.last.as_ref().err() != Some(&reason);
        self.is_whole = false;
        self.last = Err(reason);
        is_news
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_seen_counts_when_it_is_seen_twice_or_known_to_be_whole() {
        let mut looks = Looks::new("a");
        assert!(!looks.is_news(&"b") && looks.is_news(&"b"));
        looks.count("b");
        looks.is_whole();
        assert!(looks.is_news(&"c"));
        looks.count("c");
        assert!(!looks.is_news(&"d"));
        // Of one look alone: what is there after a failure may be half of a file again.
        looks.is_whole();
        assert!(looks.fail("gone".to_owned()));
        assert!(!looks.is_news(&"e") && looks.is_news(&"e"));
    }
}
