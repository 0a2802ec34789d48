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

impl MongoAddress {
    /// Checks the form of a connection string; no name is looked up.
    ///
    /// # Errors
    /// With the reason, without the password.
    pub fn parse(uri: &str) -> Result<Self, AddressError> {
        let (scheme, rest) = uri.split_once("://").unwrap_or(("", uri));
        // A password may hold an @ that should have been escaped: the last one before the path counts.
        let authority = rest.split(['/', '?']).next().unwrap_or_default();
        let before_path = rest.rsplit_once('@').map_or("", |(user, _)| user);
        let (user, hosts) = authority.rsplit_once('@').unwrap_or(("", authority));
        let mut secrets: Vec<String> = [user, before_path]
            .into_iter()
            .filter_map(|user| user.split_once(':'))
            .map(|(_, password)| password.to_owned())
            .filter(|password| !password.is_empty())
            .collect();
        for index in 0..secrets.len() {
            if let Some(password) = secrets.get(index) {
                let encoded = format!("p={}", password.replace('+', "%2B"));
                let decoded = form_urlencoded::parse(encoded.as_bytes()).next();
                secrets.extend(decoded.map(|(_, text)| text.into_owned()));
            }
        }
        let address = Self {
            uri: uri.to_owned(),
            shown: format!("{scheme}://{hosts}"),
            secrets,
        };
        match ConnectionString::parse(uri) {
            Ok(_) => Ok(address),
            Err(error) => Err(AddressError(address.scrub(&reason_of(&error)))),
        }
    }

    /// The whole connection string, for the driver alone.
    pub(super) fn secret_uri(&self) -> &str {
        &self.uri
    }

    /// The text with every password replaced.
    pub fn scrub(&self, text: &str) -> String {
        self.secrets
            .iter()
            .fold(text.to_owned(), |text, secret| text.replace(secret, HIDDEN))
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
        ] {
            let error = MongoAddress::parse(uri).unwrap_err().to_string();
            assert!(
                !error.contains("hunter2") && !error.contains("ter2"),
                "{uri}: {error}"
            );
        }
    }
}
