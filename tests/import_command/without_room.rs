//! A service that cannot take a portion now: it is asked again, as long as that is told.

use super::{file, import};
use crate::support::scripted::{Action, Scripted};
use std::time::Duration;

#[tokio::test(flavor = "multi_thread")]
async fn a_service_without_room_is_asked_again_when_it_says_and_under_the_same_key() {
    let busy = |seconds: &str, more: &str| {
        let body = format!(
            "{{\"status\":\"error\",\"code\":\"overloaded\",\"message\":\"no room\"{more}}}"
        );
        (vec![("retry-after", seconds.to_owned())], body)
    };
    let server = Scripted::by_try(move |tries| match tries {
        0 => {
            let (headers, body) = busy("1", "");
            Action::Answer(429, headers, body)
        }
        1 => {
            let (headers, body) = busy("9", ",\"retryAfterMs\":300");
            Action::Answer(503, headers, body)
        }
        2 => Action::Reset,
        3 => Action::Hang,
        _ => Action::Take,
    })
    .await;
    let folder = tempfile::tempdir().unwrap();
    let path = file(&folder, "a", "one\ntwo\n");
    let ended = import(&server.url(), &[&path, "--timeout", "500ms"]).await;
    assert_eq!(ended.code, 0, "{ended:?}");
    assert!(
        ended.stdout.contains("records taken in 1 portion"),
        "{ended:?}"
    );
    // Once for all of it.
    let said = "the service says no room (overloaded); trying again\n";
    assert_eq!(ended.stderr, said);
    let requests = server.requests();
    assert_eq!(requests.len(), 5);
    let is_same = |request: &crate::support::scripted::Request| {
        request.key == requests[0].key && request.body == requests[0].body
    };
    assert!(requests.iter().all(is_same) && requests[0].key.starts_with("import-"));
    assert!(requests[1].at - requests[0].at >= Duration::from_secs(1));
    let second = requests[2].at - requests[1].at;
    assert!(
        second >= Duration::from_millis(300) && second < Duration::from_secs(8),
        "{second:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_never_has_room_is_given_up_and_what_was_taken_is_told() {
    let server = Scripted::start(|number| match number {
        0 => Action::Take,
        _ => Action::Answer(
            503,
            Vec::new(),
            "{\"code\":\"spool_full\",\"message\":\"the spool is full\"}".to_owned(),
        ),
    })
    .await;
    let folder = tempfile::tempdir().unwrap();
    let path = file(
        &folder,
        "a",
        "x".repeat(1_500) + "\n" + &"y".repeat(1_500) + "\n",
    );
    let flags = [
        path.as_str(),
        "--portion-bytes",
        "1KiB",
        "--connections",
        "1",
        "--patience",
        "1s",
    ];
    let ended = import(&server.url(), &flags).await;
    assert_eq!(ended.code, 1, "{ended:?}");
    assert!(ended.stdout.contains("taken in 1 portion"), "{ended:?}");
    let said = "error: the service says the spool is full (spool_full): given up after 1 s of trying; \
                the same command with the same flags goes on, and stores nothing twice\n";
    assert!(ended.stderr.ends_with(said), "{ended:?}");
}
