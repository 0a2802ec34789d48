//! Where a path leads among attributes: to the values that MongoDB's own queries look at.
//!
//! A dot leads into an object, and is also just a part of a name: `http.status` leads to 500 in
//! `{"http":{"status":500}}` and in `{"http.status":500}`. From an array it leads into each of the objects
//! in it, and a whole number is the place of an element, counted from 0: both `cred.u` and `cred.0.u`
//! lead to `"bob"` in `{"cred":[{"u":"bob"}]}`. Into an array within an array only its place leads. An array
//! at the end of a path has the values of its elements, unless the path has named it by its place.

use super::json_parts::{each_element, each_member};
use super::patience::{GaveUp, Patience};
use std::ops::ControlFlow;

/// What is asked of each value, as JSON, until it is so of one: of an array itself, and of each of its
/// elements that is no array.
pub(super) type IsSo<'a> = &'a mut dyn FnMut(&str) -> bool;

/// Whether a value at `path` in `object` is as it should be.
///
/// # Errors
/// [`GaveUp`] when the patience is over before that is known.
pub(super) fn leads_to(
    object: &str,
    path: &str,
    is_so: IsSo<'_>,
    patience: &mut Patience<'_>,
) -> Result<bool, GaveUp> {
    in_object(object, &[path], is_so, patience)
}

/// Follows, on one way through the object, all that may be left of the path there: an object in an array
/// is reached by names and by its place, and one way for each would be twice as many at every level.
fn in_object(
    object: &str,
    paths: &[&str],
    is_so: IsSo<'_>,
    patience: &mut Patience<'_>,
) -> Result<bool, GaveUp> {
    patience.ask()?;
    let mut found = Ok(false);
    each_member(object, &mut |name, value| {
        let (mut ends, mut below) = (false, Vec::new());
        for rest in paths.iter().filter_map(|path| path.strip_prefix(name)) {
            ends |= rest.is_empty();
            below.extend(rest.strip_prefix('.'));
        }
        found = Ok(ends && ends_at(value, is_so));
        if found == Ok(false) && !below.is_empty() {
            found = in_value(value, &below, is_so, patience);
        }
        on(found)
    });
    found
}

/// Whether a path has a part that may be a place in an array.
pub fn may_name_a_place(path: &str) -> bool {
    path.split('.').any(|part| place(part).is_some())
}

fn ends_at(json: &str, is_so: IsSo<'_>) -> bool {
    let mut found = is_so(json);
    if !found && json.starts_with('[') {
        each_element(json, &mut |element| {
            found = !element.starts_with('[') && is_so(element);
            on(Ok(found))
        });
    }
    found
}

fn in_value(
    json: &str,
    paths: &[&str],
    is_so: IsSo<'_>,
    patience: &mut Patience<'_>,
) -> Result<bool, GaveUp> {
    match json.as_bytes().first() {
        Some(b'{') => in_object(json, paths, is_so, patience),
        Some(b'[') => in_array(json, paths, is_so, patience),
        _ => Ok(false),
    }
}

fn in_array(
    array: &str,
    paths: &[&str],
    is_so: IsSo<'_>,
    patience: &mut Patience<'_>,
) -> Result<bool, GaveUp> {
    let placed: Vec<(usize, Option<&str>)> = paths.iter().filter_map(|path| placed(path)).collect();
    let (mut found, mut position) = (Ok(false), 0_usize);
    each_element(array, &mut |element| {
        let (mut ends, mut below) = (false, Vec::new());
        for (_, rest) in placed.iter().filter(|(place, _)| *place == position) {
            ends |= rest.is_none();
            below.extend(*rest);
        }
        position += 1;
        found = Ok(ends && is_so(element));
        if found != Ok(false) {
            return on(found);
        }
        found = match element.as_bytes().first() {
            Some(b'{') if below.is_empty() => in_object(element, paths, is_so, patience),
            Some(b'{') => in_object(element, &united(below, paths), is_so, patience),
            Some(b'[') if !below.is_empty() => in_array(element, &below, is_so, patience),
            _ => Ok(false),
        };
        on(found)
    });
    found
}

/// What is left of one path behind a place may be another of the paths.
fn united<'a>(mut behind: Vec<&'a str>, paths: &[&'a str]) -> Vec<&'a str> {
    for path in paths {
        if !behind.contains(path) {
            behind.push(path);
        }
    }
    behind
}

/// The place that a path begins with, and what is left behind it.
fn placed(path: &str) -> Option<(usize, Option<&str>)> {
    let (first, rest) = match path.split_once('.') {
        Some((first, rest)) => (first, Some(rest)),
        None => (path, None),
    };
    Some((place(first)?, rest))
}

fn on(found: Result<bool, GaveUp>) -> ControlFlow<()> {
    match found {
        Ok(false) => ControlFlow::Continue(()),
        Ok(true) | Err(GaveUp) => ControlFlow::Break(()),
    }
}

/// The place that a part of a path names: digits, without a zero before others.
fn place(part: &str) -> Option<usize> {
    let is_number = part.bytes().all(|byte| byte.is_ascii_digit());
    let is_padded = part.len() > 1 && part.starts_with('0');
    part.parse().ok().filter(|_| is_number && !is_padded)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::{Map, Value, json};
    use std::collections::BTreeSet;

    fn values(object: &str, path: &str) -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        let mut goes_on = || true;
        let mut is_so = |json: &str| {
            found.insert(json.to_owned());
            false
        };
        let led = leads_to(object, path, &mut is_so, &mut Patience::new(&mut goes_on));
        assert_eq!(led, Ok(false));
        found
    }

    #[test]
    fn objects_that_names_and_places_lead_to_at_every_level_are_looked_at_once() {
        const LEVELS: usize = 30;
        let object = (0..LEVELS).fold(json!({"0": "end"}), |inner, level| {
            let name = if level + 1 == LEVELS { "a" } else { "0" };
            json!({ name: [inner] })
        });
        let object = object.to_string();
        // By names alone, by places as well, and further than there is anything.
        for (parts, is_there) in [(LEVELS, true), (2 * LEVELS, true), (3 * LEVELS, false)] {
            let path = format!("a{}", ".0".repeat(parts));
            let mut asked = 0;
            let mut goes_on = || {
                asked += 1;
                asked <= 2 * LEVELS
            };
            let (mut ends, mut patience) = (0, Patience::new(&mut goes_on));
            let mut is_so = |json: &str| {
                ends += usize::from(json == "\"end\"");
                false
            };
            let led = leads_to(&object, &path, &mut is_so, &mut patience);
            assert_eq!(led, Ok(false), "{parts}");
            assert_eq!(ends, usize::from(is_there), "{parts}");
            assert!(asked <= LEVELS + 1, "{parts}: {asked} objects");
        }
    }

    /// Each way by itself, as the contract has them.
    fn one_by_one(value: &Value, path: &str, found: &mut BTreeSet<String>) {
        match value {
            Value::Object(members) => by_name(members, path, found),
            Value::Array(elements) => {
                for (position, element) in elements.iter().enumerate() {
                    if let Value::Object(members) = element {
                        by_name(members, path, found);
                    }
                    let position = position.to_string();
                    if path == position {
                        found.insert(element.to_string());
                    } else if let Some(rest) = path.strip_prefix(&format!("{position}.")) {
                        one_by_one(element, rest, found);
                    }
                }
            }
            _ => {}
        }
    }

    fn by_name(members: &Map<String, Value>, path: &str, found: &mut BTreeSet<String>) {
        for (name, value) in members {
            if path == name {
                found.insert(value.to_string());
                let elements = value.as_array().into_iter().flatten();
                let elements = elements.filter(|element| !element.is_array());
                found.extend(elements.map(Value::to_string));
            } else if let Some(rest) = path.strip_prefix(&format!("{name}.")) {
                one_by_one(value, rest, found);
            }
        }
    }

    fn name() -> impl Strategy<Value = String> {
        prop::sample::select(vec!["0", "1", "a", "0.0", "a.0", "0.a", ""]).prop_map(str::to_owned)
    }

    fn members(value: impl Strategy<Value = Value>) -> impl Strategy<Value = Value> {
        prop::collection::btree_map(name(), value, 0..4)
            .prop_map(|members| Value::Object(members.into_iter().collect()))
    }

    fn value() -> impl Strategy<Value = Value> {
        let leaf = any::<u16>().prop_map(Value::from);
        leaf.prop_recursive(7, 60, 3, |inner| {
            let elements = prop::collection::vec(inner.clone(), 0..4).prop_map(Value::Array);
            prop_oneof![members(inner), elements]
        })
    }

    fn path() -> impl Strategy<Value = String> {
        let part = prop::sample::select(vec!["0", "0", "1", "a", "00", ""]);
        prop::collection::vec(part, 1..8).prop_map(|parts| parts.join("."))
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4_000))]

        #[test]
        fn all_ways_at_once_lead_where_each_leads_by_itself(
            object in members(value()),
            paths in prop::collection::vec(path(), 8),
        ) {
            let text = object.to_string();
            for path in paths {
                let mut expected = BTreeSet::new();
                one_by_one(&object, &path, &mut expected);
                prop_assert_eq!(values(&text, &path), expected, "{} in {}", path, text);
            }
        }
    }
}
