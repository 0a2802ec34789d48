//! The password in `MONGODB_URI` is shown nowhere: not in the log, an answer or a message at the start.

use std::time::Duration;

use crate::support::mongod::Mongod;
use crate::support::service::Service;
use crate::support::wait_until;
use serde_json::json;

const PATIENCE: Duration = Duration::from_secs(30);
const NAME: &str = "aggregator";
/// As it has to stand in a connection string, and as it is.
const ESCAPED: &str = "s3cr%40t%3A%2Fp%25w";
const PLAIN: &str = "s3cr@t:/p%w";

fn assert_hidden(text: &str, place: &str) {
    for part in [ESCAPED, PLAIN, "s3cr"] {
        assert!(!text.contains(part), "{part} is shown in {place}: {text}");
    }
}

/// Everything that a service with these settings tells, from a request of each kind.
async fn assert_tells_nothing(service: &Service) {
    let answers = [
        service.batch(&json!([{"message": "one"}])).await,
        service.get("/logs/retrieve").await,
        service.get("/health").await,
    ];
    for answer in &answers {
        assert_hidden(&answer.text(), "an answer");
    }
    assert_hidden(&service.log_text(), "the log");
}

fn at_every_detail(uri: &str) -> crate::support::service::Builder {
    Service::builder()
        .mongodb(uri, "logdb")
        .env("RUST_LOG", "trace")
        .env("REQUEST_TIMEOUT", "2s")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_right_password_is_shown_nowhere_and_a_wrong_one_neither() {
    let mongod = Mongod::start_with_access_control().await;
    let user = bson::doc! { "createUser": NAME, "pwd": PLAIN, "roles": ["readWrite"] };
    let database = mongod.client().await.database("logdb");
    database.run_command(user).await.unwrap();

    let service = at_every_detail(&mongod.uri_of(NAME, ESCAPED, "logdb"))
        .start()
        .await;
    let taken = service.batch(&json!([{"message": "one"}])).await;
    assert_eq!(taken.status, 200, "{}", taken.text());
    assert_tells_nothing(&service).await;
    service.terminate();
    service.wait_exit(PATIENCE).await;
    assert_hidden(&service.log_text(), "the log of the end");

    let wrong = format!("{ESCAPED}x");
    let service = at_every_detail(&mongod.uri_of(NAME, &wrong, "logdb"))
        .start()
        .await;
    wait_until("the reason to be known", PATIENCE, async || {
        let health = service.health().await;
        health["problem"]
            .as_str()
            .is_some_and(|problem| problem.contains("uthentication"))
    })
    .await;
    assert_tells_nothing(&service).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_not_shown_while_the_server_is_not_there() {
    for host in ["127.0.0.1:9", "no-such-host.invalid"] {
        let uri = format!("mongodb://{NAME}:{ESCAPED}@{host}/?authSource=admin");
        let service = at_every_detail(&uri).start().await;
        wait_until("the reason to be known", PATIENCE, async || {
            service.health().await["problem"].is_string()
        })
        .await;
        assert_tells_nothing(&service).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_cannot_be_read_is_told_without_it() {
    let broken = [
        format!("mongodb://{NAME}:{ESCAPED}@"),
        format!("mongodb://{NAME}:{ESCAPED}@host:notaport/"),
        format!("mongodb://{NAME}:{ESCAPED}@host/?authMechanism=NO-SUCH"),
        format!("mongodb://{NAME}:{PLAIN}@host/"),
        format!("http://{NAME}:{ESCAPED}@host/"),
        format!("{NAME}:{ESCAPED}"),
    ];
    for uri in broken {
        let (status, out, log) = at_every_detail(&uri).start_expecting_exit().await;
        assert_eq!(status.code(), Some(2), "{out}{log}");
        assert!(log.contains("MONGODB_URI"), "{log}");
        assert_hidden(&out, "standard output");
        assert_hidden(&log, "the reason");
    }
    let uri = format!("mongodb://{NAME}:{ESCAPED}@host/");
    let (status, out, log) = at_every_detail(&uri)
        .arg("--help")
        .start_expecting_exit()
        .await;
    assert!(status.success(), "{log}");
    assert!(out.contains("MONGODB_URI"), "{out}");
    assert_hidden(&out, "the help");
}
