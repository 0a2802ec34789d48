//! What the server looks at to count.

use super::{note_anew, place, rows, service_on};
use bson::{Document, doc};
use mongodb::Database;
use serde_json::json;

/// What the server noted about the service's aggregations since the last call.
async fn aggregations(database: &Database) -> Vec<Document> {
    // At its start it counts what is not served, and says so.
    let filter = doc! { "command.aggregate": "logs", "command.comment": { "$exists": false } };
    let noted = doc! { "find": "system.profile", "filter": filter };
    let noted = rows(database, noted).await;
    note_anew(database).await;
    noted
}

#[tokio::test(flavor = "multi_thread")]
async fn counting_reads_the_range_alone_and_rare_levels_through_their_index() {
    let (uri, name, database) = place("counting_reads_the_range_alone").await;
    let service = service_on(&uri, &name).await;
    let record = |number: usize| {
        let level = ["WARN", "ERROR", "INFO"][(number % 1000).min(2)];
        let (second, milli) = (number / 1000, number % 1000);
        json!({"timestamp": format!("2024-10-08T00:00:{second:02}.{milli:03}Z"), "level": level, "message": "m"})
    };
    let batch = json!((0..20_000).map(record).collect::<Vec<_>>());
    assert_eq!(service.batch(&batch).await.status, 200);
    aggregations(&database).await;
    let seconds = "startTime=2024-10-08T00:00:05Z&endTime=2024-10-08T00:00:15Z&interval=1s";
    for (filter, records, examined) in [
        ("", 10_000, 10_000),
        ("logLevel=INFO&order=desc", 9_980, 10_000),
        ("minLevel=WARN", 20, 20),
        ("logLevel=ERROR&order=desc", 10, 10),
    ] {
        let answer = service
            .get(&format!("/logs/histogram?{seconds}&{filter}"))
            .await;
        assert_eq!(answer.json()["records"], records, "{}", answer.text());
        let noted = aggregations(&database).await;
        assert!((1..=10).contains(&noted.len()), "{}", noted.len());
        let sum = |field: &str| -> i32 {
            noted
                .iter()
                .map(|one| one.get_i32(field).unwrap_or(0))
                .sum()
        };
        // The scan of a range looks at two beyond its ends, and there are ten ranges.
        let most = examined + 20;
        assert!(
            (examined..=most).contains(&sum("docsExamined")),
            "{filter} {noted:#?}"
        );
        let plan = noted[0].get_str("planSummary").unwrap();
        let expected = if examined < 10_000 {
            "IXSCAN { severity: 1, _id: 1 }"
        } else {
            "CLUSTERED_IXSCAN"
        };
        assert!(plan.contains(expected), "{plan}");
        assert!(
            noted.iter().all(|one| !one.contains_key("usedDisk")),
            "{noted:#?}"
        );
    }
}
