//! Who may ask for what: the one place that decides it.
//!
//! Takes what a request says of whoever asks, and the scope that its address needs; gives leave, or the reason why
//! not. It knows no HTTP, and answers nobody.

mod authority;
pub mod certificate;
mod hosts;
pub mod limits;
mod pins;
pub mod protocol;
mod proxies;
mod read_filter;
mod scope;
pub mod secret;
#[cfg(test)]
mod tests;
pub mod tokens;

pub use hosts::is_loopback;
pub use proxies::{TrustedProxies, named_in_forwarded};
pub use read_filter::BadReadFilter;
pub use scope::{BadScope, Scope};

use crate::config::HostName;
use certificate::ClientCertificate;
use hosts::Hosts;
use protocol::Protocol;
use std::borrow::Cow;
use std::net::IpAddr;
use std::sync::Arc;
use tokens::{Token, Tokens};
use tokio::sync::watch;

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
    /// All that it gives for the secret of a token.
    pub secrets: Vec<Cow<'a, str>>,
    /// Whether its connection is one of TLS.
    pub is_secure: bool,
    /// Whether it gives anything where secrets stand, also what cannot be read.
    pub gives_secret: bool,
    /// The certificate that it has shown there.
    pub certificate: Option<&'a ClientCertificate>,
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
    /// There are tokens, and it has none.
    #[error(
        "a token is needed: as `Authorization: Bearer TOKEN`, or as the protocol of the sender has it"
    )]
    NoToken,
    /// There are tokens, and what it has shown is of none of them.
    #[error(
        "the client certificate is of no token: TOKENS_FILE names it by certificate = \"{0}\" or by one of its names, or a token is needed beside it"
    )]
    UnknownCertificate(String),
    /// It may have been one.
    #[error("the token is none of those that there are: it may have been revoked")]
    UnknownToken,
    /// It is for something else.
    #[error("the token {token:?} is not for this: it needs the scope {needed}")]
    OutOfScope {
        /// Its name.
        token: Arc<str>,
        /// What it lacks.
        needed: Scope,
    },
}

impl Refusal {
    /// The name of the token that was used, if it is one.
    pub fn token(&self) -> Option<&Arc<str>> {
        match self {
            Self::OutOfScope { token, .. } => Some(token),
            _ => None,
        }
    }
}

/// Who was let in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Caller {
    /// There are no tokens: whoever reaches the service is as good as another.
    Anyone,
    /// There are tokens, and this one has none; what needs no scope is for him.
    Stranger,
    /// Whoever has this token.
    Token(Arc<Token>),
}

impl Caller {
    /// Whether what needs this scope is for him.
    pub fn may(&self, scope: Scope) -> bool {
        match self {
            Self::Anyone => true,
            Self::Stranger => false,
            Self::Token(token) => token.is_for(scope),
        }
    }

    /// Whether the numbers of all records are for him.
    pub fn sees_numbers(&self) -> bool {
        self.reads_everything() || self.may(Scope::Operate)
    }

    /// The token that was used.
    pub fn token(&self) -> Option<&Arc<Token>> {
        match self {
            Self::Anyone | Self::Stranger => None,
            Self::Token(token) => Some(token),
        }
    }
}

/// Who sent records.
#[derive(Debug, Clone)]
pub struct Sender {
    /// In which protocol.
    pub protocol: Protocol,
    /// See [`TrustedProxies::sender`].
    pub address: IpAddr,
    /// With which token, where there are any.
    pub token: Option<Arc<Token>>,
}

impl Sender {
    /// Whose requests are one another's repetitions, where there are tenants.
    pub fn tenant(&self) -> Option<Arc<str>> {
        let token = self.token.as_ref()?;
        Some(Arc::clone(&token.tenant))
    }

    /// Whose share of what is kept aside its records take: that of its address, or of its tenant, by an address that
    /// stands for the tenant among those that no machine has (RFC 4193).
    pub fn share(&self) -> IpAddr {
        let Some(token) = &self.token else {
            return self.address;
        };
        let digest = blake3::hash(token.tenant.as_bytes());
        let mut bytes = [0_u8; 16];
        for (byte, of_digest) in bytes.iter_mut().zip(digest.as_bytes()) {
            *byte = *of_digest;
        }
        bytes[0] = 0xfd;
        bytes.into()
    }
}

/// The rule.
#[derive(Debug, Clone, Default)]
pub struct Access {
    hosts: Hosts,
    proxies: TrustedProxies,
    /// Those that there are now, if there is to be any.
    tokens: Option<watch::Receiver<Arc<Tokens>>>,
    /// Why they are not those that there should be, if that is so.
    problem: Option<watch::Receiver<Option<String>>>,
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
            tokens: None,
            problem: None,
        }
    }

    /// With tokens: from here on they say who may, and neither the name of the service nor the machine does.
    #[must_use]
    pub fn with_tokens(self, tokens: watch::Receiver<Arc<Tokens>>) -> Self {
        Self {
            tokens: Some(tokens),
            ..self
        }
    }

    /// With what is wrong with the tokens, while something is.
    #[must_use]
    pub fn with_problem(self, problem: watch::Receiver<Option<String>>) -> Self {
        Self {
            problem: Some(problem),
            ..self
        }
    }

    /// What is wrong with the tokens.
    pub fn problem(&self) -> Option<String> {
        self.problem.as_ref()?.borrow().clone()
    }

    /// The proxies that are believed.
    pub fn proxies(&self) -> &TrustedProxies {
        &self.proxies
    }

    /// Whether an address that needs this scope (none: it is for all) answers whoever asks.
    ///
    /// # Errors
    /// [`Refusal`]
    pub fn check(&self, needed: Option<Scope>, asker: &Asker<'_>) -> Result<Caller, Refusal> {
        match &self.tokens {
            None => self.check_anyone(needed, asker),
            Some(tokens) => {
                hosts::check_one(asker)?;
                // A browser may send the password of `Basic` for a page of anybody's.
                self.hosts.check_page(asker)?;
                check_token(&tokens.borrow(), needed, asker)
            }
        }
    }

    /// A token that was let in as it is now, with limits and pins that may have changed; `None` if it would not be let
    /// in any more.
    pub fn current(&self, token: &Token) -> Option<Arc<Token>> {
        let tokens = self.tokens.as_ref()?.borrow();
        tokens.current(token).map(Arc::clone)
    }

    fn check_anyone(&self, needed: Option<Scope>, asker: &Asker<'_>) -> Result<Caller, Refusal> {
        self.hosts.check_host(asker)?;
        self.hosts.check_page(asker)?;
        match needed {
            Some(Scope::Operate) if !self.proxies.is_local(asker.peer, &asker.way) => {
                Err(Refusal::NotLocal)
            }
            Some(Scope::Operate | Scope::Ingest | Scope::Read) | None => Ok(Caller::Anyone),
        }
    }
}

fn check_token(
    tokens: &Tokens,
    needed: Option<Scope>,
    asker: &Asker<'_>,
) -> Result<Caller, Refusal> {
    let said = &asker.secrets;
    // A proxy has one certificate for all who come by it: it does not stand in for a secret that is none.
    let shown = asker.certificate.filter(|_| !asker.gives_secret);
    let known = || {
        let by_certificate = shown.map(|shown| tokens.of_certificate(shown));
        let by_secret = said.iter().filter_map(|said| tokens.of(said));
        by_secret.chain(by_certificate.into_iter().flatten())
    };
    let fits = |token: &&Arc<Token>| needed.is_none_or(|needed| token.is_for(needed));
    // A proxy may add one of its own.
    let token = known().find(fits).or_else(|| known().next());
    match (token, needed) {
        (None, None) => Ok(Caller::Stranger),
        (None, Some(_)) if said.is_empty() => Err(match shown {
            Some(shown) => Refusal::UnknownCertificate(shown.fingerprint()),
            None => Refusal::NoToken,
        }),
        (None, Some(_)) => Err(Refusal::UnknownToken),
        (Some(token), Some(needed)) if !token.is_for(needed) => Err(Refusal::OutOfScope {
            token: Arc::clone(&token.name),
            needed,
        }),
        (Some(token), _) => Ok(Caller::Token(Arc::clone(token))),
    }
}
