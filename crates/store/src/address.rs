//! A MongoDB connection string that never shows its password.

use mongodb::error::{Error, ErrorKind};
use mongodb::options::ConnectionString;
use std::fmt;

/// A checked connection string. Shown, it has no user and no password.
#[derive(Clone)]
pub struct MongoAddress {
    uri: String,
    shown: String,
    /// The password as it was written and as it reads decoded: neither may appear in any text.
    secrets: Vec<String>,
}

/// The text is no connection string.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "MONGODB_URI is not a MongoDB connection string (mongodb://host:port/ or mongodb+srv://host/): {0}"
)]
pub struct AddressError(String);

const HIDDEN: &str = "***";
const UNESCAPED: &str = "an @ stands behind a / or ?; write it as %40, and in a user name or password each of : / ? # [ ] @ % as its percent code";
const NO_PORT: &str = "what stands behind the : of a host is no port (1 to 65535); a user and a password stand before an @";

impl MongoAddress {
    /// Checks the form of a connection string; no name is looked up.
    ///
    /// # Errors
    /// With the reason, without the password.
    pub fn parse(uri: &str) -> Result<Self, AddressError> {
        let (scheme, rest) = uri.split_once("://").unwrap_or(("", uri));
        let authority = rest.split(['/', '?']).next().unwrap_or_default();
        // Most likely the end of a password that holds a / or ? unescaped: what stands before that
        // would be taken for a host and a port, and shown.
        if authority.len() < rest.rfind('@').unwrap_or_default() {
            return Err(AddressError(UNESCAPED.to_owned()));
        }
        let (user, hosts) = authority.rsplit_once('@').unwrap_or(("", authority));
        let address = Self {
            uri: uri.to_owned(),
            shown: format!("{scheme}://{hosts}"),
            secrets: secrets_of(user),
        };
        match ConnectionString::parse(uri) {
            Ok(_) => Ok(address),
            // An @ may be missing, or written as %40: what is no port may then be a password.
            Err(_) if hosts.split(',').any(has_no_port) => Err(AddressError(NO_PORT.to_owned())),
            Err(error) => Err(AddressError(address.scrub(&reason_of(&error)))),
        }
    }

    /// The whole connection string, for the driver alone.
    pub(crate) fn secret_uri(&self) -> &str {
        &self.uri
    }

    /// The text with every password replaced.
    pub fn scrub(&self, text: &str) -> String {
        self.secrets
            .iter()
            .fold(text.to_owned(), |text, secret| text.replace(secret, HIDDEN))
    }
}

/// The password behind a user's name, as it is written and as it reads decoded.
fn secrets_of(user: &str) -> Vec<String> {
    let password = user.split_once(':').map_or("", |(_, password)| password);
    let encoded = password.replace('+', "%2B").replace('&', "%26");
    let decoded = form_urlencoded::parse(format!("p={encoded}").as_bytes())
        .next()
        .map(|(_, text)| text.into_owned());
    let mut secrets = vec![password.to_owned()];
    secrets.extend(decoded);
    secrets.retain(|secret| !secret.is_empty());
    secrets
}

/// Whether something else than a port stands behind a host.
fn has_no_port(host: &str) -> bool {
    let behind = match host.strip_prefix('[') {
        Some(host) => host.split_once("]:"),
        None => host.split_once(':'),
    };
    behind.is_some_and(|(_, behind)| behind.parse::<u16>().is_err())
}

/// The text without what stands between `://` and `@`, for texts that may hold a connection string.
pub fn hide_credentials(text: &str) -> String {
    let parts = text.split_once("://").and_then(|(before, rest)| {
        let (_, after) = rest.rsplit_once('@')?;
        Some((before, after))
    });
    match parts {
        Some((before, after)) => format!("{before}://{HIDDEN}@{after}"),
        None => text.to_owned(),
    }
}

/// What the driver says of a connection string, without the parts that speak of servers.
fn reason_of(error: &Error) -> String {
    match error.kind.as_ref() {
        ErrorKind::InvalidArgument { message, .. } => message.clone(),
        other => other.to_string(),
    }
}

impl fmt::Display for MongoAddress {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.shown)
    }
}

impl fmt::Debug for MongoAddress {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_in_nothing_that_is_shown() {
        let address =
            MongoAddress::parse("mongodb://app:s3cr%40t@db.example:27017/logdb?w=1").unwrap();
        assert_eq!(address.to_string(), "mongodb://db.example:27017");
        assert_eq!(format!("{address:?}"), "mongodb://db.example:27017");
        assert_eq!(address.scrub("bad s3cr%40t and s3cr@t"), "bad *** and ***");
        let plain = MongoAddress::parse("mongodb://db.example:27017/?w=1").unwrap();
        assert_eq!(plain.to_string(), "mongodb://db.example:27017");
        assert_eq!(plain.scrub("db.example:27017"), "db.example:27017");
    }

    #[test]
    fn what_is_no_connection_string_is_refused_without_its_password() {
        for uri in [
            "",
            "localhost",
            "http://u:hunter2@x",
            "mongodb://u:hunter2@",
            "mongodb://u:hunter2@x:port",
            "mongodb://u:hunter2@b@d@x:1",
            "mongodb://u:hun/ter2@x:1",
            "mongodb://u:hun?ter2@x:1",
            "mongodb://u:1/hunter2@x",
            "mongodb://u:hun@ter2/hunter2@x",
            "mongodb://u:hunter2",
            "mongodb://u:hunter2/logdb",
            "mongodb://u:hunter2%40db.example/",
            "mongodb://a,u:hunter2",
            "mongodb://a:1,u:hun%20ter2,[::1]:2",
            "mongodb://u:hunter2:27017",
            "mongodb://[::1]:hunter2",
            "mongodb://x/?tls=true&tlsCertificateKeyFilePassword=hunter2",
        ] {
            let error = MongoAddress::parse(uri).unwrap_err().to_string();
            assert!(
                !error.contains("hun") && !error.contains("ter2"),
                "{uri}: {error}"
            );
        }
    }
}
