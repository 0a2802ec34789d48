//! The programs that are measured: built from the sources as they are, in this program's own profile.

use crate::failure::{During as _, Failure};
use std::path::{Path, PathBuf};
use std::process::Command;

const NO_MONGOD: &str = "no mongod was found: install MongoDB 6.0, set MONGOD to its path, or run \
    `cargo test --workspace --test system mongodb` once, which fetches a copy";

/// Where everything is.
#[derive(Debug, Clone)]
pub(crate) struct Programs {
    /// This program, which is also every bare one.
    pub(crate) bench: PathBuf,
    /// The service.
    pub(crate) aggregator: PathBuf,
    /// The load.
    pub(crate) producer: PathBuf,
    /// The MongoDB server; it is asked for only by parts that need it.
    mongod: Option<PathBuf>,
    /// A folder on the disk that is measured.
    pub(crate) scratch: PathBuf,
    /// Cargo's name of the profile.
    pub(crate) profile: String,
}

impl Programs {
    /// Builds the programs, unless `as_they_are`, and finds the others. Data is kept below `scratch`
    /// while it is needed; without one, in cargo's target folder: `/tmp` may be no disk.
    pub(crate) fn find(as_they_are: bool, scratch: Option<&Path>) -> Result<Self, Failure> {
        let bench = std::env::current_exe().during("this program's path")?;
        let folder = bench.parent().unwrap_or(Path::new("."));
        let target = folder.parent().unwrap_or(Path::new("."));
        let profile = match folder.file_name().and_then(|name| name.to_str()) {
            Some("debug") | None => "dev".to_owned(),
            Some(name) => name.to_owned(),
        };
        let scratch = scratch.map_or_else(|| target.join("tmp").join("bench"), Path::to_path_buf);
        std::fs::create_dir_all(&scratch).during(scratch.display())?;
        let programs = Self {
            aggregator: folder.join("aggregator"),
            producer: folder.join("producer"),
            mongod: find_mongod(target),
            scratch,
            profile,
            bench,
        };
        if !as_they_are {
            programs.build()?;
        }
        for program in [&programs.aggregator, &programs.producer] {
            if !program.is_file() {
                let command = programs.build_command().join(" ");
                let program = program.display();
                return Err(Failure::told(format!("there is no {program}: {command}")));
            }
        }
        Ok(programs)
    }

    /// The MongoDB server.
    pub(crate) fn mongod(&self) -> Result<&Path, Failure> {
        self.mongod
            .as_deref()
            .ok_or_else(|| Failure::told(NO_MONGOD))
    }

    /// A folder of its own, which is removed when it is dropped.
    pub(crate) fn folder(&self) -> Result<tempfile::TempDir, Failure> {
        tempfile::tempdir_in(&self.scratch).during(self.scratch.display())
    }

    /// The packages are named together with this one, so that cargo takes the features and with them
    /// the dependencies that this program was built with.
    fn build_command(&self) -> Vec<&str> {
        let mut command = vec!["cargo", "build", "--locked", "--bins"];
        command.extend(["-p", "aggregator", "-p", "producer", "-p", "bench"]);
        command.extend(["--profile", &self.profile]);
        command
    }

    fn build(&self) -> Result<(), Failure> {
        let folder = self.bench.parent().and_then(Path::parent);
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let mut command = Command::new(cargo);
        command.args(self.build_command().iter().skip(1));
        command.arg("--quiet").arg("--target-dir");
        command.arg(folder.unwrap_or(Path::new("target")));
        command.current_dir(env!("CARGO_MANIFEST_DIR"));
        for (variable, _) in std::env::vars_os() {
            // A build script that looks at what cargo told this program would be run again.
            let name = variable.to_string_lossy();
            if name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_") {
                command.env_remove(&variable);
            }
        }
        let status = command.status().during("cargo")?;
        if status.success() {
            return Ok(());
        }
        Err(Failure::told("the programs cannot be built"))
    }
}

/// As the tests find it: `MONGOD`, `PATH`, the copy that they fetched.
fn find_mongod(target: &Path) -> Option<PathBuf> {
    if let Some(path) = std::env::var_os("MONGOD") {
        return Some(PathBuf::from(path));
    }
    let search = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&search)
        .map(|folder| folder.join("mongod"))
        .chain([target.join("tmp").join("mongod-6.0").join("mongod")])
        .find(|path| path.is_file())
}
