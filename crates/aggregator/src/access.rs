//! Who may ask for what: the one place that decides it.
//!
//! Takes what a request says of whoever asks, and the scope that its address needs; gives leave, or the reason why
//! not. It knows no HTTP, and answers nobody.

mod authority;
mod hosts;
mod proxies;
#[cfg(test)]
mod tests;

pub use hosts::is_loopback;
pub use proxies::{TrustedProxies, named_in_forwarded};

use crate::config::HostName;
use hosts::Hosts;
use std::net::IpAddr;

/// What an address is there for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// To bring records, and to ask what became of them.
    Ingest,
    /// To read what there is.
    Read,
    /// To see and change what is of those who run the service.
    Operate,
}

/// Who asks, as far as a request shows it.
#[derive(Debug, Clone)]
pub struct Asker<'a> {
    /// The other end of its connection.
    pub peer: IpAddr,
    /// The address of this machine that its connection came to.
    pub reached: IpAddr,
    /// What it calls the service in the target of the request, where that is a whole URL.
    pub target: Option<&'a str>,
    /// `Host`: what it calls the service.
    pub hosts: Vec<&'a str>,
    /// Whether an address is one of this machine; asked only of one that is not known otherwise.
    pub is_of_this_machine: fn(IpAddr) -> bool,
    /// `Origin`: the page that asks.
    pub origins: Vec<&'a str>,
    /// `Sec-Fetch-Site`: how a browser sees that page.
    pub sites: Vec<&'a str>,
    /// How it came here.
    pub way: Way<'a>,
}

impl<'a> Asker<'a> {
    /// All that it calls the service.
    fn names(&self) -> impl Iterator<Item = &'a str> {
        self.target.into_iter().chain(self.hosts.iter().copied())
    }
}

/// What proxies say of the way of a request.
#[derive(Debug, Clone, Default)]
pub struct Way<'a> {
    /// Whether any header is there that proxies add and senders do not.
    pub is_forwarded: bool,
    /// The addresses of `X-Forwarded-For`, the last one first.
    pub forwarded_for: Vec<&'a str>,
    /// The same of `Forwarded`.
    pub forwarded: Vec<&'a str>,
}

/// Why it may not: a sentence each.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Whoever reads the head next may take another of them for the name.
    #[error("Host is given more than once: a request has one")]
    TwoHosts,
    /// The service is not known by that name.
    #[error(
        "the service is not known here by the name in Host, {0:?}: if it is one of its names, add it to ALLOWED_HOSTS"
    )]
    Host(String),
    /// A browser says that another site asks.
    #[error("a browser asks on behalf of a page of another site (Sec-Fetch-Site: cross-site)")]
    CrossSite,
    /// The same, by the page's address.
    #[error(
        "a browser asks on behalf of a page of {0:?}, which is not the service as Host names it: if it is one of its names, add it to ALLOWED_HOSTS"
    )]
    Origin(String),
    /// It is for those on this machine.
    #[error(
        "this is answered on the service's own machine alone, and not by way of a proxy: there, `aggregator rejected list` and `aggregator rejected replay` do it, and in compose `docker compose exec aggregator aggregator rejected list`"
    )]
    NotLocal,
}

/// The rule.
#[derive(Debug, Clone, Default)]
pub struct Access {
    hosts: Hosts,
    proxies: TrustedProxies,
}

impl Access {
    /// With the name that the service listens on, if it is one, and what the settings allow beside.
    pub fn new(
        listened_on: Option<HostName>,
        allowed: Vec<HostName>,
        proxies: TrustedProxies,
    ) -> Self {
        Self {
            hosts: Hosts::new(listened_on, allowed),
            proxies,
        }
    }

    /// The proxies that are believed.
    pub fn proxies(&self) -> &TrustedProxies {
        &self.proxies
    }

    /// Whether an address that needs this scope (none: it is for all) answers whoever asks.
    ///
    /// # Errors
    /// [`Refusal`]
    pub fn check(&self, needed: Option<Scope>, asker: &Asker<'_>) -> Result<(), Refusal> {
        self.hosts.check_host(asker)?;
        self.hosts.check_page(asker)?;
        match needed {
            Some(Scope::Operate) if !self.proxies.is_local(asker.peer, &asker.way) => {
                Err(Refusal::NotLocal)
            }
            Some(Scope::Operate | Scope::Ingest | Scope::Read) | None => Ok(()),
        }
    }
}
