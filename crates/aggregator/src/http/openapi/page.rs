//! The document as a page: plain HTML, which asks nobody for anything.

mod parts;

use parts::{escaped, list, member, members, prose, resolved, text};
use serde_json::Value;
use std::fmt::Arguments;

/// With marks where what varies goes.
const PAGE: &str = include_str!("page.html");
/// How it looks, and where that goes.
const STYLE: &str = include_str!("page/style.css");
const STYLE_MARK: &str = "/* style */\n";
const VERSION_MARK: &str = "<!-- version -->";
const ABOUT_MARK: &str = "<!-- about -->";
const HEADINGS_MARK: &str = "<!-- headings -->";
const ADDRESSES_MARK: &str = "<!-- addresses -->";
const CODES_MARK: &str = "<!-- codes -->";
/// Members of a path that are operations, in the order in which they are shown.
const METHODS: [&str; 5] = ["get", "post", "put", "delete", "options"];

/// An operation where it is served.
struct Place<'a> {
    method: &'static str,
    path: &'a str,
    operation: &'a Value,
}

/// The whole page.
pub(super) fn page(document: &Value) -> String {
    let places = places(document);
    let (mut headings, mut addresses) = (String::new(), String::new());
    for tag in list(document, "tags") {
        let name = text(tag, "name");
        let anchor = name.to_ascii_lowercase().replace(' ', "-");
        write(
            &mut headings,
            format_args!("<a href=\"#{anchor}\">{}</a>\n", escaped(name)),
        );
        let about = prose(text(tag, "description"));
        write(
            &mut addresses,
            format_args!(
                "<h2 id=\"{anchor}\">{}</h2>\n<p>{about}</p>\n",
                escaped(name)
            ),
        );
        for group in groups(&places, name) {
            section(document, &group, &mut addresses);
        }
    }
    PAGE.replace(STYLE_MARK, STYLE)
        .replace(
            VERSION_MARK,
            &escaped(text(member(document, "info"), "version")),
        )
        .replace(
            ABOUT_MARK,
            &prose(text(member(document, "info"), "description")),
        )
        .replace(HEADINGS_MARK, headings.trim_end())
        .replace(ADDRESSES_MARK, addresses.trim_end())
        .replace(CODES_MARK, codes(document).trim_end())
}

fn places(document: &Value) -> Vec<Place<'_>> {
    let paths = members(document, "paths").flat_map(|(path, item)| {
        METHODS.iter().filter_map(move |method| {
            let operation = item.get(method)?;
            Some(Place {
                method,
                path,
                operation,
            })
        })
    });
    paths.collect()
}

/// Those under a heading; what is the same at several addresses stands together.
fn groups<'a>(places: &'a [Place<'a>], tag: &str) -> Vec<Vec<&'a Place<'a>>> {
    let mut groups: Vec<Vec<&Place<'_>>> = Vec::new();
    for place in places {
        if !list(place.operation, "tags").iter().any(|name| name == tag) {
            continue;
        }
        let summary = text(place.operation, "summary");
        let is_of = |group: &&mut Vec<&Place<'_>>| {
            group
                .first()
                .is_some_and(|first| text(first.operation, "summary") == summary)
        };
        match groups.iter_mut().find(is_of) {
            Some(group) => group.push(place),
            None => groups.push(vec![place]),
        }
    }
    groups
}

fn section(document: &Value, group: &[&Place<'_>], out: &mut String) {
    let Some(Place { operation, .. }) = group.first() else {
        return;
    };
    write(
        out,
        format_args!(
            "<h3>{}</h3>\n<ul class=\"addresses\">\n",
            escaped(text(operation, "summary"))
        ),
    );
    for Place { method, path, .. } in group {
        let method = method.to_ascii_uppercase();
        write(
            out,
            format_args!("<li><code>{method} {}</code></li>\n", escaped(path)),
        );
    }
    out.push_str("</ul>\n");
    let about = text(operation, "description");
    if !about.is_empty() {
        write(out, format_args!("<p>{}</p>\n", prose(about)));
    }
    let mut scopes = list(operation, "security")
        .iter()
        .filter_map(|way| list(way, "bearer").first());
    if let Some(scope) = scopes.find_map(Value::as_str) {
        write(
            out,
            format_args!(
                "<p class=\"quiet\">Where there are tokens, one with the scope <code>{scope}</code> is needed.</p>\n"
            ),
        );
    }
    parameters(operation, out);
    bodies(member(operation, "requestBody"), out);
    answers(document, operation, out);
}

fn parameters(operation: &Value, out: &mut String) {
    let all = list(operation, "parameters");
    if all.is_empty() {
        return;
    }
    out.push_str("<div class=\"wide\"><table>\n");
    for parameter in all {
        let place = match text(parameter, "in") {
            "query" => "parameter",
            "header" => "header",
            _ => "in the path",
        };
        let (name, about) = (
            escaped(text(parameter, "name")),
            prose(text(parameter, "description")),
        );
        let words = words(member(parameter, "schema"));
        write(
            out,
            format_args!(
                "<tr><td>{place}</td><td><code>{name}</code></td><td>{about}{words}</td></tr>\n"
            ),
        );
    }
    out.push_str("</table></div>\n");
}

/// Which values there are, where they are few or bounded.
fn words(schema: &Value) -> String {
    let words: Vec<_> = list(schema, "enum")
        .iter()
        .filter_map(Value::as_str)
        .collect();
    let bounds = (schema.get("minimum"), schema.get("maximum"));
    match (words.is_empty(), bounds) {
        (false, _) => format!(" One of <code>{}</code>.", escaped(&words.join(" "))),
        (true, (Some(least), Some(most))) => format!(" From {least} to {most}."),
        _ => String::new(),
    }
}

fn bodies(body: &Value, out: &mut String) {
    for (media_type, content) in members(body, "content") {
        write(
            out,
            format_args!("<p>Body: <code>{}</code></p>\n", escaped(media_type)),
        );
        first_example(content, out);
    }
}

fn answers(document: &Value, operation: &Value, out: &mut String) {
    for (status, response) in members(operation, "responses") {
        let response = resolved(document, response);
        let codes: Vec<_> = list(response, "x-codes")
            .iter()
            .filter_map(Value::as_str)
            .collect();
        if !codes.is_empty() && status.as_str() >= "400" {
            let links = codes
                .iter()
                .map(|code| format!("<a href=\"#code-{code}\"><code>{code}</code></a>"));
            let links: Vec<_> = links.collect();
            write(
                out,
                format_args!("<p class=\"refused\">{status}: {}</p>\n", links.join(" ")),
            );
            continue;
        }
        let about = prose(text(response, "description"));
        write(out, format_args!("<p>{status}: {about}</p>\n"));
        for (name, header) in members(response, "headers") {
            let about = prose(text(member(header, "schema"), "description"));
            write(
                out,
                format_args!(
                    "<p class=\"quiet\"><code>{}</code>: {about}</p>\n",
                    escaped(name)
                ),
            );
        }
        for (_, content) in members(response, "content") {
            first_example(content, out);
        }
    }
}

fn first_example(content: &Value, out: &mut String) {
    let example = members(content, "examples").next();
    match example.and_then(|(_, example)| example.get("value")) {
        None => {}
        Some(Value::String(text)) => {
            write(
                out,
                format_args!("<pre>{}</pre>\n", escaped(text.trim_end())),
            );
        }
        Some(value) => write(
            out,
            format_args!("<pre>{}</pre>\n", escaped(&value.to_string())),
        ),
    }
}

fn codes(document: &Value) -> String {
    let mut rows = String::new();
    for code in list(document, "x-codes") {
        let (name, example) = (text(code, "code"), escaped(text(code, "example")));
        let status = member(code, "status");
        write(
            &mut rows,
            format_args!(
                "<tr id=\"code-{name}\"><td>{status}</td><td><code>{name}</code></td><td>{example}</td></tr>\n"
            ),
        );
    }
    rows
}

fn write(out: &mut String, text: Arguments<'_>) {
    out.push_str(&text.to_string());
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_is_the_same_at_several_addresses_stands_together() {
        let operation = |summary| json!({"tags": ["T"], "summary": summary});
        let document = json!({"paths": {
            "/a": {"get": operation("one")}, "/b": {"post": operation("other")}, "/c": {"put": operation("one")},
        }});
        let places = places(&document);
        let groups = groups(&places, "T");
        let paths: Vec<Vec<_>> = groups
            .iter()
            .map(|group| group.iter().map(|place| place.path).collect())
            .collect();
        assert_eq!(paths, [vec!["/a", "/c"], vec!["/b"]]);
    }
}
