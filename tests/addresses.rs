//! The addresses that there are: `/` shows them, and one that is not there names them.

use serde_json::Value;

use crate::support::service::Service;

/// As the README has them.
const ALL: &[&str] = &[
    "GET /",
    "POST /logs/batch",
    "POST /v1/logs",
    "POST /loki/api/v1/push",
    "POST /_bulk",
    "POST /services/collector",
    "POST /api/v2/logs",
    "POST /gelf",
    "POST /upload",
    "GET /logs/batches/{id}",
    "GET /logs/retrieve",
    "GET /logs/tail",
    "GET /logs/histogram",
    "GET /logs/facets",
    "GET /logs/{id}",
    "GET /logs/{id}/context",
    "GET /logs/rejected",
    "POST /logs/rejected/replay",
    "GET /stats",
    "POST /operate/drain/{action}",
    "POST /operate/breakers/{lane}/{action}",
    "GET /operate/log",
    "POST /operate/log",
    "GET /health",
    "GET /metrics",
    "GET /livez",
    "GET /readyz",
    "GET /openapi.json",
    "GET /docs",
];

#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_is_not_there_is_told_with_those_for_senders_and_readers() {
    let service = Service::builder().start().await;
    for path in ["/nothing", "/logs", "/logs/retreive", "/logs/xyz/context"] {
        let reply = service.get(path).await;
        let told = reply.json();
        assert_eq!((reply.status, &told["code"]), (404, &"not_found".into()));
        let message = told["message"].as_str().unwrap();
        assert!(
            message.starts_with(&format!("there is nothing at {path}; there are ")),
            "{message}"
        );
        for address in ALL {
            assert!(message.contains(address), "{address}: {message}");
        }
        // One for each protocol.
        for beside in ["/services/collector/", "/v1/input", "/ready"] {
            let is_named = message.replace("/readyz", "").contains(beside);
            assert!(!is_named, "{message}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_address_says_what_this_is_to_programs_and_to_browsers() {
    let service = Service::builder().start().await;
    let asked = async |accept: Option<&str>| {
        let request = service.http().get(service.url("/"));
        let request = accept
            .into_iter()
            .fold(request, |request, accept| request.header("accept", accept));
        let reply = request.send().await.unwrap();
        let kind = reply.headers()["content-type"].to_str().unwrap().to_owned();
        (reply.status().as_u16(), kind, reply.text().await.unwrap())
    };
    for accept in [
        None,
        Some("*/*"),
        Some("application/json"),
        Some("text/plain"),
        Some("text/html;q=0"),
    ] {
        let (status, kind, body) = asked(accept).await;
        assert_eq!(
            (status, kind.as_str()),
            (200, "application/json"),
            "{accept:?}"
        );
        let told: Value = serde_json::from_str(&body).unwrap();
        assert_eq!(told["service"], "aggregator");
        let addresses = told["addresses"].as_array().unwrap();
        let text = |address: &Value, name: &str| address[name].as_str().unwrap().to_owned();
        let listed = addresses
            .iter()
            .map(|row| text(row, "method") + " " + &text(row, "path"));
        assert_eq!(listed.collect::<Vec<_>>(), ALL);
    }
    for accept in [
        "text/html",
        "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
    ] {
        let (status, kind, body) = asked(Some(accept)).await;
        assert_eq!((status, kind.as_str()), (200, "text/html; charset=utf-8"));
        assert!(body.starts_with("<!doctype html>"), "{body}");
        let rows = body.matches("<tr>").count();
        assert_eq!(rows, ALL.len(), "{body}");
        // What can be gone to answers.
        for link in body
            .split("href=\"")
            .skip(1)
            .filter_map(|rest| rest.split('"').next())
        {
            // Not every answer has an end.
            let link = service.url(&link.replace("&amp;", "&"));
            let answer = service.http().get(&link).send().await.unwrap();
            let status = answer.status().as_u16();
            assert!([200, 404].contains(&status), "{link}: {status}");
        }
    }
}
