//! Certificates: an authority of the test's own, and what it vouches for. None is older than the test.

use std::fs;
use std::hash::{BuildHasher, RandomState};
use std::path::{Path, PathBuf};

use program::tls::Files;
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa,
    KeyPair, KeyUsagePurpose,
};
use tempfile::TempDir;

/// Someone whose word is taken.
pub(crate) struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    folder: TempDir,
}

/// A certificate and its key, in files.
#[derive(Clone)]
pub(crate) struct Pair {
    pub(crate) certificate: PathBuf,
    pub(crate) key: PathBuf,
}

impl Authority {
    /// A new one: nobody has heard of it.
    pub(crate) fn new() -> Self {
        let mut params = CertificateParams::default();
        let number = RandomState::new().hash_one(0);
        let name = format!("authority {number:x}");
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let issuer = CertifiedIssuer::self_signed(params, new_key()).expect("an authority");
        let folder = tempfile::tempdir().expect("a temporary folder");
        fs::write(folder.path().join("ca.pem"), issuer.pem()).expect("a file is written");
        Self { issuer, folder }
    }

    /// The file with its certificate.
    pub(crate) fn file(&self) -> PathBuf {
        self.folder.path().join("ca.pem")
    }

    /// For a service on this machine; `name` is that of its files.
    pub(crate) fn server(&self, name: &str) -> Pair {
        self.server_with(name, |_| {})
    }

    /// The same with something changed.
    pub(crate) fn server_with(
        &self,
        name: &str,
        change: impl FnOnce(&mut CertificateParams),
    ) -> Pair {
        let names = ["localhost", "127.0.0.1"].map(str::to_owned);
        let mut params = CertificateParams::new(names).expect("names");
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        change(&mut params);
        self.issue(name, &params)
    }

    /// For a client with this common name, of an organization of that name.
    pub(crate) fn client(&self, common_name: &str, organization: &str) -> Pair {
        let mut params = CertificateParams::default();
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        let subject = &mut params.distinguished_name;
        *subject = rcgen::DistinguishedName::new();
        subject.push(DnType::OrganizationName, organization);
        subject.push(DnType::CommonName, common_name);
        self.issue(common_name, &params)
    }

    fn issue(&self, name: &str, params: &CertificateParams) -> Pair {
        let key = new_key();
        let certificate = params.signed_by(&key, &self.issuer);
        let pair = Pair {
            certificate: self.folder.path().join(format!("{name}.pem")),
            key: self.folder.path().join(format!("{name}.key.pem")),
        };
        pair.write(
            &certificate.expect("a certificate").pem(),
            &key.serialize_pem(),
        );
        pair
    }

    /// A client that believes its word and no other.
    pub(crate) fn http(&self) -> reqwest::Client {
        self.http_as(None)
    }

    /// The same with a certificate of its own.
    pub(crate) fn http_as(&self, client: Option<&Pair>) -> reqwest::Client {
        let ca = self.file();
        let files = Files {
            ca: Some(&ca),
            certificate: client.map(|pair| &pair.certificate),
            key: client.map(|pair| &pair.key),
        };
        let tls = program::tls::verified(files).expect("files that can be used");
        let client = super::http::client_builder().tls_backend_preconfigured(tls);
        client.build().expect("a client")
    }
}

impl Pair {
    /// Puts others in place of both.
    pub(crate) fn write(&self, certificate: &str, key: &str) {
        replace(&self.certificate, certificate);
        replace(&self.key, key);
    }

    /// Becomes another one.
    pub(crate) fn become_another(&self, other: &Self) {
        self.write(&other.certificate_text(), &other.key_text());
    }

    /// What its file holds.
    pub(crate) fn certificate_text(&self) -> String {
        fs::read_to_string(&self.certificate).expect("a certificate")
    }

    /// What the other one holds.
    pub(crate) fn key_text(&self) -> String {
        fs::read_to_string(&self.key).expect("a key")
    }

    /// One file with both.
    pub(crate) fn in_one_file(&self) -> PathBuf {
        let both = self.certificate.with_extension("both.pem");
        fs::write(&both, self.certificate_text() + &self.key_text()).expect("a file is written");
        both
    }
}

fn new_key() -> KeyPair {
    KeyPair::generate().expect("a key")
}

/// At once, as whoever renews certificates does it.
fn replace(file: &Path, text: &str) {
    let new = file.with_extension("new");
    fs::write(&new, text).expect("a file is written");
    fs::rename(new, file).expect("a file takes another's place");
}
