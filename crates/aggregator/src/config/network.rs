//! Addresses that are taken for one another: one address, or all of a network.

use ipnet::IpNet;
use std::net::IpAddr;
use std::str::FromStr;

/// A network, or a single address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network(IpNet);

/// A text that is neither.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected an address or a network: 10.0.0.7, 10.0.0.0/8, fd00::/8")]
pub struct BadNetwork;

impl Network {
    /// Whether an address belongs to it.
    pub fn contains(&self, address: IpAddr) -> bool {
        self.0.contains(&address.to_canonical())
    }
}

impl FromStr for Network {
    type Err = BadNetwork;

    fn from_str(text: &str) -> Result<Self, BadNetwork> {
        let text = text.trim();
        let alone = || text.parse::<IpAddr>().map(|one| one.to_canonical().into());
        text.parse()
            .or_else(|_| alone())
            .map(Self)
            .map_err(|_| BadNetwork)
    }
}
