//! The pieces of an object or array whose text is known to be JSON, as they stand in it.

use crate::frame::{blanks_end, string_end, value_end};

/// A member of an object.
#[derive(Debug, Clone, Copy)]
pub(super) struct Member<'a> {
    /// Where its name's quote stands.
    pub(super) start: usize,
    /// Its name, as it is quoted.
    pub(super) name: &'a str,
    /// Where its value begins.
    pub(super) value_start: usize,
    /// Its value.
    pub(super) value: &'a str,
}

/// The members of an object, in the order sent.
pub(super) struct MembersIn<'a> {
    text: &'a str,
    place: usize,
}

/// Those of an object's text; none of any other text.
pub(super) fn members_in(text: &str) -> MembersIn<'_> {
    let place = usize::from(text.starts_with('{'));
    MembersIn { text, place }
}

impl<'a> Iterator for MembersIn<'a> {
    type Item = Member<'a>;

    fn next(&mut self) -> Option<Member<'a>> {
        let (text, bytes) = (self.text, self.text.as_bytes());
        let start = piece_start(bytes, self.place)?;
        let name_end = string_end(bytes, start).ok()?;
        let colon = blanks_end(bytes, name_end);
        let value_start = blanks_end(bytes, colon + 1);
        let value_end = value_end(text, value_start).ok()?;
        self.place = value_end;
        Some(Member {
            start,
            name: text.get(start..name_end)?,
            value_start,
            value: text.get(value_start..value_end)?,
        })
    }
}

/// The elements of an array, with their places, in the order sent.
pub(super) struct ElementsIn<'a> {
    text: &'a str,
    place: usize,
}

/// Those of an array's text; none of any other text.
pub(super) fn elements_in(text: &str) -> ElementsIn<'_> {
    let place = usize::from(text.starts_with('['));
    ElementsIn { text, place }
}

impl<'a> Iterator for ElementsIn<'a> {
    type Item = (usize, &'a str);

    fn next(&mut self) -> Option<(usize, &'a str)> {
        let start = piece_start(self.text.as_bytes(), self.place)?;
        let end = value_end(self.text, start).ok()?;
        self.place = end;
        Some((start, self.text.get(start..end)?))
    }
}

impl ElementsIn<'_> {
    /// The place behind the array, once all of its elements were given.
    pub(super) fn end(&self) -> usize {
        blanks_end(self.text.as_bytes(), self.place) + 1
    }
}

/// Where the next piece begins; none behind the last one. A place of 0 is that of a text without pieces.
fn piece_start(bytes: &[u8], place: usize) -> Option<usize> {
    if place == 0 {
        return None;
    }
    let mut start = blanks_end(bytes, place);
    if bytes.get(start) == Some(&b',') {
        start = blanks_end(bytes, start + 1);
    }
    match bytes.get(start) {
        None | Some(b'}' | b']') => None,
        Some(_) => Some(start),
    }
}

/// An object's text without the members at the ends of paths of names, each of them that which
/// [`member_of`] gives; `None` when nothing is left.
pub(super) fn without(object: &str, paths: &[&[&str]]) -> Option<String> {
    let mut left = String::new();
    write_without(object, paths, &mut left).then_some(left)
}

/// Writes what is left of an object, and whether anything is.
fn write_without(object: &str, paths: &[&[&str]], left: &mut String) -> bool {
    let split = paths.iter().filter_map(|path| path.split_first());
    let paths: Vec<_> = split
        .filter_map(|(first, rest)| Some((spelled(object, first)?, rest)))
        .collect();
    let start = left.len();
    for member in members_in(object) {
        let meant = paths.iter().filter(|(name, _)| *name == member.name);
        let inner: Vec<&[&str]> = meant.map(|(_, rest)| *rest).collect();
        if inner.iter().any(|rest| rest.is_empty()) {
            continue;
        }
        let before = left.len();
        left.push(if before == start { '{' } else { ',' });
        left.push_str(member.name);
        left.push(':');
        if inner.is_empty() || !member.value.starts_with('{') {
            left.push_str(member.value);
        } else if !write_without(member.value, &inner, left) {
            left.truncate(before);
        }
    }
    let is_some = left.len() > start;
    if is_some {
        left.push('}');
    }
    is_some
}

/// The value of the member of a name in an object: of several that differ in case, the first; of one that
/// comes again as it is spelled there, the last.
pub(super) fn member_of<'a>(object: &'a str, name: &str) -> Option<&'a str> {
    let spelled = spelled(object, name)?;
    let named = members_in(object).filter(|member| member.name == spelled);
    named.last().map(|member| member.value)
}

/// A name as the first member that has it is quoted.
fn spelled<'a>(object: &'a str, name: &str) -> Option<&'a str> {
    let mut members = members_in(object);
    members
        .find(|member| is_named(member.name, name))
        .map(|member| member.name)
}

/// Whether a quoted name is this one, without regard to case.
fn is_named(quoted: &str, name: &str) -> bool {
    let inner = quoted.get(1..quoted.len().saturating_sub(1));
    inner.is_some_and(|inner| inner.eq_ignore_ascii_case(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pieces_of_a_value_are_as_they_stand() {
        let object = r#"{ "a" : [1, {"b":2}] ,"\u0061":"}" , "c":{}}"#;
        let members: Vec<_> = members_in(object)
            .map(|member| (member.name, member.value))
            .collect();
        let expected = [
            (r#""a""#, r#"[1, {"b":2}]"#),
            (r#""\u0061""#, r#""}""#),
            (r#""c""#, "{}"),
        ];
        assert_eq!(members, expected);
        let elements: Vec<_> = elements_in(r#"[1 ,"]",[ ],{}]"#).collect();
        assert_eq!(elements, [(1, "1"), (4, r#""]""#), (8, "[ ]"), (12, "{}")]);
        assert_eq!(members_in("{ }").count() + elements_in("[ ]").count(), 0);
        assert_eq!(members_in("17").count() + elements_in("{}").count(), 0);
    }

    #[test]
    fn what_is_taken_out_leaves_the_rest() {
        let object = r#"{"level":{"name":"ERROR","no":40},"message":"b","Level":1}"#;
        assert_eq!(
            without(object, &[&["level", "name"]]).unwrap(),
            r#"{"level":{"no":40},"message":"b","Level":1}"#
        );
        assert_eq!(without(r#"{"a":{"b":1}}"#, &[&["a", "b"]]), None);
        assert_eq!(member_of(object, "message"), Some("\"b\""));
        let paths: [&[&str]; 3] = [&["level", "name"], &["message"], &["no"]];
        assert_eq!(
            without(object, &paths).unwrap(),
            r#"{"level":{"no":40},"Level":1}"#
        );
        assert_eq!(without("{}", &paths), None);
    }

    #[test]
    fn of_names_that_differ_in_case_only_the_first_is_meant() {
        let object = r#"{"Level":1,"level":2,"Level":3,"a":{}}"#;
        assert_eq!(member_of(object, "level"), Some("3"));
        assert_eq!(
            without(object, &[&["level"]]).unwrap(),
            r#"{"level":2,"a":{}}"#
        );
    }
}
