//! SIGHUP: what changes at once, what counts from the next start on, and what changes nothing.

use super::Settings;
use crate::support::service::Service;
use crate::support::wait_until;
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(30);
const BATCH: &str = r#"[{"message":"a"}]"#;

/// Sends SIGHUP, and waits until it has been answered so many times with this.
async fn hang_up(service: &Service, said: &str) {
    let told = || service.log_text().matches(said).count();
    let before = told();
    service.signal("HUP");
    wait_until("the settings to be read anew", PATIENCE, async || {
        told() > before
    })
    .await;
}

async fn send(service: &Service, body: &str) -> u16 {
    let reply = service.post("/logs/batch", "application/json", body);
    reply.await.status
}

#[tokio::test(flavor = "multi_thread")]
async fn limits_and_the_level_of_the_log_change_and_the_rest_is_named() {
    let settings = Settings::new("max_body_bytes = 10\nworkers = 2\n");
    let service = settings.service().start().await;
    assert_eq!(send(&service, BATCH).await, 413);
    let rest = "workers = 3\nmax_streams = 9\n";
    settings.write(&format!(
        "max_body_bytes = 10\nrust_log = \"error\"\n{rest}"
    ));
    hang_up(&service, "counts from the next start on").await;
    let log = service.log_text();
    assert!(log.contains("\"changed\":\"RUST_LOG\""), "{log}");
    let kept = "\"settings\":\"MAX_STREAMS, WORKERS\"";
    assert!(log.contains(kept), "{log}");

    settings.write(&format!(
        "max_body_bytes = 1000\nrust_log = \"error\"\n{rest}"
    ));
    service.signal("HUP");
    wait_until("larger bodies to be taken", PATIENCE, async || {
        send(&service, BATCH).await == 200
    })
    .await;
    settings.write(&format!(
        "max_body_bytes = 1000\nrust_log = \"info\"\n{rest}"
    ));
    hang_up(&service, "\"changed\":\"RUST_LOG\"").await;
    // Of what changed while only errors were logged, nothing was.
    let log = service.log_text();
    assert!(!log.contains("\"changed\":\"MAX_BODY_BYTES\""), "{log}");
    let lanes = service.health().await["workers"].clone();
    assert_eq!(lanes["write"]["workers"], 2, "{lanes}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_cannot_be_used_leaves_all_as_it_was() {
    let settings = Settings::new("max_body_bytes = 1000\n");
    let service = settings.service().start().await;
    for bad in [
        "max_body_bytes = 10\nworker = 3\n",
        "max_body_bytes = 10\nworkers = 0\n",
        "max_body_bytes = 10\nmax_inflight_bytes = \"1MiB\"\n",
        "max_body_bytes = \n",
    ] {
        settings.write(bad);
        hang_up(&service, "those of before still count").await;
        assert_eq!(send(&service, BATCH).await, 200, "{bad}");
    }
    std::fs::remove_file(settings.path()).unwrap();
    hang_up(&service, "those of before still count").await;
    assert_eq!(send(&service, BATCH).await, 200);

    // What there is no room for stays as well, and is named.
    settings.write("max_body_bytes = \"200MiB\"\nmax_inflight_bytes = \"1GiB\"\n");
    hang_up(&service, "counts from the next start on").await;
    let log = service.log_text();
    let named = "\"settings\":\"MAX_BODY_BYTES, MAX_INFLIGHT_BYTES\"";
    assert!(log.contains(named), "{log}");
    let larger = format!("[{{\"message\":\"{}\"}}]", "a".repeat(2000));
    assert_eq!(send(&service, &larger).await, 413);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_flag_or_the_environment_says_stays() {
    let settings = Settings::new("max_body_bytes = 1000\nquery_max_time = \"1s\"\n");
    let started = settings.service().env("MAX_BODY_BYTES", "10");
    let service = started.arg("--query-max-time=2s").start().await;
    settings.write("max_body_bytes = 2000\nquery_max_time = \"3s\"\n");
    hang_up(&service, "none was changed").await;
    assert_eq!(send(&service, BATCH).await, 413);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_file_it_looks_at_the_tokens_and_ends_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let tokens = folder.path().join("tokens.toml");
    std::fs::write(&tokens, "").unwrap();
    let started = Service::builder().env("TOKENS_FILE", tokens.to_str().unwrap());
    let service = started.start().await;
    for _ in 0..3 {
        hang_up(&service, "none was changed").await;
    }
    assert_eq!(service.get("/health").await.status, 200);
    std::fs::write(&tokens, "# another\n").unwrap();
    service.signal("HUP");
    wait_until("the tokens to be read anew", PATIENCE, async || {
        service.log_text().contains("the tokens were read anew")
    })
    .await;
    service.terminate();
    assert_eq!(service.wait_exit(PATIENCE).await.code(), Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_operator_has_set_of_the_log_stays_until_the_settings_say_something_else_than_before()
 {
    let settings = Settings::new("rust_log = \"info\"\n");
    let service = settings.service().start().await;
    let filter = async || service.get("/operate/log").await.json()["filter"].clone();
    let set = service.post("/operate/log?filter=debug", "application/json", "");
    assert_eq!(set.await.status, 200);
    hang_up(
        &service,
        "SIGHUP: what is logged stays as an operator has set it",
    )
    .await;
    assert!(service.log_text().contains("none was changed"));
    assert_eq!(filter().await, "debug");

    settings.write("rust_log = \"info,spool=debug\"\n");
    hang_up(&service, "\"changed\":\"RUST_LOG\"").await;
    let told = service.get("/operate/log").await.json();
    let setting = "info,spool=debug";
    assert_eq!(
        told,
        serde_json::json!({ "filter": setting, "setting": setting })
    );
    let stays = || service.log_text().matches("stays as an operator").count();
    assert_eq!(stays(), 1);
}
