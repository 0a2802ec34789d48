//! What the programs say of themselves with `--help`, and whether the documents agree: commands, flags
//! and settings. Pure.

use std::collections::{BTreeMap, BTreeSet};

use super::markdown::Page;
use super::shell::words;

/// The `--help` of a program and of each of its commands.
#[derive(Debug, Default)]
pub(super) struct Program {
    /// By the commands in front of it: `""`, `"spool"`, `"spool verify"`.
    parts: BTreeMap<String, Part>,
}

#[derive(Debug, Default)]
struct Part {
    commands: BTreeSet<String>,
    /// Without their dashes; short ones have one letter.
    flags: BTreeSet<String>,
    settings: BTreeSet<String>,
}

impl Program {
    /// Reads what `program <commands> --help` prints, and says which further commands it names.
    pub(super) fn learn(&mut self, commands: &str, help: &str) -> Vec<String> {
        let mut part = Part::default();
        let mut listing = false;
        for line in help.lines() {
            let said = line.trim_start();
            listing = match line {
                "Commands:" => true,
                line => listing && !line.is_empty(),
            };
            if listing && line.starts_with("  ") && !line.starts_with("   ") {
                part.commands
                    .extend(said.split(' ').next().map(str::to_owned));
            }
            // Values that are listed have a dash and a space.
            if said.starts_with('-') && !said.starts_with("- ") {
                // In a short help, what it is for stands behind it.
                let names = said.split("  ").next().unwrap_or_default();
                let names = names.split(['<', '[']).next().unwrap_or_default();
                let names = names.split([',', ' ']);
                let names = names.map(|name| name.trim_matches(['-', '.']));
                part.flags
                    .extend(names.filter(|name| !name.is_empty()).map(str::to_owned));
            }
        }
        part.commands.remove("help");
        let joined = help.split_whitespace().collect::<Vec<_>>().join(" ");
        part.settings.extend(listed(&joined, "[env: "));
        let aliases = ["[alias: ", "[aliases: "].map(|label| listed(&joined, label));
        let aliases = aliases.into_iter().flatten();
        part.flags
            .extend(aliases.map(|name| name.trim_start_matches('-').to_owned()));
        let further = part
            .commands
            .iter()
            .map(|name| format!("{commands} {name}").trim().to_owned())
            .collect();
        self.parts.insert(commands.to_owned(), part);
        further
    }

    /// Every setting of it and its commands.
    pub(super) fn settings(&self) -> BTreeSet<&str> {
        let parts = self.parts.values();
        parts
            .flat_map(|part| &part.settings)
            .map(String::as_str)
            .collect()
    }

    /// Every flag of it and its commands.
    pub(super) fn flags(&self) -> BTreeSet<&str> {
        self.parts
            .keys()
            .flat_map(|name| self.flags_of(name))
            .collect()
    }

    /// The flags of one command.
    pub(super) fn flags_of(&self, commands: &str) -> BTreeSet<&str> {
        let part = self.parts.get(commands);
        let flags = part.into_iter().flat_map(|part| &part.flags);
        flags.map(String::as_str).collect()
    }

    /// Its commands.
    pub(super) fn commands(&self) -> BTreeSet<&str> {
        let part = self.parts.get("");
        let commands = part.into_iter().flat_map(|part| &part.commands);
        commands.map(String::as_str).collect()
    }

    /// What a command line has that the program does not know.
    pub(super) fn unknown(&self, command: &str) -> Option<String> {
        let mut words = words(command);
        words.retain(|word| word != "…");
        let mut at = String::new();
        for (before, word) in words.iter().zip(words.iter().skip(1)) {
            let part = self.parts.get(&at)?;
            if part.commands.contains(word) {
                if !at.is_empty() {
                    at.push(' ');
                }
                at.push_str(word);
            } else if let Some(flag) = word.strip_prefix("--") {
                let name = flag.split('=').next().unwrap_or_default();
                if !name.is_empty() && !part.flags.contains(name) {
                    return Some(format!("no flag --{name}"));
                }
            } else if let Some(letter) = word.strip_prefix('-').and_then(|rest| rest.get(..1)) {
                let is_flag = letter.chars().all(char::is_alphabetic);
                if is_flag && !part.flags.contains(letter) {
                    return Some(format!("no flag -{letter}"));
                }
            } else if at.is_empty() && !part.commands.is_empty() && !before.starts_with('-') {
                // Behind a flag stands its value.
                return Some(format!("no command {word}"));
            }
        }
        None
    }
}

/// What stands behind each `[env: ` or the like.
fn listed<'a>(help: &'a str, label: &'a str) -> impl Iterator<Item = String> + 'a {
    let found = help.split(label).skip(1);
    found.flat_map(|rest| {
        let all = rest.split(']').next().unwrap_or_default();
        all.split(", ")
            .map(|name| name.split('=').next().unwrap_or_default().to_owned())
            .collect::<Vec<_>>()
    })
}

/// The names in capitals that a page has in backticks (`NAME`, or `NAME=value …`) and nobody knows.
pub(super) fn unknown_settings(page: &Page, known: &BTreeSet<&str>) -> Vec<String> {
    let spans = page.spans().into_iter();
    let unknown =
        spans.filter(|span| name_in_capitals(&span.text).is_some_and(|name| !known.contains(name)));
    unknown
        .map(|span| format!("{}:{}: no setting {}", page.path, span.line, span.text))
        .collect()
}

fn name_in_capitals(span: &str) -> Option<&str> {
    let name = span.split([' ', '=', '/']).next().unwrap_or_default();
    let first = name.chars().next()?;
    let all = name
        .chars()
        .all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_');
    (first.is_ascii_uppercase() && name.len() > 2 && all).then_some(name)
}

/// Which of these names no page has in backticks.
pub(super) fn unnamed<'a>(names: &BTreeSet<&'a str>, pages: &[&Page]) -> Vec<&'a str> {
    let spans: Vec<String> = pages
        .iter()
        .flat_map(|page| page.spans())
        .map(|span| span.text)
        .collect();
    let is_named = |name: &str| {
        spans
            .iter()
            .flat_map(|span| span.split([' ', '=', ',']))
            .any(|word| word == name)
    };
    names
        .iter()
        .copied()
        .filter(|name| !is_named(name))
        .collect()
}

mod tests {
    use super::*;

    const HELP: &str = "\
Does things.

Usage: thing [OPTIONS] [COMMAND]

Commands:
  query   Asks
          for more
  help    Print this message

Options:
      --max-bytes <SIZE>
          Bytes. [env:
          MAX_BYTES=] [default: 1]
  -q, --contains <TEXT>
          Text. [aliases: --text, --part]
  -h, --help  Print help
      --gzip[=<BOOL>]
          [env: GZIP]

          Possible values:
          - true: Yes
          [alias: --zip]
";

    fn program() -> Program {
        let mut program = Program::default();
        assert_eq!(program.learn("", HELP), ["query"]);
        program.learn("query", "Options:\n  -n, --limit <COUNT>\n");
        program
    }

    #[test]
    fn help_is_read() {
        let program = program();
        assert_eq!(program.settings(), BTreeSet::from(["GZIP", "MAX_BYTES"]));
        let flags = [
            "contains",
            "gzip",
            "h",
            "help",
            "max-bytes",
            "part",
            "q",
            "text",
            "zip",
        ];
        assert_eq!(program.flags_of(""), BTreeSet::from(flags));
        assert_eq!(program.commands(), BTreeSet::from(["query"]));
    }

    #[test]
    fn an_unknown_flag_or_command_is_told() {
        let program = program();
        for (command, expected) in [
            ("thing --max-bytes 5 -q -15m --gzip=true", None),
            ("thing query -n5 --limit 3 | head --bytes", None),
            ("thing --most 5", Some("no flag --most")),
            ("thing query --max-bytes 5", Some("no flag --max-bytes")),
            ("thing query -q x", Some("no flag -q")),
            ("thing ask", Some("no command ask")),
        ] {
            assert_eq!(program.unknown(command).as_deref(), expected, "{command}");
        }
    }

    #[test]
    fn an_unknown_setting_is_told_and_one_that_is_not_named() {
        let text = "`MAX_BYTES`, `NO_SUCH`,\n`GZIP=1 x`, `NOR_THIS=1 x`, NOT_CODE, `Mixed`, `--max-bytes 5`\n";
        let page = Page::new("a.md", text);
        let known = program();
        let known = known.settings();
        assert_eq!(
            unknown_settings(&page, &known),
            [
                "a.md:1: no setting NO_SUCH",
                "a.md:2: no setting NOR_THIS=1 x"
            ]
        );
        let names = BTreeSet::from(["MAX_BYTES", "--max-bytes", "--most"]);
        assert_eq!(unnamed(&names, &[&page]), ["--most"]);
    }
}
