//! Two queries as one: what both of them ask for.

use super::{LevelFilter, Query};

impl Query {
    /// The records that both ask for, in the order of this one. Neither takes the place of anything in the other.
    #[must_use]
    pub fn and(self, other: &Self) -> Self {
        // By name, so that whoever adds a filter has to say so here, too.
        let Self {
            order: _,
            start,
            end,
            levels,
            min_level,
            texts,
            phrases,
            patterns,
            attributes,
        } = other;
        let ends = [self.end, *end].into_iter().flatten();
        let least = [self.min_level, *min_level].into_iter().flatten();
        Self {
            order: self.order,
            start: self.start.max(*start),
            end: ends.min(),
            levels: in_both(self.levels, levels.as_ref()),
            min_level: least.max_by_key(|level| *level.severities().start()),
            texts: joined(texts, self.texts),
            phrases: joined(phrases, self.phrases),
            patterns: joined(patterns, self.patterns),
            attributes: joined(attributes, self.attributes),
        }
    }
}

fn in_both(own: Option<LevelFilter>, other: Option<&LevelFilter>) -> Option<LevelFilter> {
    match (own, other) {
        (Some(own), Some(other)) => Some(own.and(other)),
        (own, other) => own.or_else(|| other.cloned()),
    }
}

fn joined<T: Clone>(first: &[T], rest: Vec<T>) -> Vec<T> {
    let mut all = first.to_vec();
    all.extend(rest);
    all
}

#[cfg(test)]
mod tests {
    use crate::{Candidate, Query};
    use logs::{Level, Timestamp};
    use proptest::prelude::*;
    use record::id::{BatchId, RecordId};

    const NOW: Timestamp = Timestamp::from_nanos(0);

    fn parts() -> impl Strategy<Value = String> {
        let one = prop_oneof![
            Just("logLevel=error".to_owned()),
            Just("logLevel=WARN,error".to_owned()),
            Just("logLevel=audit,info".to_owned()),
            Just("logLevel=audit".to_owned()),
            Just("minLevel=WARN".to_owned()),
            Just("minLevel=TRACE".to_owned()),
            Just("q=a".to_owned()),
            Just("q=B".to_owned()),
            Just("word=a".to_owned()),
            Just("regex=a.*b".to_owned()),
            Just("attr.s=x".to_owned()),
            Just("attr.s=y".to_owned()),
            Just("attr.s=!x".to_owned()),
            Just("attr.t".to_owned()),
            Just("startTime=3".to_owned()),
            Just("endTime=7".to_owned()),
            Just("startTime=1&endTime=5".to_owned()),
        ];
        let several = proptest::collection::vec(one, 0..4);
        several.prop_map(|parts| parts.join("&"))
    }

    proptest! {
        #[test]
        fn a_record_is_in_both_if_it_is_in_each(
            one in parts(),
            other in parts(),
            time in 0_i64..9_000_000_000,
            level in prop_oneof![Just("INFO"), Just("error"), Just("Audit"), Just("warn")],
            message in "[aAbB ]{0,6}",
            attributes in prop_oneof![Just(r#"{"s":"x"}"#), Just(r#"{"s":["x","y"]}"#), Just(r#"{"t":1}"#)],
        ) {
            let read = |text: &str| Query::parse(text, NOW);
            let (Ok(one), Ok(other)) = (read(&one), read(&other)) else {
                return Ok(());
            };
            let severity = Level::from_text(level).map_or(0, |level| *level.severities().start());
            let record = Candidate {
                id: RecordId::new(Timestamp::from_nanos(time), BatchId::from_bytes([1; 8]), 0),
                severity,
                level: Some(level),
                message: &message,
                attributes: Some(attributes),
            };
            let both = one.clone().and(&other);
            prop_assert_eq!(both.matches(record), one.matches(record) && other.matches(record));
            let possible = both.severities();
            if both.matches(record) {
                prop_assert!(possible.is_none_or(|possible| possible.contains(&severity)));
            }
        }
    }
}
