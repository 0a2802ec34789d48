//! What an import does not send, and what it makes of answers other than that all is well.

use super::{ended, file, import};
use crate::support::binaries;
use crate::support::compressed::{gzip, zstd};
use crate::support::process::{Process, leashed};
use crate::support::scripted::{Action, Scripted};

fn refusal(status: u16) -> Action {
    let body = "{\"code\":\"payload_too_large\",\"message\":\"too much\"}";
    Action::Answer(status, Vec::new(), body.to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_text_is_not_sent() {
    let server = Scripted::start(|_| Action::Take).await;
    let folder = tempfile::tempdir().unwrap();
    let parquet = file(&folder, "parquet", b"PAR1\x15\x04 and more of it\nPAR1");
    let binary = file(&folder, "binary", b"\x7fELF\x02\0\0 and more of it\n");
    for (path, flags, said) in [
        (&parquet, "", "this is Parquet, which "),
        (&parquet, "--format lines", "this is Parquet, which "),
        (&binary, "", "a zero byte is in its first KiB"),
        (&binary, "--format json", "a zero byte is in its first KiB"),
    ] {
        let mut command = leashed("sh", None);
        let script = format!("cat {path} | \"$0\" import {flags}");
        command
            .args(["-c", &script])
            .arg(binaries::aggregator())
            .env("AGGREGATOR_URL", server.url());
        let ended = ended(Process::spawn(&mut command)).await;
        assert_eq!(ended.code, 1, "{path} {flags}: {ended:?}");
        assert!(ended.stderr.contains(said), "{path} {flags}: {ended:?}");
    }
    let ended = import(&server.url(), &[&parquet, "--format", "lines"]).await;
    assert_eq!(ended.code, 1, "{ended:?}");
    assert_eq!(server.count(), 0);
    let ended = import(&server.url(), &[&binary, "--format", "lines"]).await;
    assert_eq!((ended.code, server.count()), (0, 1), "{ended:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_only_the_spool_has_is_not_yet_stored() {
    let server = Scripted::by_try(|tries| match tries {
        0 => Action::Answer(202, Vec::new(), "{\"accepted\":1}".to_owned()),
        _ => Action::Take,
    })
    .await;
    let folder = tempfile::tempdir().unwrap();
    let path = file(&folder, "a", "one\n");
    let stored = import(&server.url(), &[&path, "--ack", "stored"]).await;
    assert_eq!(stored.code, 0, "{stored:?}");
    let requests = server.requests();
    assert_eq!(requests.len(), 2);
    assert_eq!(requests[0].key, requests[1].key);
    let asked = "post /logs/batch?ack=stored&strict=false ";
    assert!(requests[0].head.starts_with(asked), "{}", requests[0].head);
    let spooled = import(&server.url(), &[&path, "--name", "another"]).await;
    assert_eq!((spooled.code, server.count()), (0, 3), "{spooled:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn portions_that_are_too_large_end_it_before_the_last_one_is_stored() {
    let server = Scripted::start(|_| refusal(413)).await;
    let folder = tempfile::tempdir().unwrap();
    let line = format!("{}\n", "x".repeat(499));
    let path = file(&folder, "a", line.repeat(5));
    let flags = [&path, "--portion-bytes", "1KiB", "--connections", "1"];
    let ended = import(&server.url(), &flags).await;
    assert_eq!((ended.code, server.count()), (1, 1), "{ended:?}");
    let said = "error: the service says too much (payload_too_large): a smaller --portion-bytes";
    assert!(ended.stderr.contains(said), "{ended:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_that_is_too_large_is_told_with_its_bytes_and_the_others_are_sent() {
    let server = Scripted::start(|number| match number {
        1 => refusal(413),
        _ => Action::Take,
    })
    .await;
    let folder = tempfile::tempdir().unwrap();
    let text = ["x".repeat(999), "y".repeat(2_999), "z\n".to_owned()].join("\n");
    let path = file(&folder, "a", text);
    let flags = [&path, "--portion-bytes", "1KiB", "--connections", "1"];
    let ended = import(&server.url(), &flags).await;
    assert_eq!((ended.code, server.count()), (1, 3), "{ended:?}");
    let said = "a: the portion at byte 1000 up to 4000 is refused: the service says too much";
    assert!(ended.stderr.contains(said), "{ended:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn standard_input_that_may_have_broken_off_is_told() {
    let server = Scripted::start(|_| Action::Take).await;
    for (text, is_told) in [
        ("one\\ntw", true),
        ("one\\ntwo\\n", false),
        ("{\"message\":\"one\"}", false),
    ] {
        let mut command = leashed("sh", None);
        let script = format!("printf '{text}' | \"$0\" import");
        command
            .args(["-c", &script])
            .arg(binaries::aggregator())
            .env("AGGREGATOR_URL", server.url());
        let ended = ended(Process::spawn(&mut command)).await;
        assert_eq!(ended.code, 0, "{text}: {ended:?}");
        let told = ended.stderr.contains("-: it ends without a newline");
        assert_eq!(told, is_told, "{text}: {ended:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_packed_file_that_is_torn_is_told_with_what_takes_the_rest_of_it() {
    let server = Scripted::start(|_| Action::Take).await;
    let folder = tempfile::tempdir().unwrap();
    let text = "one more line\n".repeat(1_000);
    for (packed, program) in [
        (gzip(text.as_bytes()), "zcat"),
        (zstd(text.as_bytes()), "zstdcat"),
    ] {
        let torn = packed.get(..packed.len() - 5).unwrap();
        let path = file(&folder, program, torn);
        let ended = import(&server.url(), &[&path]).await;
        assert_eq!(ended.code, 1, "{ended:?}");
        let cure = format!("`{program} FILE | aggregator import` takes all that can be unpacked");
        assert!(ended.stderr.contains(&cure), "{ended:?}");
    }
}
