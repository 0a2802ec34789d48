//! What it was measured on, for the head of the report.

use crate::clock;
use crate::programs::Programs;
use std::collections::BTreeMap;
use std::fs;

/// Date, processor, cores, memory, kernel, profile, command.
pub(crate) fn about(programs: &Programs) -> BTreeMap<&'static str, String> {
    let field = |path: &str, name: &str| {
        let text = fs::read_to_string(path).unwrap_or_default();
        let line = text.lines().find(|line| line.starts_with(name));
        let value = line.and_then(|line| line.split_once(':'));
        value.map_or_else(
            || "unknown".to_owned(),
            |(_, value)| value.trim().to_owned(),
        )
    };
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    BTreeMap::from([
        ("date", clock::today()),
        ("processor", field("/proc/cpuinfo", "model name")),
        ("cores", cores.to_string()),
        ("memory", field("/proc/meminfo", "MemTotal")),
        ("kernel", kernel.trim().to_owned()),
        ("profile", programs.profile.clone()),
        ("arguments", arguments.join(" ")),
    ])
}
