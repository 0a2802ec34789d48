//! GELF over HTTP: what its senders send is stored, with an answer of their kind.

use crate::support::compressed::{ENCODERS, zlib};
use crate::support::http::Reply;
use crate::support::raw::RawClient;
use crate::support::service::Service;
use crate::support::stores::on_each_store;
use crate::support::traffic::{found, found_when_stored, seconds_to_wait};
use crate::support::wait_until;
use serde_json::json;
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(30);
/// With a time that is finer than a millisecond, as most senders have.
const FINE: &str = r#"{"version":"1.1","host":"h","short_message":"m","timestamp":1385053862.3072,"level":3,"_user_id":9001}"#;

async fn send(service: &Service, headers: &[(&str, &str)], body: impl Into<Vec<u8>>) -> Reply {
    service.post_with("/gelf", headers, body).await
}

async fn taken(service: &Service, headers: &[(&str, &str)], body: impl Into<Vec<u8>>) {
    let reply = send(service, headers, body).await;
    assert_eq!(reply.status, 202, "{}", reply.text());
    assert_eq!(reply.text(), "");
}

on_each_store!(
    a_message_is_stored_once_however_often_it_is_sent_and_after_a_kill,
    async |service| {
        for kill in [false, false, true] {
            if kill {
                service.kill();
                service.restart().await;
            }
            taken(&service, &[], FINE).await;
        }
        let records = found_when_stored(&service, "").await;
        assert_eq!(records.len(), 1, "{records:?}");
        let record = &records[0];
        assert_eq!(record["timestamp"], "2013-11-21T17:11:02.307200Z");
        assert_eq!(record["level"], "ERROR");
        assert_eq!(record["message"], "m");
        let attributes = json!({"host": "h", "level": 3, "user_id": 9001});
        assert_eq!(record["attributes"], attributes);
    }
);

on_each_store!(
    honest_messages_that_look_alike_are_stored_each,
    async |service| {
        for body in [
            r#"{"short_message":"alive"}"#,
            r#"{"short_message":"x","timestamp":1385053862.307}"#,
        ] {
            for _ in 0..3 {
                taken(&service, &[], body).await;
            }
        }
        assert_eq!(found_when_stored(&service, "").await.len(), 6);
    }
);

#[tokio::test(flavor = "multi_thread")]
async fn messages_are_taken_as_their_senders_pack_them_and_whatever_type_they_name() {
    let service = Service::builder().start().await;
    let message = |number: usize| format!(r#"{{"short_message":"{number}"}}"#).into_bytes();
    for (number, (encoding, encode)) in ENCODERS.into_iter().enumerate() {
        let headers = [("content-encoding", encoding)];
        taken(&service, &headers, encode(&message(number))).await;
    }
    // pygelf's head over a zlib body.
    let headers = [("content-encoding", "gzip,deflate")];
    taken(&service, &headers, zlib(&message(3))).await;
    for (number, content_type) in [(4, "application/json"), (5, "application/gelf")] {
        taken(&service, &[("content-type", content_type)], message(number)).await;
    }
    let both = [message(6), b"\n".to_vec(), message(7)].concat();
    taken(&service, &[], both).await;
    let records = found_when_stored(&service, "").await;
    let mut messages: Vec<_> = records.iter().map(|record| &record["message"]).collect();
    messages.sort_by_key(ToString::to_string);
    assert_eq!(messages, ["0", "1", "2", "3", "4", "5", "6", "7"]);
}

/// As pygelf does.
#[tokio::test(flavor = "multi_thread")]
async fn a_sender_that_closes_before_the_answer_has_sent_its_message() {
    let service = Service::builder().start().await;
    for number in 0..20 {
        let body = format!(r#"{{"short_message":"{number}"}}"#);
        let length = body.len();
        let mut sender = RawClient::connect(service.address()).await;
        let head =
            format!("POST /gelf HTTP/1.1\r\nHost: localhost\r\nContent-Length: {length}\r\n\r\n");
        sender.send(format!("{head}{body}")).await.unwrap();
        sender.close();
    }
    wait_until("the messages to be stored", PATIENCE, async || {
        found(&service, "").await.len() == 20
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_taken_is_refused_in_the_open() {
    let settings = Service::builder().env("MAX_BODY_BYTES", "64KiB");
    let service = settings.start().await;
    let large = vec![b' '; 65 * 1024];
    for (headers, body, status) in [
        (&[][..], b"{\"short_message\":\"a".to_vec(), 400),
        (&[("content-encoding", "gzip")], b"no gzip".to_vec(), 400),
        (&[("content-encoding", "br")], b"{}".to_vec(), 415),
        (&[], large, 413),
    ] {
        let reply = send(&service, headers, body).await;
        assert_eq!(reply.status, status, "{}", reply.text());
        assert_eq!(reply.json()["status"], "error");
    }
    assert_eq!(service.get("/gelf").await.status, 405);
    let settings = Service::builder().env("SPOOL_MIN_FREE_DISK", "1TiB");
    let refused = send(&settings.start().await, &[], FINE).await;
    assert_eq!(refused.status, 503, "{}", refused.text());
    assert!(seconds_to_wait(&refused) >= 1);
}
