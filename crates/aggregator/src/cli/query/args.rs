//! The flags of `aggregator query`, and what no single one of them shows to be wrong.

use clap::builder::NonEmptyStringValueParser;
use clap::{Args, ValueEnum, value_parser};
use program::values::time;
use std::time::Duration;

/// Neighbours on one side at most: one more is asked for, and the service gives 1000.
const MOST_CONTEXT: i64 = 999;

/// What is looked for, and how it is shown.
#[derive(Debug, Clone, Args)]
pub struct QueryArgs {
    /// Where the aggregator is.
    // A text and not a URL here: clap repeats a wrong value, and this one may hold a password.
    #[arg(
        long,
        env = "AGGREGATOR_URL",
        default_value = "http://127.0.0.1:8005",
        value_name = "URL",
        hide_env_values = true
    )]
    pub url: String,
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
    /// The oldest first, or the newest.
    #[arg(
        long,
        value_enum,
        ignore_case = true,
        default_value = "asc",
        value_name = "ORDER"
    )]
    pub order: Direction,
    /// So many records at most; without it, all of them.
    #[arg(short = 'n', long, value_name = "COUNT", value_parser = value_parser!(u64).range(1..))]
    pub limit: Option<u64>,
    /// Also so many records before and after each one; of all filters, only --attr holds for them.
    #[arg(short = 'C', long, default_value = "0", value_name = "COUNT", value_parser = value_parser!(u16).range(0..=MOST_CONTEXT))]
    pub context: u16,
    /// Lines for people, one JSON object a line, or CSV.
    #[arg(
        short = 'o',
        long,
        value_enum,
        default_value = "text",
        value_name = "FORM"
    )]
    pub output: Output,
    /// Columns of CSV: id, timestamp, level, message, attributes and attr.KEY.
    #[arg(long, value_name = "FIELD,...", value_parser = NonEmptyStringValueParser::new())]
    pub fields: Option<String>,
    /// Colours by level in text; auto: on a terminal, unless `NO_COLOR` is set.
    #[arg(long, value_enum, default_value = "auto", value_name = "WHEN")]
    pub color: ColorChoice,
    /// How long an answer may take to begin (10s, 500ms; a plain number is seconds).
    #[arg(long, default_value = "60s", value_name = "TIME", value_parser = time)]
    pub timeout: Duration,
}

/// Which records come first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Direction {
    /// The oldest.
    Asc,
    /// The newest.
    Desc,
}

/// Forms of the output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Output {
    /// A line for people.
    Text,
    /// A JSON object a line, for programs.
    Json,
    /// A head and a row for each record, for spreadsheets.
    Csv,
}

/// When text has colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ColorChoice {
    /// On a terminal that can show them.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

impl QueryArgs {
    /// What does not go together, in a sentence; `None` when all does.
    pub(super) fn contradiction(&self) -> Option<&'static str> {
        let has_no_key = |attribute: &String| attribute.starts_with('=');
        if self.attributes.iter().any(has_no_key) {
            return Some("--attr must begin with the attribute's name: KEY=VALUE");
        }
        match self.output {
            Output::Csv if self.context > 0 => {
                Some("--context is for --output text and json: CSV has no place for it")
            }
            Output::Text | Output::Json if self.fields.is_some() => {
                Some("--fields is for --output csv alone")
            }
            _ => None,
        }
    }
}

#[cfg(test)]
impl QueryArgs {
    /// What these flags say.
    pub(super) fn of_flags(flags: &[&str]) -> Self {
        #[derive(clap::Parser)]
        struct CommandLine {
            #[command(flatten)]
            query: QueryArgs,
        }
        let line = [&["query"], flags].concat();
        <CommandLine as clap::Parser>::try_parse_from(line)
            .unwrap()
            .query
    }
}
