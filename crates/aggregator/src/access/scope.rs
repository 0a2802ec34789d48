//! What an address is there for, and what a token may be used for.

use serde::Deserialize;
use std::fmt;
use std::str::FromStr;

/// What an address is there for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Scope {
    /// To bring records, and to ask what became of them.
    Ingest,
    /// To read what there is.
    Read,
    /// To see and change what is of those who run the service.
    Operate,
}

/// A text that names none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected ingest, read or operate")]
pub struct BadScope;

impl Scope {
    const ALL: [Self; 3] = [Self::Ingest, Self::Read, Self::Operate];

    /// As settings and files have it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ingest => "ingest",
            Self::Read => "read",
            Self::Operate => "operate",
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Scope {
    type Err = BadScope;

    fn from_str(text: &str) -> Result<Self, BadScope> {
        let named = |scope: &Self| scope.name() == text;
        Self::ALL.into_iter().find(named).ok_or(BadScope)
    }
}
