//! Files that name one another in a circle.

use super::modules::{Graph, Place};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

type Names<'a> = BTreeMap<&'a str, BTreeMap<&'a str, usize>>;

/// Circles of files, the shortest first. No two share a naming, so there may be more than are told;
/// there are none when none is told.
pub(super) fn circles(graph: &Graph) -> Vec<String> {
    let mut names = without_ancestors(graph);
    let mut found = Vec::new();
    while let Some(circle) = shortest(&names) {
        found.push(told(&circle, &names));
        for (from, to) in steps(&circle) {
            if let Some(named) = names.get_mut(from) {
                named.remove(to);
            }
        }
    }
    found
}

/// A child may name its own folder's file.
fn without_ancestors(graph: &Graph) -> Names<'_> {
    let all = graph.names.iter();
    all.map(|(from, named)| {
        let named = named.iter();
        let kept = named.filter(|(to, _)| !is_ancestor(to, from));
        let kept = kept.map(|(to, line)| (to.as_str(), *line));
        (from.as_str(), kept.collect())
    })
    .collect()
}

/// Both are of one crate: no path leads into another.
fn is_ancestor(file: &str, of: &str) -> bool {
    let (Some(file), Some(of)) = (Place::of(file), Place::of(of)) else {
        return false;
    };
    of.module().starts_with(&file.module())
}

fn shortest<'a>(names: &Names<'a>) -> Option<Vec<&'a str>> {
    let circles = names.keys().filter_map(|start| shortest_from(start, names));
    circles.min_by_key(Vec::len)
}

/// The shortest way from a file back to it, by breadth.
fn shortest_from<'a>(start: &'a str, names: &Names<'a>) -> Option<Vec<&'a str>> {
    let mut ways = VecDeque::from([vec![start]]);
    let mut seen = BTreeSet::new();
    while let Some(way) = ways.pop_front() {
        let last = way.last()?;
        for next in names.get(last).into_iter().flat_map(BTreeMap::keys) {
            if *next == start {
                return Some(way);
            }
            if seen.insert(*next) {
                ways.push_back([&way[..], &[*next]].concat());
            }
        }
    }
    None
}

/// Each file of the circle with the one it names.
fn steps<'a>(circle: &[&'a str]) -> Vec<(&'a str, &'a str)> {
    let from = circle.iter().copied();
    let to = circle.iter().copied().cycle().skip(1);
    from.zip(to).collect()
}

fn told(circle: &[&str], names: &Names<'_>) -> String {
    let lines: Vec<String> = steps(circle)
        .into_iter()
        .map(|(from, to)| {
            let line = names.get(from).and_then(|named| named.get(to));
            format!("  {from}:{} names {to}", line.unwrap_or(&0))
        })
        .collect();
    format!(
        "{} files name one another:\n{}",
        circle.len(),
        lines.join("\n")
    )
}
