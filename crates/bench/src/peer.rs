//! A program of others that keeps the same records and is asked the same: `--peer NAME=PATH`.

mod feed;
mod victorialogs;

pub(crate) use victorialogs::{Asked, VictoriaLogs};

use crate::failure::Failure;
use crate::programs::Programs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::str::FromStr;

const VICTORIALOGS: &str = "victorialogs";
/// Any of the bits that let a file be run.
const EXECUTABLE: u32 = 0o111;

/// A program that is there to be run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Peer {
    VictoriaLogs(PathBuf),
}

impl Peer {
    /// Starts it on an empty folder.
    pub(crate) async fn start(&self, programs: &Programs) -> Result<VictoriaLogs, Failure> {
        match self {
            Self::VictoriaLogs(program) => VictoriaLogs::start(programs, program).await,
        }
    }
}

impl FromStr for Peer {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parts = text.split_once('=');
        let (name, path) = parts.filter(|(_, path)| !path.is_empty()).ok_or_else(|| {
            format!("expected NAME=PATH, such as {VICTORIALOGS}=/usr/local/bin/victoria-logs")
        })?;
        if name != VICTORIALOGS {
            return Err(format!("the only peer that is known is {VICTORIALOGS}"));
        }
        let about = std::fs::metadata(path).map_err(|error| format!("{path}: {error}"))?;
        if !about.is_file() || about.permissions().mode() & EXECUTABLE == 0 {
            return Err(format!("{path} is no program"));
        }
        Ok(Self::VictoriaLogs(PathBuf::from(path)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::Permissions;

    #[test]
    fn a_peer_is_a_name_that_is_known_and_a_program_that_is_there() {
        let folder = tempfile::tempdir().unwrap();
        let program = folder.path().join("a=b");
        std::fs::write(&program, "").unwrap();
        let text = format!("victorialogs={}", program.display());
        let told = text.parse::<Peer>().unwrap_err();
        assert!(told.ends_with("is no program"), "{told}");
        std::fs::set_permissions(&program, Permissions::from_mode(0o755)).unwrap();
        assert_eq!(text.parse(), Ok(Peer::VictoriaLogs(program)));
    }

    #[test]
    fn what_is_wrong_with_a_peer_is_told() {
        for (text, told) in [
            ("victorialogs", "expected NAME=PATH"),
            ("victorialogs=", "expected NAME=PATH"),
            (
                "loki=/bin/sh",
                "the only peer that is known is victorialogs",
            ),
            ("victorialogs=/not/there", "/not/there: No such file"),
            ("victorialogs=/", "/ is no program"),
        ] {
            let error = text.parse::<Peer>().unwrap_err();
            assert!(error.starts_with(told), "{text}: {error}");
        }
    }
}
