//! How many bytes a log takes whose message is a line of a file that the user names.

use super::bytes;
use super::kept::{Keeper, Kept};
use crate::clock;
use crate::failure::{During as _, Failure};
use crate::forms;
use crate::peer::{Peer, VictoriaLogs};
use crate::report::Part;
use crate::rig::{Rig, Target};
use crate::session::{Session, say};
use crate::tally::BASE_NANOS;
use crate::usage::as_f64;
use logs::Timestamp;
use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Records in a body.
const BATCH: usize = 1000;
/// A longer line is several records.
const MOST_BYTES: u64 = 64 * 1024;
/// Between two records.
const STEP_NANOS: i64 = 1_000_000;
const PATIENCE: Duration = Duration::from_secs(300);

/// Lines on their way into bodies.
#[derive(Default)]
struct Bodies {
    /// The records of the next one.
    records: Vec<String>,
    lines: u64,
    bytes: u64,
}

/// Measures.
pub(super) async fn run(
    session: &Session,
    files: &[PathBuf],
    rest: u64,
    peer: Option<&Peer>,
) -> Result<Part, Failure> {
    // Whether they can be read, before anything is measured.
    for file in files {
        File::open(file).during(file.display())?;
    }
    let (mut all, mut lines) = (Vec::new(), 0);
    for target in Target::LAYOUTS {
        let mut rig = Rig::start(session, target).await?;
        let post = async |body: Vec<u8>| rig.service().post(body).await;
        lines = deliver(files, post).await?;
        rig.acknowledge(lines);
        rig.service().all_stored(PATIENCE).await?;
        let fault = rig.fault(as_f64(STEP_NANOS.unsigned_abs()), 0).await?;
        all.push(Kept {
            name: target.layout(),
            keeper: Keeper::Ours(rig),
            fault,
        });
    }
    if let Some(peer) = peer {
        let running = peer.start(&session.programs).await?;
        let post = async |body: Vec<u8>| running.post(forms::lines(&body)).await;
        lines = deliver(files, post).await?;
        running.all_found(lines, PATIENCE).await?;
        all.push(Kept {
            name: VictoriaLogs::NAME,
            keeper: Keeper::Peer(running),
            fault: None,
        });
    }
    clock::pause(1_000 * rest).await;
    let mut part = Part {
        name: "Layouts, lines of files",
        cases: Vec::new(),
        ratios: Vec::new(),
    };
    for kept in all {
        part.cases.push(bytes::case(&kept, "", lines).await?);
        kept.end().await?;
    }
    Ok(part)
}

/// Posts all lines of all files, and tells how many there are.
async fn deliver(
    files: &[PathBuf],
    mut post: impl AsyncFnMut(Vec<u8>) -> Result<(), Failure>,
) -> Result<u64, Failure> {
    let mut bodies = Bodies::default();
    for path in files {
        let file = File::open(path).during(path.display())?;
        let mut file = BufReader::with_capacity(1 << 16, file);
        while let Some(line) = next_line(&mut file, path)? {
            if let Some(body) = bodies.add(&line) {
                post(body).await?;
            }
        }
    }
    if let Some(body) = bodies.take() {
        post(body).await?;
    }
    let (lines, bytes) = (bodies.lines, bodies.bytes);
    if lines == 0 {
        return Err(Failure::told("there are no lines in these files"));
    }
    let each = as_f64(bytes) / as_f64(lines);
    say(format_args!("{lines} lines of {each:.1} bytes"));
    Ok(lines)
}

/// The next line, without its end; none at the end of the file.
fn next_line(file: &mut BufReader<File>, path: &Path) -> Result<Option<Vec<u8>>, Failure> {
    let mut line = Vec::new();
    let mut rest = file.take(MOST_BYTES);
    if rest.read_until(b'\n', &mut line).during(path.display())? == 0 {
        return Ok(None);
    }
    line.truncate(line.trim_ascii_end().len());
    Ok(Some(line))
}

impl Bodies {
    /// Adds a line, unless it is empty; the body when it is full.
    fn add(&mut self, line: &[u8]) -> Option<Vec<u8>> {
        if line.is_empty() {
            return None;
        }
        let after = i64::try_from(self.lines).unwrap_or(i64::MAX);
        let time = BASE_NANOS.saturating_add(after.saturating_mul(STEP_NANOS));
        let time = Timestamp::from_nanos(time);
        let message = serde_json::Value::from(String::from_utf8_lossy(line));
        let record = format!(r#"{{"timestamp":"{time}","message":{message}}}"#);
        self.records.push(record);
        self.lines += 1;
        self.bytes += line.len() as u64;
        (self.records.len() == BATCH).then(|| self.take()).flatten()
    }

    /// What there is, as a JSON array with a record a line.
    fn take(&mut self) -> Option<Vec<u8>> {
        let records = std::mem::take(&mut self.records);
        (!records.is_empty()).then(|| format!("[{}]", records.join(",\n")).into_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    #[test]
    fn every_line_becomes_one_record_and_times_go_on_from_body_to_body() {
        let mut bodies = Bodies::default();
        let mut records: Vec<Value> = Vec::new();
        for number in 0..=BATCH {
            let line = format!("line \"{number}\"\t{{}}");
            assert!(bodies.add(b"").is_none());
            if let Some(body) = bodies.add(line.as_bytes()) {
                assert_eq!(
                    forms::lines(&body).split(|byte| *byte == b'\n').count(),
                    BATCH
                );
                records.extend(serde_json::from_slice::<Vec<Value>>(&body).unwrap());
            }
        }
        let last = bodies.take().unwrap();
        records.extend(serde_json::from_slice::<Vec<Value>>(&last).unwrap());
        assert!(bodies.take().is_none());
        assert_eq!((records.len(), bodies.lines), (BATCH + 1, 1001));
        let last = json!({"timestamp": "2026-01-01T00:00:01Z", "message": "line \"1000\"\t{}"});
        assert_eq!(records.last(), Some(&last));
    }

    #[test]
    fn a_line_that_is_too_long_is_several_and_its_end_is_no_part_of_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("text");
        let long = "x".repeat(70_000);
        std::fs::write(&path, format!("a\r\n\n{long}\nlast")).unwrap();
        let mut file = BufReader::new(File::open(&path).unwrap());
        let mut lengths = Vec::new();
        while let Some(line) = next_line(&mut file, &path).unwrap() {
            lengths.push(line.len());
        }
        assert_eq!(lengths, [1, 0, 65_536, 70_000 - 65_536, 4]);
    }
}
