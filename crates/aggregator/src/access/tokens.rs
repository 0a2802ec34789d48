//! Tokens: which there are, and what each is for. Pure: the text of their file goes in.
//!
//! The file is TOML, and holds no secret:
//!
//! ```toml
//! [[token]]
//! name = "orders"
//! hash = "blake3:…"
//! scopes = ["ingest", "read"]
//! tenant = "shop"
//! limits = { records_per_second = 1000, concurrent_queries = 4 }
//! pin = { service = "orders" }
//! certificate = "dns:orders.example"
//! ```
//!
//! `tenant` may be left out: it is the token's name then. `filter` binds what is read, in the words of a query string.
//! `certificate` is there where a client has a certificate in place of the secret.

use super::certificate::{BadCertificateName, CertificateName, ClientCertificate};
use super::limits::{self, BadLimits, Limited, Limits};
use super::pins;
use super::read_filter::{self, BadReadFilter};
use super::scope::Scope;
use super::secret::{SecretHash, masked};
use crate::config::is_name;
use query::reach::Filter;
use record::id::Tenant;
use record::pins::{BadPins, Pins};
use serde::Deserialize;
use std::collections::{BTreeSet, HashMap};
use std::ops::Range;
use std::sync::Arc;
use toml_edit::{Datetime, de};

/// Each request looks at all of them.
pub const MAX_TOKENS: usize = 1000;
/// Bytes of the largest file that is read.
pub const MAX_FILE_BYTES: u64 = 1024 * 1024;
/// Bytes of a name, of a token or a tenant.
const LONGEST_NAME: usize = 64;

/// A token, without its secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// What it is called by those who run the service, and in the log.
    pub name: Arc<str>,
    /// Whose requests are one another's repetitions.
    pub tenant: Arc<str>,
    /// What it may be used for.
    pub scopes: Vec<Scope>,
    /// Which records it reads, unless all.
    pub filter: Option<Arc<Filter>>,
    /// When it was made, as the file has it.
    pub created: Option<Datetime>,
    /// How much it may be used for, and was.
    pub limited: Limited,
    /// Attributes that all its records get.
    pub pins: Option<Arc<Pins>>,
    hash: SecretHash,
    certificate: Option<CertificateName>,
}

/// All that there are.
#[derive(Debug, Default)]
pub struct Tokens(Vec<Arc<Token>>);

/// Why a text says nothing of tokens: one sentence each.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadTokens {
    /// Not what such a file has.
    #[error("{0}")]
    Toml(String),
    /// More than are looked at.
    #[error("it has more than {MAX_TOKENS} tokens")]
    TooMany,
    /// A name that is none.
    #[error(
        "{0:?} is no name of a token or tenant: letters, digits, '-', '_' and '.' of ASCII, at most {LONGEST_NAME}"
    )]
    Name(String),
    /// One name, two tokens.
    #[error("two tokens are called {0:?}")]
    TwoOfName(Arc<str>),
    /// One secret, two tokens.
    #[error("the tokens {0:?} and {1:?} have one hash: each needs a secret of its own")]
    TwoOfHash(Arc<str>, Arc<str>),
    /// A client that has it would be either.
    #[error("the tokens {0:?} and {1:?} have one certificate: each needs one of its own")]
    TwoOfCertificate(Arc<str>, Arc<str>),
    /// What it says of a certificate.
    #[error("the certificate of the token {0:?}: {1}")]
    Certificate(String, BadCertificateName),
    /// It would be of no use.
    #[error("the token {0:?} has no scope: ingest, read, operate, or several of them")]
    NoScope(String),
    /// What is kept of its secret cannot be read.
    #[error(
        "the hash of the token {0:?} cannot be read: expected blake3: and 64 hexadecimal digits"
    )]
    Hash(String),
    /// What it is bound to.
    #[error(transparent)]
    Filter(#[from] BadReadFilter),
    /// Limits that say nothing.
    #[error("the token {token:?}: {reason}")]
    Limits {
        /// Whose.
        token: Arc<str>,
        /// What is wrong.
        reason: BadLimits,
    },
    /// Attributes that cannot be pinned.
    #[error("the token {token:?}: {reason}")]
    Pins {
        /// Whose.
        token: Arc<str>,
        /// What is wrong.
        reason: BadPins,
    },
    /// What is of no use to a token that lacks a scope.
    #[error("the token {token:?} has {what}, which says nothing without the scope {needed}")]
    WithoutScope {
        /// Which.
        token: Arc<str>,
        /// What it has.
        what: &'static str,
        /// What that belongs to.
        needed: Scope,
    },
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    #[serde(default)]
    token: Vec<Entry>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    name: String,
    hash: String,
    scopes: Vec<Scope>,
    tenant: Option<String>,
    filter: Option<String>,
    certificate: Option<String>,
    created: Option<Datetime>,
    #[serde(default)]
    limits: limits::Given,
    #[serde(default)]
    pin: pins::Given,
}

impl BadTokens {
    /// What a reader of TOML says of a place in a text; the text is not repeated, since it may be a secret that lies in
    /// the wrong file.
    pub fn toml(text: &str, place: Option<Range<usize>>, message: &str) -> Self {
        let before = place.and_then(|place| text.get(..place.start));
        let line = before.map(|before| before.matches('\n').count() + 1);
        let message = masked(message.lines().next().unwrap_or_default());
        Self::Toml(match line {
            Some(line) => format!("line {line}: {message}"),
            None => message.into_owned(),
        })
    }
}

/// Checks the name of a token, or of a tenant.
///
/// # Errors
/// [`BadTokens::Name`]
pub fn check_name(name: &str) -> Result<(), BadTokens> {
    match name.len() <= LONGEST_NAME && is_name(name) {
        true => Ok(()),
        false => Err(BadTokens::Name(
            masked(name).chars().take(2 * LONGEST_NAME).collect(),
        )),
    }
}

impl Tokens {
    /// Reads what a file has.
    ///
    /// # Errors
    /// [`BadTokens`]
    pub fn parse(text: &str) -> Result<Self, BadTokens> {
        let document: Document = de::from_str(text)
            .map_err(|error| BadTokens::toml(text, error.span(), error.message()))?;
        if document.token.len() > MAX_TOKENS {
            return Err(BadTokens::TooMany);
        }
        let tokens = document.token.into_iter().map(Token::of);
        let tokens: Vec<Token> = tokens.collect::<Result<_, _>>()?;
        let mut names = BTreeSet::new();
        for (place, token) in tokens.iter().enumerate() {
            if !names.insert(&token.name) {
                return Err(BadTokens::TwoOfName(Arc::clone(&token.name)));
            }
            let before = || tokens.iter().take(place);
            let names = |other: &Token| (Arc::clone(&other.name), Arc::clone(&token.name));
            if let Some(other) = before().find(|other| other.hash == token.hash) {
                let (first, second) = names(other);
                return Err(BadTokens::TwoOfHash(first, second));
            }
            let is_same = |other: &&Token| other.certificate == token.certificate;
            if token.certificate.is_some()
                && let Some(other) = before().find(is_same)
            {
                let (first, second) = names(other);
                return Err(BadTokens::TwoOfCertificate(first, second));
            }
        }
        Ok(Self(tokens.into_iter().map(Arc::new).collect()))
    }

    /// The same; what was used of those of before counts on for those that are called so now.
    #[must_use]
    pub fn after(mut self, before: &Self) -> Self {
        let before = before.iter().map(|token| (&token.name, &token.limited));
        let before: HashMap<_, _> = before.collect();
        for token in &mut self.0 {
            if let Some(before) = before.get(&token.name) {
                Arc::make_mut(token).limited.after(before);
            }
        }
        self
    }

    /// The one that a token is now; `None` if it would not be let in any more.
    pub(super) fn current(&self, token: &Token) -> Option<&Arc<Token>> {
        self.0.iter().find(|known| known.is_still(token))
    }

    /// The one whose secret this is. It takes as long for one as for another.
    pub fn of(&self, said: &str) -> Option<&Arc<Token>> {
        let hash = SecretHash::of(said);
        let is_it = |found: Option<_>, token| match hash == Token::hash(token) {
            true => Some(token),
            false => found,
        };
        self.0.iter().fold(None, is_it)
    }

    /// Those that a client with this certificate has.
    pub fn of_certificate(&self, shown: &ClientCertificate) -> impl Iterator<Item = &Arc<Token>> {
        let is_named = |token: &&Arc<Token>| {
            let named = token.certificate.as_ref();
            named.is_some_and(|name| shown.is(name))
        };
        self.0.iter().filter(is_named)
    }

    /// All of them, as the file has them.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &Token> {
        self.0.iter().map(AsRef::as_ref)
    }
}

impl Token {
    fn of(entry: Entry) -> Result<Self, BadTokens> {
        check_name(&entry.name)?;
        if let Some(tenant) = &entry.tenant {
            check_name(tenant)?;
        }
        if entry.scopes.is_empty() {
            return Err(BadTokens::NoScope(entry.name));
        }
        let Ok(hash) = entry.hash.parse() else {
            return Err(BadTokens::Hash(entry.name));
        };
        let filter = read_filter::of(&entry.name, &entry.scopes, entry.filter.as_deref())?;
        let certificate = entry.certificate.map(|text| text.parse()).transpose();
        let certificate = match certificate {
            Ok(certificate) => certificate,
            Err(error) => return Err(BadTokens::Certificate(entry.name, error)),
        };
        let name: Arc<str> = entry.name.into();
        let limits = Limits::of(entry.limits).map_err(|reason| BadTokens::Limits {
            token: Arc::clone(&name),
            reason,
        })?;
        let pins = entry.pin.pins().map_err(|reason| BadTokens::Pins {
            token: Arc::clone(&name),
            reason,
        })?;
        let token = Self {
            tenant: entry.tenant.map_or_else(|| Arc::clone(&name), Arc::from),
            name,
            scopes: entry.scopes,
            filter,
            created: entry.created,
            limited: Limited::new(limits),
            pins,
            hash,
            certificate,
        };
        token.check_scopes()?;
        Ok(token)
    }

    /// Nobody should think that something is limited or pinned which is not.
    fn check_scopes(&self) -> Result<(), BadTokens> {
        let limits = self.limited.limits();
        for (there, what, needed) in [
            (
                limits.are_of_senders(),
                "a limit for what is sent",
                Scope::Ingest,
            ),
            (self.pins.is_some(), "pinned attributes", Scope::Ingest),
            (
                limits.concurrent_queries.is_some(),
                "concurrent_queries",
                Scope::Read,
            ),
        ] {
            if there && !self.is_for(needed) {
                let token = Arc::clone(&self.name);
                return Err(BadTokens::WithoutScope {
                    token,
                    what,
                    needed,
                });
            }
        }
        Ok(())
    }

    /// Whether it is this one still, with the same secret and certificate.
    pub fn is_still(&self, other: &Self) -> bool {
        self.hash == other.hash
            && self.certificate == other.certificate
            && self.name == other.name
            && self.scopes == other.scopes
    }

    fn hash(token: &Arc<Self>) -> SecretHash {
        token.hash
    }

    /// Its tenant, as the keys of batches have it.
    pub fn tenant_keys(&self) -> Tenant {
        Tenant::new(&self.tenant)
    }

    /// Whether it may be used for that.
    pub fn is_for(&self, scope: Scope) -> bool {
        self.scopes.contains(&scope)
    }
}

#[cfg(test)]
mod tests;
