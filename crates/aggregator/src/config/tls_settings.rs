//! The settings of TLS, and which of them go together.

use super::ConfigError;
use clap::{Args, ValueEnum};
use program::values::file;
use std::path::PathBuf;

/// Whether the service speaks TLS, and whose certificates it asks for.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "TLS")]
pub struct TlsConfig {
    /// Certificate (PEM) that the service shows, with those of its issuers: it speaks TLS then, and nothing else; read anew when it changes.
    #[arg(long, env = "TLS_CERT_FILE", value_name = "FILE")]
    pub tls_cert_file: Option<PathBuf>,
    /// Its key (PEM, without a password).
    #[arg(long, env = "TLS_KEY_FILE", value_name = "FILE")]
    pub tls_key_file: Option<PathBuf>,
    /// Certificates (PEM) of those whose word is taken for clients: they are asked for a certificate then.
    #[arg(long, env = "TLS_CLIENT_CA_FILE", value_name = "FILE")]
    pub tls_client_ca_file: Option<PathBuf>,
    /// Whether a client without a certificate is let in; required unless this is set.
    #[arg(long, env = "TLS_CLIENT_AUTH", value_enum, value_name = "WHETHER")]
    pub tls_client_auth: Option<ClientAuth>,
}

/// Whether a client has to have a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ClientAuth {
    /// Nobody else is heard.
    Required,
    /// One that has none is let in, too.
    Optional,
}

/// The files of a service that speaks TLS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsFiles {
    /// What it shows.
    pub certificate: PathBuf,
    /// The key to it.
    pub key: PathBuf,
    /// Whom it asks for certificates, if it does: who vouches for them.
    pub clients: Option<(PathBuf, ClientAuth)>,
}

impl TlsConfig {
    /// The files, if TLS is to be spoken. A setting that is set to nothing is none.
    ///
    /// # Errors
    /// One without which another is of no use is missing.
    pub fn files(&self) -> Result<Option<TlsFiles>, ConfigError> {
        let [certificate, key, ca] = [
            &self.tls_cert_file,
            &self.tls_key_file,
            &self.tls_client_ca_file,
        ]
        .map(|setting| file(setting.as_ref()).map(ToOwned::to_owned));
        let missing = |name, needed| {
            let message =
                format!("{name} is set, and {needed} is not: one is of no use without the other");
            Err(ConfigError(message))
        };
        let (certificate, key) = match (certificate, key) {
            (Some(certificate), Some(key)) => (certificate, key),
            (Some(_), None) => return missing("TLS_CERT_FILE", "TLS_KEY_FILE"),
            (None, Some(_)) => return missing("TLS_KEY_FILE", "TLS_CERT_FILE"),
            (None, None) if ca.is_some() => return missing("TLS_CLIENT_CA_FILE", "TLS_CERT_FILE"),
            (None, None) if self.tls_client_auth.is_some() => {
                return missing("TLS_CLIENT_AUTH", "TLS_CERT_FILE");
            }
            (None, None) => return Ok(None),
        };
        let clients = match (ca, self.tls_client_auth) {
            (Some(ca), auth) => Some((ca, auth.unwrap_or(ClientAuth::Required))),
            (None, None) => None,
            (None, Some(_)) => return missing("TLS_CLIENT_AUTH", "TLS_CLIENT_CA_FILE"),
        };
        Ok(Some(TlsFiles {
            certificate,
            key,
            clients,
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(names: &[&str], auth: Option<ClientAuth>) -> TlsConfig {
        let file = |name: &str| names.contains(&name).then(|| PathBuf::from(name));
        TlsConfig {
            tls_cert_file: file("cert"),
            tls_key_file: file("key"),
            // As compose sets one that has no value.
            tls_client_ca_file: file("ca").or_else(|| Some(PathBuf::new())),
            tls_client_auth: auth,
        }
    }

    #[test]
    fn what_is_of_no_use_alone_is_told_with_what_is_missing() {
        let required = Some(ClientAuth::Required);
        for (names, auth, said) in [
            (
                &["cert"][..],
                None,
                "TLS_CERT_FILE is set, and TLS_KEY_FILE is not",
            ),
            (
                &["key"],
                None,
                "TLS_KEY_FILE is set, and TLS_CERT_FILE is not",
            ),
            (
                &["ca"],
                None,
                "TLS_CLIENT_CA_FILE is set, and TLS_CERT_FILE is not",
            ),
            (
                &[],
                required,
                "TLS_CLIENT_AUTH is set, and TLS_CERT_FILE is not",
            ),
            (
                &["cert", "key"],
                required,
                "TLS_CLIENT_AUTH is set, and TLS_CLIENT_CA_FILE is not",
            ),
        ] {
            let error = settings(names, auth).files().unwrap_err().to_string();
            assert!(error.starts_with(said), "{error}");
        }
    }

    #[test]
    fn clients_have_to_have_a_certificate_unless_it_is_said_that_they_may() {
        assert_eq!(settings(&[], None).files(), Ok(None));
        let clients = |auth| {
            let files = settings(&["cert", "key", "ca"], auth).files();
            files.unwrap().unwrap().clients.unwrap().1
        };
        assert_eq!(clients(None), ClientAuth::Required);
        assert_eq!(clients(Some(ClientAuth::Optional)), ClientAuth::Optional);
        let alone = settings(&["cert", "key"], None).files().unwrap().unwrap();
        assert_eq!(alone.clients, None);
    }
}
