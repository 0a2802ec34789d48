//! `aggregator token new`, `list` and `revoke`: the tokens that let one into a service, in the file that the
//! service reads.

mod file;
mod limit_args;
mod listing;
mod replacement;

pub use limit_args::LimitArgs;

use crate::access::Scope;
use crate::access::secret::Secret;
use clap::{Args, Subcommand};
use file::{FileError, TokensFile};
use logs::Timestamp;
use logs::clock::{Clock as _, SystemClock};
use std::io::{self, Write};
use std::path::PathBuf;

const SECOND_NANOS: i64 = 1_000_000_000;

/// What can be done with tokens.
#[derive(Debug, Clone, Subcommand)]
pub enum TokenCommand {
    /// Makes one, and prints its secret, which is shown this once; the file keeps what knows it again.
    New(NewArgs),
    /// Lists them; none of their secrets is known.
    List(TokensFileArgs),
    /// Removes one: a running service lets nobody in by it any more, within seconds.
    Revoke(RevokeArgs),
}

/// Where they are.
#[derive(Debug, Clone, Args)]
pub struct TokensFileArgs {
    /// The file of tokens, that of the service.
    #[arg(long, env = "TOKENS_FILE", value_name = "FILE")]
    pub tokens_file: Option<PathBuf>,
}

/// Which is made.
#[derive(Debug, Clone, Args)]
pub struct NewArgs {
    /// What it is called: letters, digits, '-', '_' and '.'.
    #[arg(long, value_name = "NAME")]
    pub name: String,
    /// What it is for: ingest (to send), read, or operate; several, each with a flag of its own or with commas.
    #[arg(long, value_name = "SCOPE", required = true, value_delimiter = ',')]
    pub scope: Vec<Scope>,
    /// Whose it is: what two tokens of one tenant send twice is stored once. Its name unless this is set.
    #[arg(long, value_name = "NAME")]
    pub tenant: Option<String>,
    /// What it reads, in the words of a query string, such as attr.service=orders&minLevel=WARN: of other records it
    /// learns nothing. All unless this is set.
    #[arg(long, value_name = "FILTER")]
    pub filter: Option<String>,
    /// How much it may be used for.
    #[command(flatten)]
    pub limits: LimitArgs,
    /// An attribute that all its records get, in place of what their sender gives for it; may be given several times.
    #[arg(long, value_name = "NAME=TEXT", value_parser = limit_args::pin)]
    pub pin: Vec<(String, String)>,
    /// Where it is written; without it, what belongs into such a file is printed.
    #[command(flatten)]
    pub file: TokensFileArgs,
}

/// Which is removed.
#[derive(Debug, Clone, Args)]
pub struct RevokeArgs {
    /// Its name.
    #[arg(value_name = "NAME")]
    pub name: String,
    /// From where.
    #[command(flatten)]
    pub file: TokensFileArgs,
}

/// Why nothing was done: a sentence each.
#[derive(Debug, thiserror::Error)]
pub enum TokenFailure {
    /// Nobody said where they are.
    #[error("which file? --tokens-file FILE, or TOKENS_FILE, says where the tokens are")]
    NoFile,
    /// The file.
    #[error(transparent)]
    File(#[from] FileError),
    /// Standard output.
    #[error("cannot write: {0}")]
    Write(#[from] io::Error),
}

impl TokenFailure {
    /// Whether the command line is wrong.
    pub fn is_usage(&self) -> bool {
        match self {
            Self::NoFile => true,
            Self::File(error) => error.is_usage(),
            Self::Write(_) => false,
        }
    }
}

impl TokenCommand {
    pub(super) fn file_mut(&mut self) -> &mut TokensFileArgs {
        match self {
            Self::New(args) => &mut args.file,
            Self::List(file) => file,
            Self::Revoke(args) => &mut args.file,
        }
    }
}

impl TokensFileArgs {
    fn file(&self) -> Option<TokensFile> {
        let file = program::values::file(self.tokens_file.as_ref())?;
        Some(TokensFile::at(file.to_owned()))
    }

    fn needed(&self) -> Result<TokensFile, TokenFailure> {
        self.file().ok_or(TokenFailure::NoFile)
    }
}

/// Does it.
///
/// # Errors
/// [`TokenFailure`]; then the file is as it was.
pub fn run(command: &TokenCommand, out: &mut impl Write) -> Result<(), TokenFailure> {
    match command {
        TokenCommand::New(args) => new(args, out),
        TokenCommand::List(args) => Ok(listing::write(&args.needed()?.tokens()?, out)?),
        TokenCommand::Revoke(args) => {
            args.file.needed()?.revoke(&args.name)?;
            Ok(())
        }
    }
}

fn new(args: &NewArgs, out: &mut impl Write) -> Result<(), TokenFailure> {
    let secret = Secret::new(rand::random());
    let now = SystemClock::start().now().nanos();
    let entry = file::Entry {
        name: &args.name,
        tenant: args.tenant.as_deref(),
        scopes: &args.scope,
        filter: args.filter.as_deref(),
        limits: args.limits,
        pins: &args.pin,
        hash: secret.hash(),
        created: Timestamp::from_nanos(now - now.rem_euclid(SECOND_NANOS)),
    };
    let Some(file) = args.file.file() else {
        writeln!(out, "{}", entry.text()?)?;
        return Ok(show(&secret, out)?);
    };
    file.add(&entry)?;
    if let Err(error) = show(&secret, out) {
        // Nobody has seen it.
        file.revoke(&args.name)?;
        return Err(error.into());
    }
    Ok(())
}

fn show(secret: &Secret, out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "{}", secret.show())?;
    out.flush()
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Full;

    impl Write for Full {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::StorageFull.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_token_that_nobody_has_seen_is_not_in_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let tokens_file = Some(folder.path().join("tokens.toml"));
        let command = TokenCommand::New(NewArgs {
            name: "a".to_owned(),
            scope: vec![Scope::Read],
            tenant: None,
            filter: None,
            limits: LimitArgs::default(),
            pin: Vec::new(),
            file: TokensFileArgs { tokens_file },
        });
        assert!(run(&command, &mut Full).is_err());
        run(&command, &mut Vec::new()).unwrap();
        let again = run(&command, &mut Vec::new()).unwrap_err();
        assert!(again.is_usage(), "{again}");
    }
}
