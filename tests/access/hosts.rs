//! The names by which a service may be called.

use super::{far, get, near, open_to_all, refused};
use crate::support::raw::RawClient;
use crate::support::service::Service;
use crate::support::wait_until;
use serde_json::Value;
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(30);
const NOT_ALLOWED: &str = "host_not_allowed";

async fn status(service: &Service, host: &str) -> u16 {
    get(service, &near(service), "/health", &[("host", host)])
        .await
        .status
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_made_its_own_name_point_here_gets_nothing() {
    let service = Service::builder().start().await;
    for path in [
        "/",
        "/logs/retrieve",
        "/health",
        "/nothing",
        "/logs/rejected",
    ] {
        let host = [("host", "evil.example:8005")];
        let reply = get(&service, &near(&service), path, &host).await;
        let sentence = refused(&reply, 421, NOT_ALLOWED);
        assert!(sentence.contains("\"evil.example:8005\""), "{sentence}");
        assert!(sentence.contains("ALLOWED_HOSTS"), "{sentence}");
    }
    // Nor is it told which methods there are.
    let request = service.http().delete(service.url("/logs/batch"));
    let reply = super::sent(request, &[("host", "evil.example")]).await;
    refused(&reply, 421, NOT_ALLOWED);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_names_and_addresses_of_this_machine_are_known_on_any_port() {
    let service = Service::builder().start().await;
    for host in [
        "localhost",
        "LOCALHOST:1234",
        "logs.localhost:8005",
        "127.0.0.1",
        "127.0.0.2:8005",
        "[::1]:8005",
        "0.0.0.0:8005",
    ] {
        assert_eq!(status(&service, host).await, 200, "{host}");
    }
    for host in ["logs", "localhost.evil.example", "192.0.2.1"] {
        assert_eq!(status(&service, host).await, 421, "{host}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn allowed_hosts_adds_names_and_the_name_listened_on_is_one() {
    let service = Service::builder().env("LISTEN_ADDR", "localhost:0");
    let service = service.env("ALLOWED_HOSTS", "logs.example, Other.example");
    let service = service.start().await;
    for (host, expected) in [
        ("logs.example", 200),
        ("Logs.Example:443", 200),
        ("other.example", 200),
        ("localhost", 200),
        ("sub.logs.example", 421),
    ] {
        let base = format!("http://localhost:{}", service.address().port());
        let reply = get(&service, &base, "/health", &[("host", host)]).await;
        assert_eq!(reply.status, expected, "{host}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn old_senders_that_name_no_host_are_served() {
    let service = Service::builder().start().await;
    let body = r#"[{"message":"old"}]"#;
    for head in ["HTTP/1.0\r\n", "HTTP/1.0\r\nHost:\r\n", "HTTP/1.1\r\n"] {
        let mut client = RawClient::connect(service.address()).await;
        let request = format!(
            "POST /logs/batch {head}Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        client.send(request).await.unwrap();
        let reply = client.read_response(PATIENCE).await;
        assert_eq!(reply.status, 200, "{head:?}: {}", reply.text());
    }
}

/// The status and the code of the answer to a head.
async fn answered(service: &Service, head: &[u8]) -> (u16, String) {
    let mut client = RawClient::connect(service.address()).await;
    client.send(head).await.unwrap();
    let reply = client.read_response(PATIENCE).await;
    let told: Value = serde_json::from_slice(&reply.body).expect("JSON");
    let code = told["code"].as_str().unwrap_or_default().to_owned();
    (reply.status, code)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_head_that_names_the_service_in_two_ways_gets_nothing_by_the_better_one() {
    let service = Service::builder().start().await;
    for (head, status, code) in [
        // Of two, one reader takes the first and another the last.
        (
            "GET /health HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n\r\n",
            400,
            "ambiguous_host",
        ),
        (
            "GET /health HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n\r\n",
            400,
            "ambiguous_host",
        ),
        (
            "GET /health HTTP/1.0\r\nHost: localhost\r\nHost:\r\n\r\n",
            400,
            "ambiguous_host",
        ),
        (
            "GET http://evil.example/health HTTP/1.1\r\nHost: localhost\r\n\r\n",
            421,
            NOT_ALLOWED,
        ),
        (
            "GET http://localhost/health HTTP/1.1\r\nHost: evil.example\r\n\r\n",
            421,
            NOT_ALLOWED,
        ),
        (
            "GET http://evil.example/health HTTP/1.0\r\n\r\n",
            421,
            NOT_ALLOWED,
        ),
        (
            "GET http://localhost/health HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
            200,
            "",
        ),
    ] {
        let given = answered(&service, head.as_bytes()).await;
        assert_eq!(given, (status, code.to_owned()), "{head:?}");
    }
    // What is no text is no name.
    let head = b"GET /health HTTP/1.1\r\nHost: \xff\r\n\r\n";
    let expected = (421, NOT_ALLOWED.to_owned());
    assert_eq!(answered(&service, head).await, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn over_loopback_an_address_of_this_machine_is_a_name_and_one_of_another_is_not() {
    let service = Service::builder().start().await;
    let own = super::own_address().to_string();
    assert_eq!(status(&service, &own).await, 200, "{own}");
    assert_eq!(status(&service, &format!("{own}:8005")).await, 200);
    for host in ["192.0.2.1:8005", "[2001:db8::1]", "[::ffff:192.0.2.1]"] {
        assert_eq!(status(&service, host).await, 421, "{host}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_runs_the_service_is_told_in_its_log_that_somebody_is_refused_and_why_and_not_each_time()
 {
    let service = Service::builder().start().await;
    for _ in 0..20 {
        assert_eq!(status(&service, "logs.example").await, 421);
    }
    // The lines of others are no fewer for it.
    let other = [("sec-fetch-site", "cross-site")];
    get(&service, &near(&service), "/health", &other).await;
    wait_until("the last of them in the log", PATIENCE, async || {
        service.log_text().contains("Sec-Fetch-Site: cross-site")
    })
    .await;
    let told = "a request is refused: the service is not known here by the name in Host";
    let log = service.log_text();
    let lines: Vec<&str> = log.lines().filter(|line| line.contains(told)).collect();
    let [line] = lines.as_slice() else {
        panic!("{log}");
    };
    for said in [
        "WARN",
        "127.0.0.1",
        "/health",
        "logs.example",
        "ALLOWED_HOSTS",
    ] {
        assert!(line.contains(said), "{line}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn beyond_loopback_any_name_is_as_good_until_allowed_hosts_says_which_there_are() {
    let open = open_to_all().start().await;
    let named = open_to_all().env("ALLOWED_HOSTS", "aggregator");
    let named = named.start().await;
    for (host, by_name) in [
        ("aggregator:8005", 200),
        ("localhost:8005", 200),
        ("203.0.113.7", 200),
        ("evil.example", 421),
    ] {
        let host = [("host", host)];
        let reply = get(&open, &far(&open), "/health", &host).await;
        assert_eq!(reply.status, 200, "{host:?}");
        let reply = get(&named, &far(&named), "/health", &host).await;
        assert_eq!(reply.status, by_name, "{host:?}");
    }
    // A browser on the service's own machine is as near as ever.
    assert_eq!(status(&open, "evil.example").await, 421);
}
