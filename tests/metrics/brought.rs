//! What senders bring is told alike by `/metrics` and `/stats`, and all of it, however a request ends.

use super::PATIENCE;
use super::scrape::{Scrape, labels};
use crate::stats::sender;
use crate::support::http::Reply;
use crate::support::mongod::Mongod;
use crate::support::raw::RawClient;
use crate::support::service::Service;
use crate::support::traffic::post_head_to;
use crate::support::wait_until;
use serde_json::{Value, json};
use std::collections::BTreeMap;

const JSON: &str = "application/json";
const JOURNAL: &str = "application/vnd.fdo.journal";
const GARBAGE: &str = "no field\n\n\n\n\n\n\n\n\n\n";
const JOURNALED: &str =
    "__CURSOR=s=9b2f;i=1;b=1c;m=2;t=3;x=4\n__REALTIME_TIMESTAMP=1700000000000000\nMESSAGE=one\n\n";

/// Records by protocol, fate and reason, without those of which there are none.
type Brought = BTreeMap<(String, String, String), f64>;

/// What both tell at one moment, and where they differ.
async fn told(service: &Service) -> (Brought, Value, Vec<String>) {
    let (scrape, stats) = (
        Scrape::of(service).await,
        service.get("/stats").await.json(),
    );
    let mut brought = Brought::new();
    let mut differ = Vec::new();
    let records = &scrape.0["aggregator_ingest_records_total"].samples;
    for (series, count) in records.iter().filter(|(_, count)| **count > 0.0) {
        let of = |name: &str| {
            let labels = labels(series);
            let found = labels.iter().find(|(label, _)| *label == name);
            found.unwrap().1.to_owned()
        };
        brought.insert((of("protocol"), of("fate"), of("reason")), *count);
    }
    let received = scrape.value("aggregator_records_received_total");
    let all: f64 = brought.values().sum();
    if all != received {
        differ.push(format!("{all} were brought, {received} received"));
    }
    for told in stats["senders"].as_array().unwrap() {
        let protocol = told["protocol"].as_str().unwrap();
        let of = |fate: &str| {
            let key = [protocol, fate, ""].map(str::to_owned).into();
            brought.get(&key).copied().unwrap_or(0.0)
        };
        let bytes =
            format!("aggregator_ingest_bytes_total{{protocol=\"{protocol}\",fate=\"taken\"}}");
        let expected = [of("accepted") + of("repeated"), scrape.value(&bytes)];
        let counts = ["records", "bytes"].map(|name| told[name].as_f64().unwrap());
        if counts != expected {
            differ.push(format!("{protocol}: {counts:?}, {expected:?}"));
        }
    }
    (brought, stats, differ)
}

/// What both tell once nothing is under way.
async fn agreed(service: &Service) -> (Brought, Value) {
    let (brought, stats, differ) = told(service).await;
    assert!(differ.is_empty(), "{differ:?}");
    (brought, stats)
}

fn brought<const N: usize>(expected: [(&str, &str, &str, f64); N]) -> Brought {
    let one = |(protocol, fate, reason, count): (&str, &str, &str, f64)| {
        (
            (protocol.to_owned(), fate.to_owned(), reason.to_owned()),
            count,
        )
    };
    expected.map(one).into()
}

async fn post(service: &Service, path: &str, headers: &[(&str, &str)], body: &str) -> Reply {
    service.post_with(path, headers, body.to_owned()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn records_of_every_fate_with_those_of_documents_that_have_an_id() {
    let service = Service::builder().start().await;
    let keyed = [("content-type", JSON), ("idempotency-key", "k")];
    for (body, status) in [
        ("[{\"message\":\"one\"}]", 200),
        ("[{\"message\":\"one\"}]", 200),
        ("[1]", 422),
    ] {
        assert_eq!(
            post(&service, "/logs/batch", &keyed, body).await.status,
            status
        );
    }
    let json = [("content-type", JSON)];
    let strict = r#"[{"level":7.5,"timestamp":"never"},{"message":"well"}]"#;
    assert_eq!(
        post(&service, "/logs/batch?strict=true", &json, strict)
            .await
            .status,
        400
    );
    let large = json!([{ "message": "x".repeat(9 * 1024 * 1024) }, { "message": "small" }]);
    assert_eq!(service.batch(&large).await.status, 200);
    let documents = "{\"create\":{\"_id\":\"1\"}}\n{\"message\":\"a\"}\n{\"create\":{\"_id\":\"2\"}}\n{\"message\":\"b\"}\n";
    for _ in 0..2 {
        assert_eq!(post(&service, "/_bulk", &json, documents).await.status, 200);
    }
    let (told, stats) = agreed(&service).await;
    let expected = brought([
        ("native", "accepted", "", 2.0),
        ("native", "repeated", "", 1.0),
        ("native", "set_aside", "", 1.0),
        ("native", "rejected", "invalid", 2.0),
        ("native", "rejected", "key_reused", 1.0),
        ("elasticsearch", "accepted", "", 2.0),
        ("elasticsearch", "repeated", "", 2.0),
    ]);
    assert_eq!(told, expected);
    let native = sender(&stats, "native", None);
    assert_eq!(native["requests"], 3, "{stats}");
    let refused = json!({ "idempotency_key_reused": 1, "invalid_records": 1 });
    assert_eq!(native["refused"], refused, "{stats}");
    assert_eq!(
        sender(&stats, "elasticsearch", None)["requests"],
        2,
        "{stats}"
    );
}

/// Address, type, encoding, body, and the code of the answer.
const REFUSED: [(&str, &str, &str, &str, &str); 15] = [
    (
        "/logs/batch",
        "image/png",
        "",
        "[]",
        "unsupported_media_type",
    ),
    ("/logs/batch", JSON, "br", "[]", "unsupported_encoding"),
    (
        "/logs/batch",
        JSON,
        "gzip",
        "no gzip",
        "invalid_compression",
    ),
    ("/logs/batch?ack=never", JSON, "", "[]", "invalid_parameter"),
    ("/logs/batch", JSON, "", "[{", "invalid_json"),
    ("/_bulk", "image/png", "", "", "unsupported_media_type"),
    ("/v1/logs", "image/png", "", "", "unsupported_media_type"),
    ("/v1/logs", JSON, "br", "", "unsupported_encoding"),
    (
        "/loki/api/v1/push",
        "image/png",
        "",
        "",
        "unsupported_media_type",
    ),
    (
        "/services/collector/raw",
        JSON,
        "br",
        "",
        "unsupported_encoding",
    ),
    ("/api/v2/logs", JSON, "br", "", "unsupported_encoding"),
    ("/gelf", JSON, "br", "", "unsupported_encoding"),
    ("/upload", JSON, "", "", "unsupported_media_type"),
    ("/upload", JOURNAL, "gzip", "", "unsupported_encoding"),
    ("/upload", JOURNAL, "", GARBAGE, "invalid_journal"),
];

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_is_refused_is_told_with_its_code_whatever_refuses_it() {
    let service = Service::builder().start().await;
    let mut expected: BTreeMap<&str, BTreeMap<&str, u64>> = BTreeMap::new();
    for (path, content_type, encoding, body, code) in REFUSED {
        let protocol = match path.split('?').next().unwrap() {
            "/logs/batch" => "native",
            "/_bulk" => "elasticsearch",
            "/v1/logs" => "otlp",
            "/loki/api/v1/push" => "loki",
            "/services/collector/raw" => "splunk",
            "/api/v2/logs" => "datadog",
            "/gelf" => "gelf",
            _ => "journald",
        };
        let mut headers = vec![("content-type", content_type)];
        headers.extend((!encoding.is_empty()).then_some(("content-encoding", encoding)));
        let reply = post(&service, path, &headers, body).await;
        assert!(reply.status >= 400, "{path}: {}", reply.text());
        *expected
            .entry(protocol)
            .or_default()
            .entry(code)
            .or_default() += 1;
    }
    // A portion before the end of a journal is taken, and counts as that.
    let journal = format!("{JOURNALED}{GARBAGE}");
    let reply = post(&service, "/upload", &[("content-type", JOURNAL)], &journal).await;
    assert_eq!(reply.status, 400, "{}", reply.text());
    *expected
        .entry("journald")
        .or_default()
        .entry("invalid_journal")
        .or_default() += 1;
    let (_, stats) = agreed(&service).await;
    let senders = stats["senders"].as_array().unwrap().iter();
    let refused: BTreeMap<_, _> = senders
        .map(|sender| (sender["protocol"].as_str().unwrap(), &sender["refused"]))
        .collect();
    let expected: BTreeMap<_, _> = expected
        .into_iter()
        .map(|(protocol, codes)| (protocol, json!(codes)))
        .collect();
    let expected: BTreeMap<_, _> = expected
        .iter()
        .map(|(name, codes)| (*name, codes))
        .collect();
    assert_eq!(refused, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_of_a_client_that_leaves_before_its_answer() {
    let mongod = Mongod::start().await;
    let service = Service::builder()
        .mongodb(&mongod.uri(), "logdb")
        .start()
        .await;
    mongod.freeze();
    let body = r#"[{"message":"one"},{"message":"two"}]"#;
    let mut client = RawClient::connect(service.address()).await;
    let head = post_head_to("/logs/batch?ack=stored", body.len());
    client.send(head + body).await.unwrap();
    wait_until("the batch to be taken", PATIENCE, async || {
        service.health().await["records"]["received"] == 2
    })
    .await;
    client.abort();
    let left = "aggregator_http_requests_total{route=\"/logs/batch\",protocol=\"native\",method=\"POST\",status=\"none\"}";
    wait_until("the client to be missed", PATIENCE, async || {
        let scrape = Scrape::of(&service).await;
        scrape.0["aggregator_http_requests_total"].samples.get(left) == Some(&1.0)
    })
    .await;
    let (told, stats) = agreed(&service).await;
    assert_eq!(told, brought([("native", "accepted", "", 2.0)]));
    let native = sender(&stats, "native", None);
    assert_eq!(
        (&native["requests"], &native["refused"]),
        (&json!(1), &json!({}))
    );
    mongod.thaw();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_that_is_taken_behind_an_answer_that_the_disk_took_too_long() {
    let service = Service::builder()
        .env("REQUEST_TIMEOUT", "1ms")
        .start()
        .await;
    let json = [("content-type", JSON)];
    let (mut sent, mut late) = (0, 0);
    wait_until("the disk to take longer than that", PATIENCE, async || {
        let reply = post(&service, "/logs/batch", &json, "[{\"message\":\"one\"}]").await;
        sent += 1;
        late += u64::from(reply.status == 503);
        late > 0
    })
    .await;
    wait_until("all to be counted", PATIENCE, async || {
        let (brought, _, differ) = told(&service).await;
        let accepted = ["native", "accepted", ""].map(str::to_owned).into();
        differ.is_empty() && brought.get(&accepted) == Some(&f64::from(sent))
    })
    .await;
    let (_, stats) = agreed(&service).await;
    let native = sender(&stats, "native", None);
    assert_eq!(
        native["refused"],
        json!({ "disk_timeout": late }),
        "{stats}"
    );
    assert_eq!(native["requests"], sent, "{stats}");
}
