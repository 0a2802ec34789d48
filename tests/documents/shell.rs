//! The commands of the documents: where one ends, which words it has, and what is to be done with it. Pure.

use super::markdown::Block;

/// Commands that no test of ours can run, by their first words, and why.
pub(super) const NOT_RUN: [(&str, &str); 7] = [
    ("docker-compose ", "a Docker engine: tests/compose.sh"),
    ("cargo test", "it is what runs this"),
    ("openapi-python-client ", "PyPI: tests/senders/api.rs"),
    ("npx ", "npm: tests/senders/api.rs"),
    ("cargo bench", "minutes on a machine that is left alone"),
    (
        "cargo run --release -p producer --example answer",
        "a load test for a quiet machine, against a server of its own",
    ),
    (
        "producer --url http://127.0.0.1:8006 ",
        "a load test against the server of the line above it",
    ),
];

/// One command of a block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Command {
    /// The number of its first line.
    pub(super) line: usize,
    /// The command, with our programs called by their names and not by way of cargo.
    pub(super) text: String,
}

/// What is to be done with a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Run to its end, beside a running service.
    Ends,
    /// Run to its end, while the service is stopped.
    AtRest,
    /// A service: it is started, and stopped when it listens.
    Serves,
    /// A producer that goes on for long: it is stopped when logs have come.
    Sends,
    /// Compared with what `bench --help` knows.
    Measures,
    /// Not run; this is what it would need.
    NotRun(&'static str),
}

/// Whether a block is for a shell.
pub(super) fn is_shell(block: &Block) -> bool {
    ["sh", "bash", "shell", "console"].contains(&block.language.as_str())
}

/// The commands of a block. In a `console` block those are the lines that begin with `$ `.
pub(super) fn commands(block: &Block) -> Vec<Command> {
    let mut commands: Vec<Command> = Vec::new();
    let mut open = false;
    for (number, line) in block.text.lines().enumerate() {
        if open {
            let last = commands.last_mut().expect("one is open");
            last.text.push('\n');
            last.text.push_str(line);
        } else {
            let said = line.trim_start();
            let command = match block.language.as_str() {
                "console" => said.strip_prefix("$ "),
                _ => (!said.is_empty() && !said.starts_with('#')).then_some(said),
            };
            let Some(text) = command else { continue };
            commands.push(Command {
                line: block.line + number,
                text: text.to_owned(),
            });
        }
        open = commands.last().is_some_and(|last| goes_on(&last.text));
    }
    for command in &mut commands {
        command.text = without_cargo(&command.text);
    }
    commands
}

/// Whether the next line belongs to it: a quote is open, or a backslash ends it.
fn goes_on(text: &str) -> bool {
    let mut quote = None;
    for letter in text.chars() {
        match (quote, letter) {
            (None, '\'' | '"') => quote = Some(letter),
            (Some(open), close) if open == close => quote = None,
            _ => {}
        }
    }
    quote.is_some() || text.ends_with('\\')
}

/// Our programs by their names: `cargo run --release -p bench -- all` is `bench all`.
pub(super) fn without_cargo(text: &str) -> String {
    const CARGO: &str = "cargo run --release -p ";
    let Some((before, after)) = text.split_once(CARGO) else {
        return text.to_owned();
    };
    if after.contains(" --example ") {
        return text.to_owned();
    }
    format!("{before}{}", after.replacen(" -- ", " ", 1))
}

/// Whether it follows what is stored.
pub(super) fn follows(text: &str) -> bool {
    text.contains("/logs/tail")
        || text.contains("aggregator tail")
        || text.contains("query --follow")
}

/// Its words up to a pipe or another command, without quotes and without settings in front.
pub(super) fn words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let (mut word, mut quote, mut begun) = (String::new(), None, false);
    for letter in text.replace("\\\n", " ").chars().chain([' ']) {
        match (quote, letter) {
            (None, '\'' | '"') => (quote, begun) = (Some(letter), true),
            (Some(open), close) if open == close => quote = None,
            (None, ' ' | '\n') => {
                if begun {
                    words.push(std::mem::take(&mut word));
                }
                begun = false;
            }
            (_, letter) => {
                word.push(letter);
                begun = true;
            }
        }
    }
    let end = words
        .iter()
        .position(|word| ["|", "||", "&", "&&", ";", ">"].contains(&word.as_str()));
    words.truncate(end.unwrap_or(words.len()));
    let settings = words.iter().take_while(|word| is_setting(word)).count();
    words.split_off(settings)
}

/// `NAME=value`.
fn is_setting(word: &str) -> bool {
    let name = word.split_once('=').map_or("", |(name, _)| name);
    !name.is_empty() && name.chars().all(|c| c.is_ascii_uppercase() || c == '_')
}

/// What is to be done with a command; `None` if nobody said.
pub(super) fn kind(command: &str) -> Option<Kind> {
    let not_run = NOT_RUN.iter().find(|(words, _)| command.starts_with(words));
    if let Some((_, why)) = not_run {
        return Some(Kind::NotRun(why));
    }
    let words = words(command);
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["curl" | "openssl" | "printf", ..]
        | [
            "aggregator",
            "query" | "tail" | "health" | "import" | "export" | "delete" | "rejected" | "stats"
            | "log-level" | "drain" | "breaker" | "token" | "backup" | "restore" | "completions"
            | "manual",
            ..,
        ] => Some(Kind::Ends),
        ["aggregator", "migrate" | "spool" | "store", ..] => Some(Kind::AtRest),
        ["aggregator"] => Some(Kind::Serves),
        ["aggregator", flag, ..] if flag.starts_with("--") => Some(Kind::Serves),
        ["producer", flags @ ..] if flags.contains(&"--count") => Some(Kind::Ends),
        ["producer", ..] => Some(Kind::Sends),
        ["bench", ..] => Some(Kind::Measures),
        _ => None,
    }
}

mod tests {
    use super::*;

    fn block(language: &str, text: &str) -> Block {
        Block {
            line: 10,
            language: language.to_owned(),
            text: text.to_owned(),
            follows: false,
        }
    }

    #[test]
    fn a_block_is_divided_into_its_commands() {
        let text =
            "# first\ncurl a \\\n-d '[1,\n 2]'\n\ncargo run --release -p bench -- all --runs 1\n";
        let found = commands(&block("bash", text));
        assert_eq!(
            found
                .iter()
                .map(|one| (one.line, one.text.as_str()))
                .collect::<Vec<_>>(),
            [(11, "curl a \\\n-d '[1,\n 2]'"), (15, "bench all --runs 1")]
        );
        let found = commands(&block("console", "$ aggregator health\nanswer\n"));
        assert_eq!(found.len(), 1);
    }

    #[test]
    fn words_are_those_of_a_shell() {
        let text = "A='b c' curl -d '{\"x\": 1}' \\\n  \"two words\" '' | jq .";
        assert_eq!(words(text), ["curl", "-d", "{\"x\": 1}", "two words", ""]);
    }

    #[test]
    fn every_command_has_one_kind() {
        for (command, expected) in [
            ("curl -s http://localhost:8005/health", Kind::Ends),
            ("aggregator query -q x | head", Kind::Ends),
            ("aggregator spool verify", Kind::AtRest),
            ("aggregator migrate --data-dir x", Kind::AtRest),
            ("MONGODB_URI='mongodb://x' aggregator", Kind::Serves),
            ("producer --rate 0 --count 10", Kind::Ends),
            ("producer", Kind::Sends),
            ("bench all", Kind::Measures),
        ] {
            assert_eq!(kind(command), Some(expected), "{command}");
        }
        assert!(matches!(kind("cargo test -p x"), Some(Kind::NotRun(_))));
    }

    #[test]
    fn a_command_that_nobody_knows_has_none() {
        for command in ["rm -r data", "aggregator serve", "docker ps", "mongosh", ""] {
            assert_eq!(kind(command), None, "{command}");
        }
    }
}
