//! What an earlier version took is known for as long as it may go to a store yet.

use super::{letter, open};
use crate::deliver::dead_letters::{DeadLetter, file_format};
use record::document;
use record::fault::MAX_DOCUMENT_BYTES;
use record::id::IdFormat;
use std::fs;
use std::net::Ipv4Addr;
use std::path::Path;

fn earlier(key: &str) -> DeadLetter {
    DeadLetter {
        earlier: true,
        ..letter(key, "of an earlier version")
    }
}

/// As an earlier version kept it.
fn without_order(key: &str) -> DeadLetter {
    let now = letter(key, "of an earlier version");
    let mut document = Vec::new();
    document::write_as(&mut document, &now.document, IdFormat::Plain, true);
    DeadLetter { document, ..now }
}

/// As an earlier version wrote it.
fn put(folder: &Path, letter: &DeadLetter) {
    let mut content = file_format::encode(std::slice::from_ref(letter)).concat();
    assert!(content.starts_with(b"LOGSREJ3"));
    content[7] = b'2';
    fs::write(folder.join(file_format::name(1)), content).unwrap();
}

#[tokio::test]
async fn it_is_known_from_its_mark_until_it_is_forgotten_whatever_it_is_put_together_with() {
    let folder = tempfile::tempdir().unwrap();
    let letters = open(folder.path(), 1 << 20);
    letters.add(vec![letter("new", "1")]).await.unwrap();
    assert!(!letters.holds_earlier());
    letters.add(vec![earlier("old")]).await.unwrap();
    letters.add(vec![letter("newer", "2")]).await.unwrap();
    assert!(letters.holds_earlier());
    let letters = open(folder.path(), 1 << 20);
    assert!(letters.holds_earlier());
    let kept = super::all(&letters).await;
    let marks: Vec<bool> = kept.iter().map(|letter| letter.earlier).collect();
    assert_eq!(marks, [false, true, false]);
    let file = letters.seal().await.unwrap().unwrap();
    letters.forget(file).await.unwrap();
    assert!(!letters.holds_earlier());
    assert!(!open(folder.path(), 1 << 20).holds_earlier());
}

#[tokio::test]
async fn it_is_known_from_its_id_when_an_earlier_version_wrote_the_file() {
    let folder = tempfile::tempdir().unwrap();
    put(folder.path(), &without_order("old"));
    let letters = open(folder.path(), 1 << 20);
    assert!(letters.holds_earlier());
    assert!(super::all(&letters).await.remove(0).earlier);
}

#[test]
fn what_can_never_go_to_a_store_does_not_count() {
    let folder = tempfile::tempdir().unwrap();
    let small = without_order("old");
    let large = DeadLetter {
        document: [small.document.clone(), vec![0; MAX_DOCUMENT_BYTES]].concat(),
        peer: Some(Ipv4Addr::LOCALHOST.into()),
        ..small
    };
    put(folder.path(), &large);
    assert!(!open(folder.path(), 1 << 30).holds_earlier());
}
