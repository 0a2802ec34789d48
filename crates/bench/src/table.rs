//! The report as Markdown tables, for people and for the README.

use crate::failure::{During as _, Failure};
use crate::report::{Case, Part, Ratio, Report};
use std::io::{self, Write};

/// Prints what was measured on.
pub(crate) fn about(report: &Report, out: &mut impl Write) -> Result<(), Failure> {
    let facts = report
        .about
        .iter()
        .map(|(name, fact)| format!("{name}: {fact}"));
    let facts: Vec<String> = facts.collect();
    writeln!(out, "{}", facts.join("; ")).during("standard output")
}

/// Prints a part.
pub(crate) fn part(part: &Part, out: &mut impl Write) -> Result<(), Failure> {
    write_part(part, out).during("standard output")
}

fn write_part(part: &Part, out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "\n### {}\n", part.name)?;
    writeln!(
        out,
        "| | unit | median | min | max | CPU, µs a record | peak RSS, MiB | also |"
    )?;
    writeln!(out, "|---|---|---|---|---|---|---|---|")?;
    for case in &part.cases {
        write_case(case, out)?;
    }
    for case in &part.cases {
        for (number, run) in case.runs.iter().enumerate() {
            if let Some(fault) = &run.fault {
                let (name, number) = (&case.name, number + 1);
                writeln!(out, "\nDOES NOT COUNT: run {number} of {name}: {fault}")?;
            }
        }
    }
    if !part.ratios.is_empty() {
        writeln!(
            out,
            "\n| | measured | at least | aim | |\n|---|---|---|---|---|"
        )?;
    }
    for ratio in &part.ratios {
        write_ratio(ratio, out)?;
    }
    out.flush()
}

fn write_case(case: &Case, out: &mut impl Write) -> io::Result<()> {
    let programs = case.programs();
    let each = |show: &dyn Fn(&str) -> String| {
        let shown = programs.iter().map(|name| format!("{name} {}", show(name)));
        shown.collect::<Vec<_>>().join(", ")
    };
    let cpu = each(&|name| number(case.cpu_micros(name)));
    let rss = each(&|name| format!("{:.0}", case.peak_rss_mib(name)));
    let names = case.runs.first().map(|run| run.details.keys().copied());
    let also = names.into_iter().flatten();
    let also: Vec<String> = also
        .map(|name| format!("{name} {}", number(case.detail(name))))
        .collect();
    let (name, unit, also) = (&case.name, case.unit, also.join(", "));
    let [median, min, max] = [case.median, case.min, case.max].map(number);
    writeln!(
        out,
        "| {name} | {unit} | {median} | {min} | {max} | {cpu} | {rss} | {also} |"
    )
}

fn write_ratio(ratio: &Ratio, out: &mut impl Write) -> io::Result<()> {
    let (what, unit, value) = (&ratio.what, ratio.unit, number(ratio.value));
    match &ratio.goal {
        None => writeln!(out, "| {what} | {value} {unit} | | | |"),
        Some(goal) => {
            let [least, aim] = [goal.at_least, goal.aim].map(number);
            let verdict = goal.verdict(ratio.value);
            writeln!(
                out,
                "| {what} | {value} {unit} | {least} | {aim} | {verdict} |"
            )
        }
    }
}

/// Three digits that count, or a whole number with commas.
pub(crate) fn number(value: f64) -> String {
    if !value.is_finite() {
        return "–".to_owned();
    }
    if value.abs() < 1000.0 {
        let places = match value.abs() {
            100.0.. => 0,
            10.0.. => 1,
            _ => 2,
        };
        return format!("{value:.places$}");
    }
    let digits = format!("{value:.0}");
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) && !text.ends_with('-') {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short() {
        let shown = [0.256, 12.34, 999.6, 1234.5, 1_234_567.0, f64::NAN].map(number);
        assert_eq!(shown, ["0.26", "12.3", "1000", "1,234", "1,234,567", "–"]);
    }
}
