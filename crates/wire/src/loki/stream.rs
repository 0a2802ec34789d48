//! A stream's labels, and its lines as records that have them.

use super::Stop;
use super::line_level::{self, Said};
use crate::members::{FreeNames, Members, Value};
use crate::unusual::Unusual;
use crate::value::write_members;
use logs::{TimeError, Timestamp};
use record::batch::BatchBuilder;
use record::bson_writer::BsonWriter;
use record::notice::{Notice, shortened};
use std::borrow::Cow;
use std::collections::HashSet;

/// From here on, names are looked for with a set.
const FEW: usize = 16;
/// The attribute that holds the tenant.
pub(super) const TENANT: &str = "tenant";
/// The attribute that holds a time that is none.
const TIME: &str = "timestamp";
/// What Loki puts behind the name of metadata that a label has already.
const EXTRACTED: &str = "_extracted";

/// What the lines of a stream have in common.
pub(super) struct Stream<'a> {
    /// The attributes of each.
    labels: Members<'a>,
    /// The same, encoded once; `None` where they are larger than a record may be.
    encoded: Option<Vec<u8>>,
    /// Their names, where there are many.
    names: HashSet<String>,
    level: Option<String>,
    /// What is told of a label that should be the level and is none, where nothing else gives one.
    unread: Option<Notice>,
    unusual: Unusual,
}

/// A line, and what comes with it.
pub(super) struct Line<'a> {
    pub(super) time: Option<Timestamp>,
    pub(super) text: Cow<'a, str>,
    pub(super) metadata: Members<'a>,
    pub(super) unusual: Unusual,
}

impl<'a> Line<'a> {
    /// A line without metadata.
    pub(super) fn new(time: Option<Timestamp>, text: Cow<'a, str>, unusual: Unusual) -> Self {
        Self {
            time,
            text,
            metadata: Members::new(),
            unusual,
        }
    }

    /// Its time is none, and becomes an attribute.
    pub(super) fn keep_unread(&mut self, time: Value<'a>, shown: &str, reason: TimeError) {
        self.unusual.tell(Notice::Time {
            field: TIME.to_owned(),
            value: shortened(shown),
            reason,
        });
        push_free(&mut self.metadata, TIME, time);
    }
}

/// Adds a member under a name that is not taken.
pub(super) fn push_free<'a>(members: &mut Members<'a>, name: &'a str, value: Value<'a>) {
    push_all_free(members, vec![(Cow::Borrowed(name), value)]);
}

/// Adds members under names that are not taken.
pub(super) fn push_all_free<'a>(members: &mut Members<'a>, others: Members<'a>) {
    if others.is_empty() || members.is_empty() {
        members.extend(others);
        return;
    }
    let names = members.iter().map(|(name, _)| name.to_string());
    let (mut names, mut free): (HashSet<String>, _) = (names.collect(), FreeNames::default());
    for (name, value) in others {
        let free = free.of(&name, |name| names.contains(name));
        names.insert(free.clone());
        members.push((Cow::Owned(free), value));
    }
}

impl<'a> Stream<'a> {
    /// Of labels that differ in their names. A label that is the level in text is no attribute.
    pub(super) fn new(
        mut labels: Members<'a>,
        tenant: Option<&'a str>,
        mut unusual: Unusual,
    ) -> Self {
        let Said { found, unread } = line_level::among(&labels);
        let (level, place) = found.map_or((None, None), |(level, place)| {
            (Some(level.into_owned()), place)
        });
        if let Some(place) = place {
            labels.remove(place);
        }
        if let Some(tenant) = tenant {
            push_free(&mut labels, TENANT, Value::Text(Cow::Borrowed(tenant)));
        }
        let mut encoded = Vec::new();
        let written = write_members(&mut BsonWriter::new(&mut encoded), &labels, 0, &mut unusual);
        let names = match labels.len() > FEW {
            true => labels.iter().map(|(name, _)| name.to_string()).collect(),
            false => HashSet::new(),
        };
        Self {
            encoded: written.is_ok().then_some(encoded),
            labels,
            names,
            level,
            unread,
            unusual,
        }
    }

    /// Gives the batch the record of a line.
    pub(super) fn give(&self, line: Line<'_>, batch: &mut BatchBuilder) -> Result<(), Stop> {
        let Line {
            time,
            text,
            mut metadata,
            mut unusual,
        } = line;
        let (mut in_metadata, mut unread) = (None, None);
        if self.level.is_none() {
            let said = line_level::among(&metadata);
            unread = said.unread;
            let found = said.found.map(|(level, place)| (level.into_owned(), place));
            if let Some((level, place)) = found {
                in_metadata = Some(level);
                place.map(|place| metadata.remove(place));
            }
        }
        self.rename(&mut metadata);
        let level = match self.level.as_ref().or(in_metadata.as_ref()) {
            Some(level) => Some(Cow::Borrowed(level.as_str())),
            None => line_level::in_line(&text),
        };
        if level.is_none()
            && let Some(unread) = self.unread.clone().or(unread)
        {
            unusual.tell(unread);
        }
        unusual.tell_also(&self.unusual);
        let is_taken = batch.record(time, level.as_deref(), &text, |writer| {
            match &self.encoded {
                Some(encoded) => writer.members(encoded),
                None => write_members(writer, &self.labels, 0, &mut unusual)?,
            }
            write_members(writer, &metadata, 0, &mut unusual)
        });
        if is_taken {
            unusual.tell_all(batch);
        }
        match batch.is_too_large() {
            true => Err(Stop::TooLarge),
            false => Ok(()),
        }
    }

    fn has(&self, name: &str) -> bool {
        match self.names.is_empty() {
            true => self.labels.iter().any(|(label, _)| label == name),
            false => self.names.contains(name),
        }
    }

    /// Metadata gives way to a label of its name, as it does where Loki shows both.
    fn rename(&self, metadata: &mut Members<'_>) {
        if !metadata.iter().any(|(name, _)| self.has(name)) {
            return;
        }
        let names = metadata.iter().map(|(name, _)| name.to_string());
        let (mut own, mut free): (HashSet<String>, _) = (names.collect(), FreeNames::default());
        for (name, _) in metadata.iter_mut() {
            if self.has(name) {
                let base = format!("{name}{EXTRACTED}");
                let free = free.of(&base, |name| self.has(name) || own.contains(name));
                own.insert(free.clone());
                *name = Cow::Owned(free);
            }
        }
    }
}
