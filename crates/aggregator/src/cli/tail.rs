//! `aggregator tail`: the flags of `aggregator query` that make sense for what goes on, as one that follows.

use super::filters::FilterArgs;
use super::query::{self, ColorChoice, Direction, Failure, Output, QueryArgs};
use super::service::UrlArgs;
use clap::{Args, value_parser};
use program::values::time;
use std::io::Write;
use std::time::Duration;

/// What is followed, and how it is shown.
#[derive(Debug, Clone, Args)]
pub struct TailArgs {
    /// Which service.
    #[command(flatten)]
    pub service: UrlArgs,
    /// Which records.
    #[command(flatten)]
    pub filters: FilterArgs,
    /// Begin with so many of the last ones, up to 10000.
    #[arg(short = 'n', long, visible_alias = "limit", value_name = "COUNT", value_parser = value_parser!(u64).range(1..))]
    pub last: Option<u64>,
    /// Lines for people, or one JSON object a line.
    #[arg(
        short = 'o',
        long,
        value_enum,
        default_value = "text",
        value_name = "FORM"
    )]
    pub output: Output,
    /// Colours by level in text; auto: on a terminal, unless `NO_COLOR` is set.
    #[arg(long, value_enum, default_value = "auto", value_name = "WHEN")]
    pub color: ColorChoice,
    /// How long an answer may take to begin (10s, 500ms; a plain number is seconds).
    #[arg(long, default_value = "60s", value_name = "TIME", value_parser = time)]
    pub timeout: Duration,
}

/// Shows records as they are stored, until it is interrupted.
///
/// # Errors
/// [`Failure`]
pub fn run(args: &TailArgs, out: &mut impl Write) -> Result<(), Failure> {
    let args = args.clone();
    let query = QueryArgs {
        service: args.service,
        filters: args.filters,
        order: Direction::Asc,
        limit: args.last,
        context: 0,
        output: args.output,
        fields: None,
        color: args.color,
        timeout: args.timeout,
        follow: true,
    };
    query::run(&query, out)
}
