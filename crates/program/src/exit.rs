//! The end of a `main`: a sentence on standard error with an exit code, or text on standard output.

use crate::standard_error;
use std::io::{self, Write as _};
use std::process::{self, ExitCode};

/// The exit code for a setting that is wrong.
pub const USAGE: u8 = 2;

/// Writes the sentence to standard error; gives the exit code.
pub fn fail(code: u8, sentence: &str) -> ExitCode {
    // Nobody may read it; the exit code says the same.
    standard_error::say(sentence);
    ExitCode::from(code)
}

/// Ends the process without waiting for its threads; what was said is written before that.
pub fn at_once(code: i32) -> ! {
    standard_error::finish();
    process::exit(code)
}

/// Writes the text and one line end to standard output; it is a failure when that cannot be written.
pub fn print(text: &str) -> ExitCode {
    match writeln!(io::stdout(), "{}", text.trim_end()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}
