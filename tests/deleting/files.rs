//! What was deleted stands in no file of the data folder any more.

use super::{delete, send};
use crate::support::stores::Backend;
use crate::support::traffic::found;
use serde_json::{Value, json};
use std::fs;
use std::path::Path;

/// Text that no compression makes shorter, so that it stands in a file as it is wherever it stands.
fn marker(number: u64) -> String {
    let mut state = number.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let letters = (0..24).map(|_| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        char::from(
            b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz+/"
                [(state % 64) as usize],
        )
    });
    letters.collect()
}

/// The files in which any of these texts stands.
fn holding(folder: &Path, texts: &[String]) -> Vec<String> {
    let mut all = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            all.extend(holding(&path, texts));
            continue;
        }
        // One may be removed meanwhile.
        let bytes = fs::read(&path).unwrap_or_default();
        let has = |text: &String| memchr::memmem::find(&bytes, text.as_bytes()).is_some();
        let count = texts.iter().filter(|text| has(text)).count();
        if count > 0 {
            all.push(format!("{}: {count}", path.display()));
        }
    }
    all
}

async fn its_bytes_are_in_no_file(backend: Backend) {
    const COUNT: u64 = 400;
    let service = backend.start("deleting_files").await;
    let folder = service.data_dir().to_owned();
    let gone: Vec<String> = (0..COUNT).map(marker).collect();
    let kept: Vec<String> = (COUNT..2 * COUNT).map(marker).collect();
    for (number, (gone, kept)) in gone.iter().zip(&kept).enumerate() {
        let body: Value = json!([
            {"message": format!("secret {gone}"), "timestamp": format!("2024-10-08T00:{:02}:00Z", number % 60)},
            {"message": format!("public {kept}"), "timestamp": format!("2024-10-08T00:{:02}:30Z", number % 60)},
        ]);
        let path = if number % 40 == 39 {
            "/logs/batch?ack=stored"
        } else {
            "/logs/batch"
        };
        let reply = service
            .post(path, "application/json", body.to_string())
            .await;
        assert!([200, 202].contains(&reply.status), "{}", reply.text());
    }
    send(
        &service,
        "last",
        &json!([{"message": format!("secret {}", gone[0])}]),
    )
    .await;
    assert!(
        !holding(&folder, &gone).is_empty(),
        "the spool has them as they are"
    );
    let told = delete(&service, "q=secret").await;
    assert_eq!(told["removed"], COUNT + 1, "{told}");
    assert_eq!(holding(&folder, &gone), Vec::<String>::new());
    assert_eq!(found(&service, "").await.len() as u64, COUNT);
    service.terminate();
    service.wait_exit(super::PATIENCE).await;
    assert_eq!(holding(&folder, &gone), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn its_bytes_are_in_no_file_of_rows() {
    its_bytes_are_in_no_file(Backend::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn its_bytes_are_in_no_file_of_blocks() {
    its_bytes_are_in_no_file(Backend::Blocks).await;
}
