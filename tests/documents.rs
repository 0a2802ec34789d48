//! The README and the guide: their commands are run as they stand, their links lead somewhere, and what
//! they name is what the programs know.

mod help;
mod links;
mod markdown;
mod printed;
mod running;
mod shell;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use crate::support::binaries;
use crate::support::stores::Backend;
use help::{Program, unknown_settings, unnamed};
use markdown::{Page, Piece};
use shell::{commands, is_shell, kind, without_cargo};

const README: &str = "README.md";
const SECURITY: &str = "SECURITY.md";
const GUIDE: &str = "crates/aggregator/guide";
/// Longer, and a newcomer does not read it.
const MOST_LINES: usize = 300;
const PROGRAMS: [&str; 3] = ["aggregator", "producer", "bench"];
/// Words in capitals that are no settings of a program of ours.
const NO_SETTINGS: [&str; 18] = [
    "KEY",
    "TRACE",
    "DEBUG",
    "INFO",
    "WARN",
    "WARNING",
    "ERROR",
    "FATAL",
    "GET",
    "POST",
    "HEAD",
    // Fields of journald's.
    "MESSAGE",
    "PRIORITY",
    // Of the tests, and of terminals.
    "KILL_ROUNDS",
    "SPOOL_SEEDS",
    "MONGOD",
    "PATH",
    "NO_COLOR",
];

fn top() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn read(path: &str) -> String {
    let text = std::fs::read_to_string(top().join(path));
    text.unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The README, what stands beside it, and then each chapter of the guide.
fn pages() -> Vec<Page> {
    let folder = std::fs::read_dir(top().join(GUIDE)).expect("the guide is there");
    let names = folder.map(|entry| entry.expect("an entry").file_name());
    let mut names: Vec<String> = names
        .map(|name| name.into_string().expect("a name in UTF-8"))
        .filter(|name| Path::new(name).extension().is_some_and(|end| end == "md"))
        .collect();
    names.sort_unstable();
    let chapters = names.into_iter().map(|name| format!("{GUIDE}/{name}"));
    let paths = [README, SECURITY]
        .map(str::to_owned)
        .into_iter()
        .chain(chapters);
    paths
        .map(|path| Page::new(path.clone(), read(&path)))
        .collect()
}

fn page(pages: &[Page], name: &str) -> Page {
    let page = pages.iter().find(|page| page.path.ends_with(name));
    page.unwrap_or_else(|| panic!("no page {name}")).clone()
}

/// What the programs print with `--help`, read once.
fn programs() -> &'static BTreeMap<&'static str, Program> {
    static ALL: OnceLock<BTreeMap<&'static str, Program>> = OnceLock::new();
    ALL.get_or_init(|| PROGRAMS.map(|name| (name, learned(name))).into())
}

fn learned(name: &str) -> Program {
    let mut program = Program::default();
    let mut open = vec![String::new()];
    while let Some(commands) = open.pop() {
        let mut help = Command::new(binaries::of_the_workspace(name));
        help.env_clear()
            .args(commands.split_whitespace())
            .arg("--help");
        let output = help.output().expect("the program starts");
        assert!(output.status.success(), "{name} {commands} --help");
        let text = String::from_utf8(output.stdout).expect("UTF-8");
        open.extend(program.learn(&commands, &text));
    }
    program
}

fn assert_none(faults: &[String]) {
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn every_command_works_as_it_stands() {
    for page in pages() {
        running::run(&page, Backend::Blocks).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_commands_for_users_work_on_the_other_stores_as_well() {
    let pages = pages();
    for store in [Backend::MongoDb, Backend::Sqlite] {
        for name in [README, "sending.md", "reading.md"] {
            running::run(&page(&pages, name), store).await;
        }
    }
}

#[test]
fn every_command_has_a_kind_and_flags_that_its_program_knows() {
    let mut faults = Vec::new();
    for page in pages() {
        let blocks = page.blocks().into_iter().filter(is_shell);
        let in_blocks = blocks.flat_map(|block| commands(&block)).map(|command| {
            let unknown = kind(&command.text).is_none();
            let fault = unknown.then(|| "nobody says how to run it".to_owned());
            (command.line, command.text, fault)
        });
        let spans = page.spans().into_iter();
        let in_prose = spans.map(|Piece { line, text }| (line, without_cargo(&text), None));
        for (line, text, fault) in in_blocks.chain(in_prose) {
            let words = shell::words(&text);
            let program = words.first().and_then(|name| programs().get(name.as_str()));
            let unknown = program.and_then(|program| program.unknown(&text));
            let place = format!("{}:{line}: {text}", page.path);
            faults.extend(fault.or(unknown).map(|fault| format!("{place}: {fault}")));
        }
    }
    assert_none(&faults);
}

#[test]
fn every_flag_that_is_named_exists() {
    let known: BTreeSet<&str> = programs().values().flat_map(Program::flags).collect();
    let mut faults = Vec::new();
    for page in pages() {
        for Piece { line, text } in page.spans() {
            let words = shell::words(&text);
            for flag in words.iter().filter_map(|word| word.strip_prefix("--")) {
                let is_flag_alone = text.starts_with("--") && !flag.is_empty();
                if is_flag_alone && !known.contains(flag.split('=').next().unwrap_or(flag)) {
                    faults.push(format!("{}:{line}: no flag --{flag}", page.path));
                }
            }
        }
    }
    assert_none(&faults);
}

#[test]
fn every_setting_that_is_named_exists() {
    let compose = read("docker-compose.yml");
    let variables = compose.split("${").skip(1);
    let variables = variables.filter_map(|rest| rest.split([':', '-', '}']).next());
    let names = compose.lines().filter_map(|line| line.split_once(':'));
    let names = names.map(|(name, _)| name.trim());
    let settings = programs().values().flat_map(Program::settings);
    let known: BTreeSet<&str> = settings
        .chain(variables)
        .chain(names)
        .chain(NO_SETTINGS)
        .collect();
    let pages = pages();
    let faults: Vec<String> = pages
        .iter()
        .flat_map(|page| unknown_settings(page, &known))
        .collect();
    assert_none(&faults);
}

#[test]
fn every_setting_that_exists_is_named() {
    let pages = pages();
    let [settings, producer, reading, moving, benchmark] = [
        "settings.md",
        "producer.md",
        "reading.md",
        "moving.md",
        "benchmark.md",
    ]
    .map(|name| page(&pages, name));
    let aggregator = programs()["aggregator"].settings();
    assert_eq!(unnamed(&aggregator, &[&settings]), [""; 0]);
    for (flags, page) in [
        (programs()["producer"].flags(), &producer),
        (programs()["aggregator"].flags_of("query"), &reading),
        (programs()["aggregator"].flags_of("import"), &moving),
        (programs()["aggregator"].flags_of("export"), &moving),
    ] {
        let flags: BTreeSet<String> = flags
            .into_iter()
            .filter(|flag| flag.len() > 1 && !["help", "version"].contains(flag))
            .map(|flag| format!("--{flag}"))
            .collect();
        let flags = flags.iter().map(String::as_str).collect();
        assert_eq!(unnamed(&flags, &[page]), [""; 0], "{}", page.path);
    }
    let parts = programs()["bench"].commands();
    assert_eq!(unnamed(&parts, &[&benchmark]), [""; 0]);
}

#[test]
fn the_table_of_settings_and_the_example_of_a_file_have_the_same_ones() {
    let mut example = Command::new(binaries::aggregator());
    let example = example.env_clear().args(["config", "example"]).output();
    let example = String::from_utf8(example.expect("the program starts").stdout).expect("UTF-8");
    let keys = example.lines().filter_map(|line| line.strip_prefix('#'));
    let keys = keys.filter_map(|line| line.split_once(" = ").map(|(key, _)| key));
    let keys = keys.filter(|key| key.starts_with(char::is_alphabetic));
    // The file cannot name itself.
    let of_example = keys
        .map(str::to_uppercase)
        .chain(["CONFIG_FILE".to_owned()]);
    let guide = read(&format!("{GUIDE}/settings.md"));
    let cells = guide.lines().filter_map(|line| line.strip_prefix("| `"));
    let cells = cells.filter_map(|line| line.split(" | ").next());
    let of_guide = cells.flat_map(|cell| {
        cell.split("`, `")
            .map(|name| name.trim_matches('`').to_owned())
    });
    let of_guide: BTreeSet<String> = of_guide.collect();
    assert!(of_guide.len() > 30, "{of_guide:?}");
    assert_eq!(of_example.collect::<BTreeSet<_>>(), of_guide);
}

#[test]
fn every_link_leads_somewhere() {
    let pages = pages();
    let exists = |path: &str| top().join(path).exists();
    let mut faults: Vec<String> = pages
        .iter()
        .flat_map(|page| links::faults(page, &pages, exists))
        .collect();
    let (readme, chapters) = pages.split_first().expect("the README");
    faults.extend(links::lonely(readme, chapters));
    faults.extend(pages.iter().flat_map(|page| links::missing(page, exists)));
    assert_none(&faults);
}

#[test]
fn the_readme_is_short_and_each_chapter_says_whom_it_serves() {
    let pages = pages();
    let (readme, chapters) = pages.split_first().expect("the README");
    assert!(readme.lines() < MOST_LINES, "{} lines", readme.lines());
    for chapter in chapters {
        let first = chapter.first_sentence();
        assert!(
            first.starts_with("For whoever "),
            "{}: {first}",
            chapter.path
        );
    }
}

#[test]
fn nothing_is_left_unrun_in_advance() {
    let pages = pages();
    let blocks = pages.iter().flat_map(Page::blocks).filter(is_shell);
    let commands: Vec<String> = blocks
        .flat_map(|block| commands(&block))
        .map(|command| command.text)
        .collect();
    for (words, _) in shell::NOT_RUN {
        let is_used = commands.iter().any(|command| command.starts_with(words));
        assert!(is_used, "no document has {words:?}");
    }
}
