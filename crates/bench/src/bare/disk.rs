//! What the disk can do at most: frames of a size, each written and `fdatasync`ed, one after another.

use super::{Done, Stopwatch};
use crate::failure::{During as _, Failure};
use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::Path;

/// As large as a segment of the spool.
const FILE_BYTES: usize = 64 * 1024 * 1024;

pub(super) fn run(folder: &Path, frame_bytes: usize, seconds: f64) -> Result<Done, Failure> {
    let frame_bytes = frame_bytes.max(1);
    let frame: Vec<u8> = (0..251_u8).cycle().take(frame_bytes).collect();
    let path = folder.join("frames");
    let watch = Stopwatch::start()?;
    let (mut frames, mut syncs) = (0, Vec::new());
    while watch.seconds() < seconds {
        let mut options = OpenOptions::new();
        let options = options.write(true).create(true).truncate(true);
        let mut file = options.open(&path).during(path.display())?;
        for _ in 0..(FILE_BYTES / frame_bytes).max(1) {
            file.write_all(&frame).during(path.display())?;
            let before = watch.seconds();
            file.sync_data().during(path.display())?;
            syncs.push((watch.seconds() - before) * 1e6);
            frames += 1;
            if watch.seconds() >= seconds {
                break;
            }
        }
    }
    let done = watch.done(frames, frames * frame_bytes as u64, syncs)?;
    std::fs::remove_file(&path).during(path.display())?;
    Ok(done)
}
