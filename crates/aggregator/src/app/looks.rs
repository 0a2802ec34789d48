//! Files that are looked at again and again: whether what is seen now is to count. Pure.

/// What was seen of a file, or of several that belong together.
pub(super) struct Looks<C> {
    /// What counts: what was in it, or why nothing could be made of it.
    last: Result<C, String>,
    /// What was seen last, if it is not what counts: whoever writes the file in place may not be done.
    changed: Option<C>,
}

impl<C: PartialEq + Clone> Looks<C> {
    /// That is what counts.
    pub(super) fn new(content: C) -> Self {
        Self {
            last: Ok(content),
            changed: None,
        }
    }

    /// It was looked at; whether that is news, and was seen twice.
    pub(super) fn is_news(&mut self, content: &C) -> bool {
        if self.last.as_ref().ok() == Some(content) {
            self.changed = None;
            return false;
        }
        if self.changed.as_ref() != Some(content) {
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
        self.last = Err(reason);
        is_news
    }
}
