//! Certificates of clients: what one is known by, and which of it a token may name. Pure; a certificate that comes
//! here was checked: somebody whose word is taken vouches for it.

use std::str::FromStr;
use std::sync::Arc;

/// Each request has all of them compared with every token's: of one that has more, the last ones do not count.
const MOST: usize = 100;
/// Bytes of the longest name.
const LONGEST: usize = 1024;
/// What the hash of a certificate has, in bytes.
const HASH: usize = 32;

/// Something that a certificate is known by, as `dns:orders.example`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CertificateName {
    /// `cn:`, the common name of its subject.
    CommonName(Arc<str>),
    /// `dns:`, a host among its alternative names; in small letters.
    Dns(Arc<str>),
    /// `uri:`, an address among them, as that of a SPIFFE identity.
    Uri(Arc<str>),
    /// `email:`, one among them.
    Email(Arc<str>),
    /// `sha256:`, the hash of the whole certificate.
    Sha256([u8; HASH]),
}

/// A text that names none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "expected cn:NAME, dns:HOST, uri:ADDRESS or email:ADDRESS as the certificate has it, or sha256: and 64 hexadecimal digits"
)]
pub struct BadCertificateName;

/// A client's certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientCertificate {
    names: Vec<CertificateName>,
    hash: [u8; HASH],
}

impl ClientCertificate {
    /// With what it says of itself, and the SHA-256 hash of the whole.
    pub fn new(mut names: Vec<CertificateName>, hash: [u8; HASH]) -> Self {
        names.truncate(MOST);
        names.push(CertificateName::Sha256(hash));
        Self { names, hash }
    }

    /// Whether it is known by that.
    pub fn is(&self, name: &CertificateName) -> bool {
        self.names.contains(name)
    }

    /// What it is always known by, for whoever wants to give it a token.
    pub fn fingerprint(&self) -> String {
        // Only the digits are borrowed from there.
        format!("sha256:{}", blake3::Hash::from_bytes(self.hash).to_hex())
    }
}

impl CertificateName {
    /// A host: its letters are the same in any case.
    pub fn dns(host: &str) -> Self {
        Self::Dns(host.to_ascii_lowercase().into())
    }
}

impl FromStr for CertificateName {
    type Err = BadCertificateName;

    fn from_str(text: &str) -> Result<Self, BadCertificateName> {
        let (kind, name) = text.split_once(':').ok_or(BadCertificateName)?;
        let is_plain = |letter: char| !letter.is_control();
        if name.trim().is_empty() || name.len() > LONGEST || !name.chars().all(is_plain) {
            return Err(BadCertificateName);
        }
        match kind {
            "cn" => Ok(Self::CommonName(name.into())),
            "dns" => Ok(Self::dns(name)),
            "uri" => Ok(Self::Uri(name.into())),
            "email" => Ok(Self::Email(name.into())),
            "sha256" => hash_of(name).map(Self::Sha256).ok_or(BadCertificateName),
            _ => Err(BadCertificateName),
        }
    }
}

/// With or without the colons that `openssl x509 -fingerprint` puts between two digits and the next.
fn hash_of(text: &str) -> Option<[u8; HASH]> {
    let mut hash = [0; HASH];
    let mut rest = text;
    for (number, byte) in hash.iter_mut().enumerate() {
        if number > 0 {
            rest = rest.strip_prefix(':').unwrap_or(rest);
        }
        let (pair, more) = rest.split_at_checked(2)?;
        let is_number = pair.bytes().all(|digit| digit.is_ascii_hexdigit());
        *byte = u8::from_str_radix(pair, 16).ok().filter(|_| is_number)?;
        rest = more;
    }
    rest.is_empty().then_some(hash)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> CertificateName {
        text.parse().unwrap()
    }

    #[test]
    fn a_certificate_is_known_by_each_of_its_names_in_their_own_kind_and_by_its_hash() {
        let names = [
            "cn:orders",
            "dns:Orders.Example",
            "uri:spiffe://shop/orders",
        ]
        .map(name);
        let certificate = ClientCertificate::new(names.to_vec(), [0xab; 32]);
        let colons = ["AB"; 32].join(":");
        for text in [
            "cn:orders",
            "dns:orders.example",
            "dns:ORDERS.example",
            "uri:spiffe://shop/orders",
            &format!("sha256:{colons}"),
            &certificate.fingerprint(),
        ] {
            assert!(certificate.is(&name(text)), "{text}");
        }
        // What a client may have written into one field is not taken for another.
        for text in [
            "cn:Orders",
            "cn:orders.example",
            "dns:orders",
            "email:orders",
            "uri:spiffe://shop/orders/",
            "dns:*.example",
            "dns:orders.example.",
        ] {
            assert!(!certificate.is(&name(text)), "{text}");
        }
    }

    #[test]
    fn what_names_no_certificate_is_refused() {
        for text in [
            "",
            "orders",
            "cn:",
            "cn: ",
            "ip:127.0.0.1",
            "CN:orders",
            "sha256:",
            "sha256:abcd",
            "cn:a\nb",
            &format!("sha256:{}", "g".repeat(64)),
            &format!("sha256:{}", "ab".repeat(33)),
            &format!("sha256:a:b{}", "ab".repeat(31)),
            &format!("cn:{}", "x".repeat(1025)),
        ] {
            assert_eq!(
                text.parse::<CertificateName>(),
                Err(BadCertificateName),
                "{text}"
            );
        }
    }
}
