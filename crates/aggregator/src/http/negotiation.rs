//! What a reader's headers say that he takes: forms and encodings with their weights.

use axum::http::{HeaderMap, HeaderName};

/// Of `offers` (best first), the position of the one that the header likes most; `None` when it is
/// not there or likes none. An offer is known by each of its names; `*` and `type/*` stand for all.
pub(super) fn preferred(
    headers: &HeaderMap,
    header: HeaderName,
    offers: &[&[&str]],
) -> Option<usize> {
    let wishes: Vec<(String, f32)> = headers
        .get_all(header)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(wish)
        .collect();
    let mut best: Option<(usize, f32)> = None;
    for (position, names) in offers.iter().enumerate() {
        let weight = weight(&wishes, names);
        if weight > best.map_or(0.0, |(_, most)| most) {
            best = Some((position, weight));
        }
    }
    best.map(|(position, _)| position)
}

/// A name in lower case and its weight: `gzip;q=0.5`.
fn wish(text: &str) -> (String, f32) {
    let mut parts = text.split(';').map(str::trim);
    let name = parts.next().unwrap_or_default().to_ascii_lowercase();
    let weight = parts
        .filter_map(|part| part.split_once('='))
        .find(|(key, _)| key.trim().eq_ignore_ascii_case("q"))
        .map_or(1.0, |(_, text)| {
            let weight = text.trim().parse().unwrap_or(0.0);
            if (0.0..=1.0).contains(&weight) {
                weight
            } else {
                0.0
            }
        });
    (name, weight)
}

/// What says most about an offer counts: its name more than `text/*`, and that more than `*`.
fn weight(wishes: &[(String, f32)], names: &[&str]) -> f32 {
    let of = |fits: &dyn Fn(&str) -> bool| {
        let wish = wishes.iter().find(|(name, _)| fits(name));
        wish.map(|(_, weight)| *weight)
    };
    of(&|wished| names.contains(&wished))
        .or_else(|| {
            of(&|wished| {
                wished.strip_suffix('*').is_some_and(|kind| {
                    kind.ends_with('/')
                        && kind != "*/"
                        && names.iter().any(|name| name.starts_with(kind))
                })
            })
        })
        .or_else(|| of(&|wished| wished == "*" || wished == "*/*"))
        .unwrap_or(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::{HeaderValue, header};

    const OFFERS: &[&[&str]] = &[
        &["application/json"],
        &["application/x-ndjson", "application/jsonl"],
        &["text/csv"],
    ];

    fn chosen(accept: &'static str) -> Option<usize> {
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT, HeaderValue::from_static(accept));
        preferred(&headers, header::ACCEPT, OFFERS)
    }

    #[test]
    fn the_heaviest_of_what_is_taken_is_chosen_and_the_first_of_equals() {
        for (accept, expected) in [
            ("*/*", Some(0)),
            ("text/csv", Some(2)),
            ("TEXT/CSV; charset=utf-8", Some(2)),
            ("text/*", Some(2)),
            ("application/*", Some(0)),
            ("application/jsonl, text/csv;q=0.9", Some(1)),
            ("application/json;q=0.5, text/csv;q=0.9", Some(2)),
            ("*/*;q=0.1, application/json;q=0", Some(1)),
            ("text/html", None),
            ("text/csv;q=loud", None),
            ("text/csv;q=7, application/json;q=0.1", Some(0)),
            ("text/csv;q=NaN", None),
            ("", None),
        ] {
            assert_eq!(chosen(accept), expected, "{accept}");
        }
        assert_eq!(preferred(&HeaderMap::new(), header::ACCEPT, OFFERS), None);
    }
}
