//! Settings of retention: how long records are kept, and how much the store may take.

use clap::Args;
use logs::Level;
use program::values::{bytes, time_of_hours};
use query::reach::Filter;
use std::time::Duration;

/// Less is taken up by an empty store.
const LEAST_BYTES: u64 = 1024 * 1024;

/// How long records are kept.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
#[command(next_help_heading = "Retention")]
pub struct RetentionConfig {
    /// How long records are kept, by their time (30days, 12h); for ever unless set.
    #[arg(long, env = "RETENTION", value_name = "TIME", value_parser = kept)]
    pub retention: Option<Kept>,
    /// The same for records of the level TRACE, before RETENTION; "forever" keeps them.
    #[arg(long, env = "RETENTION_TRACE", value_name = "TIME", value_parser = kept)]
    pub retention_trace: Option<Kept>,
    /// For DEBUG.
    #[arg(long, env = "RETENTION_DEBUG", value_name = "TIME", value_parser = kept)]
    pub retention_debug: Option<Kept>,
    /// For INFO.
    #[arg(long, env = "RETENTION_INFO", value_name = "TIME", value_parser = kept)]
    pub retention_info: Option<Kept>,
    /// For WARN.
    #[arg(long, env = "RETENTION_WARN", value_name = "TIME", value_parser = kept)]
    pub retention_warn: Option<Kept>,
    /// For ERROR.
    #[arg(long, env = "RETENTION_ERROR", value_name = "TIME", value_parser = kept)]
    pub retention_error: Option<Kept>,
    /// For FATAL.
    #[arg(long, env = "RETENTION_FATAL", value_name = "TIME", value_parser = kept)]
    pub retention_fatal: Option<Kept>,
    /// Rules before all those, of which the first that matches a record counts: the filters of a search and a time, a line
    /// or a semicolon behind each (attr.service=debugger&minLevel=DEBUG 1day; attr.team=audit forever).
    #[arg(long, env = "RETENTION_RULES", value_name = "RULES", value_parser = rules)]
    pub retention_rules: Option<RetentionRules>,
    /// Bytes that the store may take: beyond them the oldest records go, but for those of the last hour; no bound unless set.
    #[arg(long, env = "MAX_STORE_BYTES", value_name = "SIZE", value_parser = store_bytes)]
    pub max_store_bytes: Option<u64>,
}

/// How long something is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kept {
    /// Set to nothing: as if it were not set.
    Unsaid,
    /// For ever.
    Forever,
    /// So long.
    For(Duration),
}

/// Rules in their order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RetentionRules(pub Vec<RetentionRule>);

/// How long records are kept that a filter finds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RetentionRule {
    /// Which they are.
    pub filter: Filter,
    /// How long.
    pub kept: Kept,
}

impl RetentionConfig {
    /// What is said of each level.
    pub fn of_levels(&self) -> [(Level, Kept); 6] {
        let said = |kept: Option<Kept>| kept.unwrap_or(Kept::Unsaid);
        [
            (Level::Trace, said(self.retention_trace)),
            (Level::Debug, said(self.retention_debug)),
            (Level::Info, said(self.retention_info)),
            (Level::Warn, said(self.retention_warn)),
            (Level::Error, said(self.retention_error)),
            (Level::Fatal, said(self.retention_fatal)),
        ]
    }

    /// What is said of all others.
    pub fn of_all(&self) -> Kept {
        self.retention.unwrap_or(Kept::Unsaid)
    }

    /// The bound of the store.
    pub fn most_bytes(&self) -> Option<u64> {
        self.max_store_bytes.filter(|bytes| *bytes > 0)
    }
}

fn kept(text: &str) -> Result<Kept, String> {
    match text.trim() {
        "" => Ok(Kept::Unsaid),
        "forever" => Ok(Kept::Forever),
        time => Ok(Kept::For(time_of_hours(time)?)),
    }
}

/// A size, or nothing for no bound.
fn store_bytes(text: &str) -> Result<u64, String> {
    match (text.trim(), bytes(text)) {
        ("", _) => Ok(0),
        (_, Some(size)) if size >= LEAST_BYTES => Ok(size),
        (_, Some(_)) => Err("must be at least 1MiB".to_owned()),
        (_, None) => Err("expected a size such as 200GiB".to_owned()),
    }
}

fn rules(text: &str) -> Result<RetentionRules, String> {
    let parts = text.split(['\n', ';']).map(str::trim);
    let rules = parts.filter(|part| !part.is_empty()).map(rule);
    rules.collect::<Result<_, _>>().map(RetentionRules)
}

fn rule(text: &str) -> Result<RetentionRule, String> {
    let (filter, time) = text.rsplit_once(char::is_whitespace).ok_or_else(|| {
        format!("{text:?} is no rule: a filter and a time with a space between them are expected")
    })?;
    let refused = |reason: &dyn std::fmt::Display| format!("{text:?}: {reason}");
    let filter = Filter::parse(filter.trim_end()).map_err(|error| refused(&error))?;
    let kept = kept(time).map_err(|error| refused(&error))?;
    Ok(RetentionRule { filter, kept })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_of_an_hour_or_more_or_for_ever_or_nothing() {
        assert_eq!(kept("30d"), Ok(Kept::For(Duration::from_secs(30 * 86_400))));
        assert_eq!(kept("1h"), Ok(Kept::For(Duration::from_secs(3_600))));
        assert_eq!(kept("forever"), Ok(Kept::Forever));
        assert_eq!(kept(""), Ok(Kept::Unsaid));
        let told = "must be between 1h and 100years".to_owned();
        assert_eq!(kept("59m"), Err(told));
        assert!(kept("soon").is_err());
        assert_eq!(store_bytes("2TiB"), Ok(2 << 40));
        assert_eq!(store_bytes(""), Ok(0));
        assert!(store_bytes("1000").is_err() && store_bytes("much").is_err());
    }

    #[test]
    fn rules_stand_in_lines_or_between_semicolons_and_keep_their_order() {
        let text = "attr.service=debugger&logLevel=DEBUG,TRACE 1d;\n\n q=two%20words 2h ; attr.team=audit  forever";
        let RetentionRules(read) = rules(text).unwrap();
        let texts: Vec<_> = read.iter().map(|rule| rule.filter.text()).collect();
        let expected = [
            "attr.service=debugger&logLevel=DEBUG,TRACE",
            "q=two%20words",
            "attr.team=audit",
        ];
        assert_eq!(texts, expected);
        assert_eq!(read[2].kept, Kept::Forever);
        assert_eq!(rules("").unwrap().0, []);
    }

    #[test]
    fn what_is_no_rule_is_told_with_the_rule() {
        for (text, said) in [
            ("attr.a=b", "no rule"),
            ("attr.a=b 1m", "must be between 1h"),
            (
                "startTime=2024-10-08T00:00:00Z 1d",
                "it cannot have \"startTime\"",
            ),
            ("caseSensitive=maybe 1d", "caseSensitive"),
        ] {
            let told = rules(text).unwrap_err();
            assert!(told.contains(said) && told.contains('"'), "{text}: {told}");
        }
    }
}
