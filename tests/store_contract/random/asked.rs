//! A random question: as a query string, and as the plainest filter that can be written for it.

use super::{LEVELS, NOW, PIECES, time};
use crate::store_contract::Found;
use logs::{Level, Timestamp};
use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;
use rand::{Rng, RngExt as _};
use regex::{Regex, RegexBuilder};
use serde_json::Value;

/// What is asked, by its parts.
pub(super) struct Asked {
    start: Option<i64>,
    end: Option<i64>,
    levels: Vec<&'static str>,
    min_level: Option<&'static str>,
    texts: Vec<String>,
    phrases: Vec<String>,
    case_sensitive: bool,
    /// What the texts and the phrases say, in another way.
    contained: Vec<Regex>,
    pattern: Option<&'static str>,
    attributes: Vec<(&'static str, String, bool)>,
    pub(super) newest_first: bool,
}

const ATTRIBUTES: [(&str, &[&str]); 7] = [
    ("number", &["", "3", "-7", "0", "3.0", "99"]),
    ("service", &["", "checkout", "Päy", "Checkout", "true"]),
    ("http.status", &["", "0", "100", "400", "404"]),
    ("http", &["", "100"]),
    ("a.b", &["", "true", "false", "yes"]),
    ("tags", &["", "x", "1", "y"]),
    ("missing", &["", "1"]),
];

impl Asked {
    pub(super) fn random(random: &mut StdRng) -> Self {
        let [a, b] = [time(random), time(random)];
        let [start, end] = [a.min(b), a.max(b)];
        let levels = if random.random_ratio(1, 2) {
            random.random_range(1..4)
        } else {
            0
        };
        let texts = random.random_range(0..6_usize).saturating_sub(3);
        let attributes = random.random_range(0..5_usize).saturating_sub(2);
        let texts: Vec<String> = (0..texts)
            .map(|_| PIECES.choose(random).unwrap().trim().to_lowercase())
            .filter(|text| !text.is_empty())
            .collect();
        let phrases: Vec<String> = (0..usize::from(one_in(4, random)))
            .map(|_| {
                format!(
                    "{}{}",
                    PIECES.choose(random).unwrap(),
                    PIECES.choose(random).unwrap()
                )
            })
            .filter(|phrase| phrase.contains(char::is_alphanumeric))
            .collect();
        let case_sensitive = one_in(3, random);
        let whole = phrases
            .iter()
            .map(|phrase| expression(phrase, r"\b", case_sensitive));
        let contained = texts
            .iter()
            .map(|text| expression(text, "", case_sensitive));
        let contained = contained.chain(whole).collect();
        Self {
            start: one_in(2, random).then_some(start),
            end: one_in(2, random).then_some(end),
            levels: LEVELS.sample(random, levels).copied().collect(),
            min_level: one_in(5, random).then(|| {
                *["debug", "INFO", "Warning", "err", "fatal"]
                    .choose(random)
                    .unwrap()
            }),
            texts,
            phrases,
            case_sensitive,
            contained,
            pattern: one_in(6, random).then(|| {
                *["(?i)order", "^GET", r"\\", "Ä|ä", ".{9}"]
                    .choose(random)
                    .unwrap()
            }),
            attributes: (0..attributes).map(|_| attribute(random)).collect(),
            newest_first: one_in(2, random),
        }
    }

    /// A question of which what is older than some time goes.
    pub(super) fn of_a_rule(random: &mut StdRng) -> Self {
        let asked = match one_in(3, random) {
            true => Self::of_time_and_level(random),
            false => Self::random(random),
        };
        Self {
            start: asked.start.filter(|_| one_in(3, random)),
            end: None,
            ..asked
        }
    }

    /// A question that an id and a severity are enough to answer, but for levels that are not known.
    pub(super) fn of_time_and_level(random: &mut StdRng) -> Self {
        Self {
            texts: Vec::new(),
            phrases: Vec::new(),
            contained: Vec::new(),
            pattern: None,
            attributes: Vec::new(),
            ..Self::random(random)
        }
    }

    pub(super) fn query_string(&self) -> String {
        let mut text = form_urlencoded::Serializer::new(String::new());
        if let Some(start) = self.start {
            text.append_pair("startTime", &written(start));
        }
        if let Some(end) = self.end {
            text.append_pair("endTime", &written(end));
        }
        let (first, others) = self.levels.split_at(self.levels.len() / 2);
        // Names without a letter say nothing beside others, and are refused alone.
        let levels = std::iter::once(first.join(",")).chain(others.iter().map(ToString::to_string));
        for levels in levels.filter(|names| names.contains(|letter| !" ,".contains(letter))) {
            text.append_pair("logLevel", &levels);
        }
        text.extend_pairs(self.min_level.map(|level| ("minLevel", level)));
        text.extend_pairs(self.texts.iter().map(|part| ("q", part)));
        text.extend_pairs(self.phrases.iter().map(|part| ("word", part)));
        text.append_pair("caseSensitive", &self.case_sensitive.to_string());
        text.extend_pairs(self.pattern.map(|pattern| ("regex", pattern)));
        for (key, value, negated) in &self.attributes {
            let not = if *negated { "!" } else { "" };
            text.append_pair(&format!("attr.{key}"), &format!("{not}{value}"));
        }
        text.append_pair("order", if self.newest_first { "desc" } else { "asc" });
        text.finish()
    }

    /// The definition in words of the guide, written again.
    pub(super) fn matches(&self, row: &Found) -> bool {
        let nanos = row.id.time().nanos();
        let level = row.level.as_deref();
        let known = level.and_then(Level::from_text);
        let is_level = |asked: &&str| match Level::from_text(asked) {
            Some(asked) => known == Some(asked),
            None => {
                level.is_some_and(|text| text.trim().to_lowercase() == asked.trim().to_lowercase())
            }
        };
        let mut named = self
            .levels
            .iter()
            .filter(|name| !name.trim().is_empty())
            .peekable();
        self.start.is_none_or(|start| start <= nanos)
            && self.end.is_none_or(|end| nanos < end)
            && (named.peek().is_none() || named.any(is_level))
            && self
                .min_level
                .is_none_or(|least| known >= Level::from_text(least))
            && self
                .contained
                .iter()
                .all(|expression| expression.is_match(&row.message))
            && self
                .pattern
                .is_none_or(|pattern| regex::Regex::new(pattern).unwrap().is_match(&row.message))
            && self
                .attributes
                .iter()
                .all(|(key, value, negated)| has(row.attributes.as_deref(), key, value) != *negated)
    }
}

fn one_in(count: u32, random: &mut impl Rng) -> bool {
    random.random_ratio(1, count)
}

fn attribute(random: &mut StdRng) -> (&'static str, String, bool) {
    let (key, values) = ATTRIBUTES.choose(random).unwrap();
    let value = (*values.choose(random).unwrap()).to_owned();
    (key, value, one_in(4, random))
}

/// A time in one of the ways to write it that keep its nanoseconds.
fn written(nanos: i64) -> String {
    let back = i128::from(NOW.nanos()) - i128::from(nanos);
    match back {
        1..1_000 => format!("now-{back}ns"),
        _ => Timestamp::from_nanos(nanos).to_string(),
    }
}

/// A text as an expression, with `edge` where it begins or ends with a part of a word.
fn expression(text: &str, edge: &str, case_sensitive: bool) -> Regex {
    let edge = |word: &str| match Regex::new(word).unwrap().is_match(text) {
        true => edge,
        false => "",
    };
    let (first, last) = (edge(r"^\w"), edge(r"\w$"));
    let text = format!("{first}{}{last}", regex::escape(text));
    let expression = RegexBuilder::new(&text)
        .case_insensitive(!case_sensitive)
        .build();
    expression.unwrap()
}

/// Whether the attribute is there and, unless `value` is empty, has that value.
fn has(attributes: Option<&str>, key: &str, value: &str) -> bool {
    let Some(attributes) = attributes else {
        return false;
    };
    let attributes: Value = serde_json::from_str(attributes).unwrap();
    let nested = format!("/{}", key.replace('.', "/"));
    let found = [attributes.get(key), attributes.pointer(&nested)];
    let is = |found: &Value| match found {
        Value::String(text) => text == value,
        other => serde_json::to_string(other).is_ok_and(|text| text == value),
    };
    found.into_iter().flatten().any(|found| match found {
        _ if value.is_empty() => true,
        Value::Array(elements) => elements.iter().any(is),
        other => is(other),
    })
}
