//! `aggregator import` as a user runs it: files in every form, killed in the middle, and a service that has no room.

mod refused;
mod without_room;

use std::fs;
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::compressed::{gzip, zstd};
use crate::support::process::{Process, leashed};
use crate::support::query::Ended;
use crate::support::scripted::{Action, Scripted};
use crate::support::service::Service;
use crate::support::stores::{Backend, on_each_store};
use crate::support::traffic::{Stored, stored};
use crate::support::{binaries, wait_until};

const PATIENCE: Duration = Duration::from_secs(120);

/// An import that runs.
fn start(url: &str, args: &[&str]) -> Process {
    let mut command = leashed(binaries::aggregator(), None);
    command.arg("import").args(args).env("AGGREGATOR_URL", url);
    Process::spawn(&mut command)
}

async fn ended(process: Process) -> Ended {
    let status = process.wait_exit(PATIENCE).await;
    Ended {
        code: status.code().expect("it ends by itself"),
        stdout: process.stdout(),
        stderr: process.stderr(),
    }
}

async fn import(url: &str, args: &[&str]) -> Ended {
    ended(start(url, args)).await
}

fn file(folder: &TempDir, name: &str, bytes: impl AsRef<[u8]>) -> String {
    let path = folder.path().join(name);
    fs::write(&path, bytes).unwrap();
    path.to_str().unwrap().to_owned()
}

/// So many records, a line each; every third has no time.
fn lines(name: &str, count: usize) -> String {
    let record = |number: usize| {
        let message = format!("{name} {number}");
        match number % 3 {
            0 => json!({ "message": message }),
            _ => {
                json!({ "timestamp": "2024-10-08T00:00:00.123456789Z", "level": "INFO", "message": message, "n": number })
            }
        }
    };
    let lines: Vec<String> = (0..count)
        .map(|number| record(number).to_string())
        .collect();
    lines.join("\n") + "\n"
}

fn once(messages: impl IntoIterator<Item = String>) -> Stored {
    messages.into_iter().map(|message| (message, 1)).collect()
}

on_each_store!(
    files_of_every_form_are_stored_once_however_often_they_are_imported,
    async |service| {
        let folder = tempfile::tempdir().unwrap();
        let array: Vec<Value> = lines("array", 100)
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        let packed = [
            gzip(lines("gzip", 50).as_bytes()),
            gzip(lines("member", 50).as_bytes()),
        ]
        .concat();
        let files = [
            file(&folder, "a.ndjson", lines("values", 100)),
            file(
                &folder,
                "b.json",
                serde_json::to_string_pretty(&array).unwrap(),
            ),
            file(
                &folder,
                "c.log",
                "2024-10-08 00:00:00 started\n[INFO] {\"not\": JSON\nlast, without an end",
            ),
            file(&folder, "d.gz", packed),
            file(&folder, "e.zst", zstd(lines("zstd", 100).as_bytes())),
            file(&folder, "empty", ""),
        ];
        let files: Vec<&str> = files.iter().map(String::as_str).collect();
        let flags = ["--portion-bytes", "2KiB", "--ack", "stored"];
        let url = service.url("");
        let first = import(&url, &[&files[..], &flags].concat()).await;
        assert_eq!((first.code, first.stderr.as_str()), (0, ""), "{first:?}");
        let names = ["values", "array", "zstd"]
            .map(|name| (0..100).map(move |number| format!("{name} {number}")));
        let members =
            ["gzip", "member"].map(|name| (0..50).map(move |number| format!("{name} {number}")));
        let texts = [
            "2024-10-08 00:00:00 started",
            "[INFO] {\"not\": JSON",
            "last, without an end",
        ]
        .map(str::to_owned);
        let expected = once(
            names
                .into_iter()
                .flatten()
                .chain(members.into_iter().flatten())
                .chain(texts),
        );
        assert_eq!(stored(&service).await, expected);
        assert!(
            first.stdout.contains("all: 403 records taken in "),
            "{first:?}"
        );
        service.restart().await;
        let url = service.url("");
        let again = import(&url, &[&files[..], &flags, &["-o", "json"]].concat()).await;
        assert_eq!(again.code, 0, "{again:?}");
        let told: Value = serde_json::from_str(&again.stdout).unwrap();
        assert_eq!(
            (&told["records"], told["files"].as_array().unwrap().len()),
            (&json!(403), 6)
        );
        assert_eq!(stored(&service).await, expected);
        // Another name makes it another import.
        let other = import(&url, &[files[2], "--name", "host b"]).await;
        assert_eq!(other.code, 0, "{other:?}");
        assert_eq!(stored(&service).await["last, without an end"], 2);
    }
);

on_each_store!(
    an_import_that_is_killed_again_and_again_stores_each_record_once,
    async |service| {
        const COUNT: usize = 4_000;
        let folder = tempfile::tempdir().unwrap();
        let path = file(&folder, "a.ndjson.gz", gzip(lines("m", COUNT).as_bytes()));
        let flags = [
            path.as_str(),
            "--portion-bytes",
            "2KiB",
            "--connections",
            "3",
        ];
        let received = async || {
            service.health().await["records"]["received"]
                .as_u64()
                .unwrap()
        };
        for round in 0..4 {
            let before = received().await;
            let running = start(&service.url(""), &flags);
            wait_until("some of it to come", PATIENCE, async || {
                running.try_wait().is_some() || received().await > before + 40 * round
            })
            .await;
            running.kill();
            if round == 2 {
                service.restart().await;
            }
        }
        let whole = import(&service.url(""), &flags).await;
        assert_eq!((whole.code, whole.stderr.as_str()), (0, ""), "{whole:?}");
        assert!(
            whole.stdout.contains(": 4000 records taken in "),
            "{whole:?}"
        );
        let expected = once((0..COUNT).map(|number| format!("m {number}")));
        assert!(stored(&service).await == expected, "lost, or stored twice");
    }
);

#[tokio::test(flavor = "multi_thread")]
async fn standard_input_is_imported_and_what_the_service_tells_is_told() {
    let service = Backend::Blocks.start("import_stdin").await;
    let folder = tempfile::tempdir().unwrap();
    let text = "{\"message\":\"one\",\"level\":77}\nno JSON\n{\"message\":\"two\",\"timestamp\":\"yesterday\"}\n";
    let path = file(&folder, "in", text);
    for args in ["", " -"] {
        let mut command = leashed("sh", None);
        let script = format!("cat {path} | \"$0\" import{args}");
        command
            .args(["-c", &script])
            .arg(binaries::aggregator())
            .env("AGGREGATOR_URL", service.url(""));
        let ended = ended(Process::spawn(&mut command)).await;
        assert_eq!(ended.code, 0, "{ended:?}");
        assert!(
            ended.stdout.starts_with("-: 3 records taken in 1 portion"),
            "{ended:?}"
        );
        for said in [
            "-: record 0 behind byte 0: level 77 is no level",
            "record 1 behind byte 0: ",
            "timestamp \"yesterday\" is not a time",
        ] {
            assert!(ended.stderr.contains(said), "{said}: {ended:?}");
        }
    }
    let expected = once(["one", "two", "no JSON"].map(str::to_owned));
    assert_eq!(stored(&service).await, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_taken_is_told_with_its_place_and_the_rest_is_imported() {
    let service = Backend::Blocks.start("import_refused").await;
    let folder = tempfile::tempdir().unwrap();
    let whole = lines("m", 30);
    let records: Vec<&str> = whole.lines().collect();
    let array = file(&folder, "cut.json", format!("[{}", records.join(",")));
    let torn = gzip(lines("torn", 3_000).as_bytes());
    let torn = file(&folder, "torn.gz", &torn[..torn.len() / 2]);
    let absent = folder
        .path()
        .join("absent\u{1b}[2J")
        .to_str()
        .unwrap()
        .to_owned();
    let last = file(&folder, "last.log", "the last\n");
    let files = [&array, &torn, &absent, &last].map(String::as_str);
    let ended = import(
        &service.url(""),
        &[&files[..], &["--portion-bytes", "1KiB"]].concat(),
    )
    .await;
    assert_eq!(ended.code, 1, "{ended:?}");
    for said in [
        "cut.json: the portion at byte ",
        "is refused: the service says ",
        "torn.gz: ",
        "absent\\x1b[2J: No such file",
    ] {
        assert!(ended.stderr.contains(said), "{said}: {ended:?}");
    }
    assert!(
        ended.stdout.contains("1 more refused") && ended.stdout.contains("not read to its end"),
        "{ended:?}"
    );
    let all = stored(&service).await;
    assert!(all.contains_key("the last") && all.contains_key("m 0") && all.contains_key("torn 0"));
    assert!(
        !all.contains_key("m 29"),
        "the portion that is cut off is refused whole"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_there_no_aggregator_and_wrong_flags_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let path = file(&folder, "a", "one\n");
    let away = Service::builder().start().await;
    let url = away.url("");
    away.kill();
    let ended = import(&url, &[&path]).await;
    assert_eq!(ended.code, 1, "{ended:?}");
    assert!(
        ended
            .stderr
            .starts_with(&format!("error: no answer from {url}: Connection refused")),
        "{ended:?}"
    );
    let foreign = Scripted::start(|_| Action::Answer(200, Vec::new(), "<html>".to_owned())).await;
    let ended = import(&foreign.url(), &[&path]).await;
    assert_eq!(
        (ended.code, ended.stderr),
        (
            1,
            format!(
                "error: what answers at {} is no aggregator\n",
                foreign.url()
            )
        )
    );
    for (flags, said) in [
        (
            &["--url", "localhost:8005"][..],
            "error: --url must be an address such as",
        ),
        (
            &["--portion-bytes", "10"],
            "error: invalid value '10' for '--portion-bytes <SIZE>'",
        ),
        (
            &["--portion-bytes", "64MiB"],
            "error: invalid value '64MiB' for '--portion-bytes <SIZE>': at most 33554432 bytes",
        ),
        (
            &["--listen-addr", "8005"],
            "error: unexpected argument '--listen-addr'",
        ),
        (
            &["--format", "xml"],
            "error: invalid value 'xml' for '--format <FORMAT>'",
        ),
    ] {
        let ended = import(&url, &[&[path.as_str()], flags].concat()).await;
        assert_eq!(ended.code, 2, "{ended:?}");
        assert!(ended.stderr.starts_with(said), "{ended:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_more_is_read_than_can_be_sent() {
    let (release, released) = tokio::sync::watch::channel(false);
    let server = Scripted::start(move |_| Action::TakeWhen(released.clone())).await;
    let folder = tempfile::tempdir().unwrap();
    let line = format!("{}\n", "x".repeat(999));
    let path = file(&folder, "large.gz", gzip(line.repeat(100_000).as_bytes()));
    let running = start(&server.url(), &[&path]);
    wait_until("two portions to come", PATIENCE, async || {
        server.count() == 2
    })
    .await;
    release.send(true).unwrap();
    let mut most = 0;
    wait_until("the import to end", PATIENCE, async || {
        if running.try_wait().is_some() {
            return true;
        }
        let peak =
            std::fs::read_to_string(format!("/proc/{}/status", running.pid())).unwrap_or_default();
        let peak = peak.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let peak = peak.and_then(|value| value.split_whitespace().next()?.parse().ok());
        most = peak.unwrap_or(most);
        false
    })
    .await;
    let ended = ended(running).await;
    assert_eq!(ended.code, 0, "{ended:?}");
    let sizes: Vec<usize> = server
        .requests()
        .iter()
        .map(|request| request.body.len())
        .collect();
    assert_eq!(sizes.iter().sum::<usize>(), 100_000_000);
    assert!(sizes.iter().all(|size| *size <= 1024 * 1024), "{sizes:?}");
    assert!(most > 0 && most < 48 * 1024, "{most} KiB");
}
