//! A service somewhere: its address as a flag says it, the client that asks it, and how a failure of
//! that client is told.

use super::sanitize;
use crate::config::{DEFAULT_LISTEN_ADDR, ListenAddress};
use clap::Args;
use program::token::BadTokenFile;
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderValue};
use reqwest::{Client, ClientBuilder, Url};
use serde::Deserialize;
use std::error::Error;
use std::path::PathBuf;

/// Which service is asked.
#[derive(Debug, Clone, Args)]
pub struct UrlArgs {
    /// Where the aggregator is.
    // A text and not a URL here: clap repeats a wrong value, and this one may hold a password.
    #[arg(
        long,
        env = "AGGREGATOR_URL",
        default_value = "http://127.0.0.1:8005",
        value_name = "URL",
        hide_env_values = true
    )]
    pub url: String,
    /// With which token.
    #[command(flatten)]
    pub token: TokenArgs,
}

/// With which token a service is asked.
#[derive(Debug, Clone, Args)]
pub struct TokenArgs {
    /// File that holds the token that the service wants, and nothing else.
    #[arg(long, env = "TOKEN_FILE", value_name = "FILE")]
    pub token_file: Option<PathBuf>,
}

/// Why a text is no address of a service; the text is not repeated, because it may hold a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadUrl {
    /// Not a URL.
    #[error("--url must be an address such as http://127.0.0.1:8005")]
    Form,
    /// Another scheme.
    #[error("--url must begin with http://: no other protocol is spoken here")]
    Scheme,
    /// A user or a password.
    #[error("--url must hold neither user nor password")]
    Credentials,
    /// More than an address and a path.
    #[error("--url must end before its question mark")]
    Query,
}

/// Which service a command asks that has to do with this machine first of all.
#[derive(Debug, Clone, Args)]
pub struct ServiceArgs {
    /// Where the service is; unless this is set, it is asked on this machine, at --listen-addr.
    // A text and not a URL here: clap repeats a wrong value, and this one may hold a password.
    #[arg(
        long,
        env = "AGGREGATOR_URL",
        value_name = "URL",
        hide_env_values = true
    )]
    pub url: Option<String>,
    /// What the service listens on; one that listens on every address is asked on the loopback one.
    #[arg(
        long,
        env = "LISTEN_ADDR",
        default_value = DEFAULT_LISTEN_ADDR,
        value_name = "[HOST:]PORT"
    )]
    pub listen_addr: ListenAddress,
    /// With which token.
    #[command(flatten)]
    pub token: TokenArgs,
}

impl ServiceArgs {
    /// A flag that is typed counts more than the environment.
    pub(super) fn ask_at(&mut self, address: &ListenAddress, is_told_again: bool) {
        if !is_told_again {
            self.listen_addr = address.clone();
            self.url = None;
        }
    }

    /// The URL to ask at.
    pub(super) fn asked(&self) -> String {
        match self.url.as_deref().filter(|url| !url.is_empty()) {
            Some(url) => url.to_owned(),
            None => format!("http://{}", self.listen_addr.asked_locally()),
        }
    }
}

/// Reads the address of a service.
pub(super) fn url(text: &str) -> Result<Url, BadUrl> {
    let url = Url::parse(text.trim()).map_err(|_| BadUrl::Form)?;
    if url.scheme() != "http" {
        // `localhost:8005` is read as a URL of the scheme `localhost`.
        let has_scheme = text.contains("://");
        return Err(if has_scheme {
            BadUrl::Scheme
        } else {
            BadUrl::Form
        });
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(BadUrl::Credentials);
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(BadUrl::Query);
    }
    Ok(url)
}

/// One of the service's addresses below `base`, which may have a path of its own.
pub(super) fn below(base: &Url, path: &str) -> Url {
    let mut url = base.clone();
    url.set_path(&format!("{}{path}", base.path().trim_end_matches('/')));
    url
}

/// A client that asks the service itself, once, and nobody else.
pub(super) fn client(token: &TokenArgs) -> Result<ClientBuilder, BadTokenFile> {
    let client = Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never());
    Ok(
        match program::token::of_setting(token.token_file.as_ref())? {
            Some(secret) => client.default_headers(authorized(&secret)),
            None => client,
        },
    )
}

fn authorized(secret: &str) -> HeaderMap {
    let mut headers = HeaderMap::new();
    if let Ok(mut value) = HeaderValue::from_str(&format!("Bearer {secret}")) {
        value.set_sensitive(true);
        headers.insert(AUTHORIZATION, value);
    }
    headers
}

/// What an aggregator says when it does not do what it is asked for, made fit for a terminal.
#[derive(Debug, Deserialize)]
pub(super) struct Refusal {
    pub(super) code: String,
    pub(super) message: String,
}

impl Refusal {
    /// Reads the body of an answer.
    pub(super) fn parse(body: &[u8]) -> Option<Self> {
        let said: Self = serde_json::from_slice(body).ok()?;
        Some(Self {
            code: sanitize::line(&said.code),
            message: sanitize::line(&said.message),
        })
    }
}

/// The last reason of all: the ones above it repeat the address.
pub(super) fn innermost(error: &dyn Error) -> String {
    let mut reason = error;
    while let Some(source) = reason.source() {
        reason = source;
    }
    sanitize::line(&reason.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_asked_is_refused_and_not_repeated() {
        assert!(url("http://127.0.0.1:8005/logs-of/us/").is_ok());
        for (wrong, expected) in [
            ("", BadUrl::Form),
            ("localhost:8005", BadUrl::Form),
            ("https://localhost", BadUrl::Scheme),
            ("http://u:hunter2@localhost", BadUrl::Credentials),
            ("http://localhost/?q=hunter2", BadUrl::Query),
        ] {
            let error = url(wrong).unwrap_err();
            assert_eq!(error, expected, "{wrong}");
            assert!(error.to_string().starts_with("--url must "), "{error}");
            assert!(!error.to_string().contains("hunter2"), "{error}");
        }
    }

    #[test]
    fn a_path_in_front_of_the_services_own_stays() {
        for base in ["http://a/x", "http://a/x/"] {
            assert_eq!(
                below(&url(base).unwrap(), "/health").as_str(),
                "http://a/x/health"
            );
        }
    }
}
