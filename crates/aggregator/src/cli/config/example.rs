//! A file with every setting: what it is for, and its default, behind a `#` that one takes away to change it.

use crate::cli::settings::{flags, possible_values, variable};
use crate::config::settings_file::key_of;
use clap::Arg;

/// Columns of a line of comment.
const WIDTH: usize = 100;

const HEAD: &str = "\
# Settings of the aggregator: each has its default here, behind a # that you take away to change it.
# A variable of the environment (LISTEN_ADDR for listen_addr) counts more than this file, and a flag
# (--listen-addr) more than that. `aggregator config check` tells whether all is well.
";

/// What a setting may be that has no default.
const EXAMPLES: [(&str, &str); 23] = [
    ("PARTIAL_BATCHES", "true"),
    ("TOKENS_FILE", "\"tokens.toml\""),
    ("ALLOWED_HOSTS", "[\"logs.example\", \"logs\"]"),
    ("TRUSTED_PROXIES", "[\"10.0.0.0/8\", \"192.168.1.5\"]"),
    (
        "CURSOR_KEY",
        "\"a secret of your own, of 16 characters or more\"",
    ),
    ("INSTANCE", "\"logs-1\""),
    ("TLS_CERT_FILE", "\"cert.pem\""),
    ("TLS_KEY_FILE", "\"key.pem\""),
    ("TLS_CLIENT_CA_FILE", "\"clients.pem\""),
    ("TLS_CLIENT_AUTH", "\"required\""),
    ("MONGODB_URI", "\"mongodb://127.0.0.1:27017\""),
    ("KEY_MEMORY", "\"90days\""),
    ("LAYOUT", "\"blocks\""),
    ("STORE_MIN_FREE_DISK", "\"1GiB\""),
    ("RETENTION", "\"30days\""),
    ("RETENTION_TRACE", "\"12h\""),
    ("RETENTION_DEBUG", "\"1day\""),
    ("RETENTION_INFO", "\"14days\""),
    ("RETENTION_WARN", "\"90days\""),
    ("RETENTION_ERROR", "\"1year\""),
    ("RETENTION_FATAL", "\"forever\""),
    (
        "RETENTION_RULES",
        "\"attr.service=debugger&minLevel=DEBUG 1day; attr.team=audit forever\"",
    ),
    ("MAX_STORE_BYTES", "\"200GiB\""),
];

/// The whole file.
pub(super) fn text() -> String {
    let mut text = HEAD.to_owned();
    let mut heading = None;
    for flag in flags() {
        let own = flag.get_help_heading().map(str::to_owned);
        if own != heading {
            heading = own;
            text += "\n## ";
            text += heading.as_deref().unwrap_or_default();
            text += "\n";
        }
        if let Some(entry) = entry(&flag) {
            text.push('\n');
            text.push_str(&entry);
        }
    }
    text
}

/// What is said of one setting, and its line.
fn entry(flag: &Arg) -> Option<String> {
    let variable = variable(flag)?;
    let mut about = about(flag);
    let value = if let Some(default) = default(flag) {
        default
    } else {
        about.push_str(" Not set; for example:");
        example(variable)?.to_owned()
    };
    Some(format!(
        "{}#{} = {value}\n",
        comment(&about),
        key_of(variable)
    ))
}

fn example(variable: &str) -> Option<&'static str> {
    let mut examples = EXAMPLES.iter();
    examples.find_map(|(name, example)| (*name == variable).then_some(*example))
}

fn about(flag: &Arg) -> String {
    let help = flag.get_long_help().or_else(|| flag.get_help());
    let help = help.map(ToString::to_string).unwrap_or_default();
    let help = help.trim_end_matches('.');
    let values = possible_values(flag);
    // The help says it of those itself.
    match values.is_empty() || values == ["true", "false"] {
        true => format!("{help}."),
        false => format!("{help} ({}).", values.join(", ")),
    }
}

/// As TOML has it.
fn default(flag: &Arg) -> Option<String> {
    let value = flag.get_default_values().first()?.to_str()?;
    let is_bare = value.parse::<u64>().is_ok() || value.parse::<bool>().is_ok();
    Some(match is_bare {
        true => value.to_owned(),
        false => format!("{value:?}"),
    })
}

/// Lines of comment, no wider than is read with ease.
fn comment(text: &str) -> String {
    let mut lines = vec![String::from("#")];
    for word in text.split_whitespace() {
        if let Some(line) = lines.last_mut()
            && line.chars().count() + 1 + word.chars().count() <= WIDTH
        {
            line.push(' ');
            line.push_str(word);
        } else {
            lines.push(format!("# {word}"));
        }
    }
    lines.join("\n") + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::settings::{check, with_file};
    use crate::config::Config;
    use crate::config::settings_file::SettingsFile;
    use clap::Args as _;
    use std::collections::BTreeSet;

    /// The file as it is once every setting is set by it.
    fn uncommented() -> String {
        let lines = text();
        let lines = lines.lines().map(|line| {
            let set = line.strip_prefix('#');
            set.filter(|rest| rest.starts_with(char::is_alphabetic))
                .unwrap_or(line)
        });
        lines.collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn every_setting_is_in_it_and_can_be_read_when_its_line_counts() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("all.toml");
        std::fs::write(&path, uncommented()).unwrap();
        let file = SettingsFile::read(&path).unwrap();
        check(&file).unwrap();
        let keys: BTreeSet<&str> = file.entries().iter().map(|entry| &*entry.key).collect();
        let flags = flags();
        let settings: Vec<String> = flags.iter().filter_map(variable).map(key_of).collect();
        assert_eq!(keys, settings.iter().map(String::as_str).collect());
        assert_eq!(file.entries().len(), settings.len());
        let command = Config::augment_args(clap::Command::new("aggregator"));
        with_file(command, &file)
            .try_get_matches_from(["aggregator"])
            .unwrap();
        std::fs::write(&path, text()).unwrap();
        assert!(SettingsFile::read(&path).unwrap().entries().is_empty());
    }

    #[test]
    fn what_has_a_default_has_no_example_beside_it() {
        for flag in flags() {
            let name = variable(&flag).unwrap();
            assert_ne!(default(&flag).is_some(), example(name).is_some(), "{name}");
        }
    }

    #[test]
    fn it_has_headings_and_no_line_is_too_wide() {
        let text = text();
        for said in [
            "\n## HTTP\n\n# Address or name",
            "\n#listen_addr = \"127.0.0.1:8005\"\n",
            "\n#workers = 4\n",
            "\n#strict_batches = false\n",
            "Form of the log (text, json).\n#log_format = \"text\"\n",
        ] {
            assert!(text.contains(said), "{said}: {text}");
        }
        assert!(text.lines().all(|line| line.chars().count() <= WIDTH));
    }
}
