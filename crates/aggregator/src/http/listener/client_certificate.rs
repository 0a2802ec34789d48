//! What a client's certificate says of it. It is read once somebody vouches for it.

use crate::access::certificate::{CertificateName, ClientCertificate};
use rustls::pki_types::CertificateDer;
use sha2::{Digest as _, Sha256};
use x509_cert::der::Decode as _;
use x509_cert::der::asn1::{PrintableStringRef, Utf8StringRef};
use x509_cert::ext::pkix::SubjectAltName;
use x509_cert::ext::pkix::name::GeneralName;
use x509_cert::name::Name;
use x509_cert::spki::ObjectIdentifier;
use x509_cert::{Certificate, TbsCertificate};

const COMMON_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.3");

/// The certificate at the head of the chain. Of one in a form that is not read here nothing but its hash is known.
pub(super) fn of_chain(chain: Option<&[CertificateDer<'_>]>) -> Option<ClientCertificate> {
    let certificate = chain?.first()?;
    let hash = Sha256::digest(certificate).into();
    let read = Certificate::from_der(certificate);
    let names = read.map_or_else(|_| Vec::new(), |read| names(read.tbs_certificate()));
    Some(ClientCertificate::new(names, hash))
}

fn names(certificate: &TbsCertificate) -> Vec<CertificateName> {
    let mut names = common_names(certificate.subject());
    if let Ok(Some((_, SubjectAltName(alternatives)))) = certificate.get_extension() {
        names.extend(alternatives.iter().filter_map(alternative));
    }
    names
}

fn common_names(subject: &Name) -> Vec<CertificateName> {
    let parts = subject.iter().filter(|part| part.oid == COMMON_NAME);
    let texts = parts.filter_map(|part| {
        let as_utf8 = part.value.decode_as::<Utf8StringRef<'_>>();
        let as_utf8 = as_utf8.map(|text| text.as_str().to_owned());
        let as_printable = || part.value.decode_as::<PrintableStringRef<'_>>();
        let as_printable = || as_printable().map(|text| text.as_str().to_owned());
        as_utf8.or_else(|_| as_printable()).ok()
    });
    texts
        .map(|text| CertificateName::CommonName(text.into()))
        .collect()
}

fn alternative(name: &GeneralName) -> Option<CertificateName> {
    match name {
        GeneralName::DnsName(host) => Some(CertificateName::dns(host.as_str())),
        GeneralName::UniformResourceIdentifier(address) => {
            Some(CertificateName::Uri(address.as_str().into()))
        }
        GeneralName::Rfc822Name(address) => Some(CertificateName::Email(address.as_str().into())),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rcgen::{CertificateParams, DnType, KeyPair, SanType};

    #[test]
    fn a_certificate_is_known_by_its_subject_and_its_alternative_names_and_its_hash() {
        let mut params = CertificateParams::new(["Orders.example".to_owned()]).unwrap();
        params.distinguished_name.push(DnType::CommonName, "örders");
        params
            .distinguished_name
            .push(DnType::OrganizationName, "shop");
        for other in [
            SanType::URI("spiffe://shop/orders".try_into().unwrap()),
            SanType::Rfc822Name("orders@shop.example".try_into().unwrap()),
            SanType::IpAddress([127, 0, 0, 1].into()),
        ] {
            params.subject_alt_names.push(other);
        }
        let certificate = params.self_signed(&KeyPair::generate().unwrap()).unwrap();
        let found = of_chain(Some(&[certificate.der().clone()])).unwrap();
        for text in [
            "cn:örders",
            "dns:orders.example",
            "uri:spiffe://shop/orders",
            "email:orders@shop.example",
            &found.fingerprint(),
        ] {
            assert!(found.is(&text.parse().unwrap()), "{text}: {found:?}");
        }
        for text in ["cn:shop", "cn:orders.example", "dns:127.0.0.1"] {
            assert!(!found.is(&text.parse().unwrap()), "{text}: {found:?}");
        }
    }

    #[test]
    fn what_is_in_no_form_that_is_read_is_known_by_its_hash() {
        let odd = CertificateDer::from(vec![0x30, 0x80, 1, 2, 3]);
        let found = of_chain(Some(&[odd.clone(), odd])).unwrap();
        assert!(found.is(&found.fingerprint().parse().unwrap()));
        assert_eq!(of_chain(None), None);
        assert_eq!(of_chain(Some(&[])), None);
    }
}
