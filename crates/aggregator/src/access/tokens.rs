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
//! certificate = "dns:orders.example"
//! ```
//!
//! `tenant` may be left out: it is the token's name then. `certificate` is there where a client has a certificate
//! in place of the secret.

use super::certificate::{BadCertificateName, CertificateName, ClientCertificate};
use super::scope::Scope;
use super::secret::SecretHash;
use crate::config::is_name;
use record::id::Tenant;
use serde::Deserialize;
use std::collections::BTreeSet;
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
    /// When it was made, as the file has it.
    pub created: Option<Datetime>,
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
    certificate: Option<String>,
    created: Option<Datetime>,
}

impl BadTokens {
    /// What a reader of TOML says of a place in a text; the text is not repeated, since it may be a secret that lies in
    /// the wrong file.
    pub fn toml(text: &str, place: Option<Range<usize>>, message: &str) -> Self {
        let before = place.and_then(|place| text.get(..place.start));
        let line = before.map(|before| before.matches('\n').count() + 1);
        let message = message.lines().next().unwrap_or_default();
        Self::Toml(match line {
            Some(line) => format!("line {line}: {message}"),
            None => message.to_owned(),
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
            name.chars().take(2 * LONGEST_NAME).collect(),
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
        let certificate = entry.certificate.map(|text| text.parse()).transpose();
        let certificate = match certificate {
            Ok(certificate) => certificate,
            Err(error) => return Err(BadTokens::Certificate(entry.name, error)),
        };
        let name: Arc<str> = entry.name.into();
        Ok(Self {
            tenant: entry.tenant.map_or_else(|| Arc::clone(&name), Arc::from),
            name,
            scopes: entry.scopes,
            created: entry.created,
            hash,
            certificate,
        })
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
