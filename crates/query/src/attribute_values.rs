//! Every value among attributes, as [`AttributeFilter`](super::AttributeFilter) finds it.

use super::attribute_path::leads_to;
use super::json_parts::{Text, each_element, each_member};
use super::patience::Patience;
use std::ops::ControlFlow;

/// Calls `each` with the path and the text of every value: a filter for this key and this value finds
/// the record. Dots lead into objects, also into those that stand in an array; an array has the values
/// of its elements, and an object is no value itself.
pub fn each_value(attributes: &str, each: &mut dyn FnMut(&str, &str)) {
    let mut path = String::new();
    members(attributes, &mut path, true, each);
}

/// Calls `each` with the text of every value at `path`, which may also name places in arrays.
pub fn each_value_at(attributes: &str, path: &str, each: &mut dyn FnMut(&str)) {
    let mut goes_on = || true;
    let patience = &mut Patience::new(&mut goes_on);
    let mut is_last = |value: &str| {
        if !value.starts_with(['{', '[']) {
            single(value, each);
        }
        false
    };
    // Its patience has no end.
    leads_to(attributes, path, &mut is_last, patience).unwrap_or_default();
}

fn members(object: &str, path: &mut String, is_root: bool, each: &mut dyn FnMut(&str, &str)) {
    let end = path.len();
    each_member(object, &mut |name, value| {
        if !is_root {
            path.push('.');
        }
        path.push_str(name);
        match value.as_bytes().first() {
            Some(b'{') => members(value, path, false, each),
            Some(b'[') => elements(value, path, each),
            _ => at(path, value, each),
        }
        path.truncate(end);
        ControlFlow::Continue(())
    });
}

fn elements(array: &str, path: &mut String, each: &mut dyn FnMut(&str, &str)) {
    each_element(array, &mut |element| {
        match element.as_bytes().first() {
            Some(b'{') => members(element, path, false, each),
            Some(b'[') => {}
            _ => at(path, element, each),
        }
        ControlFlow::Continue(())
    });
}

fn at(path: &str, json: &str, each: &mut dyn FnMut(&str, &str)) {
    // No filter can ask for a name that is empty.
    if !path.is_empty() {
        single(json, &mut |text| each(path, text));
    }
}

fn single(json: &str, each: &mut dyn FnMut(&str)) {
    let quoted = json.strip_prefix('"');
    let quoted = quoted.and_then(|rest| rest.strip_suffix('"'));
    if !json.starts_with('"') {
        each(json);
    } else if let Some(text) = quoted.filter(|text| !text.contains('\\')) {
        // As it stands: it was gone over when its end was looked for.
        each(text);
    } else if let Ok(Text(text)) = serde_json::from_str(json) {
        each(&text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{AttributeFilter, Patience};

    #[test]
    fn a_filter_for_each_value_finds_the_record() {
        let attributes = r#"{"service":"check\"out","n":500,"r":0.5,"ok":true,"none":null,"tags":["a","b",1,[2,{"y":5}],{"x":3,"z":[{"w":4}]}],"http":{"status":404,"a.b":{"c":"x"}},"http.method":"GET","":1,"e":{"":{"f":2}}}"#;
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
                "tags.x=3",
                "tags.z.w=4",
                "http.status=404",
                "http.a.b.c=x",
                "http.method=GET",
                "e..f=2",
            ]
        );
    }

    #[test]
    fn the_values_at_a_path_are_those_that_a_filter_for_it_finds() {
        let attributes =
            r#"{"a":[{"b":1,"0":"zero"},[{"b":2},"x"],{"b":[3,[4],{"c":5}]}],"a.0":{"b":true}}"#;
        for (path, expected) in [
            ("a.b", &["1", "3"][..]),
            ("a.0", &["zero"]),
            ("a.0.b", &["1", "true"]),
            ("a.1", &[]),
            ("a.1.0.b", &["2"]),
            ("a.1.b", &["2"]),
            ("a.2.b.2.c", &["5"]),
            ("a.b.c", &["5"]),
            ("a", &[]),
            ("a.01.b", &[]),
            ("a.3", &[]),
        ] {
            let mut found = Vec::new();
            each_value_at(attributes, path, &mut |value| found.push(value.to_owned()));
            assert_eq!(found, expected, "{path}");
            for value in expected {
                let filter = AttributeFilter::new(path, value).unwrap();
                let mut goes_on = || true;
                let found = filter.matches(Some(attributes), &mut Patience::new(&mut goes_on));
                assert_eq!(found, Ok(true), "{path}={value}");
            }
        }
    }

    #[test]
    fn what_is_no_object_has_no_values() {
        for text in ["", "1", "[1]", "{", "\"a\""] {
            each_value(text, &mut |path, _| panic!("{path} in {text}"));
        }
    }
}
