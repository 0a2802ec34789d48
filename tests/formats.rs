//! The forms of an answer: which one is given, what stands in it, and how it is compressed.

use std::io::Read as _;
use std::time::Duration;

use crate::support::http::Reply;
use crate::support::raw::RawClient;
use crate::support::service::Service;
use crate::support::stores::{Backend, on_each_store};
use crate::support::traffic::{drained, fill};
use serde_json::{Value, json};

const PATIENCE: Duration = Duration::from_secs(30);

async fn get(service: &Service, query: &str, headers: &[(&str, &str)]) -> Reply {
    let url = service.url(&format!("/logs/retrieve?{query}"));
    let mut request = service.http().get(url);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let response = request.send().await.unwrap();
    Reply {
        status: response.status().as_u16(),
        headers: response.headers().clone(),
        body: response.bytes().await.unwrap().to_vec(),
    }
}

fn unpacked(reply: &Reply) -> Vec<u8> {
    let mut out = Vec::new();
    match reply.header("content-encoding") {
        None => out.clone_from(&reply.body),
        Some("gzip") => {
            let mut decoder = flate2::read::GzDecoder::new(reply.body.as_slice());
            decoder.read_to_end(&mut out).unwrap();
        }
        Some("zstd") => out = zstd::decode_all(reply.body.as_slice()).unwrap(),
        Some(other) => panic!("{other}"),
    }
    out
}

on_each_store!(each_form_holds_the_same_records, async |service| {
    let records = json!([
        {"timestamp": "2024-10-08T00:00:00Z", "level": "ERROR", "message": "=cmd|' /C calc'!A0", "service": "a \"b\"", "n": -7},
        {"timestamp": "2024-10-08T01:00:00Z", "message": "two\r\nlines, one cell", "service": " \t=1", "http": {"status": 500}},
    ]);
    assert_eq!(service.batch(&records).await.status, 200);
    drained(&service).await;
    let array = get(&service, "", &[]).await;
    assert_eq!(array.header("content-type"), Some("application/json"));
    let array = array.json();

    for (query, accept) in [
        ("format=ndjson", "*/*"),
        ("", "application/x-ndjson"),
        ("limit=5", "application/jsonl"),
    ] {
        let lines = get(&service, query, &[("accept", accept)]).await;
        assert_eq!(lines.header("content-type"), Some("application/x-ndjson"));
        assert_eq!(lines.header("vary"), Some("accept, accept-encoding"));
        let lines: Vec<Value> = lines
            .text()
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        assert_eq!(json!(lines), array, "{query} {accept}");
    }

    let csv = get(
        &service,
        "fields=timestamp,level,message,attr.service,attr.n,attr.http.status",
        &[("accept", "text/csv")],
    )
    .await;
    assert_eq!(
        csv.header("content-type"),
        Some("text/csv; charset=utf-8; header=present")
    );
    assert_eq!(
        csv.text(),
        "timestamp,level,message,attr.service,attr.n,attr.http.status\r\n\
         2024-10-08T00:00:00Z,ERROR,\"'=cmd|' /C calc'!A0\",\"a \"\"b\"\"\",-7,\r\n\
         2024-10-08T01:00:00Z,,\"two\r\nlines, one cell\",\"' \t=1\",,500\r\n"
    );
    let whole = get(&service, "format=csv&limit=1", &[]).await;
    assert!(
        whole
            .text()
            .starts_with("id,timestamp,level,message,attributes\r\n"),
        "{}",
        whole.text()
    );
    assert!(
        whole
            .header("link")
            .unwrap()
            .contains("format=csv&limit=1&cursor=")
    );
});

on_each_store!(
    nothing_found_is_an_error_only_of_the_json_array,
    async |service| {
        assert_eq!(service.batch(&json!([{"message": "m"}])).await.status, 200);
        drained(&service).await;
        for limit in ["", "&limit=10"] {
            for (format, status, body) in [
                ("json", 404, None),
                ("ndjson", 200, Some("")),
                ("csv&fields=id,message", 200, Some("id,message\r\n")),
            ] {
                let reply = get(&service, &format!("q=absent{limit}&format={format}"), &[]).await;
                assert_eq!(reply.status, status, "{format}");
                assert!(
                    body.is_none_or(|body| reply.text() == body),
                    "{format}: {}",
                    reply.text()
                );
            }
        }
        for (query, said) in [
            ("format=xml", "format is not json, ndjson or csv"),
            ("fields=id", "fields is for format=csv alone"),
            ("format=csv&fields=nmae", "fields has no column \"nmae\""),
            ("format=csv&fields=id,level,id", "fields names \"id\" twice"),
        ] {
            let reply = get(&service, query, &[]).await;
            assert_eq!(reply.status, 400);
            let told = reply.json();
            assert!(
                told["message"].as_str().unwrap().starts_with(said),
                "{told}"
            );
        }
    }
);

on_each_store!(
    an_answer_is_compressed_as_the_reader_likes_it,
    async |service| {
        fill(&service, 3).await;
        drained(&service).await;
        let plain = get(&service, "", &[]).await;
        assert_eq!(plain.header("content-encoding"), None);
        for (wish, expected) in [
            ("gzip", Some("gzip")),
            ("zstd", Some("zstd")),
            ("gzip, deflate, br, zstd", Some("zstd")),
            ("gzip;q=1.0, zstd;q=0.5", Some("gzip")),
            ("*", Some("zstd")),
            ("gzip, identity", Some("gzip")),
            ("identity, gzip;q=0.5", None),
            ("gzip;q=0.5, identity;q=0.4, zstd;q=0.3", Some("gzip")),
            ("identity;q=0.5, *;q=0.1", None),
            ("br", None),
            ("identity", None),
            ("gzip;q=0", None),
        ] {
            for query in ["", "limit=3000"] {
                let reply = get(&service, query, &[("accept-encoding", wish)]).await;
                assert_eq!(reply.header("content-encoding"), expected, "{wish}");
                assert!(unpacked(&reply) == plain.body, "{wish} {query}");
                assert!(expected.is_none() || reply.body.len() < plain.body.len() / 10);
            }
        }
    }
);

/// More thousands of records than fit between the service and its reader, packed or not.
const BATCHES: u64 = 40;

/// A record that does not get much smaller.
fn noise(seed: u64) -> Value {
    let parts = (0..16_u64).map(|part| {
        let bytes = [seed.to_le_bytes(), part.to_le_bytes()].concat();
        blake3::hash(&bytes).to_hex().to_string()
    });
    let message: String = parts.collect();
    json!({"timestamp": "2024-10-08T00:00:00Z", "message": message})
}

/// A service with an answer that is too long to be taken at once.
async fn with_a_long_answer() -> Service {
    let settings = Backend::Sqlite.builder("cut_off").await;
    let settings = settings.env("SHUTDOWN_TIMEOUT", "1s");
    let service = settings.env("READER_TIMEOUT", "60s").start().await;
    for batch in 0..BATCHES {
        let records: Vec<Value> = (0..1_000)
            .map(|number| noise(batch * 1_000 + number))
            .collect();
        assert_eq!(service.batch(&json!(records)).await.status, 200);
    }
    drained(&service).await;
    service
}

/// The service is killed half-way; the reader must not be able to take what came for all.
async fn cut_off(form: &str, encoding: &str) {
    let service = with_a_long_answer().await;
    let url = service.url(&format!("/logs/retrieve?format={form}"));
    let request = service.http().get(url).header("accept-encoding", encoding);
    let mut response = request.send().await.unwrap();
    assert_eq!(response.status(), 200);
    let first = response.chunk().await.unwrap();
    assert!(first.is_some_and(|chunk| !chunk.is_empty()));
    service.kill();
    let end = loop {
        match response.chunk().await {
            Ok(Some(_)) => {}
            other => break other,
        }
    };
    assert!(
        end.is_err(),
        "{form} {encoding}: an answer that was cut off looks whole"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_is_cut_off_never_looks_whole() {
    for (form, encoding) in [("ndjson", "identity"), ("json", "gzip"), ("csv", "zstd")] {
        cut_off(form, encoding).await;
    }
}

/// Answers of HTTP/1.0 have no chunks: the end of the connection is the end of the answer.
#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_is_cut_off_does_not_look_whole_to_a_reader_of_http_1_0_either() {
    let service = with_a_long_answer().await;
    for (path, form) in [("limit=5", "ndjson"), ("limit=3", "csv"), ("", "ndjson")] {
        let mut reader = RawClient::connect(service.address()).await;
        let request = format!("GET /logs/retrieve?{path}&format={form} HTTP/1.0\r\n\r\n");
        reader.send(request).await.unwrap();
        let reply = reader.read_response(PATIENCE).await;
        assert!(reply.complete && reply.status == 200, "{path} {form}");
        assert_eq!(reply.header("transfer-encoding"), None);
    }
    for end in ["KILL", "TERM"] {
        let mut readers = Vec::new();
        for form in ["ndjson", "csv"] {
            let mut reader = RawClient::connect_slow(service.address(), 16 * 1024).await;
            let request = format!("GET /logs/retrieve?format={form} HTTP/1.0\r\n\r\n");
            reader.send(request).await.unwrap();
            assert!(reader.answered_within(PATIENCE).await);
            readers.push(reader);
        }
        service.signal(end);
        service.wait_exit(PATIENCE).await;
        for mut reader in readers {
            let reply = reader.read_response(PATIENCE).await;
            assert!(
                !reply.complete,
                "{end}: an answer that was cut off looks whole"
            );
        }
        service.restart().await;
    }
}
