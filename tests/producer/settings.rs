//! Flags, environment variables, and what a seed promises.

use crate::support::producer::{Ended, Producer};
use crate::support::scripted::{Action, Request, Scripted};

const FLAGS: [(&str, &str); 24] = [
    ("--url", "PRODUCER_URL"),
    ("--token-file", "PRODUCER_TOKEN_FILE"),
    ("--rate", "PRODUCER_RATE"),
    ("--batch-size", "PRODUCER_BATCH_SIZE"),
    ("--count", "PRODUCER_COUNT"),
    ("--duration", "PRODUCER_DURATION"),
    ("--concurrency", "PRODUCER_CONCURRENCY"),
    ("--seed", "PRODUCER_SEED"),
    ("--ca", "PRODUCER_CA_FILE"),
    ("--client-cert", "PRODUCER_CLIENT_CERT_FILE"),
    ("--client-key", "PRODUCER_CLIENT_KEY_FILE"),
    ("--start-time", "PRODUCER_START_TIME"),
    ("--levels", "PRODUCER_LEVELS"),
    ("--message-bytes", "PRODUCER_MESSAGE_BYTES"),
    ("--late", "PRODUCER_LATE"),
    ("--gzip", "PRODUCER_GZIP"),
    ("--prebuilt", "PRODUCER_PREBUILT"),
    ("--timeout", "PRODUCER_TIMEOUT"),
    ("--give-up-after", "PRODUCER_GIVE_UP_AFTER"),
    ("--grace", "PRODUCER_GRACE"),
    ("--spool", "PRODUCER_SPOOL"),
    ("--spool-max-bytes", "PRODUCER_SPOOL_MAX_BYTES"),
    ("--output", "PRODUCER_OUTPUT"),
    ("--rust-log", "RUST_LOG"),
];

#[tokio::test(flavor = "multi_thread")]
async fn help_tells_every_flag_with_its_variable() {
    let ended = Producer::run(&["--help"]).await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    for (flag, variable) in FLAGS {
        let start = ended
            .stdout
            .find(&format!("{flag} "))
            .unwrap_or_else(|| panic!("no {flag}"));
        let entry = ended.stdout[start..].split("\n\n  ").next().unwrap();
        assert!(
            ended.stdout[start..].contains(&format!("[env: {variable}")),
            "{entry}"
        );
    }
    assert_eq!(ended.stdout.matches("[env: ").count(), FLAGS.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_value_is_one_sentence_and_exit_code_2() {
    for (args, named) in [
        (["--rate", "fast"], "--rate"),
        (["--levels", "LOUD=1"], "LOUD"),
        (["--url", "ftp://logs"], "--url"),
        (["--late", "1.5"], "--late"),
        (["--rust-log", "a=b=c"], "RUST_LOG"),
    ] {
        let ended = Producer::run(&args).await;
        assert_eq!(ended.code, Some(2), "{ended:?}");
        assert_eq!(ended.stdout, "");
        assert_eq!(ended.stderr.lines().count(), 1, "{ended:?}");
        assert!(ended.stderr.contains(named), "{ended:?}");
    }
    let ended = Producer::run(&["--colour", "red"]).await;
    assert_eq!(ended.code, Some(2), "{ended:?}");
    let first = ended.stderr.lines().next().unwrap();
    assert!(
        first.starts_with("error: unexpected argument '--colour'"),
        "{ended:?}"
    );
    assert!(ended.stderr.contains("\nUsage: producer"), "{ended:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flag_counts_more_than_the_environment() {
    let server = Scripted::start(|_| Action::Take).await;
    let url = server.url();
    let env = [
        ("PRODUCER_URL", &*url),
        ("PRODUCER_COUNT", "70"),
        ("PRODUCER_BATCH_SIZE", "35"),
        ("PRODUCER_RATE", "0"),
    ];
    let ended = Producer::start_with(&env, &["--batch-size", "10"])
        .ended()
        .await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_eq!(server.count(), 7);
    let logs: usize = server.requests().iter().map(Request::logs).sum();
    assert_eq!(logs, 70);
}

/// The bodies in their order, and the keys.
async fn sent(args: &[&str]) -> (Vec<String>, Vec<String>, Ended) {
    let server = Scripted::start(|_| Action::Take).await;
    let url = server.url();
    // One connection: the order of arrival is the order of sending.
    let known = [
        "--url",
        &url,
        "--rate",
        "0",
        "--count",
        "500",
        "--concurrency",
        "1",
        "--output",
        "json",
    ];
    let ended = Producer::run(&[&known, args].concat()).await;
    let requests = server.requests();
    assert_eq!(requests.len(), 5);
    let bodies = requests
        .iter()
        .map(|request| String::from_utf8(request.body.clone()).unwrap());
    let keys = requests.iter().map(|request| request.key.clone());
    (bodies.collect(), keys.collect(), ended)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_seed_and_start_give_the_same_bytes_under_other_keys() {
    let args = [
        "--seed",
        "7",
        "--start-time",
        "2024-10-08T00:00:00Z",
        "--late",
        "0.2",
    ];
    let (one, one_keys, _) = sent(&args).await;
    let (two, two_keys, _) = sent(&args).await;
    assert_eq!(one, two);
    assert!(
        one[0].starts_with(r#"[{"timestamp":"2024-10-0"#),
        "{}",
        one[0]
    );
    assert!(one_keys.iter().all(|key| !two_keys.contains(key)));
    let (other, ..) = sent(&["--seed", "8", "--start-time", "2024-10-08T00:00:00Z"]).await;
    assert_ne!(one[0], other[0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_random_seed_is_told_and_can_be_used_again() {
    let start = ["--start-time", "2024-10-08T00:00:00Z"];
    let (one, _, ended) = sent(&start).await;
    let seed = ended.summary()["seed"].to_string();
    let (two, ..) = sent(&[&start[..], &["--seed", &seed]].concat()).await;
    assert_eq!(one, two);
}
