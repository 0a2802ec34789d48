//! systemd-journal-upload, started again whenever it ends, as its unit does it.

use std::fs::File;
use std::io::Write;
use std::net::SocketAddr;
use std::path::PathBuf;

use tempfile::TempDir;

use crate::program::{command, fed, open, pipe};
use crate::run::{RECORDS, Run, Sender};
use crate::support::process::Process;
use crate::{configuration, installed};

/// The first record's time, in microseconds.
const BEGIN: u64 = 1_795_000_000_000_000;

/// A journal that is written, and what uploads it.
struct Journal {
    upload: Process,
    url: String,
    said: String,
    records: File,
    count: u64,
    _writer: Process,
    // Declared last: the programs have to be gone before their folder is removed.
    folder: TempDir,
}

impl Journal {
    fn start(service: SocketAddr) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let configured = configuration::read("journal-upload.conf", service);
        let url = configured
            .lines()
            .find_map(|line| line.strip_prefix("URL="));
        let url = url.expect("the configuration names it").to_owned();
        let mut writer = fed(
            folder.path(),
            installed::of_systemd("systemd-journal-remote"),
        );
        writer
            .arg("--output")
            .arg(journal(&folder))
            .args(["--split-mode=none", "-"]);
        let writer = Process::spawn(&mut writer);
        Self {
            upload: upload(&url, &folder),
            url,
            said: String::new(),
            records: open(&pipe(folder.path())),
            count: 0,
            _writer: writer,
            folder,
        }
    }
}

fn journal(folder: &TempDir) -> PathBuf {
    folder.path().join("records.journal")
}

fn upload(url: &str, folder: &TempDir) -> Process {
    let mut upload = command(
        installed::of_systemd("systemd-journal-upload"),
        folder.path(),
    );
    let mut state = std::ffi::OsString::from("--save-state=");
    state.push(folder.path().join("state"));
    upload
        .args(["--url", url])
        .arg(state)
        .arg("--file")
        .arg(journal(folder));
    Process::spawn(&mut upload)
}

impl Sender for Journal {
    fn log(&mut self, lines: &str) {
        for line in lines.lines() {
            let time = BEGIN + self.count;
            self.count += 1;
            let record = format!(
                "__REALTIME_TIMESTAMP={time}\n__MONOTONIC_TIMESTAMP={}\n_BOOT_ID={:032x}\nPRIORITY=6\nMESSAGE={line}\n_SYSTEMD_UNIT=app.service\n\n",
                self.count, 7
            );
            self.records
                .write_all(record.as_bytes())
                .expect("the pipe takes it");
        }
    }

    fn tend(&mut self) {
        if self.upload.try_wait().is_some() {
            self.said += &self.upload.stderr();
            self.upload = upload(&self.url, &self.folder);
        }
    }

    fn said(&self) -> String {
        self.said.clone() + &self.upload.stderr()
    }

    /// It follows the journal for ever.
    async fn end(&mut self) {
        self.upload.kill();
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs senders of PyPI, npm and Debian: cargo test --workspace --test senders -- --ignored"]
async fn each_record_is_found_once() {
    let outcome = Run::start(Journal::start).await.through_all().await;
    outcome.assert_found(0..RECORDS, 1);
    outcome.assert_first("INFO", &[("_SYSTEMD_UNIT", "app.service")]);
}
