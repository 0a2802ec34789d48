//! What the server leaves out by looking at documents: never one that matches.

use mongodb::bson::{Bson, Document, doc};
use query::{AttributeFilter, Query};

/// Conditions on messages and attributes, each of which every record that matches keeps.
pub(super) fn conditions(query: &Query) -> impl Iterator<Item = Document> {
    let texts = query
        .texts
        .iter()
        .map(|text| (text.text(), text.is_case_sensitive()));
    let phrases = query
        .phrases
        .iter()
        .map(|phrase| (phrase.text(), phrase.is_case_sensitive()));
    let contained = texts
        .chain(phrases)
        .filter_map(|(text, is_case_sensitive)| contains(text, is_case_sensitive));
    contained.chain(query.attributes.iter().filter_map(has_value))
}

/// The server's expression finds a text wherever [`Query::matches`] does, or more often.
fn contains(text: &str, is_case_sensitive: bool) -> Option<Document> {
    // An expression of BSON cannot hold it.
    if text.contains('\0') {
        return None;
    }
    let (expression, options) = match is_case_sensitive {
        true => (regex::escape(text), ""),
        false => (without_regard_to_case(text), "i"),
    };
    let expression = doc! { "$regex": expression, "$options": options };
    Some(doc! { "message": expression })
}

/// An expression for a text. Beyond ASCII each version of the server has its own opinion of which letters
/// differ in case alone, so there all of them are named; `k` and `s` have a case there, too.
fn without_regard_to_case(text: &str) -> String {
    let mut expression = String::with_capacity(text.len());
    let mut escaped = [0; 4];
    for character in text.chars() {
        let cases = query::cases(character);
        if cases.len() > 1 && !cases.iter().all(char::is_ascii) {
            expression.push('[');
            expression.extend(cases);
            expression.push(']');
        } else {
            expression.push_str(&regex::escape(character.encode_utf8(&mut escaped)));
        }
    }
    expression
}

/// A name with more dots than this could be divided into too many paths.
const MOST_DOTS: usize = 2;

/// Where a condition can be asked of the server: what has the value's text can be told, and every path
/// that the name may stand for can be followed.
fn has_value(filter: &AttributeFilter) -> Option<Document> {
    let value = filter.equals()?;
    let key = filter.key();
    let is_path = key
        .split('.')
        .all(|part| !part.is_empty() && !part.starts_with('$'));
    if !is_path || key.contains('\0') || key.matches('.').count() > MOST_DOTS {
        return None;
    }
    let mut forms = vec![Bson::from(value)];
    match value.parse::<i64>() {
        Ok(number) => forms.push(Bson::from(number)),
        // Numbers, and texts that something else than a string is shown as.
        Err(_) if !is_text_alone(value) => return None,
        Err(_) => match value {
            "true" | "false" => forms.push(Bson::from(value == "true")),
            "null" | "NaN" | "Infinity" => return None,
            _ => {}
        },
    }
    let nested = doc! { format!("attributes.{key}"): { "$in": forms.clone() } };
    let mut ways = vec![nested];
    ways.extend(dotted(key).map(|names| has_form(&names, &forms)));
    match ways.len() {
        1 => ways.pop(),
        _ => Some(doc! { "$or": ways }),
    }
}

/// Whether only a string is shown so, but for a few words.
fn is_text_alone(value: &str) -> bool {
    let first = value.chars().next();
    first.is_none_or(|first| first.is_alphabetic() || first == '!')
}

/// The other ways to read a name with dots: each of them may also be a part of a member's own name,
/// which no path of the server can say.
fn dotted(key: &str) -> impl Iterator<Item = Vec<String>> {
    let parts: Vec<&str> = key.split('.').collect();
    let dots = parts.len() - 1;
    (1..1_u32 << dots).map(move |joined| {
        let mut names: Vec<String> = Vec::new();
        for (place, part) in parts.iter().enumerate() {
            match names.last_mut() {
                Some(name) if joined >> (place - 1) & 1 == 1 => {
                    name.push('.');
                    name.push_str(part);
                }
                _ => names.push((*part).to_owned()),
            }
        }
        names
    })
}

/// Whether the member that these names lead to has one of these forms, or an array stands on the way or
/// is the member, which may hold it.
fn has_form(names: &[String], forms: &[Bson]) -> Document {
    let mut members: Vec<Bson> = Vec::new();
    for name in names {
        let object = members.last().cloned();
        let object = object.unwrap_or_else(|| Bson::from("$attributes"));
        let name = doc! { "$literal": name };
        members.push(doc! { "$getField": { "field": name, "input": object } }.into());
    }
    let forms: Vec<Document> = forms.iter().map(|form| doc! { "$literal": form }).collect();
    let mut then = None;
    for member in members.into_iter().rev() {
        let then_is = then.unwrap_or_else(|| doc! { "$in": [member.clone(), forms.clone()] });
        // Most documents have no such name, and with them it ends at the first of these.
        let is_there = doc! { "$gt": [member.clone(), Bson::Null] };
        let is_form = doc! { "$or": [ then_is, { "$isArray": member } ] };
        then = Some(doc! { "$and": [is_there, is_form] });
    }
    doc! { "$expr": then.unwrap_or_default() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_with_a_case_beyond_ascii_are_named_in_each_of_them_and_all_else_is_as_it_was() {
        for (text, expected) in [
            ("a.b [x]", r"a\.b \[x\]"),
            ("Äpfel ßM", "[Ää]pfel [ßẞ]M"),
            ("disK", "di[Ss\u{17f}][Kk\u{212a}]"),
            ("情報 k\u{212a}", "情報 [Kk\u{212a}][Kk\u{212a}]"),
        ] {
            assert_eq!(without_regard_to_case(text), expected);
        }
    }

    #[test]
    fn a_name_with_dots_is_read_in_every_way_but_the_path_that_the_server_knows() {
        let ways = |key| dotted(key).collect::<Vec<_>>();
        assert!(ways("a").is_empty());
        assert_eq!(ways("a.b"), [["a.b"]]);
        let three: [&[&str]; 3] = [&["a.b", "c"], &["a", "b.c"], &["a.b.c"]];
        assert_eq!(ways("a.b.c"), three);
    }
}
