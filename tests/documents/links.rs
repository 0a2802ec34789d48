//! Whether the links of the documents lead somewhere, and whether the README and its chapters lead to
//! each other. Pure but for the question whether a file is there.

use super::markdown::Page;

/// What is wrong with the links of a page: one sentence each.
pub(super) fn faults(page: &Page, pages: &[Page], exists: impl Fn(&str) -> bool) -> Vec<String> {
    let mut faults = Vec::new();
    for link in page.links() {
        let (path, anchor) = match link.text.split_once('#') {
            Some((path, anchor)) => (path, Some(anchor)),
            None => (link.text.as_str(), None),
        };
        if path.contains("://") {
            continue;
        }
        let target = match path {
            "" => page.path.clone(),
            path => resolved(&page.path, path),
        };
        let known = pages.iter().find(|other| other.path == target);
        let fault = match (known, anchor) {
            (None, _) if !exists(&target) => "no such file",
            (None, Some(_)) => "only headings of the documents are known",
            (Some(known), Some(anchor)) if !known.anchors().iter().any(|name| name == anchor) => {
                "no such heading"
            }
            _ => continue,
        };
        let (place, line) = (&page.path, link.line);
        faults.push(format!("{place}:{line}: {}: {fault}", link.text));
    }
    faults
}

/// Which of the chapters the README does not lead to, and which do not lead back.
pub(super) fn lonely(readme: &Page, chapters: &[Page]) -> Vec<String> {
    let leads = |from: &Page, to: &Page| {
        let links = from.links().into_iter();
        let mut targets = links.map(|link| {
            let path = link.text.split('#').next().unwrap_or_default().to_owned();
            resolved(&from.path, &path)
        });
        targets.any(|target| target == to.path)
    };
    let mut lonely = Vec::new();
    for chapter in chapters {
        for (from, to) in [(readme, chapter), (chapter, readme)] {
            if !leads(from, to) {
                lonely.push(format!("{} does not lead to {}", from.path, to.path));
            }
        }
    }
    lonely
}

/// Which of the sources that a page names in backticks are not there.
pub(super) fn missing(page: &Page, exists: impl Fn(&str) -> bool) -> Vec<String> {
    let sources = page.spans().into_iter().filter(|span| {
        let starts = ["crates/", "tests/", ".ci/"];
        starts.iter().any(|start| span.text.starts_with(start))
    });
    sources
        .filter(|span| !exists(span.text.trim_end_matches('/')))
        .map(|span| format!("{}:{}: {}: no such file", page.path, span.line, span.text))
        .collect()
}

/// A path as it is written in the file at `from`, from the top folder.
fn resolved(from: &str, path: &str) -> String {
    let mut parts: Vec<&str> = from.split('/').collect();
    parts.pop();
    for part in path.split('/') {
        match part {
            "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    parts.join("/")
}

mod tests {
    use super::*;

    #[test]
    fn a_source_that_is_not_there_is_told_with_its_place() {
        let page = Page::new("README.md", "`crates/a.rs`, `tests/` and\n`crates/b.rs`\n");
        let exists = |path: &str| ["crates/a.rs", "tests"].contains(&path);
        let told = missing(&page, exists);
        assert_eq!(told, ["README.md:2: crates/b.rs: no such file"]);
    }

    #[test]
    fn a_dead_link_is_told_with_its_place() {
        let readme = Page::new(
            "README.md",
            "# Top\n[a](guide/a.md#one) [b](LICENSE) [c](#top) [d](https://x.example/#y)\n\
             [e](guide/a.md#two) [f](guide/b.md) [g](#bottom) [h](LICENSE#one)\n",
        );
        let chapter = Page::new("guide/a.md", "# One\n[up](../README.md#top)\n");
        let pages = [readme.clone(), chapter.clone()];
        let exists = |path: &str| path == "LICENSE";
        assert_eq!(
            faults(&readme, &pages, exists),
            [
                "README.md:3: guide/a.md#two: no such heading",
                "README.md:3: guide/b.md: no such file",
                "README.md:3: #bottom: no such heading",
                "README.md:3: LICENSE#one: only headings of the documents are known",
            ]
        );
        assert_eq!(faults(&chapter, &pages, exists), Vec::<String>::new());
        let alone = Page::new("guide/c.md", "# Alone\n");
        assert_eq!(
            lonely(&readme, &[chapter, alone]),
            [
                "README.md does not lead to guide/c.md",
                "guide/c.md does not lead to README.md"
            ]
        );
    }
}
