//! Each sender gives its token as its protocol has it, and is refused as its protocol has it.

use super::{Tokens, count, get};
use crate::access::post;
use crate::access::senders::{SENDERS, Sender, sentence};
use crate::support::http::Reply;
use crate::support::service::Service;
use crate::support::wait_until;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

async fn send(service: &Service, sender: &Sender, header: (&str, &str)) -> Reply {
    let headers = [("content-type", sender.content_type), header];
    post(service, service.url(sender.path), &headers, sender.body).await
}

/// How those that speak a protocol give their token.
fn given(path: &str, secret: &str) -> Vec<(&'static str, String)> {
    let basic = |user: &str| {
        let text = BASE64_STANDARD.encode(format!("{user}:{secret}"));
        ("authorization", format!("Basic {text}"))
    };
    let bearer = ("authorization", format!("Bearer {secret}"));
    let api_key = ("authorization", format!("ApiKey {secret}"));
    let of_elastic = BASE64_STANDARD.encode(format!("an-id:{secret}"));
    let of_elastic = ("authorization", format!("ApiKey {of_elastic}"));
    match path {
        "/_bulk" | "/elasticsearch/app/_bulk" => vec![basic("elastic"), api_key, of_elastic],
        "/services/collector" | "/services/collector/raw" => {
            vec![("authorization", format!("Splunk {secret}")), basic("x")]
        }
        "/api/v2/logs" | "/v1/input" => vec![("dd-api-key", secret.to_owned())],
        "/loki/api/v1/push" => vec![basic("tenant"), bearer],
        "/v1/logs" => vec![bearer, ("x-api-key", secret.to_owned())],
        _ => vec![bearer, basic("")],
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_sender_is_let_in_by_its_own_way_to_give_a_token() {
    let tokens = Tokens::new();
    let secret = tokens.make("in", "--scope ingest").await;
    let read = tokens.make("out", "--scope read").await;
    let service = tokens.service().start().await;
    for sender in &SENDERS {
        for (name, value) in given(sender.path, &secret) {
            let reply = send(&service, sender, (name, &value)).await;
            let path = sender.path;
            assert_eq!(
                reply.status,
                sender.taken,
                "{path} {name}: {}",
                reply.text()
            );
        }
    }
    // What they ask before they send needs it as well.
    for path in [
        "/_license",
        "/services/collector/health",
        "/api/v1/validate",
    ] {
        let base = service.url("");
        assert_eq!(
            get(&service, &base, path, &[]).await.status / 100,
            4,
            "{path}"
        );
        let header = [("x-api-key", &*secret)];
        assert_eq!(
            get(&service, &base, path, &header).await.status,
            200,
            "{path}"
        );
    }
    wait_until("what was sent to be there", super::PATIENCE, async || {
        count(&service, &read).await >= SENDERS.len() as u64
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_sender_without_a_token_is_refused_in_its_own_form_and_nothing_is_taken() {
    let tokens = Tokens::new();
    let read = tokens.make("out", "--scope read").await;
    let service = tokens.service().start().await;
    for sender in &SENDERS {
        let is_splunk = sender.path.starts_with("/services/");
        for (header, status, code, said) in [
            (("user-agent", "a sender"), 401, 2, "a token is needed"),
            (
                ("x-api-key", "logs_wrong"),
                401,
                4,
                "none of those that there are",
            ),
            (("x-api-key", &*read), 403, 4, "not for this"),
        ] {
            let reply = send(&service, sender, header).await;
            let told = sentence(sender.path, &reply);
            assert!(told.contains(said), "{}: {told}", sender.path);
            if is_splunk {
                assert_eq!(reply.json()["code"], code, "{}", reply.text());
            } else if ["/api/v2/logs", "/v1/input"].contains(&sender.path) {
                // Its agent would drop what it has for anything else.
                assert_eq!(reply.status, 503, "{}", reply.text());
                assert!(reply.header("retry-after").is_some());
            } else {
                assert_eq!(reply.status, status, "{}: {}", sender.path, reply.text());
            }
        }
    }
    assert_eq!(count(&service, &read).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_docker_and_probes_ask_beforehand_needs_no_token() {
    let tokens = Tokens::new();
    tokens.make("a", "--scope ingest").await;
    let service = tokens.service().start().await;
    let url = service.url("/services/collector/event/1.0");
    let asked = service.http().request(reqwest::Method::OPTIONS, url);
    assert_eq!(asked.send().await.unwrap().status(), 200);
    let ready = get(&service, &service.url(""), "/ready", &[]).await;
    assert_eq!(ready.status, 200);
    let validate = get(&service, &service.url(""), "/api/v1/validate", &[]).await;
    assert_eq!(validate.status, 403, "{}", validate.text());
}
