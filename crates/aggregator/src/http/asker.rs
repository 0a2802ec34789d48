//! What the head of a request says of whoever asks.

use super::credentials;
use super::listener::Ends;
use crate::access::certificate::ClientCertificate;
use crate::access::{Asker, Way, named_in_forwarded};
use axum::http::header::{FORWARDED, HOST, ORIGIN, VIA};
use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderName, Uri};
use std::net::{IpAddr, UdpSocket};

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const REAL_IP: HeaderName = HeaderName::from_static("x-real-ip");
const SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
/// What stands for a value that is no text: no name, no address and no origin.
const UNREADABLE: &str = "\u{fffd}";
/// How the names of what proxies tell begin.
const FORWARDED_AS: &str = "x-forwarded-";

/// Who asks.
pub(super) fn asker<'a>(
    ends: Ends,
    certificate: Option<&'a ClientCertificate>,
    uri: &'a Uri,
    headers: &'a HeaderMap,
) -> Asker<'a> {
    Asker {
        peer: ends.peer,
        reached: ends.reached,
        target: uri.authority().map(Authority::as_str),
        hosts: texts(headers, HOST).collect(),
        is_of_this_machine,
        origins: texts(headers, ORIGIN).collect(),
        sites: texts(headers, SITE).collect(),
        way: way(headers),
        secrets: credentials::secrets(headers),
        is_secure: ends.is_secure,
        gives_secret: credentials::are_given(headers),
        certificate,
    }
}

/// The values of `X-Forwarded-For` that can be read, each from its last address on, the last value first.
pub(super) fn forwarded_for(
    headers: &HeaderMap,
) -> impl Iterator<Item = impl Iterator<Item = &str>> {
    let values = headers.get_all(FORWARDED_FOR).iter().rev();
    let texts = values.filter_map(|value| value.to_str().ok());
    texts.map(|text| text.rsplit(','))
}

fn way(headers: &HeaderMap) -> Way<'_> {
    let is_of_proxy = |name: &HeaderName| {
        [FORWARDED, VIA, REAL_IP].contains(name) || name.as_str().starts_with(FORWARDED_AS)
    };
    if !headers.keys().any(is_of_proxy) {
        return Way::default();
    }
    // Here one that cannot be read counts, as a name that nobody knows.
    let last_first = |name| {
        let values = texts(headers, name).rev();
        values.flat_map(|text| text.rsplit(','))
    };
    Way {
        is_forwarded: true,
        forwarded_for: last_first(FORWARDED_FOR).collect(),
        forwarded: last_first(FORWARDED).map(named_in_forwarded).collect(),
    }
}

/// The values of a header.
fn texts(headers: &HeaderMap, name: HeaderName) -> impl DoubleEndedIterator<Item = &str> {
    let values = headers.get_all(name).iter();
    values.map(|value| value.to_str().unwrap_or(UNREADABLE))
}

/// The system gives a socket no address that another machine has.
fn is_of_this_machine(address: IpAddr) -> bool {
    UdpSocket::bind((address, 0)).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::TrustedProxies;
    use axum::http::HeaderValue;

    fn headers(values: &[(HeaderName, &'static str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in values {
            headers.append(name, HeaderValue::from_static(value));
        }
        headers
    }

    fn sender(peer: &str, forwarded: &[&'static str]) -> String {
        let networks = ["10.0.0.0/8", "192.168.1.5", "fd00::/8"];
        let networks = networks.map(|text| text.parse().unwrap());
        let forwarded: Vec<_> = forwarded
            .iter()
            .map(|text| (FORWARDED_FOR, *text))
            .collect();
        let headers = headers(&forwarded);
        let proxies = TrustedProxies::new(networks.to_vec());
        let named = forwarded_for(&headers).flatten();
        proxies.sender(peer.parse().unwrap(), named).to_string()
    }

    #[test]
    fn only_a_trusted_proxy_names_a_sender_and_only_the_last_that_is_no_proxy_counts() {
        for (peer, forwarded, expected) in [
            ("203.0.113.9", &["198.51.100.1"][..], "203.0.113.9"),
            ("10.1.2.3", &[], "10.1.2.3"),
            ("10.1.2.3", &["198.51.100.1"], "198.51.100.1"),
            // Whatever a sender claims stands before what our proxy says of it.
            ("10.1.2.3", &["1.1.1.1, 198.51.100.1"], "198.51.100.1"),
            ("10.1.2.3", &["1.1.1.1", "198.51.100.1"], "198.51.100.1"),
            ("10.1.2.3", &["198.51.100.1, 192.168.1.5"], "198.51.100.1"),
            ("10.1.2.3", &["198.51.100.1:443"], "198.51.100.1"),
            ("fd00::1", &["[2001:db8::7]:443"], "2001:db8::7"),
            ("fd00::1", &["[2001:db8::7]"], "2001:db8::7"),
            ("10.1.2.3", &["::ffff:198.51.100.1"], "198.51.100.1"),
            ("10.1.2.3", &["1.1.1.1, unknown"], "10.1.2.3"),
            ("10.1.2.3", &["10.9.9.9, 10.8.8.8"], "10.9.9.9"),
        ] {
            assert_eq!(sender(peer, forwarded), expected, "{peer} {forwarded:?}");
        }
    }

    #[test]
    fn every_name_that_a_request_has_for_the_service_is_looked_at() {
        let ends = Ends {
            peer: [127, 0, 0, 1].into(),
            reached: [127, 0, 0, 1].into(),
            is_secure: false,
        };
        let uri = Uri::from_static("http://evil.example/logs/retrieve");
        let mut headers = headers(&[(HOST, "localhost"), (HOST, "other.example:80")]);
        headers.append(HOST, HeaderValue::from_bytes(b"\xff").unwrap());
        let asker = asker(ends, None, &uri, &headers);
        assert_eq!(asker.target, Some("evil.example"));
        assert_eq!(asker.hosts, ["localhost", "other.example:80", UNREADABLE]);
    }

    #[test]
    fn what_any_proxy_adds_is_seen_and_its_addresses_are_read_from_the_last_on() {
        for (name, is_forwarded) in [
            (VIA, true),
            (HeaderName::from_static("x-forwarded-proto"), true),
            (REAL_IP, true),
            (HeaderName::from_static("x-forwarded"), false),
            (HeaderName::from_static("x-scope-orgid"), false),
        ] {
            let headers = headers(&[(name.clone(), "1.1 proxy")]);
            assert_eq!(way(&headers).is_forwarded, is_forwarded, "{name}");
        }
        let headers = headers(&[
            (FORWARDED_FOR, "1.1.1.1, 2.2.2.2"),
            (FORWARDED_FOR, "3.3.3.3"),
            (FORWARDED, "for=4.4.4.4;proto=https, by=x;For=\"[::5]:443\""),
            (FORWARDED, "proto=http"),
        ]);
        let way = way(&headers);
        assert_eq!(way.forwarded_for, ["3.3.3.3", " 2.2.2.2", "1.1.1.1"]);
        assert_eq!(way.forwarded, ["", "[::5]:443", "4.4.4.4"]);
    }
}
