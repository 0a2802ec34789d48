//! The names that senders use for a time, a message and a level, and what each says of its value.

use crate::levels::Scale;

/// What a field is for, as far as its name tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    Time(Unit),
    Message(Form),
    Level(Scale),
    /// The object whose members are attributes themselves.
    Attributes,
    /// loguru's record, when it is one.
    Record,
    Attribute,
}

impl Role {
    /// Whether a record has it once, and so one field at most is chosen for it.
    pub(super) fn is_of_one_field(self) -> bool {
        matches!(self, Self::Time(_) | Self::Message(_) | Self::Level(_))
    }
}

/// What a number under a time's name counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unit {
    /// Told by its size.
    BySize,
    Microseconds,
}

/// What may be a message under a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// Anything, an object too where no other name has a text.
    Any,
    /// Anything but an object.
    NoObject,
    /// The same; as an object, its member `level` is the level.
    Log,
}

const T: Role = Role::Time(Unit::BySize);
const ANY: Role = Role::Message(Form::Any);
const M: Role = Role::Message(Form::NoObject);
const L: Role = Role::Level(Scale::Usual);

/// All names with a role; of one role, those that count before others come first.
const NAMES: [(&str, Role); 39] = [
    ("timestamp", T),
    ("@timestamp", T),
    ("time", T),
    ("_time", T),
    ("ts", T),
    ("date", T),
    ("datetime", T),
    ("asctime", T),
    ("@t", T),
    ("instant", T),
    ("eventTime", T),
    ("__REALTIME_TIMESTAMP", Role::Time(Unit::Microseconds)),
    ("message", ANY),
    ("_msg", M),
    ("msg", ANY),
    ("log", Role::Message(Form::Log)),
    ("body", ANY),
    ("short_message", M),
    ("event", ANY),
    ("text", M),
    ("@m", M),
    ("@mt", M),
    ("RenderedMessage", M),
    ("MessageTemplate", M),
    ("level", L),
    ("severity", L),
    (NESTED_LEVEL, L),
    ("severity_text", L),
    ("lvl", L),
    ("levelname", L),
    ("level_name", L),
    ("loglevel", L),
    ("@l", L),
    ("levelno", Role::Level(Scale::Python)),
    ("severity_number", Role::Level(Scale::OpenTelemetry)),
    ("severityNumber", Role::Level(Scale::OpenTelemetry)),
    ("PRIORITY", L),
    ("attributes", Role::Attributes),
    ("record", Role::Record),
];

/// A level's name that may also be a member of an object.
pub(super) const NESTED_LEVEL: &str = "log.level";

const LONGEST: usize = 20;

/// For each length, a bit for each name that has it: every name that is not known from the record before
/// is looked for here.
const BY_LENGTH: [u64; LONGEST + 1] = by_length();

#[expect(clippy::indexing_slicing, reason = "wrong at compile time or never")]
const fn by_length() -> [u64; LONGEST + 1] {
    let (mut lengths, mut rank) = ([0; LONGEST + 1], 0);
    while rank < NAMES.len() {
        lengths[NAMES[rank].0.len()] |= 1 << rank;
        rank += 1;
    }
    lengths
}

/// The role that goes with a name, whatever its case, and its place in the order in which names count.
#[inline]
pub(super) fn role_of(name: &str) -> (Role, u8) {
    let mut candidates = BY_LENGTH.get(name.len()).copied().unwrap_or(0);
    while candidates != 0 {
        let rank = candidates.trailing_zeros().to_le_bytes()[0];
        if let Some((known, role)) = NAMES.get(usize::from(rank))
            && known.eq_ignore_ascii_case(name)
            && (*role != Role::Attributes || *known == name)
        {
            return (*role, rank);
        }
        candidates &= candidates - 1;
    }
    (Role::Attribute, u8::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_found_in_any_case_and_no_other() {
        assert_eq!(NAMES[usize::from(role_of(NESTED_LEVEL).1)].0, NESTED_LEVEL);
        for (rank, (name, role)) in NAMES.into_iter().enumerate() {
            assert_eq!(role_of(name), (role, u8::try_from(rank).unwrap()), "{name}");
            let lower = name.to_lowercase();
            assert_eq!(
                role_of(&lower).0,
                role_of(&lower.to_uppercase()).0.max_for(name)
            );
            for other in [format!("{name}_"), name[1..].to_owned(), format!("x{name}")] {
                let known = NAMES
                    .iter()
                    .any(|(known, _)| known.eq_ignore_ascii_case(&other));
                assert_eq!(role_of(&other).0 != Role::Attribute, known, "{other}");
            }
        }
    }

    impl Role {
        /// Attributes alone must be written as they are.
        fn max_for(self, name: &str) -> Self {
            if name == "attributes" {
                Self::Attributes
            } else {
                self
            }
        }
    }
}
