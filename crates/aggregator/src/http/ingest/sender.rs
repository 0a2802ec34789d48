//! Who sent a request: whoever is at the other end of its connection, or whom a trusted proxy there names.

use crate::config::network::Network;
use axum::http::{HeaderMap, HeaderName};
use std::net::IpAddr;

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// Proxies that are believed when they name a sender.
#[derive(Debug, Clone, Default)]
pub struct TrustedProxies(Vec<Network>);

impl TrustedProxies {
    /// Those in these networks.
    pub fn new(networks: Vec<Network>) -> Self {
        Self(networks)
    }

    /// Who sent a request that came from `peer`: each proxy names whom it got it from behind what it was
    /// told itself, so the last one that is no proxy of ours is the sender.
    pub(in crate::http) fn sender(&self, headers: &HeaderMap, peer: IpAddr) -> IpAddr {
        let mut sender = peer;
        let named = headers.get_all(FORWARDED_FOR).iter();
        let texts: Vec<&str> = named.filter_map(|value| value.to_str().ok()).collect();
        for name in texts.iter().rev().flat_map(|text| text.rsplit(',')) {
            if !self.0.iter().any(|network| network.contains(sender)) {
                return sender;
            }
            // What is no address was named by nobody who is to be believed.
            let Some(address) = address_of(name.trim()) else {
                return sender;
            };
            sender = address;
        }
        sender
    }
}

/// An address as proxies write it: some add the port.
fn address_of(name: &str) -> Option<IpAddr> {
    let with_port = || {
        name.parse::<std::net::SocketAddr>()
            .map(|address| address.ip())
    };
    let bare = name.trim_start_matches('[').trim_end_matches(']');
    let address = bare.parse().or_else(|_| with_port()).ok()?;
    Some(IpAddr::to_canonical(&address))
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    fn sender(peer: &str, forwarded: &[&'static str]) -> String {
        let networks = ["10.0.0.0/8", "192.168.1.5", "fd00::/8"];
        let networks = networks.map(|text| text.parse().unwrap());
        let mut headers = HeaderMap::new();
        for value in forwarded {
            headers.append(FORWARDED_FOR, HeaderValue::from_static(value));
        }
        let proxies = TrustedProxies::new(networks.to_vec());
        proxies.sender(&headers, peer.parse().unwrap()).to_string()
    }

    #[test]
    fn only_a_trusted_proxy_names_a_sender_and_only_the_last_that_is_no_proxy_counts() {
        for (peer, forwarded, expected) in [
            ("203.0.113.9", &["198.51.100.1"][..], "203.0.113.9"),
            ("10.1.2.3", &[], "10.1.2.3"),
            ("10.1.2.3", &["198.51.100.1"], "198.51.100.1"),
            // Whatever a sender claims stands before what our proxy says of it.
            ("10.1.2.3", &["1.1.1.1, 198.51.100.1"], "198.51.100.1"),
            ("10.1.2.3", &["1.1.1.1", "198.51.100.1"], "198.51.100.1"),
            ("10.1.2.3", &["198.51.100.1, 192.168.1.5"], "198.51.100.1"),
            ("10.1.2.3", &["198.51.100.1:443"], "198.51.100.1"),
            ("fd00::1", &["[2001:db8::7]:443"], "2001:db8::7"),
            ("fd00::1", &["[2001:db8::7]"], "2001:db8::7"),
            ("10.1.2.3", &["::ffff:198.51.100.1"], "198.51.100.1"),
            ("10.1.2.3", &["1.1.1.1, unknown"], "10.1.2.3"),
            ("10.1.2.3", &["10.9.9.9, 10.8.8.8"], "10.9.9.9"),
        ] {
            assert_eq!(sender(peer, forwarded), expected, "{peer} {forwarded:?}");
        }
    }
}
