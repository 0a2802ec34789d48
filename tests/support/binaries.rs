//! The programs under test, built from the sources as they are now.
//!
//! Cargo tells a test only where the programs of its own package are: that is the service. For the
//! producer and the benchmark the tests ask cargo itself, once for each test process and only when a test
//! starts one of them. The command selects what `cargo test --workspace` (or nextest) has built with
//! the same features: there it does nothing, and elsewhere a test never runs an old program. Cargo
//! locks its folder; nothing is built twice at the same time.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// What cargo tells a test of its package: a build script that looks at it would be run again.
const OF_THIS_PACKAGE: [&str; 5] = [
    "CARGO_MANIFEST_DIR",
    "CARGO_MANIFEST_PATH",
    "CARGO_MANIFEST_LINKS",
    "CARGO_CRATE_NAME",
    "CARGO_PRIMARY_PACKAGE",
];

/// The service.
pub(crate) fn aggregator() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_aggregator"))
}

/// The producer.
pub(crate) fn producer() -> &'static Path {
    static PATH: OnceLock<PathBuf> = OnceLock::new();
    PATH.get_or_init(|| of_the_workspace("producer"))
}

/// Any program of the workspace.
pub(crate) fn of_the_workspace(name: &str) -> PathBuf {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    if name == "aggregator" {
        return aggregator().to_owned();
    }
    // Not the service: the tests that run meanwhile start it, and it would be put there anew.
    FOLDER.get_or_init(|| built_beside(aggregator())).join(name)
}

/// Builds the producer and the benchmark into the folder that holds the service.
fn built_beside(own: &Path) -> PathBuf {
    let folder = own.parent().expect("a program lies in a folder");
    // The tests' own folder lies in the target folder, wherever that is.
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent();
    let target = target.expect("a folder has a parent");
    let mut cargo = Command::new(env!("CARGO"));
    // The packages of both have a test of this name, which needs its program.
    cargo.args(["test", "--workspace", "--no-run", "--quiet"]);
    cargo.args(["--test", "command_line"]);
    cargo.arg("--target-dir").arg(target);
    cargo.current_dir(env!("CARGO_MANIFEST_DIR"));
    let profile = folder.file_name().and_then(|name| name.to_str());
    match profile.expect("a folder of cargo's has a name") {
        "debug" => {}
        profile => drop(cargo.args(["--profile", profile])),
    }
    if let Some(triple) = folder.parent().filter(|parent| *parent != target) {
        cargo.arg("--target");
        cargo.arg(triple.file_name().expect("a folder of cargo's has a name"));
    }
    for (variable, _) in std::env::vars_os() {
        let text = variable.to_string_lossy();
        if text.starts_with("CARGO_PKG_") || OF_THIS_PACKAGE.contains(&text.as_ref()) {
            cargo.env_remove(&variable);
        }
    }
    let output = cargo.output().expect("cargo starts");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "the programs cannot be built: {said}"
    );
    folder.to_owned()
}
