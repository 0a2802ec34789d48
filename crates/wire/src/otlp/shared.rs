//! What records have of their resource or of their scope: encoded once, and copied to each.

use super::names::Names;
use crate::unusual::Unusual;
use record::bson_writer::BsonWriter;
use record::fault::{MAX_DOCUMENT_BYTES, MAX_MEMBERS};
use record::notice::Notice;
use std::borrow::Cow;

/// Attributes that records share, as BSON.
#[derive(Debug, Default)]
pub(super) struct Shared {
    pub(super) members: Vec<u8>,
    names: Names<'static>,
    /// What is to be told of each record because of them.
    pub(super) unusual: Unusual,
}

impl Shared {
    /// Forgets all of them.
    pub(super) fn clear(&mut self) {
        self.members.clear();
        self.names.clear();
        self.unusual = Unusual::default();
    }

    /// The name that an attribute gets among them, and where it is to be written.
    pub(super) fn next(
        &mut self,
        prefix: &str,
        key: &str,
    ) -> (String, BsonWriter<'_>, &mut Unusual) {
        let name = without_nul(Cow::Owned(format!("{prefix}{key}")), &mut self.unusual);
        let name = self.names.claim(Cow::Owned(name.into_owned()), |_| false);
        let writer = BsonWriter::new(&mut self.members);
        (name.into_owned(), writer, &mut self.unusual)
    }

    /// One that is a text; none that is empty.
    pub(super) fn text(&mut self, name: &str, text: &str) {
        if !text.is_empty() {
            let (name, mut writer, _) = self.next("", name);
            writer.string(&name, text);
        }
    }

    /// One that counts what its sender dropped; none where that is nothing.
    pub(super) fn count(&mut self, name: &str, count: u64) {
        if count != 0 {
            let (name, mut writer, _) = self.next("", name);
            writer.integer(&name, i64::try_from(count).unwrap_or(i64::MAX));
        }
    }

    /// Whether they are more than any record can hold.
    pub(super) fn is_full(&self) -> bool {
        self.members.len() > MAX_DOCUMENT_BYTES || self.names.len() > MAX_MEMBERS
    }

    /// Whether one of them has a name.
    pub(super) fn contains(&self, name: &str) -> bool {
        self.names.contains(name)
    }
}

/// A name as it can be stored.
#[inline]
pub(super) fn without_nul<'a>(name: Cow<'a, str>, unusual: &mut Unusual) -> Cow<'a, str> {
    if memchr::memchr(0, name.as_bytes()).is_none() {
        return name;
    }
    unusual.tell(Notice::NulInName);
    Cow::Owned(name.replace('\0', "\u{fffd}"))
}
