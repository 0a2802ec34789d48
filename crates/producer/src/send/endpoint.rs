//! The endpoint: the address that batches are sent to.

use reqwest::Url;

/// The address of the batches, with its path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint(Url);

/// Why a text is no endpoint; the text is not repeated, because it may hold a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EndpointError {
    /// Not a URL.
    #[error("must be an address such as http://127.0.0.1:8005")]
    Form,
    /// Another scheme.
    #[error("must begin with http:// or https://: the producer speaks no other protocol")]
    Scheme,
    /// A user or a password.
    #[error("must hold neither user nor password")]
    Credentials,
}

impl Endpoint {
    /// Reads a URL; an empty path stands for `/logs/batch`, any other is used as it is.
    ///
    /// # Errors
    /// [`EndpointError`] for anything else than an `http` or `https` address without credentials.
    pub fn parse(text: &str) -> Result<Self, EndpointError> {
        let mut url = Url::parse(text.trim()).map_err(|_| EndpointError::Form)?;
        if !["http", "https"].contains(&url.scheme()) {
            // `localhost:8005` is read as a URL of the scheme `localhost`.
            let has_scheme = text.contains("://");
            return Err(if has_scheme {
                EndpointError::Scheme
            } else {
                EndpointError::Form
            });
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(EndpointError::Credentials);
        }
        url.set_fragment(None);
        if url.path() == "/" {
            url.set_path("/logs/batch");
        }
        Ok(Self(url))
    }

    /// Whether TLS is spoken there.
    pub fn is_secure(&self) -> bool {
        self.0.scheme() == "https"
    }

    /// The address.
    pub fn url(&self) -> &Url {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_path_may_be_left_out() {
        for (given, meant) in [
            ("http://127.0.0.1:8005", "http://127.0.0.1:8005/logs/batch"),
            ("http://logs:8005/", "http://logs:8005/logs/batch"),
            (
                "http://logs/?partial=true",
                "http://logs/logs/batch?partial=true",
            ),
            ("http://logs/logs/batch", "http://logs/logs/batch"),
            ("https://logs", "https://logs/logs/batch"),
            ("http://gateway/a/b", "http://gateway/a/b"),
        ] {
            assert_eq!(Endpoint::parse(given).unwrap().url().as_str(), meant);
        }
    }

    #[test]
    fn what_cannot_be_sent_to_is_refused() {
        for (given, error) in [
            ("", EndpointError::Form),
            ("localhost:8005", EndpointError::Form),
            ("http://", EndpointError::Form),
            ("ftp://logs", EndpointError::Scheme),
            ("http://user@logs", EndpointError::Credentials),
            ("http://:secret@logs", EndpointError::Credentials),
        ] {
            assert_eq!(Endpoint::parse(given), Err(error), "{given}");
        }
    }
}
