//! Which dead letters are meant: all of them, some by their ids, or those that are kept for one reason.

use super::kept::is_too_large;
use super::{DeadLetter, DeadLetters};
use std::collections::{BTreeMap, HashSet};
use std::fmt;

/// Why a record is kept whose writing panicked.
pub(crate) const PANICKED: &str = "writing it panicked";

/// Names a letter, for as long as it is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct LetterId(pub(super) [u8; 16]);

/// Why a letter is kept, in a word of few. It is told from what is kept of it, so that letters of earlier versions have
/// one as well.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReasonCode {
    /// No store can hold it.
    TooLarge,
    /// It is against a rule of the collection.
    AgainstRule,
    /// A unique index that is not ours has its value already.
    Duplicate,
    /// It is no document that could be written.
    Damaged,
    /// To write it panicked.
    Panicked,
    /// Something else that the store says.
    Refused,
}

/// Which letters are meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Choice {
    /// Every one.
    All,
    /// These.
    Ids(HashSet<LetterId>),
    /// Whatever is kept for this reason.
    Reason(ReasonCode),
}

impl LetterId {
    /// Reads what an id is shown as.
    pub fn parse(text: &str) -> Option<Self> {
        let is_hexadecimal = text.bytes().all(|digit| digit.is_ascii_hexdigit());
        let number = u128::from_str_radix(text, 16).ok();
        let number = number.filter(|_| text.len() == 32 && is_hexadecimal)?;
        Some(Self(number.to_be_bytes()))
    }
}

impl fmt::Display for LetterId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{:032x}", u128::from_be_bytes(self.0))
    }
}

impl ReasonCode {
    /// All that there are.
    pub const ALL: [Self; 6] = [
        Self::TooLarge,
        Self::AgainstRule,
        Self::Duplicate,
        Self::Damaged,
        Self::Panicked,
        Self::Refused,
    ];

    /// That of a letter.
    pub fn of(letter: &DeadLetter) -> Self {
        match letter.reason.as_str() {
            _ if is_too_large(letter) => Self::TooLarge,
            reason if reason.ends_with("(code 121)") => Self::AgainstRule,
            reason if reason.ends_with("(code 11000)") => Self::Duplicate,
            store::DAMAGED_DOCUMENT => Self::Damaged,
            PANICKED => Self::Panicked,
            _ => Self::Refused,
        }
    }

    /// The word.
    pub fn name(self) -> &'static str {
        match self {
            Self::TooLarge => "too_large",
            Self::AgainstRule => "against_rule",
            Self::Duplicate => "duplicate",
            Self::Damaged => "damaged",
            Self::Panicked => "panicked",
            Self::Refused => "refused",
        }
    }

    /// The one that is called so.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|code| code.name() == name)
    }
}

impl Choice {
    /// Whether a letter is meant.
    pub fn has(&self, letter: &DeadLetter) -> bool {
        match self {
            Self::All => true,
            Self::Ids(ids) => ids.contains(&letter.id()),
            Self::Reason(code) => ReasonCode::of(letter) == *code,
        }
    }

    /// How many are meant of these, which no store can hold.
    pub fn count_too_large(&self, letters: &[LetterId]) -> usize {
        match self {
            Self::All | Self::Reason(ReasonCode::TooLarge) => letters.len(),
            Self::Ids(ids) => letters.iter().filter(|id| ids.contains(id)).count(),
            Self::Reason(_) => 0,
        }
    }
}

impl DeadLetters {
    /// The files that letters of these ids are in, each with how many; `None` where every file may have some that are
    /// meant.
    pub fn files_of(&self, choice: &Choice) -> Option<BTreeMap<u64, usize>> {
        match choice {
            Choice::All | Choice::Reason(_) => None,
            Choice::Ids(ids) => Some(self.kept().files_of(ids)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::letter;
    use super::*;
    use record::fault::MAX_DOCUMENT_BYTES;

    #[test]
    fn an_id_is_read_as_it_is_shown_and_nothing_else_is() {
        let id = letter("a", "text").id();
        let shown = id.to_string();
        assert_eq!(LetterId::parse(&shown), Some(id));
        assert_eq!(
            LetterId(7_u128.to_be_bytes()).to_string(),
            format!("{:032}", 7)
        );
        let signed = format!("+{}", &shown[1..]);
        for wrong in ["", "0", &shown[1..], &signed, &format!("{shown}0")] {
            assert_eq!(LetterId::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn each_reason_has_a_word_that_is_read_again() {
        let mut told = letter("a", "text");
        for (reason, code) in [
            ("the document is damaged", ReasonCode::Damaged),
            ("writing it panicked", ReasonCode::Panicked),
            (
                "Document failed validation (code 121)",
                ReasonCode::AgainstRule,
            ),
            (
                "E11000 duplicate key error (code 11000)",
                ReasonCode::Duplicate,
            ),
            ("key too large (code 17280)", ReasonCode::Refused),
        ] {
            reason.clone_into(&mut told.reason);
            assert_eq!(ReasonCode::of(&told), code, "{reason}");
            assert_eq!(ReasonCode::parse(code.name()), Some(code));
            assert!(Choice::Reason(code).has(&told));
            assert!(!Choice::Reason(ReasonCode::TooLarge).has(&told));
        }
        told.document = vec![0; MAX_DOCUMENT_BYTES + 1];
        assert_eq!(ReasonCode::of(&told), ReasonCode::TooLarge);
        let count = |code| Choice::Reason(code).count_too_large(&[told.id()]);
        assert_eq!(count(ReasonCode::TooLarge), 1);
        assert_eq!(count(ReasonCode::Refused), 0);
        assert_eq!(ReasonCode::parse("another"), None);
    }

    #[test]
    fn ids_mean_their_letters_and_no_others() {
        let (one, other) = (letter("a", "text"), letter("b", "text"));
        let choice = Choice::Ids(HashSet::from([one.id()]));
        assert!(choice.has(&one) && !choice.has(&other));
        let both = [one.id(), other.id()];
        assert_eq!(choice.count_too_large(&both), 1);
        assert_eq!(Choice::All.count_too_large(&both), 2);
        assert!(Choice::All.has(&other));
    }
}
