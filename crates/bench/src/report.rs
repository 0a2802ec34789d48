//! What was measured: cases with their runs, ratios with their goals, and the JSON of it.

use crate::usage::{Usage, as_f64};
use serde::Serialize;
use std::collections::BTreeMap;

/// All of it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Report {
    /// When, where and how.
    pub(crate) about: BTreeMap<&'static str, String>,
    /// Whether every run counts.
    pub(crate) accounts_add_up: bool,
    /// The parts.
    pub(crate) parts: Vec<Part>,
}

/// One part of the benchmark.
#[derive(Debug, Serialize)]
pub(crate) struct Part {
    pub(crate) name: &'static str,
    pub(crate) cases: Vec<Case>,
    pub(crate) ratios: Vec<Ratio>,
}

/// One thing that was measured several times.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) unit: &'static str,
    /// Over the runs that count.
    pub(crate) median: f64,
    pub(crate) min: f64,
    pub(crate) max: f64,
    pub(crate) runs: Vec<Run>,
}

/// One run.
#[derive(Debug, Clone, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Run {
    /// In the case's unit.
    pub(crate) value: f64,
    /// Records that were stored, accepted or read.
    pub(crate) records: u64,
    /// By program.
    pub(crate) usage: BTreeMap<&'static str, Usage>,
    /// Whatever else was seen.
    pub(crate) details: BTreeMap<&'static str, f64>,
    /// Why the run does not count.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) fault: Option<String>,
}

/// Two things compared, or one with a bound of its own.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Ratio {
    pub(crate) what: String,
    pub(crate) value: f64,
    pub(crate) unit: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) goal: Option<Goal>,
}

/// What is to be reached.
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Goal {
    pub(crate) at_least: f64,
    pub(crate) aim: f64,
    /// Whether more is better.
    pub(crate) more: bool,
}

impl Run {
    /// Records a second.
    pub(crate) fn rate(records: u64, seconds: f64) -> Self {
        Self {
            value: as_f64(records) / seconds.max(1e-9),
            records,
            ..Self::default()
        }
    }

    /// Adds what a program has used.
    pub(crate) fn with(mut self, program: &'static str, usage: Usage) -> Self {
        self.usage.insert(program, usage);
        self
    }

    /// Adds something else that was seen.
    pub(crate) fn detail(mut self, name: &'static str, value: f64) -> Self {
        self.details.insert(name, value);
        self
    }

    /// Does not count for this reason, if there is one.
    pub(crate) fn faulty(mut self, fault: Option<String>) -> Self {
        self.fault = self.fault.or(fault);
        self
    }
}

impl Case {
    /// A case with its runs.
    pub(crate) fn new(name: impl Into<String>, unit: &'static str, runs: Vec<Run>) -> Self {
        let counted = runs.iter().filter(|run| run.fault.is_none());
        let values: Vec<f64> = counted.map(|run| run.value).collect();
        let fold = |start, pick: fn(f64, f64) -> f64| values.iter().copied().fold(start, pick);
        Self {
            name: name.into(),
            unit,
            median: median(&values),
            min: fold(f64::INFINITY, f64::min),
            max: fold(f64::NEG_INFINITY, f64::max),
            runs,
        }
    }

    fn counted(&self) -> impl Iterator<Item = &Run> {
        self.runs.iter().filter(|run| run.fault.is_none())
    }

    /// Whether every run counts.
    pub(crate) fn adds_up(&self) -> bool {
        self.runs.iter().all(|run| run.fault.is_none())
    }

    /// Median CPU time of a program for each record, in microseconds.
    pub(crate) fn cpu_micros(&self, program: &str) -> f64 {
        let each = |run: &Run| {
            let usage = run.usage.get(program)?;
            (run.records > 0).then(|| usage.cpu_seconds * 1e6 / as_f64(run.records))
        };
        median(&self.counted().filter_map(each).collect::<Vec<_>>())
    }

    /// The most memory that a program held in any run, in MiB.
    pub(crate) fn peak_rss_mib(&self, program: &str) -> f64 {
        let peaks = self.counted().filter_map(|run| run.usage.get(program));
        peaks.map(|usage| usage.peak_rss_mib).fold(0.0, f64::max)
    }

    /// Median of something else that was seen.
    pub(crate) fn detail(&self, name: &str) -> f64 {
        let seen = self.counted().filter_map(|run| run.details.get(name));
        median(&seen.copied().collect::<Vec<_>>())
    }

    /// The programs of its runs.
    pub(crate) fn programs(&self) -> Vec<&'static str> {
        let run = self.runs.first();
        run.map_or_else(Vec::new, |run| run.usage.keys().copied().collect())
    }
}

impl Ratio {
    /// Something that is the better the more it is.
    pub(crate) fn more(what: impl Into<String>, value: f64, goal: Option<(f64, f64)>) -> Self {
        Self::new(what, value, "×", true, goal)
    }

    /// Something that is the better the less it is.
    pub(crate) fn less(
        what: impl Into<String>,
        value: f64,
        unit: &'static str,
        goal: Option<(f64, f64)>,
    ) -> Self {
        Self::new(what, value, unit, false, goal)
    }

    fn new(
        what: impl Into<String>,
        value: f64,
        unit: &'static str,
        more: bool,
        goal: Option<(f64, f64)>,
    ) -> Self {
        Self {
            what: what.into(),
            value,
            unit,
            goal: goal.map(|(at_least, aim)| Goal {
                at_least,
                aim,
                more,
            }),
        }
    }
}

impl Goal {
    /// How far a value has come.
    pub(crate) fn verdict(&self, value: f64) -> &'static str {
        let reaches = |bound: f64| {
            if self.more {
                value >= bound
            } else {
                value <= bound
            }
        };
        match (reaches(self.at_least), reaches(self.aim)) {
            (_, true) => "aim reached",
            (true, false) => "reached",
            (false, false) => "NOT reached",
        }
    }
}

/// The middle one; of an even number, between the middle two. NaN when there is none.
pub(crate) fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let at = |place: usize| sorted.get(place).copied().unwrap_or(f64::NAN);
    let half = sorted.len() / 2;
    if sorted.len() % 2 == 1 {
        at(half)
    } else {
        f64::midpoint(at(half.wrapping_sub(1)), at(half))
    }
}

/// The value that so many of a hundred do not pass; NaN when there are none.
pub(crate) fn percentile(values: &[f64], percent: usize) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let rank = (sorted.len() * percent).div_ceil(100).saturating_sub(1);
    sorted.get(rank).copied().unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_with_a_fault_does_not_count() {
        let runs = vec![
            Run::rate(100, 1.0),
            Run::rate(900, 1.0).faulty(Some("lost".to_owned())),
            Run::rate(300, 1.0),
        ];
        let case = Case::new("a", "logs/s", runs);
        assert!((case.median - 200.0).abs() < 1e-6 && (case.max - 300.0).abs() < 1e-6);
        assert!(!case.adds_up());
        let none = Case::new(
            "b",
            "logs/s",
            vec![Run::default().faulty(Some("x".to_owned()))],
        );
        assert!(none.median.is_nan());
    }

    #[test]
    fn a_goal_is_judged_in_its_direction() {
        let goal = |more| Goal {
            at_least: 2.0,
            aim: if more { 3.0 } else { 1.0 },
            more,
        };
        assert_eq!(goal(true).verdict(2.5), "reached");
        assert_eq!(goal(true).verdict(3.0), "aim reached");
        assert_eq!(goal(false).verdict(2.5), "NOT reached");
        assert_eq!(goal(false).verdict(0.5), "aim reached");
        assert_eq!(goal(true).verdict(f64::NAN), "NOT reached");
    }
}
