//! Where a service listens: an address or a name with a port, or a port alone on the loopback address.

use super::{HostName, is_name};
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::str::FromStr;

/// A host, which may have several addresses, and a port; port 0 stands for a free one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListenAddress {
    host: Host,
    port: u16,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Host {
    Address(IpAddr),
    Name(String),
}

/// A text that is no address to listen on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "expected an address or a name with its port, or a port: 127.0.0.1:8005, localhost:8005, 8005"
)]
pub struct BadListenAddress;

impl ListenAddress {
    /// The host, as a resolver takes it.
    pub fn host(&self) -> String {
        match &self.host {
            Host::Address(address) => address.to_string(),
            Host::Name(name) => name.clone(),
        }
    }

    /// The name, if it is one and no address.
    pub fn name(&self) -> Option<HostName> {
        match &self.host {
            Host::Address(_) => None,
            Host::Name(name) => name.parse().ok(),
        }
    }

    /// The port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Whether it is a loopback address, or the name that every resolver keeps on this machine.
    pub fn is_loopback(&self) -> bool {
        match &self.host {
            Host::Address(address) => address.to_canonical().is_loopback(),
            Host::Name(name) => name.eq_ignore_ascii_case("localhost"),
        }
    }

    /// Where someone on the same machine asks what listens there: one that listens on every address
    /// is asked on the loopback one.
    #[must_use]
    pub fn asked_locally(&self) -> Self {
        let host = match &self.host {
            Host::Address(IpAddr::V4(address)) if address.is_unspecified() => {
                Host::Address(Ipv4Addr::LOCALHOST.into())
            }
            Host::Address(IpAddr::V6(address)) if address.is_unspecified() => {
                Host::Address(std::net::Ipv6Addr::LOCALHOST.into())
            }
            host => host.clone(),
        };
        Self { host, ..*self }
    }
}

impl FromStr for ListenAddress {
    type Err = BadListenAddress;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if let Ok(address) = text.parse::<SocketAddr>() {
            return Ok(Self {
                host: Host::Address(address.ip()),
                port: address.port(),
            });
        }
        let (host, port) = match text.rsplit_once(':') {
            None => (Host::Address(Ipv4Addr::LOCALHOST.into()), text),
            Some((name, port)) if is_host_name(name) => (Host::Name(name.to_owned()), port),
            Some(_) => return Err(BadListenAddress),
        };
        // A number may have a plus sign before it; a port has none.
        let is_number = port.bytes().all(|byte| byte.is_ascii_digit());
        let port = port.parse().ok().filter(|_| is_number);
        let port = port.ok_or(BadListenAddress)?;
        Ok(Self { host, port })
    }
}

/// A name whose last part is a number would be taken for an address in an old spelling.
fn is_host_name(text: &str) -> bool {
    let last = text.trim_end_matches('.').rsplit('.').next();
    let ends_in_number = last.is_none_or(|part| part.bytes().all(|byte| byte.is_ascii_digit()));
    is_name(text) && !ends_in_number
}

impl fmt::Display for ListenAddress {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.host {
            Host::Address(address) => SocketAddr::new(*address, self.port).fmt(formatter),
            Host::Name(name) => write!(formatter, "{name}:{}", self.port),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_a_name_and_a_port_alone_are_read() {
        for (text, shown, locally) in [
            ("127.0.0.1:8005", "127.0.0.1:8005", "127.0.0.1:8005"),
            ("8005", "127.0.0.1:8005", "127.0.0.1:8005"),
            ("0", "127.0.0.1:0", "127.0.0.1:0"),
            ("localhost:8005", "localhost:8005", "localhost:8005"),
            ("logs.example.:80", "logs.example.:80", "logs.example.:80"),
            ("0.0.0.0:8005", "0.0.0.0:8005", "127.0.0.1:8005"),
            ("[::]:8005", "[::]:8005", "[::1]:8005"),
            ("[::1]:8005", "[::1]:8005", "[::1]:8005"),
        ] {
            let address: ListenAddress = text.parse().unwrap();
            assert_eq!(address.to_string(), shown, "{text}");
            assert_eq!(address.asked_locally().to_string(), locally, "{text}");
        }
    }

    #[test]
    fn what_is_none_of_them_is_refused() {
        for text in [
            "",
            "nowhere",
            "127.0.0.1",
            "127.0.0.1:99999",
            "99999",
            "+80",
            "-1",
            "::1",
            ":8005",
            "localhost:",
            "localhost:http",
            "local host:80",
            "1.2.3:80",
            "1:80",
            "http://localhost:80",
            "user@host:80",
            ".:80",
        ] {
            assert_eq!(
                text.parse::<ListenAddress>(),
                Err(BadListenAddress),
                "{text}"
            );
        }
    }
}
