//! What a request is called, in the log and in its answer: `X-Request-Id`; and the trace that it is a part of.

use crate::access::secret::masked;
use crate::config::REQUEST;
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use tracing::Span;

static HEADER: HeaderName = HeaderName::from_static("x-request-id");

/// Of W3C's Trace Context.
static TRACE: HeaderName = HeaderName::from_static("traceparent");

/// Longer ones are not taken over.
const LONGEST: usize = 128;

/// The id of a request.
pub(super) struct RequestId(HeaderValue);

impl RequestId {
    /// The one that its sender gave it, if it can be used, or a new one.
    pub(super) fn of(headers: &HeaderMap) -> Self {
        let given = only(headers, &HEADER).filter(|given| is_usable(given));
        Self(given.cloned().unwrap_or_else(made))
    }

    /// The span that all is logged in that this request makes the log say.
    pub(super) fn span(&self, headers: &HeaderMap) -> Span {
        let request_id = self.0.to_str().unwrap_or_default();
        // Of the level that is told last, so that every line has it.
        tracing::error_span!(target: REQUEST, "request", request_id = %request_id, trace_id = trace_id(headers))
    }

    /// Puts it into the answer.
    pub(super) fn mark(self, answer: &mut HeaderMap) {
        answer.insert(&HEADER, self.0);
    }
}

fn made() -> HeaderValue {
    let number: u64 = rand::random();
    HeaderValue::try_from(format!("{number:016x}")).unwrap_or_else(|_| number.into())
}

/// Short, of visible ASCII, and no secret that the log must not have.
fn is_usable(given: &HeaderValue) -> bool {
    let bytes = given.as_bytes();
    let is_short = (1..=LONGEST).contains(&bytes.len());
    let is_visible = bytes.iter().all(u8::is_ascii_graphic);
    is_short && is_visible && given.to_str().is_ok_and(|text| masked(text) == text)
}

/// The trace of a `traceparent` of version 00.
fn trace_id(headers: &HeaderMap) -> Option<&str> {
    let text = only(headers, &TRACE)?.to_str().ok()?;
    let mut parts = text.split('-');
    let (version, trace, parent) = (parts.next()?, parts.next()?, parts.next()?);
    let (flags, rest) = (parts.next()?, parts.next());
    let is_one = version == "00"
        && is_id(trace, 32)
        && is_id(parent, 16)
        && is_hexadecimal(flags, 2)
        && rest.is_none();
    is_one.then_some(trace)
}

fn is_id(text: &str, digits: usize) -> bool {
    is_hexadecimal(text, digits) && text.bytes().any(|byte| byte != b'0')
}

fn is_hexadecimal(text: &str, digits: usize) -> bool {
    let is_digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    text.len() == digits && text.bytes().all(is_digit)
}

/// The value of a header, unless there are several.
fn only<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a HeaderValue> {
    let mut all = headers.get_all(name).iter();
    all.next().filter(|_| all.next().is_none())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::secret::Secret;
    use std::collections::BTreeSet;

    fn headers(name: &'static str, values: &[&str]) -> HeaderMap {
        let values = values
            .iter()
            .map(|value| HeaderValue::from_bytes(value.as_bytes()).unwrap());
        values
            .map(|value| (HeaderName::from_static(name), value))
            .collect()
    }

    fn id(values: &[&str]) -> String {
        let mut answer = HeaderMap::new();
        RequestId::of(&headers("x-request-id", values)).mark(&mut answer);
        answer[&HEADER].to_str().unwrap().to_owned()
    }

    #[test]
    fn an_id_that_can_be_used_is_taken_over_as_it_is() {
        let longest = "x".repeat(LONGEST);
        for given in ["1", "7f3e-A_b.c:/~!", "{\"a\":1}", &longest] {
            assert_eq!(id(&[given]), given);
        }
    }

    #[test]
    fn one_that_cannot_is_replaced_by_a_new_one() {
        let (long, secret) = ("x".repeat(LONGEST + 1), Secret::new([7; 32]));
        let bad = ["", "a b", "a\tb", "é", &long, secret.show()];
        let bad = bad.map(|given| vec![given]).into_iter();
        let made = bad.chain([vec![], vec!["a", "a"]]).map(|given| id(&given));
        let made: BTreeSet<_> = made.collect();
        assert_eq!(made.len(), 8, "no two are the same: {made:?}");
        for id in made {
            assert!(is_hexadecimal(&id, 16), "{id}");
        }
    }

    #[test]
    fn the_trace_is_that_of_a_valid_traceparent_alone() {
        let trace = "0af7651916cd43dd8448eb211c80319c";
        let valid = format!("00-{trace}-b7ad6b7169203331-01");
        assert_eq!(trace_id(&headers("traceparent", &[&valid])), Some(trace));
        let zeros = "0".repeat(32);
        let bad = [
            valid.replace("00-0", "01-0"),
            valid.replace("00-0", "ff-0"),
            valid.to_uppercase(),
            valid.replace(trace, &zeros),
            valid.replace("b7ad6b7169203331", &zeros[..16]),
            valid.replace(trace, &trace[1..]),
            valid.replace("-01", "-1"),
            valid.replace("-01", "-0g"),
            format!("{valid}-"),
            format!("{valid}0"),
            valid[..54].to_owned(),
            String::new(),
        ];
        for text in &bad {
            assert_eq!(trace_id(&headers("traceparent", &[text])), None, "{text}");
        }
        assert_eq!(trace_id(&headers("traceparent", &[&valid, &valid])), None);
    }
}
