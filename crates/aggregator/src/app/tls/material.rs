//! What the files of TLS hold, and what is made of it. Neither a message nor anything that is kept has the key.

use crate::config::{ClientAuth, TlsFiles};
use logs::Timestamp;
use program::tls::{PROTOCOL, certificates_in};
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{NoServerSessionStorage, WebPkiClientVerifier};
use rustls::{Error, InconsistentKeys, RootCertStore, ServerConfig};
use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::Path;
use std::sync::Arc;
use x509_cert::Certificate;
use x509_cert::der::Decode as _;

/// More than the certificates of all public authorities.
const LARGEST: u64 = 1024 * 1024;

/// Why files are of no use: a sentence each.
#[derive(Debug, thiserror::Error)]
pub(in crate::app) enum TlsError {
    #[error("{setting} {file}: it cannot be read: {error}")]
    Io {
        setting: &'static str,
        file: String,
        error: io::Error,
    },
    #[error("{setting} {file}: it is no file of at most {LARGEST} bytes")]
    NoFile { setting: &'static str, file: String },
    #[error("{0}: it holds no certificate in PEM, or a part that is none")]
    NoCertificate(&'static str),
    #[error("{KEY}: it holds no private key in PEM; one with a password cannot be used")]
    NoKey,
    #[error(
        "{CERTIFICATE} and {KEY} do not belong together: the key is that of another certificate"
    )]
    Strangers,
    #[error("{CERTIFICATE} and {KEY} cannot be used: {0}")]
    Unusable(Error),
    #[error("{CA} cannot be used: {0}")]
    UnusableCa(String),
}

const CERTIFICATE: &str = "TLS_CERT_FILE";
const KEY: &str = "TLS_KEY_FILE";
const CA: &str = "TLS_CLIENT_CA_FILE";

/// The content of the files.
pub(super) struct Material {
    certificate: Vec<u8>,
    key: Vec<u8>,
    clients: Option<(Vec<u8>, ClientAuth)>,
}

/// What TLS is spoken with.
#[derive(Debug)]
pub(super) struct Made {
    pub(super) config: Arc<ServerConfig>,
    /// When the first certificate of the chain ends, as far as one can be read.
    pub(super) ends: Option<Timestamp>,
}

impl Material {
    pub(super) fn read(files: &TlsFiles) -> Result<Self, TlsError> {
        let clients = match &files.clients {
            Some((ca, auth)) => Some((content(CA, ca)?, *auth)),
            None => None,
        };
        Ok(Self {
            certificate: content(CERTIFICATE, &files.certificate)?,
            key: content(KEY, &files.key)?,
            clients,
        })
    }

    /// The same for the same content: what is kept of it.
    pub(super) fn identity(&self) -> blake3::Hash {
        let ca = self.clients.as_ref().map(|(ca, _)| ca.as_slice());
        let parts = [&*self.certificate, &*self.key, ca.unwrap_or_default()];
        let mut hasher = blake3::Hasher::new();
        for part in parts {
            hasher.update(blake3::hash(part).as_bytes());
        }
        hasher.finalize()
    }

    pub(super) fn made(&self) -> Result<Made, TlsError> {
        let chain = certificates(CERTIFICATE, &self.certificate)?;
        let ends = chain.iter().filter_map(end).min();
        let key = PrivateKeyDer::from_pem_slice(&self.key).map_err(|_| TlsError::NoKey)?;
        let provider: Arc<CryptoProvider> = ring::default_provider().into();
        let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .map_err(TlsError::Unusable)?;
        let builder = match &self.clients {
            None => builder.with_no_client_auth(),
            Some((ca, auth)) => {
                let unusable =
                    |error: &dyn std::error::Error| TlsError::UnusableCa(error.to_string());
                let mut roots = RootCertStore::empty();
                for certificate in certificates(CA, ca)? {
                    roots.add(certificate).map_err(|error| unusable(&error))?;
                }
                let verifier = WebPkiClientVerifier::builder_with_provider(roots.into(), provider);
                let verifier = match auth {
                    ClientAuth::Required => verifier,
                    ClientAuth::Optional => verifier.allow_unauthenticated(),
                };
                let verifier = verifier.build().map_err(|error| unusable(&error))?;
                builder.with_client_cert_verifier(verifier)
            }
        };
        let mut config = builder
            .with_single_cert(chain, key)
            .map_err(|error| match error {
                Error::InconsistentKeys(InconsistentKeys::KeyMismatch) => TlsError::Strangers,
                error => TlsError::Unusable(error),
            })?;
        config.alpn_protocols = vec![PROTOCOL.to_vec()];
        if self.clients.is_some() {
            // A certificate is looked at whenever one connects, and not only the first time.
            config.session_storage = Arc::new(NoServerSessionStorage {});
            config.send_tls13_tickets = 0;
        }
        let config = Arc::new(config);
        Ok(Made { config, ends })
    }
}

fn content(setting: &'static str, file: &Path) -> Result<Vec<u8>, TlsError> {
    let name = || file.display().to_string();
    let failed = |error| TlsError::Io {
        setting,
        file: name(),
        error,
    };
    let no_file = || TlsError::NoFile {
        setting,
        file: name(),
    };
    // Of a pipe nobody may ever write into, opening would not end.
    if !fs::metadata(file).map_err(failed)?.is_file() {
        return Err(no_file());
    }
    let mut content = Vec::new();
    let opened = File::open(file).map_err(failed)?;
    let read = opened.take(LARGEST + 1).read_to_end(&mut content);
    match read.map_err(failed)? as u64 > LARGEST {
        true => Err(no_file()),
        false => Ok(content),
    }
}

fn certificates(
    setting: &'static str,
    text: &[u8],
) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    certificates_in(text).ok_or(TlsError::NoCertificate(setting))
}

/// When a certificate ends.
fn end(certificate: &CertificateDer<'static>) -> Option<Timestamp> {
    let read = Certificate::from_der(certificate).ok()?;
    let end = read.tbs_certificate().validity().not_after;
    let nanos = end.to_unix_duration().as_nanos();
    Some(Timestamp::from_nanos(
        i64::try_from(nanos).unwrap_or(i64::MAX),
    ))
}
