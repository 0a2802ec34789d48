//! What an aggregator is called among several behind one address: as a setting says, else as its host.

use super::host_name::is_name;
use rustix::system::uname;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

/// As many characters as Linux lets the name of a host have.
const LONGEST: usize = 64;
/// Of a host whose name has nothing that can be used.
const NAMELESS: &str = "nameless";

/// Letters, digits, dots, hyphens and underscores, up to 64 of them: it stands in headers and addresses as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Instance(Arc<str>);

/// A text that is no such name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected up to 64 letters, digits, dots, hyphens and underscores: logs-1")]
pub struct BadInstance;

impl Instance {
    /// The name of this host.
    pub fn of_host() -> Self {
        Self::from_host(&uname().nodename().to_string_lossy())
    }

    /// With a hyphen for what may not be in it.
    fn from_host(name: &str) -> Self {
        let name: String = name
            .chars()
            .map(|letter| match is_name(letter.encode_utf8(&mut [0; 4])) {
                true => letter,
                false => '-',
            })
            .take(LONGEST)
            .collect();
        match name.trim_matches('-') {
            "" => Self(NAMELESS.into()),
            name => Self(name.into()),
        }
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Instance {
    type Err = BadInstance;

    fn from_str(text: &str) -> Result<Self, BadInstance> {
        match is_name(text) && text.len() <= LONGEST {
            true => Ok(Self(text.into())),
            false => Err(BadInstance),
        }
    }
}

impl fmt::Display for Instance {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_short_and_needs_no_quotes_anywhere() {
        for name in ["a", "logs-1", "LOGS_1.example", &"a".repeat(LONGEST)] {
            assert_eq!(name.parse::<Instance>().unwrap().as_str(), name);
        }
        for none in [
            "",
            "two words",
            "a\n",
            "a@b",
            "\"",
            "log\u{e9}",
            &"a".repeat(LONGEST + 1),
        ] {
            assert_eq!(none.parse::<Instance>(), Err(BadInstance), "{none}");
        }
    }

    #[test]
    fn any_host_has_a_name_that_can_be_used() {
        let long = "b".repeat(300);
        for (host, name) in [
            ("web-1.example", "web-1.example"),
            ("(none)", "none"),
            ("caf\u{e9} 2", "caf--2"),
            ("", NAMELESS),
            ("\u{65e5}\u{672c}", NAMELESS),
            (&long, &long[..LONGEST]),
        ] {
            let instance = Instance::from_host(host);
            assert_eq!(instance.as_str(), name);
            assert_eq!(instance.as_str().parse(), Ok(instance.clone()));
        }
        let own = Instance::of_host();
        assert_eq!(own.as_str().parse(), Ok(own.clone()));
    }
}
