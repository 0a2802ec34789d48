//! One setting as it was read: its value as it is written, and who says so.

use std::fmt;
use std::path::PathBuf;
use store::address::{MongoAddress, hide_credentials};

/// What is shown in place of a secret.
const HIDDEN: &str = "***";

/// A setting with its value, which may be a secret: [`Setting::shown`] is for everybody.
#[derive(Clone, PartialEq, Eq)]
pub struct Setting {
    /// The environment variable that sets it.
    pub name: String,
    /// As a flag would have it, unless it is not set.
    pub value: Option<String>,
    /// Whether nobody is to see what is secret in it.
    pub is_secret: bool,
    /// Who says so.
    pub origin: Origin,
}

/// Where a value comes from: from the strongest to the weakest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// The command line.
    Flag,
    /// The environment.
    Environment,
    /// A line of a file.
    File {
        /// The file.
        file: PathBuf,
        /// Its line.
        line: usize,
    },
    /// Nobody has said anything.
    Default,
}

impl Setting {
    /// The value, without what is secret in it.
    pub fn shown(&self) -> Option<String> {
        let value = self.value.as_deref()?;
        Some(match self.is_secret {
            true => masked(value),
            false => value.to_owned(),
        })
    }
}

impl fmt::Debug for Setting {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "{}={:?} ({:?})",
            self.name,
            self.shown(),
            self.origin
        )
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag => formatter.write_str("flag"),
            Self::Environment => formatter.write_str("environment"),
            Self::File { file, line } => write!(formatter, "{}:{line}", file.display()),
            Self::Default => formatter.write_str("default"),
        }
    }
}

/// A connection string without user, password and options, some of which are secrets.
fn masked(uri: &str) -> String {
    if uri.is_empty() {
        return String::new();
    }
    // Of one that is none, nobody knows where in it the password stands.
    if MongoAddress::parse(uri).is_err() {
        return HIDDEN.to_owned();
    }
    match uri.split_once('?') {
        None => hide_credentials(uri),
        Some((address, "")) => hide_credentials(address),
        Some((address, _)) => format!("{}?{HIDDEN}", hide_credentials(address)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_string_is_shown_without_what_is_secret() {
        for (uri, shown) in [
            ("", ""),
            ("mongodb://a:27017", "mongodb://a:27017"),
            ("mongodb://u:hunter2@a,b:1/logs", "mongodb://***@a,b:1/logs"),
            (
                "mongodb://u:hunter2@a/?appName=hunter2",
                "mongodb://***@a/?***",
            ),
            ("mongodb://u:hun/ter2@a", "***"),
            ("hunter2", "***"),
        ] {
            let setting = Setting {
                name: "MONGODB_URI".to_owned(),
                value: Some(uri.to_owned()),
                is_secret: true,
                origin: Origin::Environment,
            };
            assert_eq!(setting.shown().as_deref(), Some(shown));
            assert!(!format!("{setting:?}").contains("hun"));
        }
    }
}
