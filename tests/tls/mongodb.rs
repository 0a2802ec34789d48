//! MongoDB that speaks TLS alone and asks everyone who he is, by a password or by a certificate.

use super::*;
use crate::support::mongod::Mongod;
use crate::support::wait_until;
use ::mongodb::bson::doc;

/// In connection strings: what a path has that may not stand there as it is.
fn option(path: &std::path::Path) -> String {
    path.to_str().unwrap().replace('/', "%2F")
}

#[tokio::test(flavor = "multi_thread")]
async fn records_are_kept_in_one_by_a_password_and_by_a_certificate() {
    let authority = Authority::new();
    let server = authority.server("mongod").in_one_file();
    let identity = authority.client("aggregator", "clients");
    let mongod = Mongod::start_with_tls(&server, &authority.file()).await;
    let client = mongod.client().await;
    let user = "CN=aggregator,O=clients";
    let create = doc! { "createUser": user, "roles": [{ "role": "readWrite", "db": "logdb" }] };
    client
        .database("$external")
        .run_command(create)
        .await
        .unwrap();
    let base = format!(
        "127.0.0.1:{}/?directConnection=true&tls=true",
        mongod.port()
    );
    let trusted = format!("{base}&tlsCAFile={}", option(&authority.file()));
    let certificate = option(&identity.in_one_file());
    let by_certificate = format!(
        "{trusted}&tlsCertificateKeyFile={certificate}&authMechanism=MONGODB-X509&authSource=%24external"
    );
    let key = identity.key_text();
    let secret = key.lines().nth(1).unwrap();
    for (number, address) in [format!("root:root-pw@{trusted}"), by_certificate]
        .iter()
        .enumerate()
    {
        let service = Service::builder().mongodb(&format!("mongodb://{address}"), "logdb");
        let service = service.start().await;
        let reply = service
            .batch(&json!([{"message": format!("kept {number}")}]))
            .await;
        assert_eq!(reply.status, 200, "{}{}", reply.text(), service.log_text());
        let read = service
            .get(&format!("/logs/retrieve?q=kept%20{number}&format=ndjson"))
            .await;
        assert_eq!(read.text().lines().count(), 1, "{}", read.text());
        let health = service.health().await;
        assert_eq!(health["status"], "ok", "{health}");
        let log = service.log_text();
        for told in [log, health.to_string()] {
            assert!(
                !told.contains("root-pw") && !told.contains(secret),
                "{told}"
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_nobody_vouches_for_or_that_refuses_is_told_without_the_password() {
    let (authority, stranger) = (Authority::new(), Authority::new());
    let server = authority.server("mongod").in_one_file();
    let mongod = Mongod::start_with_tls(&server, &authority.file()).await;
    let base = format!("127.0.0.1:{}/?directConnection=true", mongod.port());
    let ca = option(&authority.file());
    for (address, said) in [
        (
            format!(
                "root:root-pw@{base}&tls=true&tlsCAFile={}",
                option(&stranger.file())
            ),
            "UnknownIssuer",
        ),
        (format!("root:root-pw@{base}&tls=true"), "UnknownIssuer"),
        (
            format!("root:wrong-pw@{base}&tls=true&tlsCAFile={ca}"),
            "uthentication",
        ),
    ] {
        let service = Service::builder().mongodb(&format!("mongodb://{address}"), "logdb");
        let service = service.start().await;
        wait_until("/health to say why", PATIENCE, async || {
            let health = service.health().await;
            health["problem"]
                .as_str()
                .is_some_and(|problem| problem.contains(said))
        })
        .await;
        let log = service.log_text();
        for secret in ["root-pw", "wrong-pw"] {
            assert!(!log.contains(secret), "{log}");
        }
    }
}
