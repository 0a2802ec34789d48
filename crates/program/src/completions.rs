//! `completions`, a command of both programs: the script by which a shell completes commands and flags.

use clap::{Args, Command};
use clap_complete::Shell;

/// For whom.
#[derive(Debug, Clone, Args)]
pub struct CompletionsArgs {
    /// The shell that reads the script.
    pub shell: Shell,
}

/// The script for `program`.
pub fn script(args: &CompletionsArgs, mut program: Command) -> String {
    let name = program.get_name().to_owned();
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut program, name, &mut script);
    String::from_utf8_lossy(&script).into_owned()
}
