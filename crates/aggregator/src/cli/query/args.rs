//! The flags of `aggregator query`, and what no single one of them shows to be wrong.

use crate::cli::filters::FilterArgs;
use crate::cli::service::UrlArgs;
use clap::builder::NonEmptyStringValueParser;
use clap::{Args, ValueEnum, value_parser};
use program::values::time;
use std::time::Duration;

/// Records in one page at most, as the service has it.
pub(super) const LARGEST_PAGE: u64 = 10_000;
/// Neighbours on one side at most: one more is asked for, and the service gives 1000.
const MOST_CONTEXT: i64 = 999;

/// What is looked for, and how it is shown.
#[derive(Debug, Clone, Args)]
pub struct QueryArgs {
    /// Which service.
    #[command(flatten)]
    pub service: UrlArgs,
    /// Which records.
    #[command(flatten)]
    pub filters: FilterArgs,
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
    /// Go on with what is stored, until interrupted; --limit is then how many of the last ones come first.
    #[arg(short = 'f', long)]
    pub follow: bool,
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
        if let Some(sentence) = self.filters.contradiction() {
            return Some(sentence);
        }
        if let Some(sentence) = self.following() {
            return Some(sentence);
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

impl QueryArgs {
    /// What does not go together with following.
    fn following(&self) -> Option<&'static str> {
        if !self.follow {
            return None;
        }
        if self.filters.until.is_some() {
            return Some("--until is for what was stored: what is followed has no end");
        }
        if self.order == Direction::Desc {
            return Some("--order is for what was stored: what is followed comes as it is stored");
        }
        if self.context > 0 {
            return Some("--context is for what was stored: neighbours may still come");
        }
        if self.output == Output::Csv {
            return Some("what is followed is shown as text or json: CSV is for what was stored");
        }
        let is_much = self.limit.is_some_and(|limit| limit > LARGEST_PAGE);
        is_much.then_some("of the last records, 10000 at most come first")
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
