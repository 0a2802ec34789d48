//! A service somewhere: its address as a flag says it, the client that asks it, and how a failure of
//! that client is told.

use super::sanitize;
use crate::config::{DEFAULT_LISTEN_ADDR, ListenAddress};
use clap::Args;
use program::tls::{self, BadTls, Files};
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
    /// Who asks, and whom he believes.
    #[command(flatten)]
    pub client: ClientArgs,
}

/// Who asks a service, and whom he believes to be it.
#[derive(Debug, Clone, Args)]
pub struct ClientArgs {
    /// File that holds the token that the service wants, and nothing else.
    #[arg(long, env = "TOKEN_FILE", value_name = "FILE")]
    pub token_file: Option<PathBuf>,
    /// For https: file with the certificates (PEM) of those that may vouch for the service, in place of the system's.
    #[arg(long = "ca", env = "CA_FILE", value_name = "FILE")]
    pub ca: Option<PathBuf>,
    /// Certificate (PEM) that a service is shown that asks for one, with those of its issuers.
    #[arg(long, env = "CLIENT_CERT_FILE", value_name = "FILE")]
    pub client_cert: Option<PathBuf>,
    /// Its key (PEM).
    #[arg(long, env = "CLIENT_KEY_FILE", value_name = "FILE")]
    pub client_key: Option<PathBuf>,
}

impl ClientArgs {
    fn files(&self) -> Files<'_> {
        Files {
            ca: self.ca.as_ref(),
            certificate: self.client_cert.as_ref(),
            key: self.client_key.as_ref(),
        }
    }
}

/// Why nobody can be asked: a file that says nothing that can be used.
#[derive(Debug, thiserror::Error)]
pub enum BadClient {
    /// A token that is none.
    #[error(transparent)]
    Token(#[from] BadTokenFile),
    /// What TLS needs.
    #[error(transparent)]
    Tls(#[from] BadTls),
}

/// Where a service is asked, and how it is known to be the one.
#[derive(Debug, Clone)]
pub(super) struct Asked {
    pub(super) url: Url,
    /// On this machine, by an address that no certificate has.
    is_local: bool,
}

impl Asked {
    /// The service at a URL that somebody has written.
    pub(super) fn at(text: &str) -> Result<Self, BadUrl> {
        Ok(Self {
            url: url(text)?,
            is_local: false,
        })
    }
}

/// Why a text is no address of a service; the text is not repeated, because it may hold a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadUrl {
    /// Not a URL.
    #[error("--url must be an address such as http://127.0.0.1:8005")]
    Form,
    /// Another scheme.
    #[error("--url must begin with http:// or https://: no other protocol is spoken here")]
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
    /// The certificate that the service shows: where this is set, it is asked over TLS at --listen-addr; on loopback
    /// whoever answers is believed, unless --ca says otherwise.
    #[arg(long, env = "TLS_CERT_FILE", value_name = "FILE")]
    pub tls_cert_file: Option<PathBuf>,
    /// Who asks, and whom he believes.
    #[command(flatten)]
    pub client: ClientArgs,
}

impl ServiceArgs {
    /// A flag that is typed counts more than the environment.
    pub(super) fn ask_at(&mut self, address: &ListenAddress, is_told_again: bool) {
        if !is_told_again {
            self.listen_addr = address.clone();
            self.url = None;
        }
    }

    /// Where to ask.
    pub(super) fn asked(&self) -> Result<Asked, BadUrl> {
        if let Some(url) = self.url.as_deref().filter(|url| !url.is_empty()) {
            return Asked::at(url);
        }
        let address = self.listen_addr.asked_locally();
        let scheme = match program::values::file(self.tls_cert_file.as_ref()) {
            Some(_) => "https",
            None => "http",
        };
        Ok(Asked {
            url: url(&format!("{scheme}://{address}"))?,
            is_local: address.is_loopback(),
        })
    }
}

/// Reads the address of a service.
pub(super) fn url(text: &str) -> Result<Url, BadUrl> {
    let url = Url::parse(text.trim()).map_err(|_| BadUrl::Form)?;
    if !["http", "https"].contains(&url.scheme()) {
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
pub(super) fn client(args: &ClientArgs, asked: &Asked) -> Result<ClientBuilder, BadClient> {
    let files = args.files();
    let tls = match (asked.url.scheme(), asked.is_local) {
        ("https", false) => tls::verified(files)?,
        ("https", true) => tls::on_loopback(files)?,
        _ => tls::unused()?,
    };
    let client = Client::builder()
        .tls_backend_preconfigured(tls)
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never());
    Ok(
        match program::token::of_setting(args.token_file.as_ref())? {
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
pub(super) fn innermost(error: &(dyn Error + 'static)) -> String {
    if let Some(told) = tls::told(error) {
        return sanitize::line(&told);
    }
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
        for right in ["http://127.0.0.1:8005/logs-of/us/", "https://logs.example"] {
            assert!(url(right).is_ok(), "{right}");
        }
        for (wrong, expected) in [
            ("", BadUrl::Form),
            ("localhost:8005", BadUrl::Form),
            ("ftp://localhost", BadUrl::Scheme),
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
