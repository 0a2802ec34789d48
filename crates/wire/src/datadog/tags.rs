//! Tags in one text: `name:value,name:value`.

use super::TAGS;
use crate::members::{Members, Value};
use record::attributes::write_string;
use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

/// Beyond so many they stay a text: far more than anybody has.
const MOST: usize = 1_000;

/// The values of each name, in the order in which names came first.
#[derive(Default)]
pub(super) struct Tags {
    names: Vec<(String, Vec<String>)>,
    /// What is no name and value.
    rest: Vec<String>,
}

impl Tags {
    pub(super) fn of(list: &str) -> Self {
        let (mut tags, mut places, mut seen) = (Self::default(), HashMap::new(), HashSet::new());
        for (count, tag) in list.splitn(MOST + 1, ',').enumerate() {
            let tag = tag.trim();
            if tag.is_empty() || !seen.insert(tag) {
                continue;
            }
            let named = tag.split_once(':').filter(|(name, _)| !name.is_empty());
            match named {
                Some((name, value)) if count < MOST => {
                    let name = name.replace('\0', "\u{fffd}");
                    let place = *places.entry(name.clone()).or_insert(tags.names.len());
                    if place == tags.names.len() {
                        tags.names.push((name, Vec::new()));
                    }
                    if let Some((_, values)) = tags.names.get_mut(place) {
                        values.push(value.to_owned());
                    }
                }
                _ => tags.rest.push(tag.to_owned()),
            }
        }
        tags
    }

    /// An attribute for each name, and one for what is no name and value.
    pub(super) fn into_members(self) -> Members<'static> {
        let of_name =
            |(name, values): (String, Vec<String>)| (Cow::Owned(name), one_or_all(values));
        let mut members: Members<'static> = self.names.into_iter().map(of_name).collect();
        if !self.rest.is_empty() {
            let rest = Value::Text(Cow::Owned(self.rest.join(",")));
            members.push((Cow::Borrowed(TAGS), rest));
        }
        members
    }
}

/// A value as text; of several, an array.
fn one_or_all(mut values: Vec<String>) -> Value<'static> {
    if values.len() == 1
        && let Some(value) = values.pop()
    {
        return Value::Text(Cow::Owned(value));
    }
    let mut array = vec![b'['];
    for (place, value) in values.iter().enumerate() {
        if place > 0 {
            array.push(b',');
        }
        write_string(value, &mut array);
    }
    array.push(b']');
    Value::Json(Cow::Owned(String::from_utf8(array).unwrap_or_default()))
}
