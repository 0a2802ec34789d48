//! A field as readers know it, and as a filter for one of its values has it.

use query::{AttributeFilter, LevelFilter};

/// A field whose values are counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Field {
    /// The level.
    Level,
    /// The attribute at this path, as a filter has it.
    Attribute(String),
}

impl Field {
    /// The name that readers know it by.
    pub fn name(&self) -> String {
        match self {
            Self::Level => "level".to_owned(),
            Self::Attribute(key) => format!("attr.{key}"),
        }
    }

    /// A value of it, where a filter would take it for something else.
    pub(super) fn quoted(&self, value: &str) -> Option<String> {
        match self {
            Self::Level => LevelFilter::quoted(value),
            Self::Attribute(_) => AttributeFilter::quoted(value),
        }
    }
}
