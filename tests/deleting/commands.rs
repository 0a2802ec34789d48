//! `aggregator delete`.

use super::{batch, send};
use crate::support::service::{Builder, Service};
use crate::support::traffic::found;

/// Exit code, standard output and standard error.
async fn run(service: &Service, arguments: &str) -> (Option<i32>, String, String) {
    let command = Service::builder().env("LISTEN_ADDR", service.address().to_string());
    let command = arguments
        .split(' ')
        .fold(command.arg("delete"), Builder::arg);
    let (status, stdout, stderr) = command.start_expecting_exit().await;
    (status.code(), stdout, stderr)
}

#[tokio::test(flavor = "multi_thread")]
async fn it_counts_first_deletes_what_is_meant_and_says_what_it_does_not_reach() {
    let service = Service::builder().start().await;
    send(&service, "k", &batch(0..30)).await;
    let (code, counted, _) = run(&service, "--attr user=alice --dry-run").await;
    assert_eq!(code, Some(0), "{counted}");
    assert!(counted.starts_with("10 records match\n"), "{counted}");
    assert!(
        counted.contains("not reached: backups and exports"),
        "{counted}"
    );
    assert_eq!(found(&service, "").await.len(), 30);

    // Nobody is at a terminal.
    let (code, _, said) = run(&service, "--attr user=alice").await;
    assert_eq!(code, Some(2));
    assert!(said.contains("--yes"), "{said}");
    let (code, _, said) = run(&service, "--yes").await;
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("all=true"), "{said}");
    assert_eq!(found(&service, "").await.len(), 30);

    let (code, told, said) = run(&service, "--attr user=alice --yes --follow").await;
    assert_eq!((code, said.as_str()), (Some(0), ""), "{told}");
    let last = told.lines().last().unwrap();
    assert_eq!(last, "done: 10 records removed", "{told}");
    assert_eq!(found(&service, "").await.len(), 20);
    let (code, told, _) = run(&service, "--all --yes --follow -o json").await;
    let last: serde_json::Value = serde_json::from_str(told.lines().last().unwrap()).unwrap();
    assert_eq!((code, &last["state"]), (Some(0), &"done".into()));
    assert_eq!(service.get("/logs/retrieve").await.status, 404);
}
