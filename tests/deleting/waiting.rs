//! What a deletion waits for, and what a kill leaves of it.

use super::{PATIENCE, batch, begin, delete, done, post, send, spool, state};
use crate::support::mongod::Mongod;
use crate::support::service::Service;
use crate::support::stores::on_each_store;
use crate::support::traffic::{drained, found, found_when_stored};
use crate::support::wait_until;
use bson::doc;
use serde_json::{Value, json};

on_each_store!(
    what_waits_in_the_spool_is_waited_for_and_goes_and_one_that_waits_can_be_ended,
    async |service| {
        send(&service, "k", &batch(0..30)).await;
        let paused = post(&service, "/operate/drain/pause").await;
        assert_eq!(paused.status, 200);
        let late = json!([{"message": "late, of alice", "user": "alice"}, {"message": "late, of bob", "user": "bob"}]);
        spool(&service, &late).await;
        let ended = begin(&service, "attr.user=alice").await;
        let id = begin(&service, "attr.user=alice").await;
        wait_until("it to say what it waits for", PATIENCE, async || {
            let told = state(&service, &ended).await;
            let waits = told["waitsFor"][0]["what"]
                .as_str()
                .unwrap_or_default()
                .to_owned();
            waits.contains("1 batch waits in its spool") && waits.contains("paused by an operator")
        })
        .await;
        assert_eq!(found(&service, "attr.user=alice").await.len(), 10);
        let cancelled = post(&service, &format!("/logs/delete/{ended}/cancel")).await;
        assert_eq!(cancelled.json()["deletion"]["state"], "cancelled");
        assert_eq!(state(&service, &id).await["state"], "waiting");

        // A kill changes nothing of it: a start delivers what waits, and goes on with what was asked for.
        service.restart().await;
        let told = done(&service, &id).await;
        assert_eq!(told["removed"], 11, "{told}");
        assert_eq!(
            found_when_stored(&service, "attr.user=alice").await.len(),
            0
        );
        assert_eq!(found(&service, "attr.user=bob").await.len(), 21);
        assert_eq!(state(&service, &ended).await["state"], "cancelled");
    }
);

on_each_store!(
    while_a_backup_is_made_nothing_is_removed_and_a_kill_meanwhile_changes_nothing_of_it,
    async |service| {
        send(&service, "k", &batch(0..30)).await;
        let lock = std::fs::File::open(service.data_dir().join("backup.lock")).unwrap();
        lock.lock().unwrap();
        let id = begin(&service, "attr.user=alice").await;
        for _ in 0..2 {
            wait_until("it to be about to remove", PATIENCE, async || {
                state(&service, &id).await["state"] == "removing"
            })
            .await;
            let told = state(&service, &id).await;
            assert_eq!(
                (&told["removed"], told["finishedAt"].is_null()),
                (&json!(0), true)
            );
            assert_eq!(found(&service, "attr.user=alice").await.len(), 10);
            service.restart().await;
        }
        lock.unlock().unwrap();
        let told = done(&service, &id).await;
        assert_eq!(told["removed"], 10, "{told}");
        assert_eq!(found(&service, "").await.len(), 20);
    }
);

on_each_store!(
    one_that_is_killed_in_the_middle_goes_on_and_loses_nothing_else,
    async |service| {
        const COUNT: usize = 6_000;
        for start in (0..COUNT).step_by(500) {
            send(&service, &format!("k{start}"), &batch(start..start + 500)).await;
        }
        let expected: Vec<Value> = found(&service, "attr.user=bob").await;
        let id = begin(&service, "attr.user=alice").await;
        for _ in 0..6 {
            let before = found(&service, "attr.user=alice").await.len();
            wait_until("some to go", PATIENCE, async || {
                let is_over = state(&service, &id).await["state"] == "done";
                is_over || found(&service, "attr.user=alice").await.len() < before
            })
            .await;
            service.restart().await;
        }
        done(&service, &id).await;
        assert_eq!(found(&service, "attr.user=alice").await.len(), 0);
        assert!(found(&service, "attr.user=bob").await == expected);
        send(&service, "k0", &batch(0..500)).await;
        drained(&service).await;
        assert_eq!(found(&service, "attr.user=alice").await.len(), 0);
    }
);

#[tokio::test(flavor = "multi_thread")]
async fn while_the_store_is_away_it_waits_and_what_was_taken_meanwhile_goes_when_it_is_back() {
    let mongod = Mongod::start().await;
    let service = Service::builder()
        .mongodb(&mongod.uri(), "logdb")
        .start()
        .await;
    send(&service, "k", &batch(0..9)).await;
    mongod.kill();
    let body = json!([{"message": "late, of alice", "user": "alice"}]);
    spool(&service, &body).await;
    let id = begin(&service, "attr.user=alice").await;
    wait_until("it to say what it waits for", PATIENCE, async || {
        let told = state(&service, &id).await;
        let waits = told["waitsFor"][0]["what"]
            .as_str()
            .unwrap_or_default()
            .to_owned();
        waits.contains("1 batch waits in its spool")
    })
    .await;
    mongod.restart().await;
    let told = done(&service, &id).await;
    assert_eq!(told["removed"], 4, "{told}");
    assert_eq!(
        found_when_stored(&service, "attr.user=alice").await.len(),
        0
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn refused_records_that_match_go_and_neither_a_replay_nor_a_retry_brings_them_back() {
    let mongod = Mongod::start().await;
    let database = mongod.client().await.database("logdb");
    let picky = doc! { "message": { "$not": { "$regex": "^bad" } } };
    let created = database.create_collection("logs").validator(picky);
    created.await.unwrap();
    let service = Service::builder()
        .mongodb(&mongod.uri(), "logdb")
        .start()
        .await;
    let body = json!([
        {"message": "bad, of alice", "user": "alice", "timestamp": "2024-10-08T00:00:00Z"},
        {"message": "bad, of bob", "user": "bob", "timestamp": "2024-10-08T00:00:01Z"},
        {"message": "good, of alice", "user": "alice", "timestamp": "2024-10-08T00:00:02Z"},
    ]);
    send(&service, "k", &body).await;
    let counted = post(&service, "/logs/delete?attr.user=alice&dryRun=true")
        .await
        .json();
    assert_eq!(
        (&counted["matching"], &counted["deadLetters"]),
        (&json!(1), &json!(1))
    );
    let told = delete(&service, "attr.user=alice").await;
    assert_eq!(
        (&told["removed"], &told["deadLetters"]),
        (&json!(1), &json!(1))
    );
    let kept = service.get("/logs/rejected").await.json();
    assert_eq!(kept["total"], 1, "{kept}");
    let loosen = doc! { "collMod": "logs", "validator": {} };
    database.run_command(loosen).await.unwrap();
    assert_eq!(
        post(&service, "/logs/rejected/replay").await.json()["replayed"],
        1
    );
    service.restart().await;
    send(&service, "k", &body).await;
    let all = found_when_stored(&service, "").await;
    assert_eq!(all.len(), 1, "{all:?}");
    assert_eq!(all[0]["message"], "bad, of bob");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_too_large_for_any_store_goes_from_what_is_kept_aside() {
    let service = Service::builder().start().await;
    let large = "x".repeat(9 * 1024 * 1024);
    for user in ["alice", "bob"] {
        let body = json!([{"message": format!("{large} of {user}"), "user": user}]);
        send(&service, user, &body).await;
    }
    let told = delete(&service, "attr.user=alice").await;
    assert_eq!(
        (&told["removed"], &told["deadLetters"]),
        (&json!(0), &json!(1))
    );
    let kept = service.get("/logs/rejected").await.json();
    assert_eq!(kept["total"], 1, "{kept}");
    assert_eq!(kept["records"][0]["record"]["attributes"]["user"], "bob");
}
