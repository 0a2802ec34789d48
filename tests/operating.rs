//! What those who run the service may do to its way to the store, and to its log: hold it, and let it go on.

use crate::access::{far, open_to_all};
use crate::support::http::Reply;
use crate::support::service::{Builder, Service};
use crate::support::stores::on_each_store;
use crate::support::traffic::{drained, stored};
use crate::support::wait_until;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(60);

async fn operate(service: &Service, path: &str) -> Value {
    let reply = service
        .post(&format!("/operate/{path}"), "application/json", "")
        .await;
    assert_eq!(reply.status, 200, "{path}: {}", reply.text());
    reply.json()
}

async fn send(service: &Service, ack: &str, message: &str) -> Reply {
    let batch = json!([{"timestamp": "2024-10-08T00:00:00Z", "message": message}]);
    let path = format!("/logs/batch?ack={ack}");
    service
        .post(&path, "application/json", batch.to_string())
        .await
}

/// Exit code, standard output and standard error of a command.
async fn command(service: &Service, arguments: &str) -> (Option<i32>, String, String) {
    let command = Service::builder().env("LISTEN_ADDR", service.address().to_string());
    let command = arguments.split(' ').fold(command, Builder::arg);
    let (status, stdout, stderr) = command.start_expecting_exit().await;
    (status.code(), stdout, stderr)
}

/// How many records can be read now, whatever waits.
async fn readable(service: &Service) -> usize {
    let reply = service.get("/logs/retrieve").await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    reply.json().as_array().unwrap().len()
}

async fn problem(service: &Service) -> Option<String> {
    let health = service.health().await;
    let problem = health["problem"].as_str().map(str::to_owned);
    let expected = if problem.is_some() { "degraded" } else { "ok" };
    assert_eq!(health["status"], expected, "{health}");
    problem
}

on_each_store!(
    what_is_taken_in_a_pause_waits_and_is_stored_when_the_drain_goes_on,
    async |service| {
        assert_eq!(send(&service, "stored", "before").await.status, 200);
        let told = operate(&service, "drain/pause").await;
        assert_eq!(told["drain"]["paused"], true, "{told}");
        assert!(told["drain"]["since"].is_string(), "{told}");
        for message in ["first", "second"] {
            assert_eq!(send(&service, "spooled", message).await.status, 200);
        }
        // Asked for once more it is no other pause.
        assert_eq!(operate(&service, "drain/pause").await, told);
        let health = service.health().await;
        assert_eq!(health["drain"], told["drain"], "{health}");
        assert_eq!(health["records"]["waiting"], 2, "{health}");
        let since = told["drain"]["since"].as_str().unwrap();
        let expected =
            format!("the drain is paused by an operator since {since}: batches wait in the spool");
        assert_eq!(problem(&service).await, Some(expected));
        assert_eq!(readable(&service).await, 1);

        let told = operate(&service, "drain/resume").await;
        assert_eq!(told["drain"], json!({ "paused": false }), "{told}");
        drained(&service).await;
        assert_eq!(problem(&service).await, None);
        assert_eq!(stored(&service).await.len(), 3);
    }
);

#[tokio::test(flavor = "multi_thread")]
async fn whoever_waits_for_the_store_in_a_pause_is_told_what_is_so_when_his_time_is_over() {
    let service = Service::builder().env("REQUEST_TIMEOUT", "1s");
    let service = service.start().await;
    operate(&service, "drain/pause").await;
    let reply = send(&service, "stored", "one").await;
    assert_eq!(reply.status, 202, "{}", reply.text());
    assert_eq!(reply.json()["durability"], "spooled");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_does_not_wait_for_the_end_of_a_pause_and_the_next_start_has_forgotten_it() {
    let service = Service::builder().env("SHUTDOWN_TIMEOUT", "10m");
    let service = service.start().await;
    operate(&service, "drain/pause").await;
    assert_eq!(send(&service, "spooled", "one").await.status, 200);
    service.terminate();
    assert_eq!(service.wait_exit(PATIENCE).await.code(), Some(0));
    let log = service.log_text();
    assert!(log.contains("what is left waits in the spool"), "{log}");
    service.restart().await;
    assert_eq!(service.health().await["drain"], json!({ "paused": false }));
    drained(&service).await;
    assert_eq!(stored(&service).await["one"], 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_does_not_wait_for_a_store_that_an_operator_keeps_batches_from() {
    for held in ["drain/pause", "breakers/write/open"] {
        let settings = Service::builder().env("SHUTDOWN_TIMEOUT", "5m");
        let settings = settings.env("REQUEST_TIMEOUT", "5m");
        let service = Arc::new(settings.start().await);
        operate(&service, held).await;
        let sender = Arc::clone(&service);
        let sent = tokio::spawn(async move { send(&sender, "stored", "waits").await });
        wait_until("the batch to wait", PATIENCE, async || {
            service.health().await["records"]["waiting"] == 1
        })
        .await;
        service.terminate();
        assert_eq!(sent.await.unwrap().status, 202, "{held}");
        assert_eq!(service.wait_exit(PATIENCE).await.code(), Some(0), "{held}");
        service.restart().await;
        drained(&service).await;
        assert_eq!(stored(&service).await["waits"], 1, "{held}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_deed_of_an_operator_fills_no_log() {
    let service = Service::builder().start().await;
    for number in 0..20 {
        for path in ["drain", "breakers/write", "breakers/read"] {
            let path = format!("/operate/{path}/x{number}%E2%80%A8");
            let reply = service.post(&path, "application/json", "").await;
            assert_eq!(reply.status, 404, "{}", reply.text());
        }
    }
    operate(&service, "drain/pause").await;
    wait_until("what was done to be told", PATIENCE, async || {
        let log = service.log_text();
        log.contains("POST /operate/drain/pause is used by one who may operate")
    })
    .await;
    let log = service.log_text();
    let told = log.matches("is used by one who may operate").count();
    assert_eq!(told, 4, "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_breaker_that_is_held_open_lets_nothing_through_and_one_that_is_released_decides() {
    let service = Service::builder().start().await;
    assert_eq!(send(&service, "stored", "before").await.status, 200);
    let told = operate(&service, "breakers/write/open").await;
    assert_eq!(told["breaker"]["state"], "forced_open", "{told}");
    assert_eq!(send(&service, "spooled", "held").await.status, 200);
    wait_until("a call to be refused", PATIENCE, async || {
        service.health().await["breakers"]["write"]["rejected"] != 0
    })
    .await;
    assert_eq!(service.health().await["records"]["waiting"], 1);
    let held = "the breaker of the write lane is held open by an operator";
    assert_eq!(problem(&service).await.as_deref(), Some(held));

    operate(&service, "drain/pause").await;
    let all = problem(&service).await.unwrap();
    assert!(all.ends_with(&format!("; {held}")), "{all}");
    assert!(all.contains("paused"), "{all}");
    operate(&service, "drain/resume").await;

    operate(&service, "breakers/read/open").await;
    let refused = service.get("/logs/retrieve").await;
    assert_eq!(refused.status, 503, "{}", refused.text());
    assert_eq!(refused.json()["code"], "store_unavailable");
    let told = operate(&service, "breakers/read/close").await;
    assert_eq!(told["breaker"]["state"], "forced_closed", "{told}");
    assert_eq!(readable(&service).await, 1);

    for lane in ["write", "read"] {
        let told = operate(&service, &format!("breakers/{lane}/release")).await;
        assert_eq!(told["lane"], lane, "{told}");
        assert_eq!(told["breaker"]["state"], "closed", "{told}");
    }
    drained(&service).await;
    assert_eq!(problem(&service).await, None);
    assert_eq!(stored(&service).await.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_nobody_can_do_is_not_there_and_changes_nothing() {
    let service = Service::builder().start().await;
    for path in [
        "drain/stop",
        "drain/%ff",
        "breakers/both/open",
        "breakers/write/break",
        "breakers/write/%ff",
    ] {
        let path = format!("/operate/{path}");
        let reply = service.post(&path, "application/json", "").await;
        assert_eq!(
            (reply.status, reply.json()["code"].as_str()),
            (404, Some("not_found")),
            "{path}"
        );
    }
    assert_eq!(problem(&service).await, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn commands_do_the_same_and_say_in_a_sentence_what_came_of_it() {
    let service = Service::builder().start().await;
    for (arguments, printed) in [
        (
            "drain pause",
            "The drain is paused: batches are taken, and wait in the spool until it is resumed\n",
        ),
        (
            "drain resume",
            "The drain goes on: what waits in the spool goes to the store\n",
        ),
        (
            "breaker open --lane write",
            "The breaker of the write lane is held open: no call goes to the store\n",
        ),
        (
            "breaker release",
            "The breaker of the write lane decides by itself\nThe breaker of the read lane decides by itself\n",
        ),
    ] {
        let done = command(&service, arguments).await;
        assert_eq!(done, (Some(0), printed.to_owned(), String::new()));
    }
    let (code, stdout, _) = command(&service, "breaker close -o json").await;
    let lanes = stdout
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap()["lane"].clone());
    assert_eq!((code, lanes.collect()), (Some(0), json!(["write", "read"])));
    let health = service.health().await;
    for lane in ["write", "read"] {
        let state = &health["breakers"][lane]["state"];
        assert_eq!(state, "forced_closed", "{health}");
    }
}

/// How often something is in the log, once it is there more than `before` times.
async fn logged(service: &Service, said: &str, before: usize) -> usize {
    let told = || service.log_text().matches(said).count();
    wait_until("the log to say it", PATIENCE, async || told() > before).await;
    told()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_filter_of_the_log_is_told_and_set_at_once_and_the_log_says_so_however_little_it_says()
{
    const CHANGED: &str = "by an operator, the filter of the log is changed";
    let service = Service::builder().start().await;
    let told = service.get("/operate/log").await.json();
    assert_eq!(told, json!({ "filter": "info", "setting": "info" }));

    let set = operate(&service, "log?filter=error").await;
    assert_eq!(set["log"]["filter"], "error", "{set}");
    assert!(set["log"]["since"].is_string(), "{set}");
    assert_eq!(service.get("/operate/log").await.json(), set["log"]);
    let before = logged(&service, CHANGED, 0).await;
    assert_eq!(before, 1);
    let requests = "log?filter=warn,aggregator::http::requests=debug";
    operate(&service, requests).await;
    assert_eq!(service.get("/livez").await.status, 200);
    logged(&service, "\"level\":\"DEBUG\"", 0).await;
    // By the filter that comes, where the one that goes hid it; again and again within a minute.
    for (turn, filter) in ["info", "error", "info", "error", "info"]
        .iter()
        .enumerate()
    {
        operate(&service, &format!("log?filter={filter}")).await;
        logged(&service, CHANGED, turn + 1).await;
    }
    let told = service.get("/operate/log").await.json();
    assert_eq!(told, json!({ "filter": "info", "setting": "info" }));
    assert_eq!(problem(&service).await, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_filter_that_cannot_be_read_is_refused_with_its_place_and_changes_nothing() {
    let service = Service::builder().start().await;
    for (query, code, said) in [
        ("", "invalid_parameter", "filter is missing: "),
        ("?filter=", "invalid_parameter", "filter is empty"),
        (
            "?filter=debgu",
            "invalid_parameter",
            "filter cannot be used: \"debgu\" is no level: expected off, error, warn, info, debug or trace, or PART=LEVEL",
        ),
        (
            "?filter=info,store=loud",
            "invalid_parameter",
            "filter cannot be used: \"store=loud\" cannot be read: ",
        ),
        (
            "?level=info",
            "unknown_parameter",
            "there is no parameter \"level\"",
        ),
        (
            "?filter=info&filter=warn",
            "repeated_parameter",
            "filter is given more than once",
        ),
    ] {
        let path = format!("/operate/log{query}");
        let reply = service.post(&path, "application/json", "").await;
        let told = reply.json();
        assert_eq!(
            (reply.status, told["code"].as_str()),
            (400, Some(code)),
            "{query}"
        );
        let message = told["message"].as_str().unwrap();
        assert!(message.starts_with(said), "{query}: {message}");
    }
    let told = service.get("/operate/log").await.json();
    assert_eq!(told, json!({ "filter": "info", "setting": "info" }));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_shows_and_sets_the_filter_and_a_start_has_forgotten_it() {
    let service = Service::builder()
        .env("RUST_LOG", "info,spool=debug")
        .start()
        .await;
    let shown = (Some(0), "info,spool=debug\n".to_owned(), String::new());
    assert_eq!(command(&service, "log-level").await, shown);
    let (code, stdout, _) = command(&service, "log-level warn,store=trace").await;
    let said = "The filter of the log is warn,store=trace until the service starts again; it was info,spool=debug\n";
    assert_eq!((code, stdout.as_str()), (Some(0), said));
    let (_, stdout, _) = command(&service, "log-level").await;
    assert!(
        stdout.starts_with("warn,store=trace\n    set by an operator at 2"),
        "{stdout}"
    );
    assert!(
        stdout.ends_with("; RUST_LOG says info,spool=debug\n"),
        "{stdout}"
    );
    let (code, stdout, stderr) = command(&service, "log-level debgu").await;
    assert_eq!((code, stdout.as_str()), (Some(2), ""), "{stderr}");
    assert!(stderr.contains("\"debgu\" is no level"), "{stderr}");
    service.restart().await;
    assert_eq!(command(&service, "log-level").await, shown);
}

#[tokio::test(flavor = "multi_thread")]
async fn strangers_may_do_none_of_it() {
    let service = open_to_all().start().await;
    let stranger = far(&service);
    for arguments in [
        "drain pause",
        "breaker open --lane read",
        "log-level",
        "log-level off",
    ] {
        let arguments = format!("{arguments} --url {stranger}");
        let (code, stdout, stderr) = command(&service, &arguments).await;
        assert_eq!((code, stdout.as_str()), (Some(1), ""), "{stderr}");
        assert!(stderr.contains("(local_only)"), "{stderr}");
    }
    assert_eq!(problem(&service).await, None);
}
