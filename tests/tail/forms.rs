//! The forms of a tail, and what it says besides records.

use super::{STORES, records, store};
use crate::support::stores::Backend;
use crate::support::tail::{Tail, ask};
use serde_json::Value;

#[tokio::test(flavor = "multi_thread")]
async fn as_lines_each_is_a_record_or_says_what_it_is_and_where_one_goes_on() {
    for backend in STORES {
        let settings = backend.builder("tail_lines").await;
        let service = settings.env("TAIL_HEARTBEAT", "1s").start().await;
        let accept = ("accept", "application/x-ndjson");
        let mut response = ask(&service, "", &[accept]).await;
        assert_eq!(response.headers()["content-type"], "application/x-ndjson");
        let mut text = String::new();
        let mut positions = Vec::new();
        let mut stored = 0;
        // One after another, and after each one a position that leads to those behind it.
        while positions.len() < 3 {
            let chunk = response.chunk().await.unwrap().expect("it goes on");
            text.push_str(std::str::from_utf8(&chunk).unwrap());
            while let Some((line, rest)) = text.split_once('\n') {
                let line: Value = serde_json::from_str(line).unwrap();
                match line["event"].as_str() {
                    Some("position") => {
                        positions.push(line["id"].as_str().unwrap().to_owned());
                        store(&service, &records(&format!("r{stored}-"), 1)).await;
                        stored += 1;
                    }
                    Some("heartbeat") => assert!(line["id"].is_string()),
                    Some(other) => panic!("{other}"),
                    None => assert_eq!(line["message"], format!("r{}- 0", stored - 1)),
                }
                text = rest.to_owned();
            }
        }
        let again = format!("after={}&format=ndjson", positions[1]);
        let mut response = ask(&service, &again, &[]).await;
        let mut text = String::new();
        while !text.contains("r2- 0") {
            let chunk = response.chunk().await.unwrap().expect("it goes on");
            text.push_str(std::str::from_utf8(&chunk).unwrap());
        }
        assert!(text.contains("r1- 0") && !text.contains("r0- 0"), "{text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tail_with_nothing_to_tell_gives_signs_of_life_that_say_where_it_is() {
    let settings = Backend::Blocks.builder("tail_heartbeat").await;
    let service = settings.env("TAIL_HEARTBEAT", "1s").start().await;
    let mut tail = Tail::open(&service, "q=nothing").await;
    let first = tail.last.clone();
    store(&service, &records("other", 3)).await;
    let mut beats = Vec::new();
    while beats.len() < 2 || tail.last == first {
        let event = tail.next().await.unwrap();
        assert_eq!(
            (event.data, event.comment.as_deref()),
            (None, Some("heartbeat"))
        );
        beats.push(event.id.unwrap());
    }
    // Behind what does not match nothing is looked for again.
    let mut again = Tail::resume(&service, "q=nothing", &beats[beats.len() - 1]).await;
    store(&service, &records("nothing", 1)).await;
    assert_eq!(again.messages(1).await, ["nothing 0"]);
    assert_eq!(tail.messages(1).await, ["nothing 0"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn while_the_store_cannot_be_read_it_is_told_once_and_goes_on_when_it_can() {
    let settings = Backend::Blocks.builder("tail_waiting").await;
    let service = settings.env("TAIL_HEARTBEAT", "1s").start().await;
    let mut tail = Tail::open(&service, "").await;
    let set = async |action: &str| {
        let path = format!("/operate/breakers/read/{action}");
        assert_eq!(service.post(&path, "text/plain", "").await.status, 200);
    };
    set("open").await;
    store(&service, &records("one", 5)).await;
    let event = tail.event().await;
    assert_eq!(
        (&*event.name, &*event.json()["reason"].to_string()),
        ("waiting", "\"store_unavailable\"")
    );
    for _ in 0..2 {
        assert_eq!(
            tail.next().await.unwrap().data,
            None,
            "it gives signs of life"
        );
    }
    set("release").await;
    assert_eq!(tail.messages(5).await.len(), 5);
}
