//! Certificates of clients: who is heard, and which token one stands for.

use super::*;
use crate::support::wait_until;
use std::fs;
use std::path::{Path, PathBuf};

fn asking(authority: &Authority, server: &Pair) -> Builder {
    over_tls(server).env("TLS_CLIENT_CA_FILE", authority.file().to_str().unwrap())
}

/// What a client is told that is not heard.
async fn failure(http: &reqwest::Client, service: &Service) -> String {
    let request = http.get(url(service, "/health")).send().await;
    let error = request.expect_err("nobody answers");
    program::tls::told(&error).unwrap_or_else(|| format!("{error:?}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn where_a_certificate_is_required_nobody_else_is_heard() {
    let (authority, stranger) = (Authority::new(), Authority::new());
    let server = authority.server("server");
    let service = asking(&authority, &server).start().await;
    let client = authority.client("orders", "shop");
    let http = authority.http_as(Some(&client));
    assert_eq!(get(&http, &service, "/health").await.status, 200);
    let none = failure(&authority.http(), &service).await;
    assert!(
        none.contains("it asks for a client certificate: --client-cert"),
        "{none}"
    );
    let unknown = authority.http_as(Some(&stranger.client("orders", "shop")));
    let refused = failure(&unknown, &service).await;
    assert!(
        refused.contains("it refuses the certificate of --client-cert"),
        "{refused}"
    );
    // One that is there for a service.
    let wrong = failure(&authority.http_as(Some(&server)), &service).await;
    assert!(wrong.contains("it refuses"), "{wrong}");
    wait_until("the log to tell of both kinds", PATIENCE, async || {
        let log = service.log_text();
        log.contains("peer sent no certificates") && log.contains("UnknownIssuer")
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn where_it_is_optional_one_that_is_shown_still_has_to_be_good() {
    let (authority, stranger) = (Authority::new(), Authority::new());
    let server = authority.server("server");
    let builder = asking(&authority, &server).env("TLS_CLIENT_AUTH", "optional");
    let service = builder.start().await;
    let client = authority.client("orders", "shop");
    for http in [authority.http(), authority.http_as(Some(&client))] {
        assert_eq!(get(&http, &service, "/health").await.status, 200);
    }
    let unknown = authority.http_as(Some(&stranger.client("orders", "shop")));
    let refused = failure(&unknown, &service).await;
    assert!(refused.contains("it refuses the certificate"), "{refused}");
}

struct Scene {
    authority: Authority,
    file: PathBuf,
    service: Service,
}

/// A token whose secret nobody has.
fn token(name: &str, scope: &str, certificate: &str) -> String {
    let hash = blake3::hash(name.as_bytes());
    format!(
        "[[token]]\nname = \"{name}\"\nhash = \"blake3:{hash}\"\nscopes = [\"{scope}\"]\ncertificate = \"{certificate}\"\n"
    )
}

impl Scene {
    /// A service with these tokens, to which a client may come without a certificate.
    async fn new(tokens: &str, folder: &Path) -> Self {
        let file = folder.join("tokens.toml");
        fs::write(&file, tokens).unwrap();
        let authority = Authority::new();
        let builder = asking(&authority, &authority.server("server"));
        let builder = builder.env("TLS_CLIENT_AUTH", "optional");
        let service = builder
            .env("TOKENS_FILE", file.to_str().unwrap())
            .start()
            .await;
        Self {
            authority,
            file,
            service,
        }
    }

    fn client(&self, name: &str) -> reqwest::Client {
        let pair = self.authority.client(name, "shop");
        self.authority.http_as(Some(&pair))
    }

    async fn batch(&self, http: &reqwest::Client, headers: &[(&str, &str)]) -> Reply {
        let request = http.post(url(&self.service, "/logs/batch"));
        let headers = [&[("content-type", "application/json")], headers].concat();
        sent(request.body(r#"[{"message":"a"}]"#), &headers).await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_without_any_header_is_the_token_that_names_its_certificate() {
    let folder = tempfile::tempdir().unwrap();
    let tokens = token("orders", "ingest", "cn:orders") + &token("desk", "read", "cn:dashboard");
    let scene = Scene::new(&tokens, folder.path()).await;
    let orders = scene.client("orders");
    let reply = scene.batch(&orders, &[]).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    let status = format!(
        "/logs/batches/{}",
        reply.json()["batchId"].as_str().unwrap()
    );
    let told = get(&orders, &scene.service, &status).await;
    assert_eq!(told.json()["token"], "orders", "{}", told.text());
    let read = get(&orders, &scene.service, "/logs/retrieve").await;
    let said = refused(&read, 403, "token_out_of_scope");
    assert!(said.contains("\"orders\""), "{said}");
    let dashboard = scene.client("dashboard");
    wait_until("it to be read", PATIENCE, async || {
        count(&dashboard, &scene.service).await == 1
    })
    .await;
    refused(
        &scene.batch(&dashboard, &[]).await,
        403,
        "token_out_of_scope",
    );
    let none = scene.batch(&scene.authority.http(), &[]).await;
    refused(&none, 401, "token_needed");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_of_no_token_is_told_by_what_it_can_be_given_one() {
    let folder = tempfile::tempdir().unwrap();
    let scene = Scene::new("", folder.path()).await;
    let client = scene.client("billing");
    let said = refused(&scene.batch(&client, &[]).await, 401, "unknown_certificate");
    let fingerprint = said.split('"').find(|part| part.starts_with("sha256:"));
    let entry = token("billing", "ingest", fingerprint.unwrap());
    fs::write(&scene.file, entry).unwrap();
    wait_until("it to be let in", PATIENCE, async || {
        scene.batch(&client, &[]).await.status == 200
    })
    .await;
    // A proxy that has one brings what all of its clients say: it does not make a wrong secret good.
    let wrong = [("authorization", "Bearer logs_wrong")];
    refused(&scene.batch(&client, &wrong).await, 401, "unknown_token");
    fs::write(&scene.file, token("billing", "ingest", "cn:other")).unwrap();
    wait_until("it to be let in no more", PATIENCE, async || {
        scene.batch(&client, &[]).await.status == 401
    })
    .await;
}
