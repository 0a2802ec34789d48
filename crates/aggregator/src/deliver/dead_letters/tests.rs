//! What was refused is kept until it is forgotten.

use super::*;
use logs::Timestamp;
use spool::disk::Folder;

fn open(folder: &std::path::Path, max_bytes: u64) -> Arc<DeadLetters> {
    let disk = Arc::new(Folder::create(folder).unwrap());
    Arc::new(DeadLetters::open(disk, max_bytes).unwrap())
}

fn refusal(text: &str) -> Refusal {
    Refusal::new(
        text.as_bytes(),
        "too large",
        Timestamp::from_nanos(7_000_000),
    )
}

#[tokio::test]
async fn what_was_refused_is_there_after_a_restart_until_it_is_forgotten() {
    let folder = tempfile::tempdir().unwrap();
    let letters = open(folder.path(), 1 << 20);
    letters.add(vec![refusal("a"), refusal("b")]).await.unwrap();
    letters.add(vec![refusal("c")]).await.unwrap();
    let before = letters.snapshot();
    assert_eq!(before.records, 3);
    let letters = open(folder.path(), 1 << 20);
    assert_eq!(letters.snapshot(), before);
    assert_eq!(letters.numbers(), [1, 2]);
    let kept = letters.read(1).await.unwrap();
    assert_eq!(
        (kept[0].reason.as_str(), kept[0].rejected_at),
        ("too large", 7)
    );
    assert_eq!(kept[1].document, b"b");
    letters.forget(1).await.unwrap();
    assert_eq!(open(folder.path(), 1 << 20).numbers(), [2]);
}

#[tokio::test]
async fn a_number_that_was_forgotten_is_not_given_again() {
    let folder = tempfile::tempdir().unwrap();
    let letters = open(folder.path(), 1 << 20);
    letters.add(vec![refusal("a")]).await.unwrap();
    letters.forget(1).await.unwrap();
    letters.add(vec![refusal("b")]).await.unwrap();
    // Who still means the first file takes nothing away.
    letters.forget(1).await.unwrap();
    assert_eq!(letters.numbers(), [2]);
}

#[tokio::test]
async fn no_more_is_kept_than_may_be() {
    let folder = tempfile::tempdir().unwrap();
    let letters = open(folder.path(), 50);
    letters.add(vec![refusal("a")]).await.unwrap();
    let full = letters
        .add(vec![refusal(&"b".repeat(100))])
        .await
        .unwrap_err();
    assert!(matches!(full, DeadLetterError::Full { .. }), "{full}");
    assert_eq!(letters.snapshot().records, 1);
}
