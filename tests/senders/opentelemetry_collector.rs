//! An OpenTelemetry Collector that reads a file: `filelog` and `otlphttp`.

use std::fs::{File, write};
use std::io::Write;
use std::net::SocketAddr;
use std::time::Duration;

use tempfile::TempDir;

use crate::program::{command, programs};
use crate::run::{RECORDS, Run, Sender};
use crate::support::process::Process;
use crate::{configuration, installed};

const PATIENCE: Duration = Duration::from_secs(60);

struct Collector {
    process: Process,
    lines: File,
    // Declared last: the program has to be gone before its folder is removed.
    _folder: TempDir,
}

impl Collector {
    fn start(service: SocketAddr) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("lines");
        write(&path, "").expect("a scratch folder takes files");
        let exporter = configuration::write("otelcol-otlphttp.yaml", service, folder.path());
        let mut collector = command(installed::collector(), folder.path());
        collector.env("LINES", &path).arg("--config").arg(exporter);
        collector
            .arg("--config")
            .arg(programs().join("otelcol_filelog.yaml"));
        Self {
            process: Process::spawn(&mut collector),
            lines: File::options().append(true).open(&path).expect("just made"),
            _folder: folder,
        }
    }
}

impl Sender for Collector {
    fn log(&mut self, lines: &str) {
        self.lines
            .write_all(lines.as_bytes())
            .expect("the file takes it");
    }

    fn said(&self) -> String {
        self.process.stderr()
    }

    async fn end(&mut self) {
        self.process.signal("TERM");
        let status = self.process.wait_exit(PATIENCE).await;
        assert!(status.success(), "{status}: {}", self.said());
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs senders of PyPI, npm and Debian: cargo test --workspace --test senders -- --ignored"]
async fn each_record_is_found_once() {
    let outcome = Run::start(Collector::start).await.through_all().await;
    outcome.assert_found(0..RECORDS, 1);
    outcome.assert_first("", &[("log.file.name", "lines")]);
}
