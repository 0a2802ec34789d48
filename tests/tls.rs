//! TLS: the service and whoever asks it, by certificates that are made for each test.
#![expect(clippy::disallowed_methods, reason = "real processes, real time")]

mod changes;
mod clients;
mod commands;
mod handshakes;
mod mongodb;

use crate::access::{refused, sent};
use crate::support::certificates::{Authority, Pair};
use crate::support::http::Reply;
use crate::support::process::last_words;
use crate::support::raw::RawClient;
use crate::support::service::{Builder, Service};
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ProtocolVersion, RootCertStore, SupportedProtocolVersion};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

const PATIENCE: Duration = Duration::from_secs(30);

/// The settings of a service that shows this certificate.
fn over_tls(pair: &Pair) -> Builder {
    Service::builder()
        .env("TLS_CERT_FILE", pair.certificate.to_str().unwrap())
        .env("TLS_KEY_FILE", pair.key.to_str().unwrap())
}

/// The address of one of its pages.
fn url(service: &Service, path: &str) -> String {
    format!("https://127.0.0.1:{}{path}", service.address().port())
}

async fn get(http: &reqwest::Client, service: &Service, path: &str) -> Reply {
    sent(http.get(url(service, path)), &[]).await
}

async fn post(http: &reqwest::Client, service: &Service, logs: &Value) -> Reply {
    let request = http.post(url(service, "/logs/batch?ack=stored"));
    let headers = [("content-type", "application/json")];
    sent(request.body(logs.to_string()), &headers).await
}

async fn count(http: &reqwest::Client, service: &Service) -> u64 {
    let path = "/logs/histogram?startTime=2000-01-01&endTime=2100-01-01";
    let reply = get(http, service, path).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    reply.json()["records"].as_u64().unwrap()
}

/// A connection of its own, by these versions of TLS and protocols within it.
async fn connected(
    authority: &Authority,
    service: &Service,
    versions: &[&'static SupportedProtocolVersion],
    protocols: &[&str],
) -> std::io::Result<TlsStream<TcpStream>> {
    use rustls::pki_types::pem::PemObject as _;
    let mut roots = RootCertStore::empty();
    let ca = CertificateDer::from_pem_file(authority.file()).unwrap();
    roots.add(ca).unwrap();
    let provider = rustls::crypto::ring::default_provider();
    let config = ClientConfig::builder_with_provider(Arc::new(provider));
    let config = config.with_protocol_versions(versions).unwrap();
    let mut config = config.with_root_certificates(roots).with_no_client_auth();
    config.alpn_protocols = protocols
        .iter()
        .map(|name| name.as_bytes().to_vec())
        .collect();
    let stream = TcpStream::connect(service.address()).await?;
    let name = ServerName::try_from("localhost").unwrap();
    TlsConnector::from(Arc::new(config))
        .connect(name, stream)
        .await
}

/// The certificate that is shown to a new connection.
async fn shown(authority: &Authority, service: &Service) -> Vec<u8> {
    let stream = connected(authority, service, rustls::ALL_VERSIONS, &[])
        .await
        .unwrap();
    let chain = stream.get_ref().1.peer_certificates().unwrap();
    chain[0].to_vec()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_sent_over_tls_is_stored_and_read_back() {
    let authority = Authority::new();
    let service = over_tls(&authority.server("server")).start().await;
    let http = authority.http();
    let long = "x".repeat(500);
    let logs: Vec<Value> = (0..5000)
        .map(|number| json!({"message": format!("{number} {long}")}))
        .collect();
    let reply = post(&http, &service, &json!(logs)).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    let by_name = format!(
        "https://localhost:{}/logs/retrieve?format=ndjson",
        service.address().port()
    );
    let read = sent(http.get(by_name), &[]).await;
    assert_eq!(read.text().lines().count(), 5000);
    assert!(read.text().lines().all(|line| line.contains(&long)));
    let health = get(&http, &service, "/health").await.json();
    assert_eq!(
        (&health["status"], &health["problem"]),
        (&json!("ok"), &Value::Null)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn both_versions_are_spoken_and_within_them_http_1_1_alone() {
    let authority = Authority::new();
    let service = over_tls(&authority.server("server")).start().await;
    let versions = [
        (&rustls::version::TLS12, ProtocolVersion::TLSv1_2),
        (&rustls::version::TLS13, ProtocolVersion::TLSv1_3),
    ];
    for (version, expected) in versions {
        let offered = ["h2", "http/1.1"];
        let stream = connected(&authority, &service, &[version], &offered)
            .await
            .unwrap();
        let (_, session) = stream.get_ref();
        assert_eq!(session.protocol_version(), Some(expected));
        assert_eq!(session.alpn_protocol(), Some(&b"http/1.1"[..]));
    }
    let none = connected(&authority, &service, rustls::ALL_VERSIONS, &["h2"]).await;
    let error = none.map(drop).unwrap_err().to_string();
    assert!(error.contains("NoApplicationProtocol"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn plain_http_is_told_that_tls_is_spoken_and_nothing_is_taken() {
    let authority = Authority::new();
    let service = over_tls(&authority.server("server")).start().await;
    for _ in 0..20 {
        let mut client = RawClient::connect(service.address()).await;
        let request = "POST /logs/batch HTTP/1.1\r\nHost: localhost\r\ncontent-length: 15\r\n\r\n";
        client
            .send(format!("{request}[{{\"message\":1}}]"))
            .await
            .unwrap();
        let reply = client.read_response(PATIENCE).await;
        assert_eq!(reply.status, 400);
        assert!(reply.text().contains("\"tls_needed\""), "{}", reply.text());
        assert!(client.closed_within(PATIENCE).await);
    }
    let log = service.log_text();
    assert_eq!(log.matches("plain HTTP").count(), 1, "{log}");
    assert_eq!(count(&authority.http(), &service).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_of_the_service_itself_may_ask_and_one_that_came_without_tls_may_not() {
    let authority = Authority::new();
    let service = over_tls(&authority.server("server")).start().await;
    let http = authority.http();
    let ask = async |origin: String| {
        let request = http.get(url(&service, "/logs/retrieve?format=ndjson"));
        sent(request, &[("origin", origin.as_str())]).await
    };
    let own = format!("127.0.0.1:{}", service.address().port());
    let reply = ask(format!("https://{own}")).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    for other in [format!("http://{own}"), "https://evil.example".to_owned()] {
        refused(&ask(other).await, 403, "cross_site");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_start_with_files_that_cannot_be_used_fails_and_says_why() {
    let authority = Authority::new();
    let [one, other] = ["one", "other"].map(|name| authority.server(name));
    let key = one.key_text();
    let strangers = Pair {
        certificate: one.certificate.clone(),
        key: other.key.clone(),
    };
    let missing = Pair {
        certificate: "/nowhere/cert.pem".into(),
        ..one.clone()
    };
    let halves = Service::builder().env("TLS_CERT_FILE", one.certificate.to_str().unwrap());
    let swapped = Pair {
        certificate: one.key.clone(),
        key: one.certificate.clone(),
    };
    for (builder, said) in [
        (over_tls(&strangers), "do not belong together"),
        (
            over_tls(&missing),
            "TLS_CERT_FILE /nowhere/cert.pem: it cannot be read",
        ),
        (halves, "TLS_CERT_FILE is set, and TLS_KEY_FILE is not"),
        (over_tls(&swapped), "TLS_CERT_FILE: it holds no certificate"),
        (
            over_tls(&one).env("TLS_CLIENT_AUTH", "optional"),
            "TLS_CLIENT_AUTH is set",
        ),
        (
            over_tls(&one).env("TLS_CLIENT_CA_FILE", one.key.to_str().unwrap()),
            "TLS_CLIENT_CA_FILE: it holds no certificate",
        ),
    ] {
        let (status, _, stderr) = builder.start_expecting_exit().await;
        assert_eq!(status.code(), Some(2), "{stderr}");
        let told = last_words(&stderr);
        assert!(told.starts_with("TLS_") && told.contains(said), "{stderr}");
        let secret = key.lines().nth(1).unwrap();
        assert!(!stderr.contains(secret), "{stderr}");
    }
}
