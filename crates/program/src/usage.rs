//! What is said of a command line that cannot be read: one sentence for a wrong value, which may come
//! from the environment, and the usage as well for a command line that is put together wrongly.

use clap::error::ErrorKind;

/// The text for standard error, without its last line end.
pub fn told(error: &clap::Error) -> String {
    let text = error.to_string();
    if error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
        return format!("error: a command is missing\n\n{}", text.trim_end());
    }
    let paragraphs: Vec<String> = text.split("\n\n").map(one_line).collect();
    let has_usage = paragraphs.iter().any(|line| line.starts_with("Usage:"));
    match has_usage {
        true => paragraphs.join("\n"),
        false => paragraphs.into_iter().next().unwrap_or_default(),
    }
}

fn one_line(paragraph: &str) -> String {
    let words: Vec<&str> = paragraph.split_whitespace().collect();
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::{Arg, Command};

    fn said(args: &[&str]) -> String {
        let value = Arg::new("count")
            .long("count")
            .value_parser(clap::value_parser!(u8));
        let inner = Command::new("inner").arg(value);
        let outer = Command::new("outer").subcommand(inner);
        let outer = outer.subcommand_required(true).arg_required_else_help(true);
        let args = [&["outer"], args].concat();
        told(&outer.try_get_matches_from(args).unwrap_err())
    }

    #[test]
    fn a_wrong_value_is_one_sentence() {
        let said = said(&["inner", "--count", "many"]);
        assert!(said.starts_with("error: invalid value 'many' for '--count <count>': "));
        assert!(!said.contains('\n'), "{said}");
    }

    #[test]
    fn a_wrong_flag_comes_with_the_usage_and_what_may_be_meant() {
        let said = said(&["inner", "--cuont=1"]);
        let lines: Vec<&str> = said.lines().collect();
        assert_eq!(
            lines,
            [
                "error: unexpected argument '--cuont' found",
                "tip: a similar argument exists: '--count'",
                "Usage: outer inner --count <count>",
                "For more information, try '--help'."
            ]
        );
    }

    #[test]
    fn a_missing_command_comes_with_those_that_there_are() {
        let said = said(&[]);
        assert!(
            said.starts_with("error: a command is missing\n\n"),
            "{said}"
        );
        assert!(
            said.contains("Usage: outer <COMMAND>") && said.contains("  inner"),
            "{said}"
        );
    }
}
