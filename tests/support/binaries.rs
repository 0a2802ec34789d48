//! The programs under test, built from the sources as they are now.
//!
//! Cargo tells a test only where the programs of its own package are, and `cargo test -p producer`
//! builds only those. So the producer's tests ask cargo itself for the service, once for each test
//! process and only when a test starts it. The command selects what `cargo test --workspace` (or
//! nextest) has built with the same features: there it does nothing, and elsewhere a test never runs an
//! old program. Cargo locks its folder; nothing is built twice at the same time. The tests of the
//! documents ask in the same way for the producer and the benchmark.

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
    PATH.get_or_init(|| {
        own.map_or_else(
            || built_beside(producer(), &["system"]).join("aggregator"),
            PathBuf::from,
        )
    })
}

/// Any program of the workspace, for the service's tests.
pub(crate) fn of_the_workspace(name: &str) -> PathBuf {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    if name == "aggregator" {
        return aggregator().to_owned();
    }
    // Not the service: the tests that run meanwhile start it, and it would be put there anew.
    let folder =
        FOLDER.get_or_init(|| built_beside(aggregator(), &["producer_system", "command_line"]));
    folder.join(name)
}

/// The producer, for its own tests.
pub(crate) fn producer() -> &'static Path {
    let own = option_env!("CARGO_BIN_EXE_producer");
    Path::new(own.expect("the producer is started by the tests of its package"))
}

/// Builds the programs that these tests start into the folder that holds this program.
fn built_beside(own: &Path, tests: &[&str]) -> PathBuf {
    let folder = own.parent().expect("a program lies in a folder");
    // The tests' own folder lies in the target folder, wherever that is.
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent();
    let target = target.expect("a folder has a parent");
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["test", "--workspace", "--no-run", "--quiet"]);
    cargo.args(tests.iter().flat_map(|test| ["--test", test]));
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
