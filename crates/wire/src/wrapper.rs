//! A body that is one object around an array of records.

use crate::fields::is_empty;
use crate::members::{Members, Value};
use crate::names::{Role, role_of};
use crate::raw::{elements_in, members_in};
use crate::string::name_of;
use crate::unusual::Unusual;
use std::borrow::Cow;

/// The names that senders give the array.
const NAMES: [&str; 6] = ["logs", "records", "events", "entries", "batch", "items"];

/// What is in a wrapper.
pub(super) struct Wrapper<'a> {
    /// Where in the object's text its array begins.
    pub(super) start: usize,
    /// The other fields, which every record shares.
    pub(super) shared: Members<'a>,
}

/// Opens an object's text if it is a wrapper: it has no time, message or level itself, and its only array
/// of objects stands under one of the known names. It stays closed where copies of its other fields came
/// to more than the body.
pub(super) fn open<'a>(object: &'a str, unusual: &mut Unusual) -> Option<Wrapper<'a>> {
    let (mut filled, mut empty) = (None, None);
    let (mut shared, mut shared_bytes) = (Members::new(), 0);
    for member in members_in(object) {
        let name = name_of(member.name, unusual);
        let is_known = NAMES.iter().any(|known| known.eq_ignore_ascii_case(&name));
        match objects(member.value) {
            // A second array, or one of another name.
            Some(count) if count > 0 => {
                if filled.is_some() || !is_known {
                    return None;
                }
                filled = Some((member.value_start, count));
                continue;
            }
            Some(_) if is_known && empty.is_none() => {
                empty = Some((member.value_start, 0));
                continue;
            }
            _ => {}
        }
        let is_role = matches!(
            role_of(&name).0,
            Role::Time(_) | Role::Message(_) | Role::Level(_)
        );
        match is_empty(&name, member.value) {
            true => continue,
            false if is_role => return None,
            false => {}
        }
        shared_bytes += member.name.len() + member.value.len();
        shared.push((name, Value::Json(Cow::Borrowed(member.value))));
    }
    let (start, count) = filled.or(empty)?;
    let stays = shared_bytes.saturating_mul(count) > object.len();
    (!stays).then_some(Wrapper { start, shared })
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
