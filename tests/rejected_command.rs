//! `aggregator rejected`: what strangers may not, on the service's own machine.

use crate::access::{far, open_to_all};
use crate::support::mongod::Mongod;
use crate::support::service::{Builder, Service};
use crate::support::traffic::drained;
use crate::support::wait_until;
use bson::doc;
use serde_json::{Value, json};
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(60);
const TOO_LARGE: usize = 9 * 1024 * 1024;

/// Exit code, standard output and standard error.
async fn rejected(service: &Service, arguments: &str) -> (Option<i32>, String, String) {
    let command = Service::builder().env("LISTEN_ADDR", service.address().to_string());
    let command = arguments
        .split(' ')
        .fold(command.arg("rejected"), Builder::arg);
    let (status, stdout, stderr) = command.start_expecting_exit().await;
    (status.code(), stdout, stderr)
}

async fn stored(service: &Service, count: u64) {
    wait_until("them to be stored", PATIENCE, async || {
        service.health().await["records"]["stored"] == count
    })
    .await;
}

/// The records of a list, as programs read them.
async fn listed(service: &Service, arguments: &str) -> Vec<Value> {
    let listed = printed(service, arguments).await;
    let records = listed.lines().map(serde_json::from_str);
    records.collect::<Result<_, _>>().unwrap()
}

async fn printed(service: &Service, arguments: &str) -> String {
    let (code, stdout, stderr) = rejected(service, arguments).await;
    assert_eq!((code, stderr.as_str()), (Some(0), ""), "{stdout}");
    stdout
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_too_large_is_listed_with_its_reason_and_its_file_and_stays_aside() {
    let service = Service::builder().start().await;
    assert_eq!(printed(&service, "list").await, "no record is kept aside\n");
    assert_eq!(printed(&service, "list -o json").await, "");
    let message = "x".repeat(TOO_LARGE);
    let batch = json!([{"message": message, "level": "WARN", "timestamp": "2024-10-08T00:00:00Z"}]);
    assert_eq!(service.batch(&batch).await.status, 200);

    let listed = printed(&service, "list").await;
    let lines: Vec<&str> = listed.lines().collect();
    let [reason, record, sum] = lines.as_slice() else {
        panic!("{listed}");
    };
    assert!(
        reason.contains(" the record is larger than 8 MiB (file "),
        "{reason}"
    );
    assert!(
        record.starts_with("    2024-10-08T00:00:00Z WARN xxx"),
        "{record}"
    );
    assert!(record.len() < 1000, "{}", record.len());
    assert_eq!(*sum, "1 record is kept aside");

    let told: Value = serde_json::from_str(&printed(&service, "list --output json").await).unwrap();
    let kept = told["record"]["message"].as_str().unwrap();
    assert_eq!(kept.len(), TOO_LARGE);
    let expected = "0 records are put back\n1 other is too large to be stored\n";
    assert_eq!(printed(&service, "replay").await, expected);
    let told: Value = serde_json::from_str(&printed(&service, "replay -o json").await).unwrap();
    assert_eq!(
        (&told["replayed"], &told["leftAside"]),
        (&json!(0), &json!(1))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn where_strangers_may_not_it_lists_all_there_are_and_puts_them_back() {
    const COUNT: u64 = 250;
    let mongod = Mongod::start().await;
    let database = mongod.client().await.database("logdb");
    let validator = doc! { "message": { "$ne": "bad" } };
    database
        .create_collection("logs")
        .validator(validator)
        .await
        .unwrap();
    let service = open_to_all().mongodb(&mongod.uri(), "logdb").start().await;
    let batch: Vec<_> = (0..COUNT).map(|_| json!({"message": "bad"})).collect();
    assert_eq!(service.batch(&json!(batch)).await.status, 200);

    let listed = printed(&service, "list -o json").await;
    let records = listed
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap());
    assert!(
        records
            .clone()
            .all(|told| told["record"]["message"] == "bad"),
        "{listed}"
    );
    assert_eq!(records.count() as u64, COUNT);
    let some = printed(&service, "list --limit 120").await;
    assert_eq!(some.lines().count(), 2 * 120 + 1, "{some}");
    let sum = "250 records are kept aside; 120 of them are shown\n";
    assert!(some.ends_with(sum), "{some}");

    database
        .run_command(doc! { "collMod": "logs", "validator": {} })
        .await
        .unwrap();
    assert_eq!(
        printed(&service, "replay").await,
        "250 records are put back\n"
    );
    wait_until("them to be stored", PATIENCE, async || {
        drained(&service).await;
        service.health().await["records"]["stored"] == COUNT
    })
    .await;
    assert_eq!(printed(&service, "list").await, "no record is kept aside\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_chosen_by_id_or_by_reason_is_put_back_and_the_rest_stays() {
    let mongod = Mongod::start().await;
    let database = mongod.client().await.database("logdb");
    let validator = doc! { "message": { "$not": { "$regex": "^bad" } } };
    database
        .create_collection("logs")
        .validator(validator)
        .await
        .unwrap();
    let service = Service::builder().mongodb(&mongod.uri(), "logdb");
    let service = service.start().await;
    let large = "x".repeat(TOO_LARGE);
    let batch = json!([{"message": "bad 1"}, {"message": "bad 2"}, {"message": "bad 3"}, {"message": large}]);
    assert_eq!(service.batch(&batch).await.status, 200);
    wait_until("them to be kept", PATIENCE, async || {
        service.health().await["rejected"]["records"] == 4
    })
    .await;
    let before = listed(&service, "list -o json --reason against_rule").await;
    assert_eq!(before.len(), 3);
    for (reason, count) in [("too_large", 1), ("panicked", 0)] {
        let list = format!("list -o json --reason {reason}");
        assert_eq!(listed(&service, &list).await.len(), count, "{reason}");
    }
    // What names one stays the same over a start.
    service.restart().await;
    assert_eq!(
        listed(&service, "list -o json --reason against_rule").await,
        before
    );

    database
        .run_command(doc! { "collMod": "logs", "validator": {} })
        .await
        .unwrap();
    let id = before[1]["id"].as_str().unwrap();
    let none = "0".repeat(32);
    let replay = format!("replay --id {id} --id {none}");
    assert_eq!(
        printed(&service, &replay).await,
        "1 record is put back\n1 id is not among the records kept aside\n"
    );
    stored(&service, 1).await;
    let found = service.get("/logs/retrieve").await.json();
    assert_eq!(
        found[0]["message"], before[1]["record"]["message"],
        "{found}"
    );
    let left = listed(&service, "list -o json --reason against_rule").await;
    assert_eq!(left, [before[0].clone(), before[2].clone()]);
    for (reason, said) in [
        (
            "too_large",
            "0 records are put back\n1 other is too large to be stored\n",
        ),
        ("against_rule", "2 records are put back\n"),
    ] {
        let replay = format!("replay --reason {reason}");
        assert_eq!(printed(&service, &replay).await, said);
    }
    stored(&service, 3).await;
    assert_eq!(listed(&service, "list -o json").await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_choice_that_is_not_understood_puts_nothing_back() {
    let service = Service::builder().start().await;
    for (query, code) in [
        ("ids=1", "unknown_parameter"),
        ("id=1", "invalid_parameter"),
        ("reason=loud", "invalid_parameter"),
        ("reason=refused&reason=damaged", "repeated_parameter"),
        (
            "id=00000000000000000000000000000000&reason=refused",
            "invalid_parameter",
        ),
    ] {
        let path = format!("/logs/rejected/replay?{query}");
        let reply = service.post(&path, "application/json", "").await;
        assert_eq!(
            (reply.status, reply.json()["code"].as_str()),
            (400, Some(code)),
            "{query}"
        );
    }
    let reply = service.get("/logs/rejected?reason=loud").await;
    assert_eq!(reply.json()["code"], "invalid_parameter");
    let (code, _, stderr) = rejected(&service, "replay --id 1").await;
    assert_eq!(code, Some(2), "{stderr}");
    assert!(stderr.contains("(invalid_parameter)"), "{stderr}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_and_a_service_that_is_not_there_are_one_sentence_and_an_exit_code() {
    let service = open_to_all().start().await;
    let stranger = format!("list --url {}", far(&service));
    for (arguments, code, said) in [
        (stranger.as_str(), 1, "(local_only)"),
        (
            "replay --url http://127.0.0.1:9",
            1,
            "no answer from http://127.0.0.1:9: ",
        ),
        (
            "list --url ftp://localhost",
            2,
            "--url must begin with http://",
        ),
        ("list --limit 0", 2, "--limit"),
    ] {
        let (given, stdout, stderr) = rejected(&service, arguments).await;
        assert_eq!(
            (given, stdout.as_str()),
            (Some(code), ""),
            "{arguments}: {stderr}"
        );
        assert_eq!(stderr.lines().count(), 1, "{stderr}");
        assert!(
            stderr.starts_with("error: ") && stderr.contains(said),
            "{stderr}"
        );
    }
}
