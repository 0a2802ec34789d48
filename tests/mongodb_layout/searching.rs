//! What the server looks at to find records.

use super::{note_anew, place, rows, service_on};
use bson::{Document, doc};
use mongodb::Database;
use serde_json::json;

/// What the server noted about the service's last `find`.
async fn last_find(database: &Database) -> Document {
    // Unlike that for a page, a look at the collection asks for no order.
    let filter = doc! { "command.find": "logs", "command.sort": { "$exists": true } };
    let finds = doc! {
        "find": "system.profile", "filter": filter,
        "sort": { "$natural": -1 }, "limit": 1,
    };
    rows(database, finds).await.remove(0)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_level_and_a_range_of_time_are_found_without_reading_the_rest() {
    let (uri, name, database) = place("a_level_is_found_without_reading_the_rest").await;
    let service = service_on(&uri, &name).await;
    let record = |number: usize| {
        let level = ["WARN", "ERROR", "INFO"][(number % 1000).min(2)];
        let (second, milli) = (number / 1000, number % 1000);
        json!({"timestamp": format!("2024-10-08T00:00:{second:02}.{milli:03}Z"), "level": level, "message": "m", "n": 7})
    };
    let batch = json!((0..20_000).map(record).collect::<Vec<_>>());
    assert_eq!(service.batch(&batch).await.status, 200);
    database.run_command(doc! { "profile": 2 }).await.unwrap();

    for (filter, rows) in [
        ("logLevel=WARN", 20),
        ("logLevel=warning&order=desc", 20),
        ("logLevel=ERROR", 20),
        ("logLevel=ERROR,WARN&order=desc", 40),
        ("minLevel=WARN", 40),
        ("minLevel=WARN&q=M&attr.n=7&order=desc", 40),
    ] {
        let found = service.get(&format!("/logs/retrieve?{filter}")).await;
        assert_eq!(
            found.json().as_array().map(Vec::len),
            Some(rows),
            "{filter}"
        );
        let find = last_find(&database).await;
        let plan = find.get_str("planSummary").unwrap();
        assert!(plan.contains("IXSCAN { severity: 1, _id: 1 }"), "{plan}");
        assert!(find.get_i32("docsExamined").unwrap() <= 40, "{find}");
        // One key more for each severity that is merged.
        assert!(find.get_i32("keysExamined").unwrap() <= 60, "{find}");
        assert!(!find.contains_key("hasSortStage"), "{find}");
    }

    let second = "startTime=2024-10-08T00:00:07Z&endTime=2024-10-08T00:00:08Z";
    for (filter, rows) in [("", 1000), ("&logLevel=INFO", 998)] {
        let found = service
            .get(&format!("/logs/retrieve?{second}{filter}"))
            .await;
        assert_eq!(found.json().as_array().map(Vec::len), Some(rows));
        let find = last_find(&database).await;
        assert!(find.get_i32("docsExamined").unwrap() <= 1002, "{find}");
        assert!(!find.contains_key("hasSortStage"), "{find}");
    }
}

/// Sums over all that the server noted about the service's finds and what it fetched for them.
async fn returned(database: &Database) -> i32 {
    let filter =
        doc! { "ns": format!("{}.logs", database.name()), "op": { "$in": ["query", "getmore"] } };
    let finds = doc! { "find": "system.profile", "filter": filter };
    let noted = rows(database, finds).await;
    noted
        .iter()
        .map(|find| find.get_i32("nreturned").unwrap())
        .sum()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_no_index_serves_is_left_out_by_the_server_in_either_order() {
    let (uri, name, database) = place("what_no_index_serves").await;
    let service = service_on(&uri, &name).await;
    let record = |number: usize| {
        let (second, milli) = (number / 1000, number % 1000);
        let message = if number == 7_000 { "a Needle" } else { "hay" };
        json!({
            "timestamp": format!("2024-10-08T00:00:{second:02}.{milli:03}Z"), "level": "INFO",
            "message": message, "n": number, "host": format!("h{number}"),
            "http": { "status": number }, "rpc.code": number,
        })
    };
    let batch = json!((0..20_000).map(record).collect::<Vec<_>>());
    assert_eq!(service.batch(&batch).await.status, 200);
    let range = "startTime=2024-10-08T00:00:05Z&endTime=2024-10-08T00:00:15Z";
    for filter in [
        "q=needle",
        "q=Needle&caseSensitive=true",
        "attr.n=7000",
        "attr.host=h7000",
        "attr.http.status=7000",
        "attr.rpc.code=7000",
    ] {
        for order in ["asc", "desc"] {
            note_anew(&database).await;
            let found = service
                .get(&format!("/logs/retrieve?{range}&{filter}&order={order}"))
                .await;
            assert_eq!(found.json().as_array().map(Vec::len), Some(1), "{filter}");
            let find = last_find(&database).await;
            assert!(!find.contains_key("hasSortStage"), "{find}");
            // The range has 10,000 documents: many more than those would be a scan of the collection.
            assert!(find.get_i32("docsExamined").unwrap() <= 10_010, "{find}");
            // Some that do not match come as signs of progress.
            let returned = returned(&database).await;
            assert!(
                (1..=400).contains(&returned),
                "{filter} {order}: {returned}"
            );
        }
    }
}
