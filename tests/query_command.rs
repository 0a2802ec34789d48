//! `aggregator query` as a user runs it: the real program against the real service.

mod context;
mod endings;
mod failures;

use crate::support::query::query;
use crate::support::service::Service;
use crate::support::stores::{Backend, on_each_store};
use crate::support::traffic::{drained, fill};
use serde_json::{Value, json};

/// The messages that are found, in order.
async fn found(service: &Service, flags: &[&str]) -> Vec<String> {
    let flags = [flags, &["--output", "json"]].concat();
    let records = query(&service.url(""), &flags).await.records();
    let message = |record: &Value| record["message"].as_str().unwrap().to_owned();
    records.iter().map(message).collect()
}

async fn store(service: &Service, records: &Value) {
    assert_eq!(service.batch(records).await.status, 200);
    drained(service).await;
}

on_each_store!(each_flag_finds_what_its_filter_finds, async |service| {
    let [database, login, memory, closed] = [
        "Database connection failed",
        "User login successful",
        "High memory usage",
        "connection closed",
    ];
    let records = json!([
        {"timestamp": "2024-10-08T00:00:00Z", "level": "ERROR", "message": database, "service": "orders", "http": {"status": 500}},
        {"timestamp": "2024-10-08T01:00:00Z", "level": "INFO", "message": login, "service": "login"},
        {"timestamp": "2024-10-08T02:00:00Z", "level": "WARNING", "message": memory, "http.status": 500},
        {"timestamp": "2024-10-08T03:00:00Z", "level": "DEBUG", "message": closed},
    ]);
    store(&service, &records).await;
    for (flags, expected) in [
        (&[][..], vec![database, login, memory, closed]),
        (&["--order", "desc", "-n", "2"], vec![closed, memory]),
        (&["--level", "error,warn"], vec![database, memory]),
        (
            &["--level", "error", "--level", "debug"],
            vec![database, closed],
        ),
        (&["--min-level", "warn"], vec![database, memory]),
        (&["-q", "CONNECTION", "--contains", "fail"], vec![database]),
        (&["-q", "Connection", "--case-sensitive"], vec![]),
        (
            &["--word", "user login", "--word", "Successful"],
            vec![login],
        ),
        (&["--word", "use"], vec![]),
        (&["--word", "CONNECTION", "--case-sensitive"], vec![]),
        (&["--regex", "(?i)^.{4} login|usage$"], vec![login, memory]),
        (&["--attr", "service=orders"], vec![database]),
        (
            &["--attr", "service=!orders", "--attr", "service"],
            vec![login],
        ),
        (&["--attr", "http.status=500"], vec![database, memory]),
        (
            &["--since", "2024-10-08T01:00:00Z", "--until", "1728356400"],
            vec![login, memory],
        ),
        (
            &["--since", "2024-10-08T01:00", "--until", "2024-10-08 03:00"],
            vec![login, memory],
        ),
        (&["--since", "2024-10-08", "-n1"], vec![database]),
        (&["--until", "2024-10-08"], vec![]),
        (&["--until", "yesterday", "-n1"], vec![database]),
        (&["--attr", "attributes.service=orders"], vec![database]),
        (
            &["--attr", "attr.service=login", "--order", "DESC"],
            vec![login],
        ),
        (
            &["--since", "-400y", "--until", "9999-12-31T23:59:59Z", "-n1"],
            vec![database],
        ),
        (&["--since", "9999-12-31"], vec![]),
        (&["--since", "-15m"], vec![]),
        (&["--since", "today"], vec![]),
        (&["--end", "now-1h", "--start=0", "-n1"], vec![database]),
    ] {
        assert_eq!(found(&service, flags).await, expected, "{flags:?}");
    }
});

on_each_store!(any_value_can_be_given_in_quotes, async |service| {
    let records = json!([
        {"timestamp": "2024-10-08T00:00:00Z", "level": "a,b", "message": "empty", "v": ""},
        {"timestamp": "2024-10-08T01:00:00Z", "level": "a", "message": "not", "v": "!x"},
        {"timestamp": "2024-10-08T02:00:00Z", "level": "b", "message": "quotes", "v": "say \"x\""},
        {"timestamp": "2024-10-08T03:00:00Z", "message": "none"},
    ]);
    store(&service, &records).await;
    for (flags, expected) in [
        (["--attr", r#"v="""#], &["empty"][..]),
        (["--attr", r#"v="!x""#], &["not"]),
        (["--attr", r#"v=!"!x""#], &["empty", "quotes", "none"]),
        (["--attr", r#"v="say \"x\"""#], &["quotes"]),
        (["--attr", "v=say \"x\""], &["quotes"]),
        (["--level", r#""A,b""#], &["empty"]),
        (["--level", "A,b"], &["not", "quotes"]),
    ] {
        assert_eq!(found(&service, &flags).await, expected, "{flags:?}");
    }
    let refused = query(&service.url(""), &["--attr", "v=\"x"]).await;
    assert_eq!((refused.code, refused.stdout.as_str()), (2, ""));
    assert!(
        refused
            .stderr
            .contains("--attr has \"\\\"x\", which begins with a quote"),
        "{refused:?}"
    );
});

on_each_store!(each_form_shows_the_same_records, async |service| {
    let records = json!([
        {"timestamp": "2024-10-08T02:00:00+02:00", "level": "ERROR", "message": "failed", "service": "orders", "http": {"status": 500}},
        {"timestamp": "2024-10-08T01:00:00.5Z", "level": "WARN", "message": "boom\n\tat a.B, line 1", "text": "two words"},
    ]);
    store(&service, &records).await;
    let url = service.url("/");
    let text = query(&url, &[]).await;
    assert_eq!(
        (text.code, text.stdout.as_str(), text.stderr.as_str()),
        (
            0,
            "2024-10-08T00:00:00Z ERROR   failed  http.status=500 service=orders\n\
             2024-10-08T01:00:00.500Z WARN    boom\n    |     at a.B, line 1  text=\"two words\"\n",
            ""
        )
    );
    let colored = query(&url, &["--color", "always", "--level", "ERROR"]).await;
    assert!(
        colored.stdout.contains("\u{1b}[31mERROR\u{1b}[0m   failed"),
        "{colored:?}"
    );
    let json = query(&url, &["-o", "json"]).await;
    let answered = service.get("/logs/retrieve?format=ndjson").await.text();
    assert_eq!((json.code, json.stdout), (0, answered));
    let csv = query(&url, &["-o", "csv", "--fields", "level,message"]).await;
    let path = "/logs/retrieve?format=csv&fields=level,message";
    assert_eq!((csv.code, csv.stdout), (0, service.get(path).await.text()));
    for (form, expected) in [("text", ""), ("json", ""), ("csv", "message\r\n")] {
        let mut flags = vec!["-q", "absent", "-o", form];
        if form == "csv" {
            flags.extend(["--fields", "message"]);
        }
        let nothing = query(&url, &flags).await;
        assert_eq!((nothing.code, nothing.stdout.as_str()), (0, expected));
        assert_eq!(nothing.stderr, "nothing was found\n");
    }
});

on_each_store!(
    a_level_that_nobody_uses_is_told_beside_those_that_there_are,
    async |service| {
        let records = json!([
            {"timestamp": "2024-10-08T00:00:00Z", "level": "ERROR", "message": "failed"},
            {"timestamp": "2024-10-08T01:00:00Z", "level": "audit", "message": "logged in"},
            {"message": "without a level"},
        ]);
        store(&service, &records).await;
        for (flags, rows, said) in [
            (&["--level", "ERROR,Audit"][..], 2, ""),
            (
                &["--level", "ERRROR"],
                0,
                "nothing was found: no record has the level \"ERRROR\": there are ERROR, audit\n",
            ),
            (
                &["--level", "ERRROR", "--level", "audit"],
                1,
                "no record has the level \"ERRROR\": there are ERROR, audit\n",
            ),
            (
                &["--level", "fatal", "--until", "2024-10-08T00:30"],
                0,
                "nothing was found: no record of that time has the level \"fatal\": there are ERROR\n",
            ),
            (
                &["--level", "ERROR", "-q", "absent"],
                0,
                "nothing was found\n",
            ),
        ] {
            let ended = query(&service.url(""), flags).await;
            assert_eq!(ended.code, 0, "{ended:?}");
            assert_eq!(ended.stdout.lines().count(), rows, "{ended:?}");
            assert_eq!(ended.stderr, said, "{flags:?}");
        }
    }
);

#[tokio::test(flavor = "multi_thread")]
async fn a_limit_of_more_than_a_page_follows_the_cursors() {
    let service = Backend::Sqlite.start("query_limit").await;
    fill(&service, 13).await;
    drained(&service).await;
    let url = service.url("");
    for order in ["asc", "desc"] {
        let flags = ["-n", "12000", "--order", order];
        let rows = query(&url, &[&flags[..], &["-o", "json"]].concat()).await;
        let rows = rows.records();
        let ids: Vec<&str> = rows.iter().map(|row| row["id"].as_str().unwrap()).collect();
        let in_order = |a: &&str, b: &&str| if order == "asc" { a < b } else { a > b };
        assert!(ids.is_sorted_by(in_order), "in order and none twice");
        assert_eq!(rows.len(), 12_000);
        let csv = query(
            &url,
            &[&flags[..], &["-o", "csv", "--fields", "id"]].concat(),
        )
        .await;
        let lines: Vec<&str> = csv.stdout.lines().collect();
        assert_eq!((lines[0], &lines[1..]), ("id", &ids[..]));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_search_that_takes_long_goes_on_and_says_so() {
    let settings = Service::builder().env("QUERY_MAX_TIME", "1ms");
    let service = settings.start().await;
    fill(&service, 40).await;
    drained(&service).await;
    let mut flags = vec!["--limit", "10", "--regex", "^39998 "];
    for _ in 0..5 {
        flags.extend(["--regex", "^(?s:.)*$"]);
    }
    let ended = query(&service.url(""), &flags).await;
    assert_eq!(ended.code, 0, "{ended:?}");
    assert_eq!(ended.stdout.lines().count(), 1);
    assert_eq!(
        ended.stderr,
        "the service has looked for as long as it does for one answer; asking it to go on\n"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_in_a_record_reaches_the_terminal_as_a_command() {
    let service = Backend::Sqlite.start("query_harmless").await;
    let wild = "\u{1b}]0;owned\u{7}\u{1b}[2J \u{9b}31m \u{8}\u{7f} \u{202e}txt\r\n2024-10-08T00:00:00Z INFO fake";
    let records = json!([{"timestamp": "2024-10-08T00:00:00Z", "level": wild, "message": wild, "k\u{1b}": [wild], "v": wild}]);
    store(&service, &records).await;
    let url = service.url("");
    for flags in [&[][..], &["--context", "1"]] {
        let text = query(&url, flags).await;
        assert_eq!(text.code, 0, "{text:?}");
        let is_harmless = |character: char| {
            character == '\n' || !(character.is_control() || character == '\u{202e}')
        };
        assert!(text.stdout.chars().all(is_harmless), "{:?}", text.stdout);
        let lines: Vec<&str> = text.stdout.lines().collect();
        assert_eq!(lines.len(), 2, "{lines:?}");
        assert!(lines[1].starts_with("    | 2024-10-08T00:00:00Z INFO fake"));
        let json = query(&url, &[flags, &["-o", "json"]].concat()).await;
        assert!(json.stdout.chars().all(is_harmless), "{:?}", json.stdout);
        assert_eq!(json.records()[0]["message"], wild);
        if flags.is_empty() {
            // Without a terminal, but many a pipe ends at one.
            let csv = query(&url, &["-o", "csv"]).await;
            let is_harmless =
                |character: char| matches!(character, '\r' | '\n') || !character.is_control();
            assert!(csv.stdout.chars().all(is_harmless), "{:?}", csv.stdout);
            assert!(csv.stdout.contains("\\x1b[2J"), "{:?}", csv.stdout);
        }
    }
}
