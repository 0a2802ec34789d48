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
    patience.ask()?;
    let mut found = Ok(false);
    each_member(object, &mut |name, value| {
        found = match path.strip_prefix(name) {
            None => Ok(false),
            Some("") => Ok(ends_at(value, is_so)),
            Some(rest) => match rest.strip_prefix('.') {
                Some(rest) => below(value, rest, is_so, patience),
                None => Ok(false),
            },
        };
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

fn below(
    json: &str,
    path: &str,
    is_so: IsSo<'_>,
    patience: &mut Patience<'_>,
) -> Result<bool, GaveUp> {
    match json.as_bytes().first() {
        Some(b'{') => leads_to(json, path, is_so, patience),
        Some(b'[') => in_array(json, path, is_so, patience),
        _ => Ok(false),
    }
}

fn in_array(
    array: &str,
    path: &str,
    is_so: IsSo<'_>,
    patience: &mut Patience<'_>,
) -> Result<bool, GaveUp> {
    let (first, behind) = match path.split_once('.') {
        Some((first, behind)) => (first, Some(behind)),
        None => (path, None),
    };
    let place = place(first);
    let (mut found, mut position) = (Ok(false), 0_usize);
    each_element(array, &mut |element| {
        if element.starts_with('{') {
            found = leads_to(element, path, is_so, patience);
        }
        if found == Ok(false) && place == Some(position) {
            found = match behind {
                None => Ok(is_so(element)),
                Some(behind) => below(element, behind, is_so, patience),
            };
        }
        position += 1;
        on(found)
    });
    found
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
