//! By which names the service may be called, and which pages may call it.
//!
//! A page of somebody else can make its own name point at this machine (DNS rebinding): the browser then takes
//! the service for a part of that page, and only the name in `Host` tells. A browser sends that name always, so
//! that a request without one comes from a program: old senders and health checks speak HTTP/1.0 so.

use super::authority::{Authority, Host, UNSECURED};
use super::{Asker, Refusal};
use crate::config::HostName;
use std::net::IpAddr;

/// More of a name is not repeated.
const LONGEST: usize = 255;

/// Names beside those that a machine always has.
#[derive(Debug, Clone, Default)]
pub(super) struct Hosts {
    /// The one that it listens on.
    listened_on: Option<HostName>,
    /// Those that the settings add.
    allowed: Vec<HostName>,
}

impl Hosts {
    pub(super) fn new(listened_on: Option<HostName>, allowed: Vec<HostName>) -> Self {
        Self {
            listened_on,
            allowed,
        }
    }

    /// Whether the service may be called so. Of a connection from beyond this machine any name is as good as
    /// another, until the settings say which there are.
    pub(super) fn check_host(&self, asker: &Asker<'_>) -> Result<(), Refusal> {
        check_one(asker)?;
        let over_loopback = asker.reached.is_loopback();
        if !over_loopback && self.allowed.is_empty() {
            return Ok(());
        }
        for text in asker.names() {
            if text.trim().is_empty() {
                continue;
            }
            let named = Authority::parse(text).map(|authority| authority.host);
            let is_known = named.is_some_and(|host| match host {
                // Nobody can make an address point elsewhere; over loopback it is one of ours all the same.
                Host::Address(address) => {
                    !over_loopback
                        || address.is_loopback()
                        // On this machine it stands for all of them.
                        || address.is_unspecified()
                        || self.is_allowed(host)
                        || (asker.is_of_this_machine)(address)
                }
                Host::Name(name) => is_loopback_name(name) || self.is_ours(host),
            });
            if !is_known {
                return Err(Refusal::Host(told(text)));
            }
        }
        Ok(())
    }

    /// Whether it is not the page of another that asks.
    pub(super) fn check_page(&self, asker: &Asker<'_>) -> Result<(), Refusal> {
        let is_cross_site = |site: &&str| site.trim().eq_ignore_ascii_case("cross-site");
        if asker.sites.iter().any(is_cross_site) {
            return Err(Refusal::CrossSite);
        }
        match asker.origins.iter().find(|text| !self.is_own(text, asker)) {
            Some(text) => Err(Refusal::Origin(told(text))),
            None => Ok(()),
        }
    }

    /// Whether a page of this origin belongs to the service as it is called, or to one of its other names.
    fn is_own(&self, origin: &str, asker: &Asker<'_>) -> bool {
        let Some((origin, usual)) = Authority::of_origin(origin) else {
            return false;
        };
        // What came without TLS, anybody on its way may have written.
        if asker.is_secure && usual == Some(UNSECURED) {
            return self.is_allowed(origin.host);
        }
        let is_same = |text: &str| {
            Authority::parse(text).is_some_and(|called| {
                called.host == origin.host && called.port.or(usual) == origin.port.or(usual)
            })
        };
        let is_same_as_called = asker.names().next().is_some() && asker.names().all(is_same);
        self.is_allowed(origin.host) || is_same_as_called
    }

    fn is_ours(&self, host: Host<'_>) -> bool {
        self.is_allowed(host) || is_one_of(self.listened_on.as_ref(), host)
    }

    fn is_allowed(&self, host: Host<'_>) -> bool {
        is_one_of(&self.allowed, host)
    }
}

/// Whether there is no second name, which whoever reads the head next may take for the one.
pub(super) fn check_one(asker: &Asker<'_>) -> Result<(), Refusal> {
    match asker.hosts.len() > 1 {
        true => Err(Refusal::TwoHosts),
        false => Ok(()),
    }
}

fn is_one_of<'a>(names: impl IntoIterator<Item = &'a HostName>, host: Host<'_>) -> bool {
    names.into_iter().any(|name| match host {
        Host::Address(address) => name.is(&address.to_string()),
        Host::Name(text) => name.is(text),
    })
}

/// A name that every resolver keeps on this machine. Others that systems have in a file of theirs, such as
/// `ip6-localhost`, are anybody's where they are not in that file.
fn is_loopback_name(name: &str) -> bool {
    const NAME: &str = "localhost";
    const UNDER: &str = ".localhost";
    let start = name.len().saturating_sub(UNDER.len());
    let end = name.get(start..).unwrap_or_default();
    name.eq_ignore_ascii_case(NAME) || (start > 0 && end.eq_ignore_ascii_case(UNDER))
}

fn told(text: &str) -> String {
    text.trim().chars().take(LONGEST).collect()
}

/// Whether a socket that listens there is reached from this machine alone.
pub fn is_loopback(address: IpAddr) -> bool {
    address.to_canonical().is_loopback()
}
