//! Which fields of an object are its time, its message and its level.

use super::candidates::{Candidate, Candidates};
use super::{Gathered, is_nothing};
use crate::levels::{Scale, SentLevel, is_digits, level_of, whole_number};
use crate::names::{Form, Unit};
use crate::raw::{member_of, without};
use crate::string::text_of;
use crate::times;
use crate::unusual::Unusual;
use crate::value::kind_of;
use logs::Timestamp;
use record::fault::RecordFault;
use record::notice::{Notice, shortened};
use std::borrow::Cow;

/// What becomes of a field.
pub(super) enum Fate<'a> {
    /// It is an attribute as it is.
    Kept,
    /// Nothing of it is one.
    Taken,
    /// This JSON text of it is one.
    Left(&'a str),
}

/// What a record is beside its attributes, and which fields that came from.
pub(super) struct Chosen<'a> {
    pub(super) time: Option<Timestamp>,
    pub(super) level: Option<SentLevel<'a>>,
    pub(super) message: Cow<'a, str>,
    /// Places of fields that were taken, and what is left of each.
    taken: Vec<(usize, Option<String>)>,
    /// What a strict sender is told.
    fault: Option<RecordFault>,
}

impl<'a> Chosen<'a> {
    /// Chooses among the fields of a record.
    pub(super) fn of(gathered: &'a Gathered<'_>, unusual: &mut Unusual) -> Self {
        let candidates = Candidates::of(gathered);
        let mut chosen = Self {
            time: None,
            level: None,
            message: Cow::Borrowed(""),
            taken: Vec::new(),
            fault: None,
        };
        let speaks = candidates.record.is_some();
        let record = candidates.record;
        let unread = record.and_then(|(place, record)| chosen.take_record(place, record, unusual));
        if chosen.time.is_none() {
            chosen.choose_time(&candidates.times, unread, unusual);
        }
        if !speaks {
            chosen.choose_level(&candidates.levels, unusual);
            chosen.choose_message(&candidates.messages, unusual);
        }
        chosen
    }

    /// What becomes of the field at a place.
    pub(super) fn fate_of(&self, place: usize) -> Fate<'_> {
        match self.taken.iter().find(|(taken, _)| *taken == place) {
            None => Fate::Kept,
            Some((_, None)) => Fate::Taken,
            Some((_, Some(left))) => Fate::Left(left),
        }
    }

    /// What was refused before such records were taken.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(super) fn check(&self) -> Result<(), RecordFault> {
        self.fault.clone().map_or(Ok(()), Err)
    }

    /// Takes what loguru's record says; what is to be told of its time, should no other field give one.
    fn take_record(
        &mut self,
        place: usize,
        record: &'a str,
        unusual: &mut Unusual,
    ) -> Option<Notice> {
        let level = member_of(record, "level").unwrap_or_default();
        let name = member_of(level, "name").unwrap_or_default();
        self.level = Some(SentLevel::Text(text_of(name, unusual)));
        let message = member_of(record, "message").unwrap_or_default();
        self.message = match message.as_bytes().first() {
            Some(b'"') => text_of(message, unusual),
            Some(b'n') => Cow::Borrowed(""),
            _ => Cow::Borrowed(message),
        };
        let time = member_of(record, "time").unwrap_or_default();
        let read = times::read(time, Unit::BySize);
        self.time = read.as_ref().ok().copied();
        let time_path: &[&str] = match time.starts_with('{') {
            true => &["time", "timestamp"],
            false => &["time"],
        };
        let mut paths: Vec<&[&str]> = vec![&["level", "name"], &["message"]];
        paths.extend(self.time.is_some().then_some(time_path));
        self.taken.push((place, without(record, &paths)));
        let reason = read.err().filter(|_| !times::is_none(time))?;
        Some(Notice::Time {
            field: "record.time".to_owned(),
            value: shortened(time),
            reason,
        })
    }

    fn choose_time(
        &mut self,
        candidates: &[Candidate<'a, Unit>],
        mut unread: Option<Notice>,
        unusual: &mut Unusual,
    ) {
        for candidate in candidates {
            if times::is_none(candidate.value) {
                continue;
            }
            match times::read(candidate.value, candidate.kind) {
                Ok(time) => {
                    self.time = Some(time);
                    self.taken.push((candidate.place, None));
                    return;
                }
                Err(reason) => {
                    unread.get_or_insert_with(|| Notice::Time {
                        field: candidate.name.to_owned(),
                        value: shortened(candidate.value),
                        reason,
                    });
                }
            }
        }
        if let Some(notice) = unread {
            unusual.tell(notice);
        }
    }

    fn choose_level(&mut self, candidates: &[Candidate<'a, Scale>], unusual: &mut Unusual) {
        let filled = || candidates.iter().filter(|level| !is_nothing(level.value));
        for candidate in filled().filter(|level| level.value.starts_with('"')) {
            let text = text_of(candidate.value, unusual);
            if is_digits(&text) {
                continue;
            }
            let left = candidate
                .within
                .and_then(|object| without(object, &[&["level"]]));
            self.taken.push((candidate.place, left));
            self.level = Some(SentLevel::Text(text));
            return;
        }
        for candidate in filled() {
            let digits = match candidate.value.starts_with('"') {
                true => text_of(candidate.value, unusual),
                false => Cow::Borrowed(candidate.value),
            };
            let level = whole_number(&digits).and_then(|number| level_of(number, candidate.kind));
            let Some(level) = level else { continue };
            self.level = Some(SentLevel::Number(level));
            if !candidate.value.starts_with('"') {
                self.refuse_not_text(candidate.name, candidate.value);
            }
            return;
        }
        if let Some(candidate) = filled().next() {
            unusual.tell(Notice::Level {
                field: candidate.name.to_owned(),
                value: shortened(candidate.value),
                found: kind_of(candidate.value),
            });
        }
    }

    fn choose_message(&mut self, candidates: &[Candidate<'a, Form>], unusual: &mut Unusual) {
        let is_text = |value: &str| value.starts_with('"');
        let filled = || candidates.iter().filter(|found| !is_nothing(found.value));
        let has_text = filled().any(|found| is_text(found.value));
        let message = filled().find(|found| match found.value.starts_with('{') {
            true => found.kind == Form::Any && !has_text,
            false => true,
        });
        let Some(found) = message else {
            if !candidates.iter().any(|found| is_text(found.value)) {
                self.fault.get_or_insert(RecordFault::MissingMessage);
            }
            return;
        };
        self.taken.push((found.place, None));
        if is_text(found.value) {
            self.message = text_of(found.value, unusual);
            return;
        }
        self.refuse_not_text(found.name, found.value);
        self.message = Cow::Borrowed(found.value);
    }

    fn refuse_not_text(&mut self, field: &str, value: &str) {
        self.fault.get_or_insert_with(|| RecordFault::NotText {
            field: field.to_owned(),
            found: kind_of(value),
        });
    }
}
