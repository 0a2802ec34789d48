//! Where senders put the secret of a token, each as its protocol has it.

use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use base64::Engine as _;
use base64::alphabet::{STANDARD, URL_SAFE};
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use std::borrow::Cow;

/// Headers whose value is the secret: the common one, and that of Datadog's agent.
const NAMED: [&str; 2] = ["x-api-key", "dd-api-key"];
/// Longer than any secret with a name in front of it.
const LONGEST: usize = 1024;
/// More are not looked at: each is compared with every token.
const MOST: usize = 4;
/// Senders leave the padding out, or not.
const ANY_PADDING: GeneralPurposeConfig =
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);

/// All that a head may have for the secret of a token, as `Bearer`, `Splunk` or `Token`, as the password of
/// `Basic`, as the key of `ApiKey` (alone, or as Elasticsearch has it: `id:key` in base64), and as a header of its
/// own.
pub(super) fn secrets(headers: &HeaderMap) -> Vec<Cow<'_, str>> {
    let mut found = Vec::new();
    for text in texts(headers, AUTHORIZATION.as_str()) {
        let (scheme, value) = text.split_once(' ').unwrap_or_default();
        let value = value.trim();
        match scheme.to_ascii_lowercase().as_str() {
            "bearer" | "splunk" | "token" => found.push(Cow::Borrowed(value)),
            "basic" => found.extend(behind_colon(value).map(Cow::Owned)),
            "apikey" => {
                found.push(Cow::Borrowed(value));
                found.extend(behind_colon(value).map(Cow::Owned));
            }
            // Of a sender that gives it as it is, or in a way that nobody knows.
            _ => found.push(Cow::Borrowed(text)),
        }
    }
    let named = NAMED.iter().flat_map(|name| texts(headers, name));
    found.extend(named.map(Cow::Borrowed));
    found.retain(|secret| !secret.is_empty());
    found.truncate(MOST);
    found
}

/// Whether a head has anything where secrets stand.
pub(super) fn are_given(headers: &HeaderMap) -> bool {
    let names = NAMED.into_iter().chain([AUTHORIZATION.as_str()]);
    let mut values = names.flat_map(|name| headers.get_all(name));
    values.any(|value| !value.as_bytes().trim_ascii().is_empty())
}

fn texts<'a>(headers: &'a HeaderMap, name: &str) -> impl Iterator<Item = &'a str> {
    let values = headers.get_all(name).iter();
    let texts = values.filter_map(|value| value.to_str().ok());
    texts.map(str::trim).filter(|text| text.len() <= LONGEST)
}

/// Of `name:secret` in base64 the secret.
fn behind_colon(text: &str) -> Option<String> {
    let alphabets = [STANDARD, URL_SAFE];
    let bytes = alphabets.iter().find_map(|alphabet| {
        let engine = GeneralPurpose::new(alphabet, ANY_PADDING);
        engine.decode(text).ok()
    })?;
    // Before the colon there may be anything.
    let colon = bytes.iter().position(|byte| *byte == b':')?;
    let secret = bytes.get(colon + 1..)?;
    std::str::from_utf8(secret).ok().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::{HeaderName, HeaderValue};

    fn said(given: &[(&'static str, &str)]) -> Vec<String> {
        let mut headers = HeaderMap::new();
        for (name, value) in given {
            let value = HeaderValue::from_str(value).unwrap();
            headers.append(HeaderName::from_static(name), value);
        }
        secrets(&headers).into_iter().map(Cow::into_owned).collect()
    }

    #[test]
    fn a_secret_is_found_wherever_a_protocol_has_it() {
        // `user:s3cret` and `:s3cret` in base64.
        for value in [
            "Bearer s3cret",
            "bearer  s3cret",
            "Splunk s3cret",
            "Token s3cret",
            "s3cret",
            "Basic dXNlcjpzM2NyZXQ=",
            "basic dXNlcjpzM2NyZXQ",
            "Basic OnMzY3JldA==",
            // A user in Latin-1.
            "Basic /DpzM2NyZXQ=",
        ] {
            assert_eq!(said(&[("authorization", value)]), ["s3cret"], "{value}");
        }
        let elastic = said(&[("authorization", "ApiKey dXNlcjpzM2NyZXQ=")]);
        assert_eq!(elastic, ["dXNlcjpzM2NyZXQ=", "s3cret"]);
        assert_eq!(said(&[("authorization", "ApiKey s3cret")]), ["s3cret"]);
        for header in ["x-api-key", "dd-api-key"] {
            assert_eq!(said(&[(header, "s3cret")]), ["s3cret"], "{header}");
        }
        // A colon is part of a password.
        let colon = said(&[("authorization", "Basic dXNlcjphOmI=")]);
        assert_eq!(colon, ["a:b"]);
    }

    #[test]
    fn what_cannot_be_read_for_a_secret_is_given_all_the_same() {
        let given = |name, value: &[u8]| {
            let mut headers = HeaderMap::new();
            headers.insert(name, HeaderValue::from_bytes(value).unwrap());
            are_given(&headers)
        };
        for value in [&b"Basic !!!"[..], b"\xe9", &[b'x'; LONGEST + 1]] {
            assert!(given(AUTHORIZATION.as_str(), value), "{value:?}");
            assert!(given("x-api-key", value), "{value:?}");
        }
        assert!(!given("x-api-key", b" ") && !given("cookie", b"a=b"));
        assert!(!are_given(&HeaderMap::new()));
    }

    #[test]
    fn what_holds_no_secret_gives_none() {
        for value in [
            "",
            "Bearer ",
            "Basic",
            "Basic !",
            "Basic dXNlcg==",
            "Basic OnM6",
        ] {
            let found = said(&[("authorization", value)]);
            let is_whole = |secret: &String| secret == value.trim() || secret == "s:";
            assert!(found.iter().all(is_whole), "{value}: {found:?}");
        }
        assert!(said(&[("x-api-key", " ")]).is_empty());
        assert!(said(&[("x-api-key", &"x".repeat(LONGEST + 1))]).is_empty());
        assert!(said(&[]).is_empty());
    }
}
