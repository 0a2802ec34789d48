//! Several aggregators on one MongoDB, of which somebody asks the wrong one: each says which one it is.

use bson::doc;
use serde_json::{Value, json};
use std::time::Duration;

use crate::support::http::Reply;
use crate::support::mongod::{self, Mongod};
use crate::support::service::Service;
use crate::support::stores::database;
use crate::support::wait_until;

const PATIENCE: Duration = Duration::from_secs(60);
const REPLAY: &str = "/logs/rejected/replay";

async fn called(name: &str, mongod: &Mongod, database: &str) -> Service {
    let service = Service::builder().mongodb(&mongod.uri(), database);
    service.env("INSTANCE", name).start().await
}

async fn post(service: &Service, path: &str) -> Reply {
    service.post(path, "application/json", "").await
}

async fn listed(service: &Service, query: &str) -> Value {
    let reply = service.get(&format!("/logs/rejected?{query}")).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    reply.json()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_became_of_a_batch_is_told_by_the_one_that_took_it_and_another_one_says_who_it_is() {
    let mongod = mongod::shared().await;
    let database = database("instances_batches");
    let (one, other) = tokio::join!(
        called("logs-1", mongod, &database),
        called("logs-2", mongod, &database)
    );
    let taken = one.batch(&json!([{"message": "one"}])).await;
    assert_eq!(
        (taken.status, taken.header("x-instance")),
        (200, Some("logs-1"))
    );
    let id = taken.json()["batchId"].as_str().unwrap().to_owned();
    let address = format!("/logs/batches/{id}");
    let known = one.get(&address).await;
    assert_eq!(known.status, 200, "{}", known.text());
    assert_eq!(known.json()["instance"], "logs-1");

    let asked = other.get(&address).await;
    let told = asked.json();
    assert_eq!(
        (asked.status, &told["code"], &told["instance"]),
        (404, &json!("unknown_batch"), &json!("logs-2"))
    );
    let message = told["message"].as_str().unwrap();
    let said = format!(
        "batch {id} is not among the last ones that logs-2 remembers: another aggregator behind this address may have \
         taken it; that says nothing about its records"
    );
    assert_eq!(message, said);
    // Nor does it: the records are there, whoever is asked.
    let records = other.get("/logs/retrieve").await.json();
    assert_eq!(records[0]["message"], "one");
}

#[tokio::test(flavor = "multi_thread")]
async fn refused_records_are_listed_and_put_back_by_the_one_that_keeps_them_which_says_so() {
    let mongod = Mongod::start().await;
    let database = mongod.client().await.database("logdb");
    let picky = doc! { "message": { "$ne": "bad" } };
    let created = database.create_collection("logs").validator(picky);
    created.await.unwrap();
    let (one, other) = tokio::join!(
        called("logs-1", &mongod, "logdb"),
        called("logs-2", &mongod, "logdb")
    );
    let bad = json!([{"message": "bad"}, {"message": "bad"}]);
    for service in [&one, &other] {
        assert_eq!(service.batch(&bad).await.json()["setAside"], 2);
    }

    let first = listed(&one, "limit=1").await;
    assert_eq!(
        (&first["instance"], &first["total"]),
        (&json!("logs-1"), &json!(2))
    );
    let next = first["next"].as_str().unwrap();
    let of_other = other.get(&format!("/logs/rejected?after={next}")).await;
    assert_eq!(of_other.status, 400, "{}", of_other.text());
    let message = of_other.json()["message"].as_str().unwrap().to_owned();
    let said = "after is of the list of logs-1, and this is logs-2, which has one of its own: ask logs-1 for the rest";
    assert_eq!(message, said);
    let rest = listed(&one, &format!("after={next}")).await;
    assert_eq!(rest["records"].as_array().map(Vec::len), Some(1), "{rest}");
    // As an earlier version gave it.
    let (place, _) = next.split_once('@').unwrap();
    assert_eq!(listed(&one, &format!("after={place}")).await, rest);

    let id = first["records"][0]["id"].as_str().unwrap();
    let asked = post(&other, &format!("{REPLAY}?id={id}")).await.json();
    let said =
        "Refused records are put back; 1 id is not among the records that logs-2 keeps aside";
    assert_eq!(asked["message"], said, "{asked}");
    assert_eq!(
        (&asked["instance"], &asked["notFound"]),
        (&json!("logs-2"), &json!(1))
    );
    let loosen = doc! { "collMod": "logs", "validator": {} };
    database.run_command(loosen).await.unwrap();
    let replayed = post(&one, REPLAY).await.json();
    assert_eq!(
        (&replayed["instance"], &replayed["replayed"]),
        (&json!("logs-1"), &json!(2))
    );
    wait_until("the records to be stored", PATIENCE, async || {
        let found = other.get("/logs/retrieve").await;
        found.status == 200 && found.json().as_array().map(Vec::len) == Some(2)
    })
    .await;
    // What the other one keeps is another's.
    assert_eq!(listed(&other, "").await["total"], 2);
    assert_eq!(listed(&one, "").await["total"], 0);
}

/// Where a service says what it is called.
async fn names(service: &Service) -> [String; 4] {
    let metrics = service.get("/metrics").await.text();
    let build = metrics
        .lines()
        .find(|line| line.starts_with("aggregator_build_info{"));
    let label = build.and_then(|line| line.split_once("aggregator=\"")?.1.split_once('"'));
    let log = service.log_text();
    let start = log.lines().find(|line| line.contains("starting"));
    let start = start.and_then(|line| line.split_once("instance=")?.1.split_once(' '));
    let sent = service.batch(&json!([{"message": "one"}])).await;
    [
        service.health().await["instance"]
            .as_str()
            .unwrap()
            .to_owned(),
        label.unwrap_or_else(|| panic!("{metrics}")).0.to_owned(),
        start.unwrap_or_else(|| panic!("{log}")).0.to_owned(),
        sent.header("x-instance").unwrap().to_owned(),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn an_aggregator_has_one_name_everywhere_and_it_is_that_of_its_host_unless_another_is_set() {
    let text = || Service::builder().env("LOG_FORMAT", "text");
    let named = text().env("INSTANCE", "logs_1.example").start().await;
    assert_eq!(names(&named).await, ["logs_1.example"; 4]);
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap();
    for unnamed in [text(), text().env("INSTANCE", "")] {
        let service = unnamed.start().await;
        assert_eq!(names(&service).await, [host.trim(); 4]);
    }
}
