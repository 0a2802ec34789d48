//! Host and port, as `Host` and `Origin` have them. Pure.

use crate::config::is_name;
use std::net::{IpAddr, Ipv6Addr};

/// The usual port of HTTP without TLS.
pub(super) const UNSECURED: u16 = 80;

/// What an authority names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Authority<'a> {
    pub(super) host: Host<'a>,
    pub(super) port: Option<u16>,
}

/// A host.
#[derive(Debug, Clone, Copy)]
pub(super) enum Host<'a> {
    Address(IpAddr),
    /// Without the dot of the root.
    Name(&'a str),
}

/// Names are the same in any case of their letters.
impl PartialEq for Host<'_> {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Address(one), Self::Address(other)) => one == other,
            (Self::Name(one), Self::Name(other)) => one.eq_ignore_ascii_case(other),
            _ => false,
        }
    }
}

impl Eq for Host<'_> {}

impl<'a> Authority<'a> {
    /// Reads `logs.example`, `127.0.0.1:8005`, `[::1]:8005`; `None` when it is nothing of the kind.
    pub(super) fn parse(text: &'a str) -> Option<Self> {
        let text = text.trim();
        if let Some(rest) = text.strip_prefix('[') {
            let (address, port) = rest.split_once(']')?;
            // An interface has a meaning on one machine alone.
            let address = address.split('%').next()?;
            let address: Ipv6Addr = address.parse().ok()?;
            return Some(Self {
                host: Host::Address(IpAddr::V6(address).to_canonical()),
                port: match port {
                    "" => None,
                    port => port_of(port.strip_prefix(':')?).ok()?,
                },
            });
        }
        let (host, port) = text.split_once(':').unwrap_or((text, ""));
        Some(Self {
            host: Host::parse(host)?,
            port: port_of(port).ok()?,
        })
    }

    /// Reads `http://logs.example:8005`; a scheme has a port of its own.
    pub(super) fn of_origin(text: &'a str) -> Option<(Self, Option<u16>)> {
        let (scheme, authority) = text.trim().split_once("://")?;
        let usual = match scheme {
            "http" => Some(UNSECURED),
            "https" => Some(443),
            _ => None,
        };
        Some((Self::parse(authority)?, usual))
    }
}

impl<'a> Host<'a> {
    fn parse(text: &'a str) -> Option<Self> {
        if let Ok(address) = text.parse::<std::net::Ipv4Addr>() {
            return Some(Self::Address(address.into()));
        }
        let name = text.strip_suffix('.').unwrap_or(text);
        is_name(name).then_some(Self::Name(name))
    }
}

/// What stands where a port should.
struct NoPort;

/// The port, if there is one.
fn port_of(text: &str) -> Result<Option<u16>, NoPort> {
    // A number may have a plus sign before it; a port has none.
    let is_number = text.bytes().all(|byte| byte.is_ascii_digit());
    match text {
        "" => Ok(None),
        text if is_number => text.parse().map(Some).map_err(|_| NoPort),
        _ => Err(NoPort),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_read_with_and_without_their_ports() {
        let address = |text: &str| Host::Address(text.parse().unwrap());
        for (text, host, port) in [
            ("localhost", Host::Name("localhost"), None),
            ("LocalHost.:8005", Host::Name("localhost"), Some(8005)),
            ("logs.example:", Host::Name("logs.example"), None),
            ("127.0.0.1:80", address("127.0.0.1"), Some(80)),
            ("[::1]:8005", address("::1"), Some(8005)),
            ("[::1]", address("::1"), None),
            ("[::ffff:127.0.0.1]", address("127.0.0.1"), None),
            ("[fe80::1%25eth0]:1", address("fe80::1"), Some(1)),
        ] {
            assert_eq!(
                Authority::parse(text),
                Some(Authority { host, port }),
                "{text}"
            );
        }
        for text in [
            "",
            ".",
            ":80",
            "::1",
            "[::1",
            "[::1]80",
            "[localhost]",
            "a b",
            "a:b",
            "a:+80",
            "a:99999",
            "a/b",
            "user@localhost",
            "localhost,evil.example",
        ] {
            assert_eq!(Authority::parse(text), None, "{text}");
        }
    }
}
