//! Retention: what is too old goes, by age, level, rule and size, and nothing else does.

use crate::metrics::scrape::Scrape;
use crate::support::service::{Builder, Service};
use crate::support::stores::Backend;
use crate::support::traffic::drained;
use crate::support::wait_until;
use logs::Timestamp;
use logs::clock::{Clock as _, SystemClock};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(60);
const REMOVED: &str = "aggregator_retention_removed_records_total{cause=\"age\"}";
const REMOVED_FOR_SIZE: &str = "aggregator_retention_removed_records_total{cause=\"size\"}";
const EXPIRED: &str = "aggregator_retention_expired_records_total";
const ROUNDS: &str = "aggregator_retention_rounds_total";

/// A record that is so many hours old.
fn record(hours: f64, level: &str, service: &str, message: &str) -> Value {
    let age = Duration::from_secs_f64(hours * 3_600.0);
    let nanos = SystemClock::start().now().nanos() - i64::try_from(age.as_nanos()).unwrap();
    let time = Timestamp::from_nanos(nanos).to_string();
    json!({ "timestamp": time, "level": level, "message": message, "service": service })
}

async fn send(service: &Service, records: &[Value]) {
    let body = Value::from(records).to_string();
    let path = "/logs/batch?ack=stored";
    let reply = service.post(path, "application/json", body).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
}

/// The messages of all that is there.
async fn messages(service: &Service) -> BTreeSet<String> {
    let reply = service.get("/logs/retrieve").await;
    let records = match reply.status {
        404 => return BTreeSet::new(),
        200 => reply.json(),
        status => panic!("{status}: {}", reply.text()),
    };
    let records = records.as_array().unwrap().iter();
    records
        .map(|record| record["message"].as_str().unwrap().to_owned())
        .collect()
}

/// A whole number.
async fn metric(service: &Service, name: &str) -> u64 {
    let told = Scrape::of(service).await.value(name);
    told.to_string().parse().unwrap()
}

async fn until_left(service: &Service, left: &[&str]) {
    let left: BTreeSet<String> = left.iter().map(ToString::to_string).collect();
    wait_until("what is too old to go", PATIENCE, async || {
        messages(service).await == left
    })
    .await;
}

async fn rules_and_levels(backend: Backend) {
    let settings = backend.builder("retention_rules_and_levels").await;
    let service = settings
        .env("RETENTION", "30days")
        .env("RETENTION_DEBUG", "1day")
        .env("RETENTION_ERROR", "forever")
        .env(
            "RETENTION_RULES",
            "attr.service=audit&minLevel=INFO forever\nattr.service=chatty 2h",
        )
        .start()
        .await;
    // All come when the one who removes them is there, most of them too old.
    let day = 24.0;
    send(
        &service,
        &[
            record(0.0, "DEBUG", "orders", "new"),
            record(20.0, "DEBUG", "orders", "debug of today"),
            record(2.0 * day, "DEBUG", "orders", "old debug"),
            record(2.0 * day, "INFO", "orders", "info of this month"),
            record(31.0 * day, "INFO", "orders", "old info"),
            record(400.0 * day, "ERROR", "orders", "old error"),
            record(400.0 * day, "INFO", "audit", "old audit"),
            record(2.0 * day, "DEBUG", "audit", "debug of audit"),
            record(1.0, "INFO", "chatty", "chat"),
            record(3.0, "ERROR", "chatty", "old chat"),
            record(40.0 * day, "no level", "orders", "old and of no level"),
        ],
    )
    .await;
    let left = [
        "new",
        "debug of today",
        "info of this month",
        "old error",
        "old audit",
        "chat",
    ];
    until_left(&service, &left).await;
    assert_eq!(metric(&service, EXPIRED).await, 5);
    wait_until("them to be counted", PATIENCE, async || {
        metric(&service, REMOVED).await == 5
    })
    .await;
    // What comes later and is too old goes as well, though the times before were looked at.
    send(&service, &[record(90.0 * day, "WARN", "orders", "later")]).await;
    until_left(&service, &left).await;
    wait_until("the later one to be counted", PATIENCE, async || {
        metric(&service, REMOVED).await == 6 && metric(&service, EXPIRED).await == 6
    })
    .await;
    let health = service.health().await;
    assert_eq!(health["status"], "ok", "{health}");
    let said = service.log_text();
    assert!(said.contains("older than they are kept"), "{said}");
    assert!(
        said.contains("records that were too old are removed"),
        "{said}"
    );
}

async fn killed(backend: Backend) {
    let settings = backend.builder("retention_killed").await;
    // Each block has records that stay, so that all of them are written again.
    let settings = settings.env("RETENTION_DEBUG", "1day");
    let service = settings.start().await;
    let mut expected = BTreeSet::new();
    for batch in 0..6 {
        let records: Vec<Value> = (0..5_000)
            .map(|number| {
                let level = if number % 10 == 0 { "INFO" } else { "DEBUG" };
                let message = format!("{batch} {number}");
                if level == "INFO" {
                    expected.insert(message.clone());
                }
                record(100.0 + f64::from(batch), level, "a", &message)
            })
            .collect();
        send(&service, &records).await;
    }
    for _ in 0..3 {
        wait_until("some to go", PATIENCE, async || {
            metric(&service, REMOVED).await > 0 || metric(&service, ROUNDS).await > 0
        })
        .await;
        service.kill();
        service.restart().await;
        let found = messages(&service).await;
        assert!(expected.is_subset(&found), "what stays is there");
    }
    wait_until("the rest to go", PATIENCE, async || {
        messages(&service).await == expected
    })
    .await;
}

async fn no_more_than_it_may(backend: Backend) {
    let settings = backend.builder("retention_size").await;
    let service = settings.env("MAX_STORE_BYTES", "3MiB").start().await;
    for hours in (2..14).rev() {
        let noise = |number: i32| {
            let hash = |part: i32| blake3::hash(format!("{hours} {number} {part}").as_bytes());
            let parts = (0..8).map(|part| hash(part).to_hex().to_string());
            format!("{hours} {}", parts.collect::<String>())
        };
        let records: Vec<Value> = (0..2_000)
            .map(|number| record(f64::from(hours), "INFO", "a", &noise(number)))
            .collect();
        send(&service, &records).await;
    }
    send(&service, &[record(0.1, "INFO", "a", "newest")]).await;
    // A round comes soon after one was too old; the bound alone waits for the next.
    service.kill();
    service.restart().await;
    wait_until("the oldest to go", PATIENCE, async || {
        metric(&service, REMOVED_FOR_SIZE).await > 0 && metric(&service, ROUNDS).await > 0
    })
    .await;
    let found = messages(&service).await;
    assert!(found.contains("newest"));
    let hours = |text: &String| text.split(' ').next().unwrap().parse::<u32>().ok();
    let hours: BTreeSet<u32> = found.iter().filter_map(hours).collect();
    // Those that are left are the newest, whole hours of them.
    let count = u32::try_from(hours.len()).unwrap();
    assert!((1..12).contains(&count), "{hours:?}");
    assert_eq!(hours, (2..2 + count).collect(), "{hours:?}");
    assert_eq!(found.len(), 1 + hours.len() * 2_000);
    let taken = metric(&service, "aggregator_store_in_use_bytes").await;
    assert!(taken <= 3 << 20, "{taken}");
    let stats = service.get("/stats").await.json();
    let on_disk = stats["store"]["bytes"]["onDisk"].as_u64().unwrap();
    assert!(on_disk < 8 << 20, "the disk got it back: {on_disk}");
}

async fn dry_run(backend: Backend) {
    let service = backend.start("retention_dry_run").await;
    let records = |hours: f64, count: usize| -> Vec<Value> {
        let messages = (0..count).map(|number| format!("{hours} {number}"));
        messages
            .map(|message| record(hours, "INFO", "a", &message))
            .collect()
    };
    for (hours, count) in [(1.0, 50), (100.0, 300), (1_000.0, 700)] {
        send(&service, &records(hours, count)).await;
    }
    drained(&service).await;
    let told = async |flags: &[&str]| {
        let command = Service::builder().data_dir(service.data_dir());
        let command = ["store", "stats", "--dry-run", "-o", "json"]
            .iter()
            .chain(flags)
            .fold(command, |command, arg| command.arg(*arg));
        let (status, stdout, stderr) = command.start_expecting_exit().await;
        assert_eq!(status.code(), Some(0), "{stderr}");
        serde_json::from_str::<Value>(&stdout).unwrap()["retention"]["records"].clone()
    };
    assert_eq!(told(&[]).await, 0);
    assert_eq!(told(&["--retention", "30d"]).await, 700);
    assert_eq!(told(&["--retention-info=2days"]).await, 1_000);
    assert_eq!(messages(&service).await.len(), 1_050, "nothing went");
    service.terminate();
    assert!(service.wait_exit(PATIENCE).await.success());
    let again = Service::builder().data_dir(service.data_dir());
    let again = again.env("RETENTION_INFO", "2days").start().await;
    wait_until("as many to go", PATIENCE, async || {
        metric(&again, REMOVED).await == 1_000
    })
    .await;
    assert_eq!(messages(&again).await.len(), 50);
}

macro_rules! on_all {
    ($name:ident, $test:ident) => {
        mod $name {
            use crate::support::stores::Backend;

            #[tokio::test(flavor = "multi_thread")]
            async fn on_sqlite() {
                super::$test(Backend::Sqlite).await;
            }

            #[tokio::test(flavor = "multi_thread")]
            async fn on_blocks() {
                super::$test(Backend::Blocks).await;
            }

            #[tokio::test(flavor = "multi_thread")]
            async fn on_mongodb() {
                super::$test(Backend::MongoDb).await;
            }
        }
    };
}

on_all!(
    what_is_too_old_by_its_rule_its_level_or_at_all_goes_also_when_it_comes_so,
    rules_and_levels
);
on_all!(a_kill_in_the_middle_takes_nothing_that_stays, killed);

#[tokio::test(flavor = "multi_thread")]
async fn an_embedded_store_takes_no_more_than_it_may_and_the_oldest_goes_first() {
    no_more_than_it_may(Backend::Blocks).await;
    no_more_than_it_may(Backend::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_command_says_would_go_is_what_goes() {
    dry_run(Backend::Blocks).await;
    dry_run(Backend::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_goes_unless_it_is_asked_for() {
    let service = Service::builder().env("RETENTION", "").start().await;
    send(&service, &[record(1_000_000.0, "TRACE", "a", "old")]).await;
    let told = Scrape::of(&service).await;
    assert!(!told.0.keys().any(|name| name.contains("retention")));
    assert_eq!(messages(&service).await.len(), 1);
    let said = service.log_text();
    assert!(!said.contains("removed"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_time_that_is_too_short_and_a_rule_that_is_none_stop_the_start() {
    for (name, value, said) in [
        ("RETENTION", "59m", "must be between 1h and 100years"),
        ("RETENTION_DEBUG", "1s", "must be between 1h and 100years"),
        ("RETENTION_RULES", "attr.a=b", "a filter and a time"),
        ("RETENTION_RULES", "q= 1d", "RETENTION_RULES"),
        ("MAX_STORE_BYTES", "7", "must be at least 1MiB"),
    ] {
        let builder: Builder = Service::builder().env(name, value);
        let (status, _, stderr) = builder.start_expecting_exit().await;
        assert_ne!(status.code(), Some(0), "{name}={value}");
        let is_told = stderr.contains(said) || said == name && stderr.contains("retention-rules");
        assert!(is_told, "{name}={value}: {stderr}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_of_settings_may_have_rules_in_lines() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a.toml");
    let rules = "retention_rules = \"\"\"\nattr.service=chatty 2h\nattr.service=audit forever\n\"\"\"\nretention = \"1day\"\n";
    std::fs::write(&file, rules).unwrap();
    let service = Service::builder()
        .arg("--config")
        .arg(file.display().to_string());
    let service = service.start().await;
    send(
        &service,
        &[
            record(3.0, "INFO", "chatty", "chat"),
            record(100.0, "INFO", "audit", "audit"),
            record(100.0, "INFO", "orders", "old"),
        ],
    )
    .await;
    until_left(&service, &["audit"]).await;
}
