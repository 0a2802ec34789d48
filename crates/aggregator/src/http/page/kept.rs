//! A file that the program holds, and how it is answered: compressed once, and only when the browser has not the same.

use crate::http::negotiation::preferred;
use axum::body::Bytes;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use flate2::Compression;
use flate2::write::GzEncoder;
use std::io::Write as _;
use std::sync::LazyLock;

/// Plain where both are liked equally: only a browser names gzip.
const ENCODINGS: &[&[&str]] = &[&["identity"], &["gzip", "x-gzip"]];
/// Asked for anew each time, which costs an answer without a body: a newer program has another page.
const CACHING: &str = "no-cache";

/// A file with its name and its type.
pub(super) struct Kept {
    pub(super) name: &'static str,
    pub(super) kind: &'static str,
    pub(super) written: LazyLock<Written>,
}

/// Its bytes in both forms, each with the tag that it is known by.
pub(super) struct Written {
    plain: (Bytes, HeaderValue),
    /// Where that is smaller.
    gzip: Option<(Bytes, HeaderValue)>,
}

impl Written {
    pub(super) fn new(bytes: &'static [u8]) -> Self {
        let hash = blake3::hash(bytes).to_hex();
        let digest = hash.get(..16).unwrap_or_default();
        let gzip = compressed(bytes).filter(|small| small.len() < bytes.len());
        Self {
            plain: (Bytes::from_static(bytes), tag(digest)),
            gzip: gzip.map(|small| (small.into(), tag(&format!("{digest}-gzip")))),
        }
    }
}

/// Quotes, digits and letters are always a value.
fn tag(text: &str) -> HeaderValue {
    HeaderValue::try_from(format!("\"{text}\""))
        .unwrap_or_else(|_| HeaderValue::from_static("\"\""))
}

/// `None` if it cannot be, as nothing in memory can fail.
fn compressed(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).ok()?;
    encoder.finish().ok()
}

/// The file, or that the browser's own copy is still good.
pub(super) fn answer(kept: &Kept, wishes: &HeaderMap) -> Response {
    let Written { plain, gzip } = &*kept.written;
    let is_small = preferred(wishes, header::ACCEPT_ENCODING, ENCODINGS) == Some(1);
    let small = gzip.as_ref().filter(|_| is_small);
    let (bytes, tag) = small.unwrap_or(plain);
    let caching = [
        (header::ETAG, tag.clone()),
        (header::CACHE_CONTROL, HeaderValue::from_static(CACHING)),
        (header::VARY, HeaderValue::from_static("accept-encoding")),
    ];
    if is_known(wishes, tag) {
        return (StatusCode::NOT_MODIFIED, caching).into_response();
    }
    let kind = [(header::CONTENT_TYPE, kept.kind)];
    let encoding = small.map(|_| [(header::CONTENT_ENCODING, "gzip")]);
    let mut response = (caching, kind, bytes.clone()).into_response();
    for (name, value) in encoding.into_iter().flatten() {
        let value = HeaderValue::from_static(value);
        response.headers_mut().insert(name, value);
    }
    response
}

/// Whether the browser has what has this tag.
fn is_known(wishes: &HeaderMap, tag: &HeaderValue) -> bool {
    let values = wishes.get_all(header::IF_NONE_MATCH).iter();
    let texts = values.filter_map(|value| value.to_str().ok());
    let mut known = texts.flat_map(|text| text.split(',')).map(str::trim);
    // A proxy that compresses makes tags weak.
    known.any(|known| known == "*" || known.trim_start_matches("W/").as_bytes() == tag.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &[u8] = &[b'x'; 4096];

    fn kept(bytes: &'static [u8]) -> Written {
        Written::new(bytes)
    }

    #[test]
    fn each_form_has_a_tag_of_its_own_and_the_same_bytes_the_same() {
        let (one, other) = (kept(TEXT), kept(TEXT));
        assert_eq!(one.plain.1, other.plain.1);
        let (small, tag) = one.gzip.unwrap();
        assert!(small.len() < TEXT.len() && tag != one.plain.1);
        assert_ne!(kept(b"y").plain.1, one.plain.1);
    }

    #[test]
    fn what_does_not_get_smaller_is_sent_as_it_is() {
        assert!(kept(b"x").gzip.is_none());
    }

    #[test]
    fn a_tag_is_known_in_a_list_also_a_weak_one_and_by_a_star() {
        let tag = HeaderValue::from_static("\"a\"");
        for (given, known) in [
            ("\"a\"", true),
            ("\"b\", W/\"a\"", true),
            ("*", true),
            ("\"b\"", false),
            ("a", false),
            ("", false),
        ] {
            let mut wishes = HeaderMap::new();
            wishes.insert(header::IF_NONE_MATCH, HeaderValue::from_static(given));
            assert_eq!(is_known(&wishes, &tag), known, "{given}");
        }
    }
}
