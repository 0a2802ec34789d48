//! Levels that are asked for and that no record has: most often typing errors.

use super::args::QueryArgs;
use crate::cli::filters::FilterArgs;
use crate::cli::sanitize;
use form_urlencoded::Serializer;
use logs::Level;
use query::LevelFilter;
use serde::Deserialize;
use std::borrow::Cow;

/// The address that tells which levels there are.
pub(super) const FACETS: &str = "/logs/facets";
/// Different levels that are told of at most, as the service has it.
const MOST: &str = "100";

/// Levels of which nobody knows whether a record has them.
#[derive(Debug)]
pub(super) struct DoubtfulLevels {
    /// As they were given.
    names: Vec<String>,
    /// Asks which levels there are, in the time that was asked for.
    question: String,
    /// Whether that time has a beginning or an end.
    is_bounded: bool,
}

/// The part of the answer of `/logs/facets` that matters here.
#[derive(Debug, Deserialize)]
struct Answered {
    complete: bool,
    fields: Vec<Field>,
}

#[derive(Debug, Deserialize)]
struct Field {
    distinct: usize,
    values: Vec<Value>,
}

#[derive(Debug, Deserialize)]
struct Value {
    value: String,
}

impl DoubtfulLevels {
    /// All that are asked for when nothing was found, else those that are no usual ones; `None` without
    /// any.
    pub(super) fn of(args: &QueryArgs, is_found: bool) -> Option<Self> {
        // What cannot be read the service has refused.
        let names = args
            .filters
            .levels
            .iter()
            .flat_map(|names| LevelFilter::names(names));
        let names = names
            .flatten()
            .filter(|name| !is_found || Level::from_text(name).is_none());
        let names: Vec<String> = names.map(Cow::into_owned).collect();
        let mut question = Serializer::new(String::new());
        question
            .append_pair("fields", "level")
            .append_pair("limit", MOST);
        let FilterArgs { since, until, .. } = &args.filters;
        for (parameter, time) in [("startTime", since), ("endTime", until)] {
            question.extend_pairs(time.iter().map(|time| (parameter, time)));
        }
        (!names.is_empty()).then(|| Self {
            names,
            question: question.finish(),
            is_bounded: since.is_some() || until.is_some(),
        })
    }

    /// The parameters of the question which levels there are.
    pub(super) fn question(&self) -> &str {
        &self.question
    }

    /// What is to be said, by what the service answers; `None` when each level is in use, or when that
    /// is not known.
    pub(super) fn sentence(&self, answer: &[u8]) -> Option<String> {
        let answered: Answered = serde_json::from_slice(answer).ok()?;
        let [field] = <[Field; 1]>::try_from(answered.fields).ok()?;
        if !answered.complete || field.distinct > field.values.len() {
            return None;
        }
        let used: Vec<String> = field.values.into_iter().map(|level| level.value).collect();
        let unused = self
            .names
            .iter()
            .filter(|name| !used.contains(&as_counted(name)));
        let unused: Vec<String> = unused.map(|name| format!("{name:?}")).collect();
        if unused.is_empty() {
            return None;
        }
        let time = if self.is_bounded { " of that time" } else { "" };
        if used.is_empty() {
            return Some(format!("no record{time} has a level"));
        }
        let used: Vec<String> = used
            .into_iter()
            .map(|level| LevelFilter::quoted(&level).unwrap_or(level))
            .collect();
        let [unused, used] =
            [unused.join(" or "), used.join(", ")].map(|names| sanitize::line(&names));
        Some(format!(
            "no record{time} has the level {unused}: there are {used}"
        ))
    }
}

/// A level as the service counts it: under one name for all spellings.
fn as_counted(name: &str) -> String {
    match Level::from_text(name) {
        Some(level) => level.name().to_owned(),
        None => LevelFilter::counted(name),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn doubtful(flags: &[&str], is_found: bool) -> Option<DoubtfulLevels> {
        DoubtfulLevels::of(&QueryArgs::of_flags(flags), is_found)
    }

    fn answer(complete: bool, distinct: usize, levels: &[&str]) -> Vec<u8> {
        let values: Vec<_> = levels
            .iter()
            .map(|level| serde_json::json!({"value": level, "count": 1}))
            .collect();
        let field = serde_json::json!({"field": "level", "distinct": distinct, "values": values});
        serde_json::json!({"complete": complete, "records": 9, "fields": [field]})
            .to_string()
            .into_bytes()
    }

    #[test]
    fn a_usual_level_is_in_doubt_only_when_nothing_was_found() {
        assert!(doubtful(&["-q", "x"], false).is_none());
        assert!(doubtful(&["--level", "ERROR,warn"], true).is_none());
        let some = doubtful(&["--level", "ERROR, EROR!"], true).unwrap();
        assert_eq!(some.names, ["EROR!"]);
        let all = doubtful(
            &["--level", "ERROR", "--level", "audit", "--since", "-1h"],
            false,
        )
        .unwrap();
        assert_eq!(all.names, ["ERROR", "audit"]);
        assert_eq!(all.question(), "fields=level&limit=100&startTime=-1h");
    }

    #[test]
    fn a_level_that_no_record_has_is_told_beside_those_that_there_are() {
        let levels = doubtful(&["--level", "EROR!,Audit,warning"], false).unwrap();
        assert_eq!(
            levels
                .sentence(&answer(true, 3, &["WARN", "INFO", "audit"]))
                .unwrap(),
            r#"no record has the level "EROR!": there are WARN, INFO, audit"#
        );
        let levels = doubtful(&["--level", "a,b", "--until", "now"], false).unwrap();
        assert_eq!(
            levels.sentence(&answer(true, 0, &[])).unwrap(),
            "no record of that time has a level"
        );
    }

    #[test]
    fn a_level_in_quotes_is_one_level_and_is_told_as_it_can_be_asked_for() {
        let levels = doubtful(&["--level", r#""a,b", "C,d""#], false).unwrap();
        assert_eq!(
            levels.sentence(&answer(true, 2, &["", "c,d"])).unwrap(),
            r#"no record has the level "a,b": there are "", "c,d""#
        );
    }

    #[test]
    fn nothing_is_said_of_what_is_not_known() {
        let levels = doubtful(&["--level", "a"], false).unwrap();
        for unknown in [
            answer(false, 1, &["INFO"]),
            answer(true, 101, &["INFO"]),
            answer(true, 1, &["a"]),
            b"{}".to_vec(),
            b"<html>".to_vec(),
        ] {
            assert_eq!(levels.sentence(&unknown), None);
        }
    }
}
