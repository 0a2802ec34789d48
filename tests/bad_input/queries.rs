//! Requests that ask wrongly: parameters, methods, addresses, types.

use serde_json::json;

use super::{messages, refused, serves_and_holds_nothing, started};

const RECORD: &str = r#"[{"message":"m"}]"#;

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_parameter_of_a_retrieve_is_named() {
    let service = started().await;
    for (query, code, said) in [
        (
            "startTime=someday",
            "invalid_time",
            "startTime is not a time: expected one such as 2024-10-08, 2024-10-08T10:00",
        ),
        (
            "endTime=2024-10",
            "invalid_time",
            "endTime is not a time: expected one such as 2024-10-08, 2024-10-08T10:00",
        ),
        (
            "startTime=2024-02-30T00:00:00Z",
            "invalid_time",
            "startTime is not a time",
        ),
        (
            "endTime=9999-99-01T00:00:00Z",
            "invalid_time",
            "endTime is not a time: expected",
        ),
        (
            "startTime=2024-10-08T00:00:01Z&endTime=2024-10-08T00:00:00Z",
            "invalid_time_range",
            "startTime is after endTime",
        ),
        (
            "level=INFO",
            "unknown_parameter",
            "there is no parameter \"level\"",
        ),
        (
            "starttime=1",
            "unknown_parameter",
            "there is no parameter \"starttime\"",
        ),
        (
            "minLevel=INFO&minLevel=WARN",
            "repeated_parameter",
            "minLevel is given more than once",
        ),
        (
            "regex=(",
            "invalid_regex",
            "regex cannot be used: unclosed group",
        ),
        ("minLevel=loud", "invalid_level", "minLevel is no level"),
    ] {
        let reply = service.get(&format!("/logs/retrieve?{query}")).await;
        let told = refused(&reply, 400, code);
        assert!(
            told["message"].as_str().unwrap().starts_with(said),
            "{query}: {told}"
        );
    }
    serves_and_holds_nothing(&service).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_parameter_that_is_empty_or_no_text_is_named_whatever_reads() {
    let service = started().await;
    let batch = json!([{"timestamp": "2024-10-08T00:00:00Z", "message": "m"}]);
    assert_eq!(service.batch(&batch).await.status, 200);
    let context = "/logs/97fc512a811c0000706934c744beacc100000000/context";
    let filters = "startTime,endTime,logLevel,minLevel,q,regex,caseSensitive";
    for (path, own) in [
        ("/logs/retrieve", "order,limit,cursor,format,fields"),
        ("/logs/histogram", "order,interval,timeZone,offset,by"),
        ("/logs/facets", "order,fields,limit"),
        (context, "before,after"),
    ] {
        for name in filters.split(',').chain(own.split(',')) {
            for (value, said) in [
                (
                    "",
                    format!("{name} is empty: give it a value, or leave it out"),
                ),
                ("%FF", format!("parameter {name:?} is no UTF-8")),
                ("a%C3(", format!("parameter {name:?} is no UTF-8")),
            ] {
                let query = format!("{name}={value}");
                let reply = service.get(&format!("{path}?{query}")).await;
                reply.assert_refused(&query, "invalid_parameter", &said);
            }
        }
        let reply = service.get(&format!("{path}?attr.%FF")).await;
        reply.assert_refused(
            path,
            "invalid_parameter",
            "parameter \"attr.\u{fffd}\" is no",
        );
    }
    assert_eq!(service.get("/logs/retrieve?attr.k=!").await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_range_that_is_well_formed_but_holds_nothing_is_no_fault_of_the_caller() {
    let service = started().await;
    assert_eq!(
        service.batch(&json!([{ "message": "now" }])).await.status,
        200
    );
    let same = "startTime=2024-10-08T00:00:00Z&endTime=2024-10-08T00:00:00Z";
    for query in [
        same,
        "endTime=2024-10-08T00:00:00Z",
        "logLevel=no-such-level",
    ] {
        let reply = service.get(&format!("/logs/retrieve?{query}")).await;
        let told = refused(&reply, 404, "no_logs_found");
        assert_eq!(told["message"], "No logs found");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_method_is_answered_with_those_that_are_allowed() {
    let service = started().await;
    for (method, path, allowed) in [
        ("GET", "/logs/batch", &["POST"][..]),
        ("PUT", "/logs/batch", &["POST"]),
        ("DELETE", "/logs/batch", &["POST"]),
        ("POST", "/logs/retrieve", &["GET", "HEAD"]),
        ("POST", "/health", &["GET", "HEAD"]),
    ] {
        let method = reqwest::Method::from_bytes(method.as_bytes()).unwrap();
        let request = service.http().request(method.clone(), service.url(path));
        let response = request.body(RECORD).send().await.unwrap();
        assert_eq!(response.status(), 405, "{method} {path}");
        let allow = response.headers()["allow"].to_str().unwrap().to_owned();
        let mut told: Vec<&str> = allow.split(',').map(str::trim).collect();
        told.sort_unstable();
        assert_eq!(told, allowed, "{method} {path}");
        let body = response.bytes().await.unwrap();
        super::error_body(&body, "method_not_allowed");
    }
    serves_and_holds_nothing(&service).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_address_is_named_and_the_known_ones_are_told() {
    let service = started().await;
    for path in [
        "/index.html",
        "/logs",
        "/logs/batch/",
        "/Logs/retrieve",
        "/no/such%20page",
    ] {
        let told = refused(&service.get(path).await, 404, "not_found");
        let message = told["message"].as_str().unwrap();
        assert!(
            message.contains(path) && message.contains("/logs/retrieve"),
            "{told}"
        );
    }
    let reply = service.post("/log/batch", "application/json", RECORD).await;
    refused(&reply, 404, "not_found");
    serves_and_holds_nothing(&service).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_type_that_names_another_format_is_refused() {
    let service = started().await;
    for content_type in [
        "application/xml",
        "text/html; charset=utf-8",
        "multipart/form-data",
        "json",
    ] {
        let reply = service.post("/logs/batch", content_type, RECORD).await;
        let told = refused(&reply, 415, "unsupported_media_type");
        let named = content_type.split(';').next().unwrap();
        assert!(told["message"].as_str().unwrap().contains(named), "{told}");
    }
    serves_and_holds_nothing(&service).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_type_that_says_nothing_is_no_reason_to_refuse() {
    let service = started().await;
    let typed = [
        vec![],
        vec![("content-type", "text/plain")],
        vec![("content-type", "application/x-www-form-urlencoded")],
        vec![("content-type", "Application/JSON; charset=utf-8")],
    ];
    for headers in &typed {
        let reply = service.post_with("/logs/batch", headers, RECORD).await;
        assert_eq!(reply.status, 200, "{headers:?}: {}", reply.text());
    }
    assert_eq!(messages(&service).await.len(), typed.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_encoding_is_refused_by_name() {
    let service = started().await;
    for (encoding, named) in [
        ("br", "br"),
        ("compress", "compress"),
        ("gzip, gzip", "gzip, gzip"),
    ] {
        let headers = [
            ("content-type", "application/json"),
            ("content-encoding", encoding),
        ];
        let reply = service.post_with("/logs/batch", &headers, RECORD).await;
        let told = refused(&reply, 415, "unsupported_encoding");
        assert!(told["message"].as_str().unwrap().contains(named), "{told}");
    }
    serves_and_holds_nothing(&service).await;
}
