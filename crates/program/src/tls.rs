//! How a client speaks TLS: whom it trusts, which certificate it shows, and how a failure of it is told.

mod told;

pub use told::told;

use crate::values;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{
    CryptoProvider, WebPkiSupportedAlgorithms, ring, verify_tls12_signature, verify_tls13_signature,
};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};
use rustls_platform_verifier::BuilderVerifierExt as _;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What is spoken within TLS, as ALPN has it (RFC 7301).
pub const PROTOCOL: &[u8] = b"http/1.1";
/// More than a file of certificates has.
const LARGEST: u64 = 4 * 1024 * 1024;

/// The files that the settings of a client name; one that is set to nothing is none.
#[derive(Debug, Clone, Copy, Default)]
pub struct Files<'a> {
    /// The certificates of those that may vouch for the service, in place of the system's.
    pub ca: Option<&'a PathBuf>,
    /// The client's own certificate.
    pub certificate: Option<&'a PathBuf>,
    /// Its key.
    pub key: Option<&'a PathBuf>,
}

/// Why a file is of no use; what is in it is not repeated.
#[derive(Debug, thiserror::Error)]
pub enum BadTls {
    /// The system's reason.
    #[error("{flag} {file} cannot be read: {error}")]
    Io {
        /// Which of them.
        flag: &'static str,
        /// Its name.
        file: String,
        /// The reason.
        error: io::Error,
    },
    /// It holds something else.
    #[error("{flag} {file} holds no {expected} in PEM")]
    Content {
        /// Which of them.
        flag: &'static str,
        /// Its name.
        file: String,
        /// What it should hold.
        expected: &'static str,
    },
    /// One of two.
    #[error("--client-cert and --client-key belong together: one is set, and the other is not")]
    HalfIdentity,
    /// What no single file shows.
    #[error("the files of --client-cert and --client-key cannot be used: {0}")]
    Identity(Error),
    /// The system has none to trust.
    #[error(
        "this machine's own list of whom to trust cannot be used: {0}; --ca FILE takes its place"
    )]
    System(Error),
    /// The library's own parts do not fit.
    #[error("TLS cannot be spoken: {0}")]
    Library(Error),
}

/// For a client that speaks no TLS: it trusts nobody.
///
/// # Errors
/// [`BadTls::Library`], which does not happen.
pub fn unused() -> Result<ClientConfig, BadTls> {
    Ok(builder()?
        .with_root_certificates(RootCertStore::empty())
        .with_no_client_auth())
}

/// For a client that asks a service by its name.
///
/// # Errors
/// [`BadTls`]
pub fn verified(files: Files<'_>) -> Result<ClientConfig, BadTls> {
    let builder = match values::file(files.ca) {
        Some(file) => builder()?.with_root_certificates(roots(file)?),
        None => builder()?
            .with_platform_verifier()
            .map_err(BadTls::System)?,
    };
    finished(builder, files)
}

/// For a client that asks over loopback, where the service has no name that a certificate could bear out: whoever
/// answers there is believed, as without TLS. A `--ca` is held to all the same.
///
/// # Errors
/// [`BadTls`]
pub fn on_loopback(files: Files<'_>) -> Result<ClientConfig, BadTls> {
    if values::file(files.ca).is_some() {
        return verified(files);
    }
    let algorithms = ring::default_provider().signature_verification_algorithms;
    let builder = builder()?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Whoever(algorithms)));
    finished(builder, files)
}

type Versions = rustls::ConfigBuilder<ClientConfig, rustls::WantsVerifier>;
type Trusting = rustls::ConfigBuilder<ClientConfig, rustls::client::WantsClientCert>;

fn builder() -> Result<Versions, BadTls> {
    let provider: Arc<CryptoProvider> = ring::default_provider().into();
    ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(BadTls::Library)
}

fn finished(builder: Trusting, files: Files<'_>) -> Result<ClientConfig, BadTls> {
    let mut config = match (values::file(files.certificate), values::file(files.key)) {
        (None, None) => builder.with_no_client_auth(),
        (Some(certificate), Some(key)) => {
            let chain = certificates("--client-cert", certificate)?;
            let key = key_in("--client-key", key)?;
            let identified = builder.with_client_auth_cert(chain, key);
            identified.map_err(BadTls::Identity)?
        }
        _ => return Err(BadTls::HalfIdentity),
    };
    config.alpn_protocols = vec![PROTOCOL.to_vec()];
    Ok(config)
}

fn roots(file: &Path) -> Result<RootCertStore, BadTls> {
    const FLAG: &str = "--ca";
    let mut roots = RootCertStore::empty();
    // A system's own list may have an odd one.
    let (added, _) = roots.add_parsable_certificates(certificates(FLAG, file)?);
    match added {
        0 => Err(content(FLAG, file, CERTIFICATE)),
        _ => Ok(roots),
    }
}

const CERTIFICATE: &str = "certificate";

/// All certificates of a text in PEM; `None` if it has none, or one that is none.
pub fn certificates_in(text: &[u8]) -> Option<Vec<CertificateDer<'static>>> {
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(text).collect();
    found.ok().filter(|found| !found.is_empty())
}

fn certificates(flag: &'static str, file: &Path) -> Result<Vec<CertificateDer<'static>>, BadTls> {
    let found = certificates_in(&read(flag, file)?);
    found.ok_or_else(|| content(flag, file, CERTIFICATE))
}

fn key_in(flag: &'static str, file: &Path) -> Result<PrivateKeyDer<'static>, BadTls> {
    let key = PrivateKeyDer::from_pem_slice(&read(flag, file)?);
    key.map_err(|_| content(flag, file, "private key without a password"))
}

fn content(flag: &'static str, file: &Path, expected: &'static str) -> BadTls {
    BadTls::Content {
        flag,
        file: file.display().to_string(),
        expected,
    }
}

fn read(flag: &'static str, file: &Path) -> Result<Vec<u8>, BadTls> {
    let mut text = Vec::new();
    let read = File::open(file).and_then(|file| file.take(LARGEST).read_to_end(&mut text));
    match read {
        Ok(_) => Ok(text),
        Err(error) => Err(BadTls::Io {
            flag,
            file: file.display().to_string(),
            error,
        }),
    }
}

/// Takes every certificate, if whoever shows it has its key.
#[derive(Debug)]
struct Whoever(WebPkiSupportedAlgorithms);

impl ServerCertVerifier for Whoever {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signed, &self.0)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signed, &self.0)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_holds_something_else_is_named_and_not_repeated() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file.pem");
        let files = Files {
            ca: Some(&file),
            ..Files::default()
        };
        let error = verified(files).unwrap_err().to_string();
        assert!(error.starts_with("--ca "), "{error}");
        assert!(error.contains("cannot be read"), "{error}");
        for text in [
            "",
            "hunter2",
            "-----BEGIN hunter2",
            "-----BEGIN CERTIFICATE-----\nhunter2\n-----END CERTIFICATE-----\n",
            "-----BEGIN CERTIFICATE-----\naHVudGVyMg==\n-----END CERTIFICATE-----\n",
        ] {
            std::fs::write(&file, text).unwrap();
            let error = verified(files).unwrap_err().to_string();
            assert!(error.ends_with("holds no certificate in PEM"), "{error}");
            let identity = Files {
                certificate: Some(&file),
                key: Some(&file),
                ..Files::default()
            };
            let error = on_loopback(identity).unwrap_err().to_string();
            assert!(error.contains("--client-"), "{error}");
            assert!(!error.contains("hunter2"), "{error}");
        }
    }

    #[test]
    fn a_certificate_without_its_key_is_half_of_what_is_needed() {
        let file = PathBuf::from("client.pem");
        let half = Files {
            certificate: Some(&file),
            ..Files::default()
        };
        assert!(matches!(on_loopback(half), Err(BadTls::HalfIdentity)));
        // A variable that is set to nothing.
        let nothing = PathBuf::new();
        let none = Files {
            ca: Some(&nothing),
            certificate: Some(&nothing),
            key: None,
        };
        assert!(on_loopback(none).is_ok() && unused().is_ok());
    }
}
