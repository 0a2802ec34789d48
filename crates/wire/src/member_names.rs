//! The names of a record's members. Most records have those of the record before, in the same order:
//! so the text that stood at a place is compared first, and from the first that differs on, names are
//! read and judged.

use super::names::{Role, role_of};
use super::scanner::Scanner;
use std::borrow::Cow;

/// Names of a record that are remembered for the next one, and names of one object that are looked
/// through for doubles.
const MAX_NAMES: usize = 256;

/// The members of the record itself.
pub(super) const RECORD: Object = Object {
    number: 0,
    known: 0,
    further: 0,
};
/// The members of its attributes. They share their names with the record's own that have no role.
pub(super) const ATTRIBUTES: Object = Object {
    number: 1,
    ..RECORD
};

/// An object of a record, by the order in which they are opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Object {
    number: usize,
    /// Its names stand behind so many that are known,
    known: usize,
    /// and so many beyond those.
    further: usize,
}

/// A name that was read at its place. No attribute before it has the same name in its scope.
#[derive(Debug)]
struct Known<'a> {
    object: usize,
    /// As it stands, with the blanks before it and its colon.
    text: &'a str,
    name: Cow<'a, str>,
    role: Role,
    rank: u8,
}

/// The names of the record that is read, and behind them what is known from records before.
///
/// Each known name was held against those before it, and they are the same as long as every name is
/// found where it was, in the same object. The first one that is not ends what is known.
#[derive(Debug)]
pub(super) struct MemberNames<'a> {
    known: Vec<Known<'a>>,
    /// How many of the known ones the record has so far.
    place: usize,
    /// Names beyond those that can be remembered, of every object that is open, one behind another.
    further: Vec<Cow<'a, str>>,
    /// The number of the next object.
    objects: usize,
}

impl Default for MemberNames<'_> {
    fn default() -> Self {
        Self {
            known: Vec::new(),
            place: 0,
            further: Vec::new(),
            objects: ATTRIBUTES.number + 1,
        }
    }
}

impl<'a> MemberNames<'a> {
    /// Begins with the next record.
    pub(super) fn restart(&mut self) {
        self.place = 0;
        self.further.clear();
        self.objects = ATTRIBUTES.number + 1;
    }

    /// An object is opened, which is neither the record nor its attributes: its names are told apart
    /// from all others.
    pub(super) fn open(&mut self) -> Object {
        let number = self.objects;
        self.objects += 1;
        Object {
            number,
            known: self.place,
            further: self.further.len(),
        }
    }

    /// It is closed.
    pub(super) fn close(&mut self, object: Object) {
        self.further.truncate(object.further);
    }

    /// Reads the name of the next member of an object, with its colon, what it is for, and its rank; `None` when
    /// the object has it already, or it cannot be stored.
    #[inline]
    pub(super) fn next(
        &mut self,
        scanner: &mut Scanner<'a>,
        object: Object,
    ) -> Option<(Cow<'a, str>, Role, u8)> {
        if let Some(known) = self.known.get(self.place)
            && known.object == object.number
            && scanner.pass(known.text)
        {
            self.place += 1;
            return Some((known.name.clone(), known.role, known.rank));
        }
        self.learn(scanner, object)
    }

    fn learn(
        &mut self,
        scanner: &mut Scanner<'a>,
        object: Object,
    ) -> Option<(Cow<'a, str>, Role, u8)> {
        self.known.truncate(self.place);
        let start = scanner.place();
        let name = scanner.name()?;
        let (role, rank) = match object {
            RECORD => role_of(&name),
            _ => (Role::Attribute, 0),
        };
        // That a role comes once is looked after by who takes it.
        let is_twice = role == Role::Attribute && self.has(object, &name);
        if is_twice || name.contains('\0') {
            return None;
        }
        if self.place < MAX_NAMES {
            self.known.push(Known {
                object: object.number,
                text: scanner.since(start)?,
                name: name.clone(),
                role,
                rank,
            });
            self.place += 1;
        } else if self.further.len() - object.further < MAX_NAMES {
            self.further.push(name.clone());
        } else {
            return None;
        }
        Some((name, role, rank))
    }

    /// Whether the record that was read has an attribute of this name.
    #[inline]
    pub(super) fn has_attribute(&self, name: &str) -> bool {
        let is_same = |known: &Known<'_>| {
            scope(known.object) == scope(RECORD.number)
                && known.role == Role::Attribute
                && known.name == name
        };
        // What is known beyond is of other records.
        let known = self.known.get(..self.place).unwrap_or_default();
        known.iter().any(is_same) || self.further.iter().any(|other| other == name)
    }

    /// Whether the record has an attribute of this name in the scope of an object.
    fn has(&self, object: Object, name: &str) -> bool {
        let is_same = |other: &Known<'_>| {
            scope(other.object) == scope(object.number)
                && other.role == Role::Attribute
                && other.name == name
        };
        let known = self.known.get(object.known..).unwrap_or_default();
        let further = self.further.get(object.further..).unwrap_or_default();
        known.iter().any(is_same) || further.iter().any(|other| other == name)
    }
}

/// Attributes of one scope must differ in their names.
fn scope(object: usize) -> usize {
    object.max(ATTRIBUTES.number)
}
