//! The password in `MONGODB_URI` is shown nowhere: not in the log, an answer, the health or an exit.

use std::time::Duration;

use bson::doc;
use serde_json::json;

use crate::support::mongod;
use crate::support::service::Service;
use crate::support::stores::database;
use crate::support::wait_until;

const PATIENCE: Duration = Duration::from_secs(60);
/// A password with every character that must be encoded, and how it stands in the URI.
const PASSWORD: &str = "s3cr@t/hunter2:+&%?#[]\"\\ é";
const ENCODED: &str = "s3cr%40t%2Fhunter2%3A%2B%26%25%3F%23%5B%5D%22%5C%20%C3%A9";
/// Parts that every spelling of it has.
const PARTS: [&str; 2] = ["s3cr", "hunter2"];

fn assert_hidden(what: &str, text: &str) {
    for part in PARTS {
        let found = text.lines().find(|line| line.contains(part));
        assert_eq!(found, None, "{what} shows {part}");
    }
}

async fn service_on(uri: &str, database: &str) -> Service {
    Service::builder()
        .mongodb(uri, database)
        .env("RUST_LOG", "trace")
        .env("REQUEST_TIMEOUT", "5s")
        .env("SHUTDOWN_TIMEOUT", "2s")
        .start()
        .await
}

/// Asks for everything there is, stops the service, and looks at every text that came of it.
async fn assert_shown_nowhere(service: &Service, expected: u16) {
    let body = json!([{ "message": "m" }]).to_string();
    let spooled = "/logs/batch?ack=spooled";
    let answers = [
        (service.post(spooled, "application/json", body).await, 200),
        (service.get("/logs/retrieve").await, expected),
        (service.get("/logs/rejected").await, 200),
        (service.get("/health").await, 200),
    ];
    for (answer, expected) in &answers {
        assert_eq!(answer.status, *expected, "{}", answer.text());
        let headers = format!("{:?}", answer.headers);
        assert_hidden("an answer", &format!("{headers}\n{}", answer.text()));
    }
    service.terminate();
    service.wait_exit(PATIENCE).await;
    let log = service.log_text();
    // Each failure is told in full at this level, so that there is something to hide.
    assert!(expected == 200 || log.contains("\"DEBUG\""), "{log}");
    assert!(
        log.contains("mongodb://") || log.contains("mongodb+srv://"),
        "{log}"
    );
    assert_hidden("the log", &log);
}

/// Waits for `/health` to have a problem that says this.
async fn problem(service: &Service, said: &str) {
    let what = format!("a problem with {said:?}");
    wait_until(&what, PATIENCE, async || {
        let health = service.health().await;
        assert_hidden("/health", &health.to_string());
        let problem = health["problem"].as_str().unwrap_or_default();
        problem.contains(said)
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_that_mongodb_takes_is_shown_nowhere() {
    let mongod = mongod::shared().await;
    let user = format!("app-{}", std::process::id());
    let admin = mongod.client().await.database("admin");
    let create = doc! { "createUser": &user, "pwd": PASSWORD, "roles": ["root"] };
    admin.run_command(create).await.unwrap();
    let uri = format!(
        "mongodb://{user}:{ENCODED}@127.0.0.1:{}/?directConnection=true",
        mongod.port()
    );
    let service = service_on(&uri, &database("secrets_right")).await;
    wait_until("/health to say ok", PATIENCE, async || {
        service.health().await["status"] == "ok"
    })
    .await;
    let location = service.health().await["store"]["location"].clone();
    let host = format!("mongodb://127.0.0.1:{}", mongod.port());
    assert!(location.as_str().unwrap().starts_with(&host), "{location}");
    assert_eq!(
        service.batch(&json!([{ "message": "first" }])).await.status,
        200
    );
    assert_shown_nowhere(&service, 200).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_that_mongodb_refuses_is_shown_nowhere() {
    let mongod = mongod::shared().await;
    let port = mongod.port();
    for options in [
        "",
        "&authMechanism=SCRAM-SHA-1",
        "&authMechanism=PLAIN&authSource=$external",
    ] {
        let uri =
            format!("mongodb://nobody:{ENCODED}@127.0.0.1:{port}/?directConnection=true{options}");
        let service = service_on(&uri, &database("secrets_wrong")).await;
        problem(&service, "uthentication").await;
        assert_shown_nowhere(&service, 503).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_for_a_server_that_cannot_be_found_is_shown_nowhere() {
    for scheme in ["mongodb", "mongodb+srv"] {
        let uri = format!("{scheme}://app:{ENCODED}@no-such-host.test.invalid/");
        let service = service_on(&uri, "logdb").await;
        problem(&service, "no-such-host.test.invalid").await;
        assert_shown_nowhere(&service, 503).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_uri_that_cannot_be_read_is_refused_without_its_password() {
    for uri in [
        "mongodb://app:s3cr-hunter2@",
        "mongodb://app:s3cr-hunter2@host:port",
        "mongodb://app:s3cr@hunter2@host:1",
        "mongodb://app:s3cr:hunter2@host:1",
        "mongodb://app:s3cr%zzhunter2@host:1",
        "mongodb://app:s3cr-hunter2@host/db?authMechanism=NOPE",
        "mongodb://app:s3cr-hunter2@host/db?w=-1",
        "mongodb+srv://app:s3cr-hunter2@host:27017/",
        "http://app:s3cr-hunter2@host",
        "app:s3cr-hunter2@host",
        " mongodb://app:s3cr-hunter2@host",
        // Not escaped, so that its beginning looks like a port and its end like a host.
        "mongodb://app:s3cr/hunter2@host:1",
        "mongodb://app:s3cr?hunter2@host:1",
        "mongodb://app:1/s3cr-hunter2@host:1",
        "mongodb://app:s3cr@hunter2/hunter2@host",
        "mongodb://host/?tls=true&tlsCertificateKeyFile=f&tlsCertificateKeyFilePassword=hunter2",
        "mongodb://a@host/?authMechanism=MONGODB-AWS&authMechanismProperties=AWS_SESSION_TOKEN:hunter2",
        "mongodb://host/?proxyHost=proxy&proxyUsername=app&proxyPassword=hunter2",
    ] {
        let start = Service::builder()
            .mongodb(uri, "logdb")
            .env("RUST_LOG", "trace");
        let (status, stdout, stderr) = start.start_expecting_exit().await;
        assert_eq!(status.code(), Some(2), "{uri}: {stderr}");
        assert!(
            stderr.starts_with("error: MONGODB_URI is not"),
            "{uri}: {stderr}"
        );
        assert_eq!(stderr.lines().count(), 1, "{uri}: {stderr}");
        assert_hidden(uri, &(stdout + &stderr));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_uri_in_the_wrong_place_is_refused_without_its_password() {
    let uri = format!("mongodb://app:{ENCODED}@host");
    for argument in [
        uri.clone(),
        format!("--mongodb-ur={uri}"),
        format!("--mongodb-database={uri}"),
        format!("--mongodb-collection={uri}$"),
        format!("--listen-addr={uri}"),
        "--listen-addr=mongodb://app:s3cr hunter2@host".to_owned(),
    ] {
        let ended = Service::builder()
            .arg(&argument)
            .start_expecting_exit()
            .await;
        let (status, stdout, stderr) = ended;
        assert_eq!(status.code(), Some(2), "{argument}: {stderr}");
        assert!(stderr.starts_with("error: "), "{argument}: {stderr}");
        assert_hidden(&argument, &(stdout + &stderr));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn neither_help_nor_another_wrong_setting_shows_the_password() {
    let uri = format!("mongodb://app:{ENCODED}@host");
    let builder = || Service::builder().mongodb(&uri, "logdb");
    for (start, code) in [
        (builder().arg("--help"), 0),
        (builder().arg("-h"), 0),
        (builder().env("WORKERS", "many"), 2),
        (builder().env("RUST_LOG", "a=b=c"), 2),
        (builder().env("LISTEN_ADDR", "127.0.0.1:9").arg("health"), 1),
    ] {
        let (status, stdout, stderr) = start.start_expecting_exit().await;
        assert_eq!(status.code(), Some(code), "{stdout}{stderr}");
        assert_hidden("the output", &(stdout + &stderr));
    }
}
