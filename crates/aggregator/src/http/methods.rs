//! The methods that are told by their names: anybody may make up others, of any length.

use axum::http::Method;

static KNOWN: [Method; 7] = [
    Method::GET,
    Method::HEAD,
    Method::POST,
    Method::PUT,
    Method::DELETE,
    Method::PATCH,
    Method::OPTIONS,
];

/// How many there are.
pub(super) const COUNT: usize = 7;

/// The place of a method among them; `COUNT` is that of all others.
pub(super) fn place_of(method: &Method) -> usize {
    let place = KNOWN.iter().position(|known| known == method);
    place.unwrap_or(COUNT)
}

/// The name of the one at a place.
pub(super) fn name_at(place: usize) -> Option<&'static str> {
    KNOWN.get(place).map(Method::as_str)
}
