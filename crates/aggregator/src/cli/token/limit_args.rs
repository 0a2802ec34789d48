//! The flags for how much a token may be used for, and for what its records get.

use crate::access::limits::{MAX_BURST_SECONDS, MAX_QUERIES, MAX_RATE};
use clap::{Args, value_parser};

/// Its limits.
#[derive(Debug, Clone, Copy, Default, Args)]
pub struct LimitArgs {
    /// How many records a second are taken that come with it. More are answered with 429 and when to come again.
    #[arg(long, allow_negative_numbers = true, value_name = "NUMBER", value_parser = value_parser!(u64).range(1..=MAX_RATE))]
    pub records_per_second: Option<u64>,
    /// How many bytes a second of the bodies that they come in, decompressed.
    #[arg(long, allow_negative_numbers = true, value_name = "BYTES", value_parser = value_parser!(u64).range(1..=MAX_RATE))]
    pub bytes_per_second: Option<u64>,
    /// What both give in so many seconds may come at once. 10 unless this is set.
    #[arg(long, allow_negative_numbers = true, value_name = "SECONDS", value_parser = value_parser!(u64).range(1..=MAX_BURST_SECONDS))]
    pub burst_seconds: Option<u64>,
    /// How many queries are answered at a time that ask with it.
    #[arg(long, allow_negative_numbers = true, value_name = "NUMBER", value_parser = value_parser!(u64).range(1..=MAX_QUERIES))]
    pub concurrent_queries: Option<u64>,
}

/// The name and the text of a pinned attribute.
pub(super) fn pin(text: &str) -> Result<(String, String), &'static str> {
    let pin = text.split_once('=').filter(|(name, _)| !name.is_empty());
    let pin = pin.map(|(name, text)| (name.to_owned(), text.to_owned()));
    pin.ok_or("expected NAME=TEXT, as in service=orders")
}
