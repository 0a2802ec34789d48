//! Against the real service: every log is stored, and none of them twice.

use std::time::Duration;

use crate::support::contents::{self, Contents, stored};
use crate::support::forwarder::Forwarder;
use crate::support::producer::Producer;
use crate::support::service::Service;
use crate::support::stores::on_each_store;
use crate::support::wait_until;
use producer::generate::{GeneratorSettings, LevelWeights};
use producer::workload::{Schedule, Workload, WorkloadSettings};

const PATIENCE: Duration = Duration::from_secs(60);
const LEVELS: &str = "INFO=70,WARN=20,ERROR=10";

/// The logs that a producer sends with `--seed 42` from 2024-10-08 on.
fn expected(count: u64, batch_size: usize, rate: f64) -> Contents {
    let mut workload = Workload::new(WorkloadSettings {
        generator: GeneratorSettings {
            seed: 42,
            levels: LEVELS.parse::<LevelWeights>().unwrap(),
            message_bytes: None,
            late: 0.1,
        },
        schedule: Schedule::new(rate, batch_size),
        count: Some(count),
        start: logs::Timestamp::parse("2024-10-08T00:00:00Z").unwrap(),
        gzip: false,
        prebuilt: false,
    })
    .unwrap();
    let mut contents = Contents::new();
    for payload in (0..).map_while(|number| workload.payload(number).unwrap()) {
        contents::add(&mut contents, &payload.bytes);
    }
    contents
}

fn arguments<'a>(url: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    let known = [
        "--url",
        url,
        "--seed",
        "42",
        "--start-time",
        "2024-10-08T00:00:00Z",
        "--levels",
        LEVELS,
        "--late",
        "0.1",
        "--output",
        "json",
    ];
    [&known, more].concat()
}

async fn all_is_stored_once(service: &Service, more: &[&str]) {
    let args = ["--rate", "0", "--count", "5050", "--batch-size", "100"];
    let url = service.url("");
    let ended = Producer::run(&arguments(&url, &[&args, more].concat())).await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let names = ["sent", "accepted", "failed", "retried", "behind"];
    assert_eq!(ended.numbers(names), [5050, 5050, 0, 0, 0]);
    assert_eq!(stored(service).await, expected(5050, 100, 0.0));
}

on_each_store!(every_log_is_stored_once_as_it_was_sent, async |service| {
    all_is_stored_once(&service, &[]).await;
});

on_each_store!(
    compressed_and_prebuilt_logs_are_the_same_ones,
    async |service| {
        all_is_stored_once(&service, &["--gzip", "--prebuilt"]).await;
    }
);

on_each_store!(two_runs_with_one_seed_are_both_stored, async |service| {
    let url = service.url("/logs/batch");
    for _ in 0..2 {
        let args = ["--rate", "0", "--count", "300", "--prebuilt"];
        let ended = Producer::run(&arguments(&url, &args)).await;
        assert_eq!(ended.code, Some(0), "{ended:?}");
    }
    let mut twice = expected(300, 100, 0.0);
    for count in twice.values_mut() {
        *count *= 2;
    }
    assert_eq!(stored(&service).await, twice);
});

on_each_store!(
    a_service_that_is_killed_and_started_again_has_every_log_once,
    async |service| {
        let forwarder = Forwarder::to(service.address()).await;
        let url = forwarder.url();
        let args = ["--rate", "2000", "--batch-size", "20", "--timeout", "5s"];
        let producer = Producer::start(&arguments(&url, &args));
        for _ in 0..3 {
            wait_until("some logs to be taken", PATIENCE, async || {
                service.health().await["records"]["received"].as_u64() >= Some(400)
            })
            .await;
            forwarder.to_nobody();
            service.kill();
            service.restart().await;
            forwarder.now_to(service.address());
        }
        producer.signal("INT");
        let ended = producer.ended().await;
        assert_eq!(ended.code, Some(0), "{ended:?}");
        let [sent, accepted, failed] = ended.numbers(["sent", "accepted", "failed"]);
        assert_eq!((accepted, failed), (sent, 0), "{ended:?}");
        let [retried] = ended.numbers(["retried"]);
        assert!(retried > 0, "{ended:?}");
        assert!(stored(&service).await == expected(sent, 20, 2000.0));
    }
);
