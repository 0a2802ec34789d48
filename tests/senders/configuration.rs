//! The configurations under `crates/aggregator/senders`, with the address of the service that a test runs.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

/// The address that stands in each of them.
const HOST: &str = "logs.example";
const PORT: &str = "8005";

/// The text of one, for the service at this address.
pub(crate) fn read(name: &str, service: SocketAddr) -> String {
    let senders = Path::new(env!("CARGO_MANIFEST_DIR")).join("senders");
    let path = senders.join(name);
    let text =
        fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    assert!(
        text.contains(HOST) && text.contains(PORT),
        "{name} names no {HOST}:{PORT}"
    );
    text.replace(HOST, &service.ip().to_string())
        .replace(PORT, &service.port().to_string())
}

/// The same as a file of this folder.
pub(crate) fn write(name: &str, service: SocketAddr, folder: &Path) -> PathBuf {
    let path = folder.join(name);
    fs::write(&path, read(name, service)).expect("a scratch folder takes files");
    path
}
