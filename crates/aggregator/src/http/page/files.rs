//! What the page is built of. Vite writes these files, and CI compares them with their sources.

use super::kept::{Kept, Written};
use std::sync::LazyLock;

const HTML: &str = "text/html; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";
const STYLE: &str = "text/css; charset=utf-8";
const IMAGE: &str = "image/svg+xml";
const TEXT: &str = "text/plain; charset=utf-8";

/// A built file by its name.
macro_rules! built {
    ($name:literal, $kind:ident) => {
        Kept {
            name: $name,
            kind: $kind,
            written: LazyLock::new(|| {
                Written::new(include_bytes!(concat!("../../../page/built/", $name)))
            }),
        }
    };
}

/// The page where its files stand beside it.
pub(super) static INDEX: Kept = built!("index.html", HTML);
/// The same where they stand below `ui/`.
pub(super) static AT_ROOT: Kept = built!("root.html", HTML);
/// What is at an address of its own.
pub(super) static FILES: [Kept; 4] = [
    built!("app.js", SCRIPT),
    built!("style.css", STYLE),
    built!("icon.svg", IMAGE),
    built!("licences.txt", TEXT),
];
