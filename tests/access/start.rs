//! A service that other machines reach has to be told that it may be.

use super::{open_to_all, own_address};
use crate::support::process::last_words;
use crate::support::service::Service;

#[tokio::test(flavor = "multi_thread")]
async fn beyond_loopback_the_start_fails_with_both_cures_and_leaves_nothing_behind() {
    for address in [
        "0.0.0.0:8005".to_owned(),
        "[::]:8005".to_owned(),
        format!("{}:8005", own_address()),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let service = Service::builder().data_dir(folder.path());
        let service = service.env("LISTEN_ADDR", &address);
        let (status, stdout, stderr) = service.start_expecting_exit().await;
        assert_eq!(status.code(), Some(2), "{stdout}{stderr}");
        let errors = stderr.lines().filter(|line| line.contains("ERROR"));
        assert_eq!(errors.count(), 1, "{stderr}");
        let sentence = last_words(&stderr);
        let begin = format!("LISTEN_ADDR is {address}, ");
        assert!(sentence.starts_with(&begin), "{sentence}");
        for cure in ["127.0.0.1:8005", "ALLOW_ANONYMOUS=true"] {
            assert!(sentence.contains(cure), "{sentence}");
        }
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn it_starts_where_strangers_may_and_on_loopback_without_a_word() {
    let service = open_to_all().start().await;
    assert!(service.address().ip().is_unspecified());
    for address in ["127.0.0.2:0", "localhost:0", "0"] {
        Service::builder()
            .env("LISTEN_ADDR", address)
            .env("ALLOW_ANONYMOUS", "false")
            .start()
            .await;
    }
}
