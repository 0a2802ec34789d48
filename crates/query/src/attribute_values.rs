//! Every value among attributes, as [`AttributeFilter`](super::AttributeFilter) finds it.

use super::attribute_filter::Text;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use std::fmt;

/// Calls `each` with the path and the text of every value: a filter for this key and this value finds
/// the record. Dots lead into objects, and an array has the values of its elements; an object is no
/// value itself.
pub fn each_value(attributes: &str, each: &mut dyn FnMut(&str, &str)) {
    let mut path = String::new();
    members(attributes, &mut path, true, each);
}

fn members(object: &str, path: &mut String, is_root: bool, each: &mut dyn FnMut(&str, &str)) {
    let mut deserializer = serde_json::Deserializer::from_str(object);
    let walk = Walk {
        path,
        is_root,
        each,
    };
    // What is no object has no members.
    deserializer.deserialize_map(walk).unwrap_or_default();
}

struct Walk<'a> {
    /// The object's own path.
    path: &'a mut String,
    is_root: bool,
    each: &'a mut dyn FnMut(&str, &str),
}

impl<'de> Visitor<'de> for Walk<'_> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<M: MapAccess<'de>>(self, mut members_of: M) -> Result<(), M::Error> {
        let end = self.path.len();
        while let Some(Text(name)) = members_of.next_key::<Text<'de>>()? {
            let value = members_of.next_value::<&'de RawValue>()?.get();
            if !self.is_root {
                self.path.push('.');
            }
            self.path.push_str(&name);
            match value.as_bytes().first() {
                Some(b'{') => members(value, self.path, false, self.each),
                Some(b'[') => elements(value, self.path, self.each),
                _ => single(value, self.path, self.each),
            }
            self.path.truncate(end);
        }
        Ok(())
    }
}

fn elements(array: &str, path: &str, each: &mut dyn FnMut(&str, &str)) {
    let elements = serde_json::from_str::<Vec<&RawValue>>(array).unwrap_or_default();
    let elements = elements.iter().map(|element| element.get());
    for element in elements.filter(|element| !element.starts_with(['{', '['])) {
        single(element, path, each);
    }
}

fn single(json: &str, path: &str, each: &mut dyn FnMut(&str, &str)) {
    // No filter can ask for a name that is empty.
    if path.is_empty() {
        return;
    }
    if !json.starts_with('"') {
        each(path, json);
    } else if let Ok(Text(text)) = serde_json::from_str(json) {
        each(path, &text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{AttributeFilter, Patience};

    #[test]
    fn a_filter_for_each_value_finds_the_record() {
        let attributes = r#"{"service":"check\"out","n":500,"r":0.5,"ok":true,"none":null,"tags":["a","b",1,[2],{"x":3}],"http":{"status":404,"a.b":{"c":"x"}},"http.method":"GET","":1,"e":{"":{"f":2}}}"#;
        let mut found = Vec::new();
        each_value(attributes, &mut |path, value| {
            found.push(format!("{path}={value}"));
            let filter = AttributeFilter::new(path, value).unwrap();
            let mut goes_on = || true;
            let patience = &mut Patience::new(&mut goes_on);
            let found = filter.matches(Some(attributes), patience);
            assert_eq!(found, Ok(true), "{path}={value}");
        });
        assert_eq!(
            found,
            [
                "service=check\"out",
                "n=500",
                "r=0.5",
                "ok=true",
                "none=null",
                "tags=a",
                "tags=b",
                "tags=1",
                "http.status=404",
                "http.a.b.c=x",
                "http.method=GET",
                "e..f=2",
            ]
        );
    }

    #[test]
    fn what_is_no_object_has_no_values() {
        for text in ["", "1", "[1]", "{", "\"a\""] {
            each_value(text, &mut |path, _| panic!("{path} in {text}"));
        }
    }
}
