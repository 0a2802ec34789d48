//! Answers of somebody on the way, or at a wrong address: the spool loses nothing by them.

use super::{ONE, Spool, keys_and_bodies, refusing, takes_100, told};
use crate::support::producer::Ended;
use crate::support::scripted::{Action, Scripted};
use crate::support::service::Service;

const HTML: &str = "<html><h1>Sorry</h1></html>";
const NOT_OWN: &str = "not the service's own word on a batch";

/// A spool with four batches that nobody has answered.
async fn with_four_batches() -> Spool {
    let spool = Spool::new();
    let down = Scripted::start(refusing(503)).await;
    let args = ["--rate", "0", "--count", "400", "--give-up-after", "1ms"];
    spool.run(&down, &args).await;
    assert_eq!(spool.files().len(), 4);
    spool
}

fn stopped_by_an_answer(ended: &Ended) {
    assert_eq!(ended.code, Some(1), "{ended:?}");
    let problem = ended.summary()["spool"]["problem"].clone();
    assert!(problem.as_str().unwrap().contains(NOT_OWN), "{ended:?}");
    assert_eq!(ended.stderr.matches(NOT_OWN).count(), 1, "{ended:?}");
}

/// What somebody else than the service says.
fn foreign_answers() -> Vec<(u16, String)> {
    let statuses = [200, 202, 204, 302, 400, 401, 403, 404, 413, 415, 422];
    let pages = statuses.map(|status| (status, HTML.to_owned()));
    let json = |status, text: &str| (status, text.to_owned());
    let others = [
        json(400, ""),
        json(
            400,
            r#"{"code":"invalid_json","message":"of another service"}"#,
        ),
        // The service's own, and about the address.
        json(400, r#"{"status":"error","code":"invalid_parameter"}"#),
        json(200, r#"{"status":"success"}"#),
        json(200, r#"{"status":"success","accepted":1}"#),
    ];
    pages.into_iter().chain(others).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_but_the_service_takes_a_batch_out_of_the_backlog_and_the_first_answer_ends_the_run()
{
    for (status, body) in foreign_answers() {
        let spool = with_four_batches().await;
        let before = spool.files();
        let answer = body.clone();
        let script = move |_| Action::Answer(status, Vec::new(), answer.clone());
        let server = Scripted::start(script).await;
        let ended = spool.run(&server, &["--concurrency", "1"]).await;
        assert_eq!(spool.files(), before, "{status} {body}");
        stopped_by_an_answer(&ended);
        assert_eq!(ended.numbers(["sent"]), [0], "{ended:?}");
        assert_eq!(told(&ended), [0, 100, 400, 0], "{ended:?}");
        assert_eq!(server.count(), 1, "{status} {body}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_live_batch_stays_as_well_and_the_next_run_sends_it() {
    for (status, body) in foreign_answers() {
        let spool = Spool::new();
        let answer = body.clone();
        let script = move |_| Action::Answer(status, Vec::new(), answer.clone());
        let server = Scripted::start(script).await;
        // Without an end: only the answer ends it.
        let ended = spool
            .run(&server, &["--rate", "0", "--concurrency", "1"])
            .await;
        stopped_by_an_answer(&ended);
        assert_eq!(ended.numbers(["sent", "failed"]), [100, 100], "{ended:?}");
        assert_eq!(told(&ended), [0, 0, 100, 0], "{status} {body}");
        let kept = keys_and_bodies(&server.requests());
        assert_eq!((server.count(), kept.len()), (1, 1));

        let server = Scripted::start(|_| takes_100()).await;
        let ended = spool.run(&server, &ONE).await;
        assert_eq!(ended.code, Some(0), "{ended:?}");
        assert!(keys_and_bodies(&server.requests()).is_superset(&kept));
        assert!(spool.files().is_empty());
    }
}

/// The codes that the producer knows are those that the service gives.
#[tokio::test(flavor = "multi_thread")]
async fn what_the_service_itself_refuses_for_what_it_is_leaves_the_spool() {
    let service = Service::builder()
        .env("MAX_BODY_BYTES", "8192")
        .env("MAX_DECODED_BYTES", "8192")
        .start()
        .await;
    for (gzip, code) in [("false", "413"), ("true", "413")] {
        let spool = Spool::new();
        let url = service.url("");
        let args = [&ONE[..], &["--gzip", gzip]].concat();
        let ended = spool.start_at(&url, &args).ended().await;
        assert_eq!(ended.code, Some(1), "{ended:?}");
        assert_eq!(told(&ended), [0; 4], "{ended:?}");
        let reason = ended.summary()["failures"][0]["reason"].clone();
        assert!(reason.as_str().unwrap().starts_with(code), "{reason}");
        assert!(spool.files().is_empty());
    }
    // Its own words on the address are none on the batch.
    let spool = Spool::new();
    let url = service.url("/logs/batch?partial=perhaps");
    let ended = spool.start_at(&url, &ONE).ended().await;
    stopped_by_an_answer(&ended);
    assert_eq!(spool.files().len(), 1);
}
