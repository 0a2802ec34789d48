//! The program: settings, log, run, summary, exit code.

use clap::Parser as _;
use producer::config::{self, Config};
use std::io::{self, Write as _};
use std::process::ExitCode;

/// A setting is wrong.
const USAGE: u8 = 2;

fn main() -> ExitCode {
    let config = match Config::try_parse() {
        Ok(config) => config,
        Err(error) if error.use_stderr() => return fail(USAGE, &config::sentence(&error)),
        Err(help) => return say(&help.to_string()),
    };
    let _target = match config.check() {
        Ok(target) => target,
        Err(error) => return fail(USAGE, &format!("error: {error}")),
    };
    ExitCode::SUCCESS
}

fn fail(code: u8, sentence: &str) -> ExitCode {
    // Standard error may be closed; the exit code says the same.
    drop(writeln!(io::stderr(), "{sentence}"));
    ExitCode::from(code)
}

fn say(text: &str) -> ExitCode {
    match writeln!(io::stdout(), "{}", text.trim_end()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}
