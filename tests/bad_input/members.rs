//! Records with more members than any log has, which make them too large to be stored: set aside, within
//! bounded memory.

use serde_json::json;

use super::serves_and_holds_nothing;
use crate::support::compressed::gzip;
use crate::support::service::Service;

/// How large a body is once it is decompressed.
const DECODED: usize = 16 * 1024 * 1024;
/// What taking it may cost: that is how much room is reserved for it.
const MOST_KIB: u64 = 3 * 16 * 1024;

/// `open`, then members until the size is reached, then `close`.
fn filled(open: &str, member: impl Fn(usize) -> String, close: &str) -> Vec<u8> {
    let mut body = open.as_bytes().to_vec();
    for number in 0.. {
        body.extend_from_slice(member(number).as_bytes());
        if body.len() > DECODED {
            break;
        }
    }
    body.extend_from_slice(close.as_bytes());
    body
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_with_millions_of_members_is_set_aside_within_bounded_memory() {
    let bodies = [
        (
            "an object",
            filled(
                r#"[{"message":"m""#,
                |number| format!(r#","{number:x}":0"#),
                "}]",
            ),
        ),
        (
            "one name",
            filled(r#"[{"message":"m""#, |_| r#","":0"#.to_owned(), "}]"),
        ),
        (
            "an object within",
            filled(
                r#"[{"message":"m","a":{"b":0"#,
                |number| format!(r#","{number:x}":0"#),
                "}}]",
            ),
        ),
        (
            "an array",
            filled(r#"[{"message":"m","a":[0"#, |_| ",0".to_owned(), "]}]"),
        ),
    ];
    for (what, body) in bodies {
        let service = Service::builder().start().await;
        let before = service.peak_rss_kib();
        let headers = [
            ("content-type", "application/json"),
            ("content-encoding", "gzip"),
        ];
        let reply = service
            .post_with("/logs/batch", &headers, gzip(&body))
            .await;
        let grown = service.peak_rss_kib() - before;
        println!("{what}: the service grew by {grown} KiB");
        assert_eq!(reply.status, 200, "{}", reply.text());
        let told = reply.json();
        assert_eq!(told["setAside"], json!(1), "{told}");
        assert_eq!(told["warnings"][0]["index"], json!(0), "{told}");
        assert!(grown < MOST_KIB, "{what}: grown by {grown} KiB");
        serves_and_holds_nothing(&service).await;
    }
}
