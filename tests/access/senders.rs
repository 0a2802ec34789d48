//! Senders of every protocol: what they send is taken as before, and what refuses them has their form.

use super::{far, get, near, open_to_all, post};
use crate::support::http::Reply;
use crate::support::service::Service;
use crate::support::traffic::drained;
use serde_json::json;

const JSON: &str = "application/json";

pub(crate) struct Sender {
    pub(crate) path: &'static str,
    pub(crate) content_type: &'static str,
    pub(crate) body: &'static str,
    /// When it is taken.
    pub(crate) taken: u16,
}

#[rustfmt::skip]
pub(crate) const SENDERS: [Sender; 13] = [
    Sender { path: "/logs/batch", content_type: JSON, body: r#"[{"message":"a"}]"#, taken: 200 },
    Sender { path: "/logs/batch", content_type: "application/x-ndjson", body: "{\"message\":\"a\"}\n", taken: 200 },
    Sender { path: "/logs/batch", content_type: "text/plain", body: "a line", taken: 200 },
    Sender { path: "/v1/logs", content_type: JSON, body: r#"{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"body":{"stringValue":"a"}}]}]}]}"#, taken: 200 },
    Sender { path: "/loki/api/v1/push", content_type: JSON, body: r#"{"streams":[{"stream":{"app":"web"},"values":[["1728345600123456789","a"]]}]}"#, taken: 204 },
    Sender { path: "/_bulk", content_type: "application/x-ndjson", body: "{\"create\":{}}\n{\"message\":\"a\"}\n", taken: 200 },
    Sender { path: "/elasticsearch/app/_bulk", content_type: "application/x-ndjson", body: "{\"create\":{}}\n{\"message\":\"a\"}\n", taken: 200 },
    Sender { path: "/services/collector", content_type: JSON, body: r#"{"event":"a"}"#, taken: 200 },
    Sender { path: "/services/collector/raw", content_type: "text/plain", body: "a line", taken: 200 },
    Sender { path: "/api/v2/logs", content_type: JSON, body: r#"[{"message":"a"}]"#, taken: 202 },
    Sender { path: "/v1/input", content_type: JSON, body: r#"[{"message":"b"}]"#, taken: 202 },
    Sender { path: "/gelf", content_type: JSON, body: r#"{"version":"1.1","host":"h","short_message":"a"}"#, taken: 202 },
    Sender { path: "/upload", content_type: "application/vnd.fdo.journal", body: "__CURSOR=s=9b2f;i=1;b=1c;m=2;t=3;x=4\n__REALTIME_TIMESTAMP=1700000000000000\nMESSAGE=a\n\n", taken: 202 },
];

/// What they ask before.
const ASKED: [&str; 9] = [
    "/",
    "/elasticsearch",
    "/health",
    "/ready",
    "/_license",
    "/_cluster/health",
    "/elasticsearch/_cat/health",
    "/services/collector/health",
    "/api/v1/validate",
];

async fn send(service: &Service, base: &str, sender: &Sender, header: (&str, &str)) -> Reply {
    let headers = [("content-type", sender.content_type), header];
    let url = format!("{base}{}", sender.path);
    post(service, url, &headers, sender.body).await
}

/// All of them send, once, and each record is stored.
async fn all_are_taken(service: &Service, base: &str) {
    for path in ASKED {
        let reply = get(service, base, path, &[]).await;
        assert_eq!(reply.status, 200, "{path}: {}", reply.text());
    }
    for sender in &SENDERS {
        let reply = send(service, base, sender, ("user-agent", "a sender")).await;
        let path = sender.path;
        assert_eq!(reply.status, sender.taken, "{path}: {}", reply.text());
    }
    drained(service).await;
    let stored = get(service, base, "/logs/retrieve", &[]).await.json();
    assert_eq!(stored.as_array().unwrap().len(), SENDERS.len(), "{stored}");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_protocol_is_taken_on_loopback() {
    let service = Service::builder().start().await;
    all_are_taken(&service, &near(&service)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_protocol_is_taken_from_other_machines_where_strangers_may() {
    let service = open_to_all().start().await;
    all_are_taken(&service, &far(&service)).await;
}

/// What a refusal says, in the form of its protocol.
pub(crate) fn sentence(path: &str, reply: &Reply) -> String {
    let json = || reply.json();
    let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    match path {
        "/loki/api/v1/push" => {
            assert_eq!(
                reply.header("content-type"),
                Some("text/plain; charset=utf-8")
            );
            reply.text()
        }
        "/_bulk" | "/elasticsearch/app/_bulk" => {
            assert_eq!(reply.header("x-elastic-product"), Some("Elasticsearch"));
            assert_eq!(json()["status"], reply.status);
            text(&json()["error"]["reason"])
        }
        "/services/collector" | "/services/collector/raw" => {
            assert!(json()["code"].is_u64(), "{}", reply.text());
            text(&json()["text"])
        }
        "/api/v2/logs" | "/v1/input" => {
            assert_eq!(json()["errors"][0]["status"], reply.status.to_string());
            text(&json()["errors"][0]["detail"])
        }
        "/v1/logs" => {
            assert!(json()["code"].is_u64(), "{}", reply.text());
            text(&json()["message"])
        }
        _ => {
            assert!(json()["code"].is_string(), "{}", reply.text());
            text(&json()["message"])
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_protocol_is_refused_in_its_own_form_and_nothing_is_taken() {
    let service = Service::builder().start().await;
    let base = near(&service);
    for sender in &SENDERS {
        for (header, status, said) in [
            (("host", "evil.example"), 421, "ALLOWED_HOSTS"),
            (("sec-fetch-site", "cross-site"), 403, "another site"),
        ] {
            let reply = send(&service, &base, sender, header).await;
            let path = sender.path;
            let status = match (path, status) {
                // Its agent would drop what it has.
                ("/api/v2/logs" | "/v1/input", 403) => 503,
                _ => status,
            };
            assert_eq!(reply.status, status, "{path}: {}", reply.text());
            let sentence = sentence(path, &reply);
            assert!(sentence.contains(said), "{path}: {sentence}");
        }
    }
    let headers = [
        ("content-type", "application/x-protobuf"),
        ("host", "evil.example"),
    ];
    let reply = post(&service, format!("{base}/v1/logs"), &headers, "").await;
    assert_eq!(reply.status, 421);
    assert_eq!(reply.header("content-type"), Some("application/x-protobuf"));
    assert_eq!(service.health().await["records"]["received"], json!(0));
}
