//! What a file of settings may say, and when it counts.

use super::{Settings, run};
use crate::support::service::Service;
use std::process::Command;

/// A setting is wrong.
const USAGE: Option<i32> = Some(2);

#[tokio::test(flavor = "multi_thread")]
async fn the_environment_counts_more_than_the_file_and_a_flag_more_than_both() {
    let settings = Settings::new("workers = 2\nqueue_capacity = 40\nmax_streams = 7\n");
    let started = settings.service().env("QUEUE_CAPACITY", "44");
    let service = started.arg("--workers").arg("3").start().await;
    let lanes = service.health().await["workers"].clone();
    assert_eq!(lanes["write"]["workers"], 3, "{lanes}");
    assert_eq!(lanes["write"]["capacity"], 44, "{lanes}");

    // Of two files the one of the flag counts; what it leaves out is as if there were none.
    let other = Settings::new("queue_capacity = 48\n");
    let started = settings.service().arg("--config").arg(other.shown());
    let lanes = started.start().await.health().await["workers"].clone();
    assert_eq!(lanes["write"]["workers"], 4, "{lanes}");
    assert_eq!(lanes["write"]["capacity"], 48, "{lanes}");

    let none = Service::builder().env("CONFIG_FILE", "").start().await;
    assert_eq!(none.get("/health").await.status, 200);
}

#[test]
fn what_cannot_be_used_in_it_stops_the_start_with_its_line() {
    let settings = Settings::new("");
    let file = settings.shown();
    for (text, said) in [
        (
            "\nmax_body_byte = 1\n",
            format!("{file}:2: there is no setting max_body_byte; is max_body_bytes meant?"),
        ),
        (
            "workers = \"many\"\n",
            format!("{file}:1: workers = \"many\": expected a whole number from 1 to 1000000"),
        ),
        ("workers = 1\nworkers = 2\n", format!("{file}:2: ")),
        (
            "[http]\n",
            format!("{file}:1: http: settings stand in no table"),
        ),
        (
            "mongodb_uri = \"mongodb://u:hunter2@x:port\"\n",
            "MONGODB_URI is not a MongoDB".to_owned(),
        ),
        (
            "listen_addr = \"mongodb://u:hunter2@x\"\n",
            format!("{file}:1: listen_addr = \"mongodb://***@x\": "),
        ),
        (
            "mongodb_uri = mongodb://u:hunter2@x\n",
            format!("{file}:1: "),
        ),
    ] {
        settings.write(text);
        let (code, stdout, stderr) = run(&["--config", &file], &[]);
        assert_eq!((code, &*stdout), (USAGE, ""), "{text}: {stderr}");
        assert!(stderr.starts_with(&format!("error: {said}")), "{stderr}");
        assert_eq!(stderr.lines().count(), 1, "{stderr}");
        assert!(!stderr.contains("hunter2"), "{stderr}");
    }
}

#[test]
fn a_file_that_is_none_stops_the_start_and_is_not_waited_for() {
    let settings = Settings::new("");
    let pipe = settings.folder.path().join("pipe");
    assert!(
        Command::new("mkfifo")
            .arg(&pipe)
            .status()
            .unwrap()
            .success()
    );
    for (path, said) in [
        (
            settings.folder.path().join("missing.toml"),
            "it cannot be read: ",
        ),
        (settings.folder.path().to_owned(), "it is no file"),
        (pipe, "it is no file"),
    ] {
        let path = path.to_str().unwrap();
        for (args, environment) in [
            (&["--config", path][..], &[][..]),
            (&[], &[("CONFIG_FILE", path)]),
        ] {
            let (code, _, stderr) = run(args, environment);
            assert_eq!(code, USAGE, "{stderr}");
            let expected = format!("error: CONFIG_FILE {path}: {said}");
            assert!(stderr.starts_with(&expected), "{stderr}");
        }
    }
    // Help is for everybody.
    let (code, stdout, _) = run(&["--help"], &[("CONFIG_FILE", "/no/such/file")]);
    assert_eq!(code, Some(0));
    assert!(stdout.contains("--config <FILE>"), "{stdout}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slip_in_the_environment_is_told_and_what_others_have_there_is_not() {
    let started = Service::builder()
        .env("MAX_BODY_BYTE", "hunter2")
        .env("AGGREGATOR_WORKERS", "2")
        .env("RUST_BACKTRACE", "1")
        .env("TOKEN_FILE", "/secret");
    let service = started.start().await;
    let log = service.log_text();
    for told in [
        "MAX_BODY_BYTE in the environment has no effect: is MAX_BODY_BYTES meant?",
        "AGGREGATOR_WORKERS in the environment has no effect: is WORKERS meant?",
    ] {
        assert!(log.contains(told), "{log}");
    }
    assert_eq!(
        log.matches("in the environment has no effect").count(),
        2,
        "{log}"
    );
    assert!(!log.contains("hunter2"), "{log}");
}
