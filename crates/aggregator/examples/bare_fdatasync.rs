//! What the disk can do at most: frames of a size, each written and `fdatasync`ed, one after another.
//!
//! `cargo run --release -p aggregator --example bare_fdatasync -- FOLDER FRAME_BYTES SECONDS` prints
//! frames and bytes a second. The spool's own figures stand in `/health` (`spool.commits`, `spool.bytes`).

use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::path::Path;
use std::time::{Duration, Instant};

const USAGE: &str = "usage: bare_fdatasync FOLDER FRAME_BYTES SECONDS";
/// As large as a segment of the spool.
const FILE_BYTES: usize = 64 * 1024 * 1024;

#[expect(clippy::disallowed_methods, reason = "a measurement of real time")]
fn main() -> io::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [folder, bytes, seconds] = arguments.as_slice() else {
        return Err(io::Error::other(USAGE));
    };
    let bytes: usize = bytes.parse().map_err(io::Error::other)?;
    let seconds = Duration::from_secs(seconds.parse().map_err(io::Error::other)?);
    let frame: Vec<u8> = (0..251_u8).cycle().take(bytes).collect();
    let path = Path::new(folder).join("bare_fdatasync.tmp");
    let (began, mut frames) = (Instant::now(), 0_usize);
    while began.elapsed() < seconds {
        let mut file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .open(&path)?;
        for _ in 0..(FILE_BYTES / bytes).max(1) {
            file.write_all(&frame)?;
            file.sync_data()?;
            frames += 1;
            if began.elapsed() >= seconds {
                break;
            }
        }
    }
    let millis = began.elapsed().as_millis().max(1);
    std::fs::remove_file(&path)?;
    let frames_a_second = frames as u128 * 1000 / millis;
    let bytes_a_second = frames_a_second * bytes as u128;
    writeln!(
        io::stdout(),
        "{{\"framesPerSecond\":{frames_a_second},\"bytesPerSecond\":{bytes_a_second}}}"
    )
}
