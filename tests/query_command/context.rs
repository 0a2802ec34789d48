//! `--context`: what is shown around each match, as `grep -C` would show it of all records.

use serde_json::{Value, json};

use super::{query, store};
use crate::support::scripted::{Action, Scripted};
use crate::support::stores::on_each_store;

/// What `grep -C count` shows of these lines.
fn grep(lines: &[String], count: usize, is_match: impl Fn(&str) -> bool) -> String {
    let places: Vec<usize> = (0..lines.len())
        .filter(|place| is_match(&lines[*place]))
        .collect();
    let mut out = String::new();
    let mut last: Option<usize> = None;
    for (place, line) in lines.iter().enumerate() {
        if places.iter().all(|found| found.abs_diff(place) > count) {
            continue;
        }
        if last.is_some_and(|last| last + 1 < place) {
            out += "--\n";
        }
        out += line;
        out.push('\n');
        last = Some(place);
    }
    out
}

on_each_store!(
    neighbours_are_shown_once_and_groups_are_parted,
    async |service| {
        // Ties, two services, matches that touch, that overlap, and at both ends.
        let record = |number: usize| {
            let is_match = [0, 7, 8, 14, 17, 30, 59].contains(&number);
            let word = if is_match { "boom" } else { "fine" };
            let service = ["a", "b"][number % 2];
            json!({
                "timestamp": format!("2024-10-08T00:00:{:02}Z", number / 4), "level": "INFO",
                "message": format!("{word} {number}"), "service": service,
            })
        };
        let records: Vec<Value> = (0..60).map(record).collect();
        store(&service, &json!(records)).await;
        let url = service.url("");
        for order in ["asc", "desc"] {
            for (count, filter) in [("1", ""), ("2", ""), ("3", "service=b"), ("60", "")] {
                let mut flags = vec!["--order", order];
                if !filter.is_empty() {
                    flags.extend(["--attr", filter]);
                }
                let all = query(&url, &flags).await;
                let lines: Vec<String> = all.stdout.lines().map(str::to_owned).collect();
                flags.extend(["-q", "boom"]);
                let limits = [&["-C", count][..], &["-C", count, "-n", "100"]];
                for limit in limits {
                    let flags = [&flags[..], limit].concat();
                    let shown = query(&url, &flags).await;
                    let count = count.parse().unwrap();
                    let expected = grep(&lines, count, |line| line.contains("boom"));
                    assert_eq!((shown.code, shown.stdout), (0, expected), "{flags:?}");
                }
            }
        }
        let json = query(
            &url,
            &["-q", "boom 7", "-C", "1", "-o", "json", "--color", "always"],
        )
        .await;
        let messages: Vec<Value> = json
            .records()
            .iter()
            .map(|row| row["message"].clone())
            .collect();
        assert_eq!(messages, ["fine 6", "boom 7", "boom 8"]);
    }
);

#[tokio::test(flavor = "multi_thread")]
async fn neighbours_that_were_not_all_found_are_told() {
    let id = "97fc512a811c0000706934c744beacc100000000";
    let record = format!(r#"{{"id":"{id}","timestamp":"2024-10-08T00:00:00Z","message":"m"}}"#);
    let server = Scripted::start(move |number| {
        let context = format!(r#"{{"before":[],"record":{record},"after":[],"complete":false}}"#);
        let (form, body) = match number {
            0 => ("application/x-ndjson", format!("{record}\n")),
            _ => ("application/json", context),
        };
        Action::Answer(200, vec![("content-type", form.to_owned())], body)
    })
    .await;
    let ended = query(&server.url(), &["-C", "2"]).await;
    assert_eq!(ended.code, 1, "{ended:?}");
    assert_eq!(ended.stdout, "2024-10-08T00:00:00Z -       m\n");
    assert!(
        ended
            .stderr
            .starts_with("error: not all neighbours of some records"),
        "{ended:?}"
    );
    let asked = server.requests()[1].head.clone();
    assert!(
        asked.starts_with(&format!("get /logs/{id}/context?before=3&after=2 ")),
        "{asked}"
    );
}
