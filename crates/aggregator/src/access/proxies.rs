//! The proxies that are believed, and who asks behind them. Pure.

use super::Way;
use crate::config::Network;
use std::net::IpAddr;

/// Proxies that are believed when they name a sender.
#[derive(Debug, Clone, Default)]
pub struct TrustedProxies(Vec<Network>);

impl TrustedProxies {
    /// Those in these networks.
    pub fn new(networks: Vec<Network>) -> Self {
        Self(networks)
    }

    fn trusts(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(address))
    }

    /// Who sent a request that came from `peer`: each proxy names whom it got it from behind what it was
    /// told itself, so the last one that is no proxy of ours is the sender. The last is the first here.
    pub fn sender<'a>(&self, peer: IpAddr, named: impl IntoIterator<Item = &'a str>) -> IpAddr {
        let mut sender = peer;
        for name in named {
            if !self.trusts(sender) {
                return sender;
            }
            // What is no address was named by nobody who is to be believed.
            let Some(address) = address_of(name) else {
                return sender;
            };
            sender = address;
        }
        sender
    }

    /// Whether who asks is on this machine, and so is all that is named between. A stranger may claim what he
    /// likes before a proxy adds its own word; a loopback address that is named elsewhere is one of another machine.
    pub(super) fn is_local(&self, peer: IpAddr, way: &Way<'_>) -> bool {
        if !peer.is_loopback() {
            return false;
        }
        if !way.is_forwarded {
            return true;
        }
        let named = [&way.forwarded_for, &way.forwarded];
        let mut told = named.into_iter().filter(|names| !names.is_empty());
        // A proxy that names nobody may stand before anybody.
        let names_somebody = !way.forwarded_for.is_empty() || !way.forwarded.is_empty();
        let is_local = |name: &&str| address_of(name).is_some_and(|named| named.is_loopback());
        self.trusts(peer) && names_somebody && told.all(|names| names.iter().all(is_local))
    }
}

/// An address as proxies write it: some add the port.
fn address_of(name: &str) -> Option<IpAddr> {
    let name = name.trim();
    let with_port = || {
        name.parse::<std::net::SocketAddr>()
            .map(|address| address.ip())
    };
    let bare = name.trim_start_matches('[').trim_end_matches(']');
    let address = bare.parse().or_else(|_| with_port()).ok()?;
    Some(IpAddr::to_canonical(&address))
}

/// Whom an element of `Forwarded` names: `for=192.0.2.1;proto=https`, `For="[2001:db8::7]:443"`.
pub fn named_in_forwarded(element: &str) -> &str {
    let mut pairs = element.split(';').filter_map(|pair| pair.split_once('='));
    let found = pairs.find(|(name, _)| name.trim().eq_ignore_ascii_case("for"));
    found.map_or("", |(_, value)| value.trim().trim_matches('"'))
}
