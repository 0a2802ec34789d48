//! What is not taken, in the form of Elasticsearch.

use super::{NDJSON, TWO, assert_of_elasticsearch};
use crate::support::service::Service;

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_request_is_refused_whole_with_its_reason() {
    let settings = Service::builder().env("MAX_BODY_BYTES", "4KiB");
    let service = settings.env("MAX_DECODED_BYTES", "8KiB").start().await;
    let xml = ("content-type", "application/xml");
    let brotli = ("content-encoding", "br");
    let gzip = ("content-encoding", "gzip");
    let malformed = format!("{TWO}{{\"message\":\"no action\"}}\n");
    let large = format!("{TWO}{}", "x".repeat(5000));
    for (headers, body, status, reason) in [
        (
            &[NDJSON][..],
            malformed.as_str(),
            400,
            "malformed action line 5",
        ),
        (&[NDJSON, gzip], TWO, 400, "cannot be decompressed"),
        (&[NDJSON], &large, 413, "larger than 4096 bytes"),
        (&[xml], TWO, 415, "application/xml"),
        (&[NDJSON, brotli], TWO, 415, "br"),
    ] {
        let reply = service.post_with("/_bulk", headers, body).await;
        assert_of_elasticsearch(&reply);
        let told = reply.json();
        assert_eq!(
            (reply.status, &told["status"]),
            (status, &status.into()),
            "{told}"
        );
        let kind = match status {
            400 => "illegal_argument_exception",
            413 => "content_too_long_exception",
            _ => "media_type_header_exception",
        };
        assert_eq!(told["error"]["type"], kind);
        assert_eq!(told["error"]["root_cause"][0]["type"], kind);
        let said = told["error"]["reason"].as_str().unwrap();
        assert!(said.contains(reason), "{said}");
    }
    let reply = service.get("/app/_bulk").await;
    assert_of_elasticsearch(&reply);
    assert_eq!(
        (reply.status, reply.json()["status"].as_u64()),
        (405, Some(405))
    );
    assert!(reply.header("allow").unwrap().contains("PUT"));
    assert_eq!(service.get("/logs/retrieve").await.status, 404);
}

/// Some senders repeat nothing but a 429, and others no answer without items.
#[tokio::test(flavor = "multi_thread")]
async fn overload_refuses_the_whole_request_in_the_form_that_senders_repeat() {
    let settings = Service::builder().env("SPOOL_MIN_FREE_DISK", "1TiB");
    let service = settings.start().await;
    for path in ["/_bulk", "/app/_bulk", "/elasticsearch/_bulk"] {
        let reply = service.post_with(path, &[NDJSON], TWO).await;
        assert_eq!(reply.status, 429);
        assert_of_elasticsearch(&reply);
        let seconds = reply.header("retry-after").unwrap();
        assert!(seconds.parse::<u64>().unwrap() > 0);
        let text = reply.text();
        let start = "{\"took\":0,\"errors\":true,\"items\":[],\
                     \"error\":{\"type\":\"es_rejected_execution_exception\",\"reason\":\"";
        assert!(
            text.starts_with(start) && text.ends_with("},\"status\":429}"),
            "{text}"
        );
    }
}
