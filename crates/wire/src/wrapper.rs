//! A body that is one object around an array of records.

use crate::fields::is_empty;
use crate::members::{Members, Value, keep_last};
use crate::names::role_of;
use crate::raw::{elements_in, members_in};
use crate::string::name_of;
use crate::unusual::Unusual;
use std::borrow::Cow;
use std::ops::Range;

/// The names that senders give the array.
const NAMES: [&str; 6] = ["logs", "records", "events", "entries", "batch", "items"];

/// Other fields of a wrapper: an object that has more is no wrapper that anybody sends.
const MAX_SHARED: usize = 1_000;

/// What is in a wrapper.
pub(super) struct Wrapper<'a> {
    /// Where in the object's text its array stands.
    pub(super) array: Range<usize>,
    /// The other fields, which every record shares.
    pub(super) shared: Members<'a>,
    /// What is to be told of their names.
    pub(super) unusual: Unusual,
}

/// Opens an object's text if it is a wrapper: it has no time, message or level itself, and its only array
/// of objects stands under one of the known names; an empty array is one when nothing else is there. It
/// stays closed where it has more than [`MAX_SHARED`] other fields, or where copies of them came to more
/// than the body.
pub(super) fn open(object: &str) -> Option<Wrapper<'_>> {
    let (mut filled, mut empty) = (None, None);
    let (mut shared, mut shared_bytes) = (Members::new(), 0);
    let mut unusual = Unusual::default();
    for member in members_in(object) {
        let name = name_of(member.name, &mut unusual);
        let is_known = NAMES.iter().any(|known| known.eq_ignore_ascii_case(&name));
        let array = member.value_start..member.value_start + member.value.len();
        match objects(member.value) {
            // A second array, or one of another name.
            Some(count) if count > 0 => {
                if filled.is_some() || !is_known {
                    return None;
                }
                filled = Some((array, count));
                continue;
            }
            Some(_) if is_known => empty = Some(array),
            _ => {}
        }
        if is_empty(role_of(&name).0, member.value) {
            continue;
        }
        if role_of(&name).0.is_of_one_field() || shared.len() == MAX_SHARED {
            return None;
        }
        shared_bytes += member.name.len() + member.value.len();
        shared.push((name, Value::Json(Cow::Borrowed(member.value))));
    }
    let Some((array, count)) = filled else {
        let array = empty.filter(|_| shared.len() == 1)?;
        shared.clear();
        return Some(Wrapper {
            array,
            shared,
            unusual,
        });
    };
    keep_last(&mut shared);
    let stays = shared_bytes.saturating_mul(count) > object.len();
    (!stays).then_some(Wrapper {
        array,
        shared,
        unusual,
    })
}

/// How many objects an array holds; `None` for what is no array, or holds anything else.
fn objects(value: &str) -> Option<usize> {
    if !value.starts_with('[') {
        return None;
    }
    let mut count = 0;
    for (_, element) in elements_in(value) {
        if !element.starts_with('{') {
            return None;
        }
        count += 1;
    }
    Some(count)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_of_many_fields_stays_closed() {
        let with = |count| {
            let fields: Vec<_> = (0..count)
                .map(|number| format!(r#","{number}":0"#))
                .collect();
            format!(r#"{{"logs":[{{"message":"a"}}]{}}}"#, fields.concat())
        };
        assert_eq!(open(&with(MAX_SHARED)).unwrap().shared.len(), MAX_SHARED);
        assert!(open(&with(MAX_SHARED + 1)).is_none());
        // Of one name too: all of them are gathered before those that come twice are told apart.
        let twice = with(2).replace(r#","0":0"#, &r#","0":0"#.repeat(MAX_SHARED + 1));
        assert!(open(&twice).is_none());
    }

    #[test]
    fn an_empty_array_is_a_wrapper_only_alone() {
        assert!(open(r#"{"logs":[ ]}"#).is_some_and(|wrapper| wrapper.shared.is_empty()));
        for closed in [
            r#"{"logs":[],"app":"x"}"#,
            r#"{"app":[],"items":[]}"#,
            r#"{"other":[]}"#,
        ] {
            assert!(open(closed).is_none(), "{closed}");
        }
    }
}
