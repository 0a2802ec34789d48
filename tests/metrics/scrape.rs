//! What is answered at `/metrics`, read as strictly as its two formats allow.

use std::collections::{BTreeMap, BTreeSet};

use crate::support::http::Reply;
use crate::support::service::Service;

pub(super) const OPEN_METRICS: &str = "application/openmetrics-text;version=1.0.0";

/// One format or the other.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// Prometheus's text, version 0.0.4.
    Text,
    Open,
}

/// Names of labels, each with its value.
pub(super) type Labels<'s> = Vec<(&'s str, &'s str)>;

/// Series of one name.
#[derive(Debug, Default, Clone, PartialEq)]
pub(crate) struct Family {
    pub(super) kind: String,
    pub(super) help: String,
    pub(super) unit: Option<String>,
    /// By name with labels, as written.
    pub(super) samples: BTreeMap<String, f64>,
}

/// All of one answer, by the name that stands in `# TYPE`.
#[derive(Debug, Default)]
pub(crate) struct Scrape(pub(crate) BTreeMap<String, Family>);

impl Scrape {
    /// Asks for it, as Prometheus's text.
    pub(crate) async fn of(service: &Service) -> Self {
        Self::read(&service.get("/metrics").await, Form::Text)
    }

    pub(super) fn read(reply: &Reply, form: Form) -> Self {
        assert_eq!(reply.status, 200, "{}", reply.text());
        let kind = match form {
            Form::Text => "text/plain; version=0.0.4; charset=utf-8",
            Form::Open => "application/openmetrics-text; version=1.0.0; charset=utf-8",
        };
        assert_eq!(reply.header("content-type"), Some(kind));
        let text = reply.text();
        let body = match form {
            Form::Text => &*text,
            Form::Open => text.strip_suffix("# EOF\n").expect("an end"),
        };
        assert!(body.ends_with('\n') && !body.contains("# EOF"), "{text}");
        let mut all = Self::default();
        let mut name = String::new();
        for line in body.lines() {
            all.take(line, &mut name, form);
        }
        all.check();
        all
    }

    fn take(&mut self, line: &str, name: &mut String, form: Form) {
        if let Some(rest) = line.strip_prefix("# HELP ") {
            let (of, help) = rest.split_once(' ').expect("a help");
            of.clone_into(name);
            let family = Family {
                help: help.to_owned(),
                ..Family::default()
            };
            assert_eq!(
                self.0.insert(name.clone(), family),
                None,
                "{of} comes again"
            );
            return;
        }
        let family = self
            .0
            .get_mut(name)
            .unwrap_or_else(|| panic!("nothing before {line}"));
        if let Some(rest) = line.strip_prefix("# TYPE ") {
            let kind = rest
                .strip_prefix(&format!("{name} "))
                .expect("its own type");
            kind.clone_into(&mut family.kind);
        } else if let Some(rest) = line.strip_prefix("# UNIT ") {
            assert!(form == Form::Open, "{line}");
            let unit = rest
                .strip_prefix(&format!("{name} "))
                .expect("its own unit");
            family.unit = Some(unit.to_owned());
        } else {
            let (series, value) = line.rsplit_once(' ').expect("a value");
            let value: f64 = value.parse().unwrap_or_else(|_| panic!("{line}"));
            let suffix = bare(series).strip_prefix(&**name);
            let suffix = suffix.unwrap_or_else(|| panic!("{line} is none of {name}"));
            let allowed: &[&str] = match (family.kind.as_str(), form) {
                ("counter", Form::Open) => &["_total"],
                ("info", Form::Open) => &["_info"],
                ("counter" | "gauge", _) => &[""],
                ("histogram", _) => &["_bucket", "_sum", "_count"],
                (kind, _) => panic!("{name} is a {kind}"),
            };
            assert!(allowed.contains(&suffix), "{line}");
            let before = family.samples.insert(series.to_owned(), value);
            assert_eq!(before, None, "{series} comes again");
        }
    }

    /// Every series has a help and a type, and a unit where its name has one.
    fn check(&self) {
        for (name, family) in &self.0 {
            assert!(family.help.ends_with('.'), "{name}: {}", family.help);
            assert!(!family.kind.is_empty(), "{name}");
            if let Some(unit) = &family.unit {
                assert!(name.ends_with(&format!("_{unit}")), "{name}");
            }
            for (series, value) in &family.samples {
                labels(series);
                assert!(!value.is_nan(), "{series}");
                if family.kind == "counter" {
                    assert!(*value >= 0.0, "{series}");
                }
            }
            if family.kind == "histogram" {
                check_histogram(name, family);
            }
        }
    }

    /// Every name that a question may ask for.
    pub(super) fn names(&self) -> BTreeSet<&str> {
        let families = self.0.values();
        let series = families.flat_map(|family| family.samples.keys());
        series.map(|series| bare(series)).collect()
    }

    /// The value of a series; panics when it is not there.
    pub(crate) fn value(&self, series: &str) -> f64 {
        let found = self
            .0
            .values()
            .find_map(|family| family.samples.get(series));
        *found.unwrap_or_else(|| panic!("there is no {series}"))
    }
}

/// A series without its labels.
fn bare(series: &str) -> &str {
    series.split('{').next().unwrap_or_default()
}

/// The labels of a series.
pub(super) fn labels(series: &str) -> Labels<'_> {
    let Some((_, rest)) = series.split_once('{') else {
        return Vec::new();
    };
    let rest = rest
        .strip_suffix("\"}")
        .unwrap_or_else(|| panic!("{series}"));
    let pairs = rest.split("\",");
    let pairs = pairs.map(|pair| pair.split_once("=\"").unwrap_or_else(|| panic!("{series}")));
    pairs.collect()
}

/// Buckets of one series grow, up to the one of all, which is the count.
fn check_histogram(name: &str, family: &Family) {
    let mut buckets: BTreeMap<Labels<'_>, Vec<(f64, f64)>> = BTreeMap::new();
    for (series, count) in &family.samples {
        if bare(series).ends_with("_bucket") {
            let (of, bound): (Vec<_>, Vec<_>) = labels(series)
                .into_iter()
                .partition(|(label, _)| *label != "le");
            let bound = bound[0].1.parse().unwrap();
            buckets.entry(of).or_default().push((bound, *count));
        }
    }
    for (of, mut counts) in buckets {
        counts.sort_by(|one, next| one.0.total_cmp(&next.0));
        assert!(counts.is_sorted_by(|one, next| one.1 <= next.1), "{name}");
        let last = counts[counts.len() - 1];
        let count = family
            .samples
            .iter()
            .find(|(series, _)| bare(series).ends_with("_count") && labels(series) == of);
        assert_eq!(last, (f64::INFINITY, *count.unwrap().1), "{name}");
    }
}
