//! What a tenant may try against another, address by address: to read, count, guess, replay or take the place of what
//! is the other's.
//!
//! The addresses are those that the service itself names: one that has no row here fails. What is not to be had
//! by requests of a test, the memory of the last batches and their keys, and uploads that are held, is where it is kept.

use super::{Tokens, asked, bearer, count, until};
use crate::access::senders::{SENDERS, Sender};
use crate::access::{get, post, refused};
use crate::support::http::Reply;
use crate::support::service::Service;
use crate::support::tail;
use serde_json::Value;

const SECRET: &str = "the-banks-own";

/// Two tenants: the bank, whose records are tried for, and the shop, whose tokens are all that it has.
struct Scene {
    service: Service,
    of_bank: String,
    sends: String,
    reads: String,
    /// Both, and all that it may have but `operate`.
    both: String,
    /// Whoever runs the service.
    all: String,
    /// A batch of the bank's, and the id of a record in it.
    batch: String,
    record: String,
}

/// What can be tried at an address.
enum Attack {
    /// To send what another has sent, as another may have: it is new, and is answered as if nobody had sent it.
    Replay(&'static [&'static str]),
    /// To ask for it. Without reading, it is refused; reading, nothing of the other's is told.
    Read(&'static [&'static str]),
    /// The same of what has no end, as lines.
    Follow(&'static str),
    /// To ask what became of the other's batch: it is answered as of one that there never was.
    Guess,
    /// To see or move what is kept aside, or to hold the service up.
    Operate(&'static str),
    /// What is told to everybody is told to a tenant, and nothing else.
    ForAll(&'static str),
}

fn attack(address: &str) -> Attack {
    match address {
        "GET /" => Attack::ForAll("/"),
        "GET /ui/" => Attack::ForAll("/ui/"),
        "GET /ui/{file}" => Attack::ForAll("/ui/app.js"),
        "GET /health" => Attack::ForAll("/health"),
        "GET /metrics" => Attack::Operate("/metrics"),
        "GET /livez" => Attack::ForAll("/livez"),
        "GET /readyz" => Attack::ForAll("/readyz"),
        "GET /openapi.json" => Attack::ForAll("/openapi.json"),
        "GET /docs" => Attack::ForAll("/docs"),
        "POST /logs/batch" => Attack::Replay(&["/logs/batch"]),
        "POST /v1/logs" => Attack::Replay(&["/v1/logs"]),
        "POST /loki/api/v1/push" => Attack::Replay(&["/loki/api/v1/push"]),
        "POST /_bulk" => Attack::Replay(&["/_bulk", "/elasticsearch/app/_bulk"]),
        "POST /services/collector" => {
            Attack::Replay(&["/services/collector", "/services/collector/raw"])
        }
        "POST /api/v2/logs" => Attack::Replay(&["/api/v2/logs", "/v1/input"]),
        "POST /gelf" => Attack::Replay(&["/gelf"]),
        "POST /upload" => Attack::Replay(&["/upload"]),
        "GET /logs/batches/{id}" => Attack::Guess,
        "GET /logs/retrieve" => Attack::Read(&[
            "/logs/retrieve?format=ndjson",
            "/logs/retrieve?q=the-banks-own&format=csv",
        ]),
        "GET /logs/tail" => Attack::Follow("startTime=2000-01-01&format=ndjson"),
        "GET /logs/histogram" => Attack::Read(&[
            "/logs/histogram?by=level",
            "/logs/histogram?q=the-banks-own",
        ]),
        "GET /logs/facets" => {
            Attack::Read(&["/logs/facets?limit=100", "/logs/facets?fields=attr.owner"])
        }
        "GET /logs/{id}" => Attack::Read(&["/logs/{record}"]),
        "GET /logs/{id}/context" => Attack::Read(&["/logs/{record}/context"]),
        "GET /logs/rejected" => Attack::Operate("/logs/rejected"),
        "POST /logs/rejected/replay" => Attack::Operate("/logs/rejected/replay"),
        "POST /logs/delete" => Attack::Operate("/logs/delete?all=true"),
        "GET /logs/delete" => Attack::Operate("/logs/delete"),
        "GET /logs/delete/{id}" => Attack::Operate("/logs/delete/0123456789abcdef"),
        "POST /logs/delete/{id}/cancel" => Attack::Operate("/logs/delete/0123456789abcdef/cancel"),
        "GET /stats" => Attack::Operate("/stats"),
        "POST /operate/drain/{action}" => Attack::Operate("/operate/drain/pause"),
        "POST /operate/breakers/{lane}/{action}" => Attack::Operate("/operate/breakers/read/open"),
        "GET /operate/log" => Attack::Operate("/operate/log"),
        "POST /operate/log" => Attack::Operate("/operate/log?filter=debug"),
        other => panic!("{other}: no row says what a tenant may try there"),
    }
}

impl Scene {
    async fn new() -> Self {
        let tokens = Tokens::new();
        let of_bank = tokens.make("bank", "--scope ingest").await;
        let sends = tokens.make("sends", "--scope ingest --tenant shop").await;
        let filter = "--filter attr.owner=shop";
        let reads = tokens
            .make("reads", &format!("--scope read --tenant shop {filter}"))
            .await;
        let both = tokens
            .make(
                "both",
                &format!("--scope ingest,read --tenant shop {filter}"),
            )
            .await;
        let all = tokens.make("all", "--scope read,operate").await;
        let service = tokens.service().env("TAIL_HEARTBEAT", "1s");
        let service = service.start().await;
        let given = bearer(&of_bank);
        let headers = [
            super::JSON,
            ("authorization", &*given),
            ("idempotency-key", SECRET),
        ];
        let body =
            format!(r#"[{{"message":"{SECRET}","level":"{SECRET}","owner":"bank","{SECRET}":1}}]"#);
        let url = service.url("/logs/batch?ack=stored");
        let taken = post(&service, url, &headers, body).await.json();
        let found = asked(&service, "/logs/retrieve", &all).await.json();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        Self {
            batch: text(&taken["batchId"]),
            record: text(&found[0]["id"]),
            service,
            of_bank,
            sends,
            reads,
            both,
            all,
        }
    }

    async fn send(&self, sender: &Sender, secret: &str, has_key: bool) -> Reply {
        let token = bearer(secret);
        let mut headers = vec![
            ("content-type", sender.content_type),
            ("authorization", &*token),
        ];
        headers.extend(has_key.then_some(("idempotency-key", sender.content_type)));
        post(
            &self.service,
            self.service.url(sender.path),
            &headers,
            sender.body,
        )
        .await
    }

    async fn replay(&self, path: &str) {
        let senders = SENDERS.iter().filter(|sender| sender.path == path);
        let mut tried = 0;
        for sender in senders {
            // Other protocols have keys of their own.
            let keys = [false, true];
            let keys = &keys[..if path == "/logs/batch" { 2 } else { 1 }];
            for has_key in keys.iter().copied() {
                let before = count(&self.service, &self.all).await;
                let first = self.send(sender, &self.of_bank, has_key).await;
                let replayed = self.send(sender, &self.sends, has_key).await;
                let what = format!("{path} {} {has_key}", sender.content_type);
                assert_eq!(told(&first), told(&replayed), "{what}");
                assert_eq!(first.status, sender.taken, "{what}");
                until(&self.service, &self.all, before + 2).await;
                tried += 1;
            }
        }
        assert!(tried > 0, "{path}: there is no sender for it");
    }

    async fn read(&self, path: &str) {
        let path = path.replace("{record}", &self.record);
        refused(
            &asked(&self.service, &path, &self.sends).await,
            403,
            "token_out_of_scope",
        );
        for secret in [&self.reads, &self.both] {
            let told = asked(&self.service, &path, secret).await;
            let text = told.text().replace(&self.record, "");
            assert!(
                !text.contains(SECRET) && !text.contains("bank"),
                "{path}: {text}"
            );
            assert!(!text.contains(&self.batch), "{path}: {text}");
            if told.status == 200 && path.contains("histogram") {
                assert_eq!(told.json()["records"], 0, "{text}");
            }
        }
        let told = asked(&self.service, &path, &self.all).await.text();
        assert!(
            told.contains(SECRET) || path.contains("histogram") || path.contains("fields"),
            "{path}: {told}"
        );
    }

    async fn follow(&self, query: &str) {
        let path = format!("/logs/tail?{query}");
        let reply = asked(&self.service, &path, &self.sends).await;
        refused(&reply, 403, "token_out_of_scope");
        // Up to the first sign of life all is told that is there.
        let told = async |secret: &str| {
            let token = bearer(secret);
            let mut answer = tail::ask(&self.service, query, &[("authorization", &*token)]).await;
            let mut text = String::new();
            while !text.contains("heartbeat") {
                let chunk = answer.chunk().await.unwrap().expect("it goes on");
                text.push_str(std::str::from_utf8(&chunk).unwrap());
            }
            text
        };
        for secret in [&self.reads, &self.both] {
            let text = told(secret).await;
            assert!(!text.contains(SECRET) && !text.contains("bank"), "{text}");
        }
        assert!(told(&self.all).await.contains(SECRET));
    }

    async fn guess(&self) {
        for secret in [&self.sends, &self.both] {
            let of = async |batch: &str| {
                let reply = asked(&self.service, &format!("/logs/batches/{batch}"), secret).await;
                (reply.status, reply.text().replace(batch, ""))
            };
            let told = of(&self.batch).await;
            assert_eq!(told, of("0123456789abcdef").await);
            assert_eq!(told.0, 404);
        }
    }
}

/// An answer but for the id of its batch and how long it took.
fn told(reply: &Reply) -> (u16, String) {
    let Ok(mut json) = serde_json::from_slice::<Value>(&reply.body) else {
        return (reply.status, reply.text());
    };
    for name in ["batchId", "took"] {
        if let Some(value) = json.get_mut(name) {
            *value = Value::Null;
        }
    }
    let items = json.get_mut("items").and_then(Value::as_array_mut);
    for item in items.into_iter().flatten() {
        item["create"]["_id"] = Value::Null;
    }
    (reply.status, json.to_string())
}

#[tokio::test(flavor = "multi_thread")]
async fn at_no_address_a_tenant_reads_counts_guesses_or_replays_what_is_anothers() {
    let scene = Scene::new().await;
    let named = get(&scene.service, &scene.service.url(""), "/", &[])
        .await
        .json();
    let mut replays = Vec::new();
    for address in named["addresses"].as_array().unwrap() {
        let text = |name: &str| address[name].as_str().unwrap();
        match attack(&format!("{} {}", text("method"), text("path"))) {
            // Behind the others, which the shop has sent nothing yet for.
            Attack::Replay(paths) => replays.extend(paths),
            Attack::Read(paths) => {
                for path in paths {
                    scene.read(path).await;
                }
            }
            Attack::Follow(query) => scene.follow(query).await,
            Attack::Guess => scene.guess().await,
            Attack::Operate(path) => {
                for secret in [&scene.sends, &scene.reads, &scene.both] {
                    let reply = super::ask(&scene.service, path, &[("x-api-key", secret)]).await;
                    refused(&reply, 403, "token_out_of_scope");
                }
            }
            Attack::ForAll(path) => {
                let stranger = get(&scene.service, &scene.service.url(""), path, &[]).await;
                for secret in [&scene.sends, &scene.reads, &scene.both] {
                    let reply = asked(&scene.service, path, secret).await;
                    assert_eq!(reply.text(), stranger.text(), "{path}");
                }
            }
        }
    }
    let without = SENDERS
        .iter()
        .find(|sender| !replays.contains(&sender.path));
    assert_eq!(without.map(|sender| sender.path), None);
    for path in replays {
        scene.replay(path).await;
    }
}
