//! A name by which a service is called: as a setting has it, without scheme and port.

use std::fmt;
use std::str::FromStr;

/// A name, or an address, in lower case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostName(String);

/// A text that is neither.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected a name without scheme and port: logs.example")]
pub struct BadHostName;

impl HostName {
    /// Whether a text names it: in any case of its letters, and also with the dot of the root.
    pub fn is(&self, text: &str) -> bool {
        without_root(text).eq_ignore_ascii_case(&self.0)
    }
}

/// Whether a text has what names have, and nothing else.
pub fn is_name(text: &str) -> bool {
    let is_of_name = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    !text.is_empty() && text.bytes().all(is_of_name)
}

impl FromStr for HostName {
    type Err = BadHostName;

    fn from_str(text: &str) -> Result<Self, BadHostName> {
        let text = without_root(text.trim());
        let bare = text
            .strip_prefix('[')
            .and_then(|rest| rest.strip_suffix(']'));
        if let Ok(address) = bare.unwrap_or(text).parse::<std::net::IpAddr>() {
            return Ok(Self(address.to_canonical().to_string()));
        }
        match is_name(text) {
            true => Ok(Self(text.to_ascii_lowercase())),
            false => Err(BadHostName),
        }
    }
}

impl fmt::Display for HostName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

fn without_root(name: &str) -> &str {
    name.strip_suffix('.').unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_addresses_are_read_and_compared_in_any_case() {
        for (text, named) in [
            ("logs.example", "LOGS.Example."),
            (" Logs.example. ", "logs.example"),
            ("my_host", "my_host"),
            ("192.0.2.7", "192.0.2.7"),
            ("[2001:DB8::7]", "2001:db8::7"),
        ] {
            let name: HostName = text.parse().unwrap();
            assert!(name.is(named), "{text}: {name}");
            assert!(!name.is(&format!("not-{named}")), "{text}: {name}");
        }
    }

    #[test]
    fn what_has_more_than_a_name_is_refused() {
        for text in [
            "",
            " ",
            ".",
            "http://logs.example",
            "logs.example:8005",
            "logs.example/",
            "*.example",
            "größe.example",
            "a b",
        ] {
            assert_eq!(text.parse::<HostName>(), Err(BadHostName), "{text}");
        }
    }
}
