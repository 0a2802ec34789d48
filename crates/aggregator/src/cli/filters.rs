//! The flags that say which records are asked for, and the service's parameters that they are.

use clap::Args;
use clap::builder::NonEmptyStringValueParser;
use query::attribute_key;

/// Which records are asked for.
#[derive(Debug, Clone, Args)]
pub struct FilterArgs {
    /// From this time on, in UTC without a zone: 2024-10-08, 2024-10-08T10:00, 2024-10-08T10:00:00+02:00, today, yesterday, before now (now, -15m, -1h30m, -7d), or a number since 1970.
    #[arg(long, visible_alias = "start", value_name = "TIME", allow_hyphen_values = true, value_parser = NonEmptyStringValueParser::new())]
    pub since: Option<String>,
    /// Before this time, written in the same ways; a day is its midnight.
    #[arg(long, visible_alias = "end", value_name = "TIME", allow_hyphen_values = true, value_parser = NonEmptyStringValueParser::new())]
    pub until: Option<String>,
    /// Of one of these levels (ERROR,WARN); may be given several times.
    #[arg(long = "level", value_name = "LEVEL,...", value_parser = NonEmptyStringValueParser::new())]
    pub levels: Vec<String>,
    /// Of this level or a worse one.
    #[arg(long, value_name = "LEVEL", value_parser = NonEmptyStringValueParser::new())]
    pub min_level: Option<String>,
    /// Whose message contains this text; given several times, all of them.
    #[arg(short = 'q', long, value_name = "TEXT", allow_hyphen_values = true, value_parser = NonEmptyStringValueParser::new())]
    pub contains: Vec<String>,
    /// In whose message these words stand, in this order and as whole words; given several times, all of them.
    #[arg(long = "word", value_name = "WORDS", allow_hyphen_values = true, value_parser = NonEmptyStringValueParser::new())]
    pub words: Vec<String>,
    /// Tell capital from small letters in texts and words.
    #[arg(long)]
    pub case_sensitive: bool,
    /// In whose message this expression is found; given several times, all of them.
    #[arg(long, value_name = "REGEX", allow_hyphen_values = true, value_parser = NonEmptyStringValueParser::new())]
    pub regex: Vec<String>,
    /// With this attribute (KEY), with this value (KEY=VALUE; any in quotes as in JSON: KEY=""), or without it (KEY=!VALUE, KEY=!); given several times, all of it.
    #[arg(long = "attr", value_name = "KEY[=VALUE]", value_parser = NonEmptyStringValueParser::new())]
    pub attributes: Vec<String>,
}

/// A parameter of the service: its name and its value.
pub(super) type Parameter = (String, String);

impl FilterArgs {
    /// What is wrong with them, in a sentence; `None` when nothing is.
    pub(super) fn contradiction(&self) -> Option<&'static str> {
        let has_no_key = |attribute: &String| attribute.starts_with('=');
        let is_wrong = self.attributes.iter().any(has_no_key);
        is_wrong.then_some("--attr must begin with the attribute's name: KEY=VALUE")
    }

    /// All but those of attributes.
    pub(super) fn of_records(&self) -> Vec<Parameter> {
        let mut parameters = Vec::new();
        let mut add = |name: &str, values: &mut dyn Iterator<Item = &String>| {
            parameters.extend(values.map(|value| (name.to_owned(), value.clone())));
        };
        add("startTime", &mut self.since.iter());
        add("endTime", &mut self.until.iter());
        add("logLevel", &mut self.levels.iter());
        add("minLevel", &mut self.min_level.iter());
        add("q", &mut self.contains.iter());
        add("word", &mut self.words.iter());
        add("regex", &mut self.regex.iter());
        if self.case_sensitive {
            parameters.push(("caseSensitive".to_owned(), "true".to_owned()));
        }
        parameters
    }

    /// Those of attributes.
    pub(super) fn of_attributes(&self) -> Vec<Parameter> {
        self.attributes.iter().map(|text| attribute(text)).collect()
    }
}

/// `KEY=VALUE` or `KEY`, also with the key as the service's parameters and answers name it: `attr.KEY`,
/// `attributes.KEY`.
fn attribute(text: &str) -> Parameter {
    let (name, value) = text.split_once('=').unwrap_or((text, ""));
    let key = attribute_key(name).filter(|key| !key.is_empty());
    (format!("attr.{}", key.unwrap_or(name)), value.to_owned())
}
