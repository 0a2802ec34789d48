//! Settings with their values and where they come from: as lines, or as JSON.

use crate::cli::output_form::OutputForm;
use crate::cli::sanitize;
use crate::config::{Origin, Setting};
use serde::Serialize;

/// A longer value pushes what stands behind it out of its column.
const WIDEST: usize = 32;
/// In place of a value.
const NONE: &str = "-";

#[derive(Serialize)]
struct Row<'a> {
    name: &'a str,
    value: Option<String>,
    from: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<usize>,
}

/// All of them.
pub(super) fn text(settings: &[Setting], form: OutputForm) -> String {
    match form {
        OutputForm::Text => lines(settings),
        OutputForm::Json => {
            let rows: Vec<Row<'_>> = settings.iter().map(row).collect();
            serde_json::to_string_pretty(&rows).unwrap_or_default()
        }
    }
}

fn lines(settings: &[Setting]) -> String {
    let rows: Vec<[String; 3]> = settings.iter().map(cells).collect();
    let width = |column: fn(&[String; 3]) -> &String| {
        let widths = rows.iter().map(|row| column(row).chars().count());
        widths.filter(|width| *width <= WIDEST).max().unwrap_or(0)
    };
    let (names, values) = (width(|[name, ..]| name), width(|[_, value, _]| value));
    let lines = rows
        .iter()
        .map(|[name, value, origin]| format!("{name:names$}  {value:values$}  {origin}"));
    lines.collect::<Vec<_>>().join("\n")
}

fn cells(setting: &Setting) -> [String; 3] {
    let origin = match (&setting.value, &setting.origin) {
        (None, Origin::Default) => "not set".to_owned(),
        (_, origin) => sanitize::in_one_line(&origin.to_string()),
    };
    let value = setting.shown().filter(|value| !value.is_empty());
    let value = value.map_or_else(|| NONE.to_owned(), |value| sanitize::in_one_line(&value));
    [setting.name.clone(), value, origin]
}

fn row(setting: &Setting) -> Row<'_> {
    let (from, place) = match &setting.origin {
        Origin::Flag => ("flag", None),
        Origin::Environment => ("environment", None),
        Origin::File { file, line } => ("file", Some((file.display().to_string(), *line))),
        Origin::Default => ("default", None),
    };
    let (file, line) = place.unzip();
    Row {
        name: &setting.name,
        value: setting.shown(),
        from,
        file,
        line,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::PathBuf;

    fn settings() -> Vec<Setting> {
        let setting = |name: &str, value: Option<&str>, origin| Setting {
            name: name.to_owned(),
            value: value.map(str::to_owned),
            is_secret: name == "MONGODB_URI",
            origin,
        };
        let file = PathBuf::from("a.toml");
        vec![
            setting("WORKERS", Some("3"), Origin::File { file, line: 4 }),
            setting(
                "MONGODB_URI",
                Some("mongodb://u:hunter2@db/"),
                Origin::Environment,
            ),
            setting("TOKENS_FILE", None, Origin::Default),
            setting("LISTEN_ADDR", Some("a\u{1b}[2J"), Origin::Flag),
        ]
    }

    #[test]
    fn each_setting_has_a_line_with_its_value_and_its_origin_below_one_another() {
        let text = text(&settings(), OutputForm::Text);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(
            lines.get(..3),
            Some(
                &[
                    "WORKERS      3                  a.toml:4",
                    "MONGODB_URI  mongodb://***@db/  environment",
                    "TOKENS_FILE  -                  not set",
                ][..]
            )
        );
        assert!(!text.contains('\u{1b}'), "{text:?}");
    }

    #[test]
    fn as_json_it_has_the_place_in_the_file_and_no_secret() {
        let text = text(&settings(), OutputForm::Json);
        let rows: serde_json::Value = serde_json::from_str(&text).unwrap();
        let expected = serde_json::json!({
            "name": "WORKERS", "value": "3", "from": "file", "file": "a.toml", "line": 4
        });
        assert_eq!(rows[0], expected);
        let unset = serde_json::json!({ "name": "TOKENS_FILE", "value": null, "from": "default" });
        assert_eq!(rows[2], unset);
        assert!(!text.contains("hunter2"), "{text}");
    }
}
