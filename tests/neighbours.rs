//! One record by its id, and its neighbours in time.

use crate::support::service::Service;
use crate::support::stores::on_each_store;
use crate::support::traffic::drained;
use serde_json::{Value, json};

/// A hundred records of two services, most of which share their time with others.
async fn filled(service: &Service) -> Vec<Value> {
    let record = |number: usize| {
        let service = ["a", "b"][number % 2];
        json!({
            "timestamp": format!("2024-10-08T00:00:{:02}Z", number / 10),
            "level": "INFO", "message": format!("m{number}"), "service": service,
        })
    };
    let records: Vec<Value> = (0..100).map(record).collect();
    assert_eq!(service.batch(&json!(records)).await.status, 200);
    drained(service).await;
    let all = service.get("/logs/retrieve").await.json();
    all.as_array().unwrap().clone()
}

on_each_store!(a_record_is_found_by_its_id, async |service| {
    let all = filled(&service).await;
    for number in [0, 1, 55, 99] {
        let id = all[number]["id"].as_str().unwrap();
        for path in [
            format!("/logs/{id}"),
            format!("/logs/{}", id.to_uppercase()),
        ] {
            let found = service.get(&path).await;
            assert_eq!(found.status, 200, "{}", found.text());
            assert_eq!(found.json(), all[number]);
        }
        // What is known without the order finds it as well.
        let plain = [&id[..16], &id[id.len() - 24..]].concat();
        for (path, pointer) in [
            (format!("/logs/{plain}"), ""),
            (format!("/logs/{plain}/context"), "/record"),
        ] {
            let found = service.get(&path).await;
            assert_eq!(found.status, 200, "{}", found.text());
            let found = found.json();
            assert_eq!(found.pointer(pointer), Some(&all[number]), "{found}");
        }
    }
    let first = all[0]["id"].as_str().unwrap();
    let of_no_batch = format!("/logs/{}{}", &first[..16], "5".repeat(24));
    let unknown = service.get(&of_no_batch).await;
    assert_eq!(unknown.json()["code"], "unknown_record");
    for (path, code) in [
        (format!("/logs/{}", "0".repeat(40)), "unknown_record"),
        (format!("/logs/{}", "f".repeat(40)), "unknown_record"),
        (
            format!("/logs/{}/context", "8".repeat(40)),
            "unknown_record",
        ),
        ("/logs/12345".to_owned(), "not_found"),
        ("/logs/%FF".to_owned(), "not_found"),
        ("/logs/%FF/context".to_owned(), "not_found"),
        ("/logs/nothing/context".to_owned(), "not_found"),
    ] {
        let reply = service.get(&path).await;
        assert_eq!(reply.status, 404);
        assert_eq!(reply.json()["code"], code, "{path}");
    }
});

on_each_store!(
    the_neighbours_of_a_record_are_those_beside_it,
    async |service| {
        let all = filled(&service).await;
        let of = |service: &str| -> Vec<Value> {
            let is_of = |row: &&Value| row["attributes"]["service"] == service;
            all.iter().filter(is_of).cloned().collect()
        };
        for number in [0, 2, 50, 98] {
            let id = all[number]["id"].as_str().unwrap();
            for (query, before, after, rows) in [
                ("", 10, 10, all.clone()),
                ("before=3&after=0", 3, 0, all.clone()),
                ("before=1000&after=1000", 1_000, 1_000, all.clone()),
                ("before=4&after=5&attr.service=a", 4, 5, of("a")),
            ] {
                let reply = service.get(&format!("/logs/{id}/context?{query}")).await;
                assert_eq!(reply.status, 200, "{}", reply.text());
                let place = rows.iter().position(|row| *row == all[number]).unwrap();
                let end = rows.len().min(place + 1 + after);
                let (earlier, later) = (
                    &rows[place.saturating_sub(before)..place],
                    &rows[place + 1..end],
                );
                assert_eq!(
                    reply.json(),
                    json!({
                        "before": earlier,
                        "record": all[number],
                        "after": later,
                        "complete": true,
                    }),
                    "{number} {query}"
                );
            }
            for (query, said) in [
                ("before=-1", "before is no whole number from 0 to 1000"),
                ("after=1&after=2", "after is given more than once"),
                (
                    "order=desc",
                    "there is no parameter \"order\": known are startTime, endTime, logLevel, minLevel, q, word, caseSensitive, regex, attr.KEY, before and after",
                ),
            ] {
                let wrong = service.get(&format!("/logs/{id}/context?{query}")).await;
                assert_eq!(
                    (wrong.status, &wrong.json()["message"]),
                    (400, &json!(said))
                );
            }
        }
    }
);
