//! The programs under test, built from the sources as they are now.
//!
//! Cargo tells a test only where the programs of its own package are, and builds only those for
//! `cargo test -p`. So the other program is asked of cargo itself, once for each test process and only
//! by tests that need it: it does nothing when the program is fresh, and a test never runs an old one.
//! Cargo locks its folder; nothing is built twice at the same time.

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
    static PATH: OnceLock<PathBuf> = OnceLock::new();
    let own = option_env!("CARGO_BIN_EXE_aggregator");
    PATH.get_or_init(|| own.map_or_else(|| built("aggregator"), PathBuf::from))
}

/// The producer.
pub(crate) fn producer() -> &'static Path {
    static PATH: OnceLock<PathBuf> = OnceLock::new();
    let own = option_env!("CARGO_BIN_EXE_producer");
    PATH.get_or_init(|| own.map_or_else(|| built("producer"), PathBuf::from))
}

/// Builds a program of the workspace beside the one of this package.
fn built(name: &str) -> PathBuf {
    let own = option_env!("CARGO_BIN_EXE_aggregator").or(option_env!("CARGO_BIN_EXE_producer"));
    let own = Path::new(own.expect("the package has a program"));
    let folder = own.parent().expect("a program lies in a folder");
    // `target/tmp`, also for another target folder or another machine's target.
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent();
    let target = target.expect("a folder has a parent");
    let mut cargo = Command::new(env!("CARGO"));
    // With all programs, dependencies are built with the features that `cargo test --workspace` built.
    cargo.args(["build", "--workspace", "--bins", "--quiet"]);
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
    let status = cargo.status().expect("cargo starts");
    assert!(status.success(), "`cargo build` of {name}: {status}");
    folder.join(name)
}
