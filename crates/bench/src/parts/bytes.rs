//! How many bytes a log takes on disk.

use super::kept::{Keeper, Kept};
use crate::failure::Failure;
use crate::report::{Case, Run};
use crate::service::size_of;
use crate::session::say;
use crate::usage::as_f64;

/// The detail that tells of the whole data folder.
pub(super) const FOLDER: &str = "B in the data folder";

/// Bytes of the store's files alone for each of `records`; a peer's are all that it keeps.
pub(super) async fn case(kept: &Kept<'_>, how: &str, records: u64) -> Result<Case, Failure> {
    let (files, folder) = match &kept.keeper {
        Keeper::Ours(rig) => (rig.store_bytes()?, size_of(rig.data())?),
        Keeper::Peer(peer) => {
            let bytes = peer.bytes().await?;
            (bytes, bytes)
        }
    };
    let each = |bytes| as_f64(bytes) / as_f64(records.max(1));
    let name = format!("{}{how}, bytes a log in the store's files", kept.name);
    let (value, folder) = (each(files), each(folder));
    say(format_args!("{name}: {value:.1}, {folder:.1} {FOLDER}"));
    let run = Run {
        value,
        ..Run::default()
    };
    let run = run.detail(FOLDER, folder).faulty(kept.fault.clone());
    Ok(Case::new(name, "B", vec![run]))
}
