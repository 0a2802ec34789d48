//! What a data folder holds records in: it is begun so, and stays so.

use super::sentence;
use crate::support::service::Service;
use crate::support::traffic::stored;
use serde_json::json;

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_keeps_the_layout_that_it_was_begun_with() {
    for (layout, kind, file, other) in [
        ("rows", "sqlite", "logs.sqlite3", "blocks"),
        ("blocks", "blocks", "blocks.sqlite3", "rows"),
    ] {
        let place = tempfile::tempdir().unwrap();
        let settings = || Service::builder().data_dir(place.path());
        let service = settings().arg("--layout").arg(layout).start().await;
        let reply = service.batch(&json!([{ "message": "kept" }])).await;
        assert_eq!(reply.status, 200, "{}", reply.text());
        drop(service);

        let refused = settings().env("LAYOUT", other).start_expecting_exit().await;
        let expected = format!(
            "the data folder {} holds {layout}, and LAYOUT asks for {other}: leave LAYOUT out, or take another DATA_DIR",
            place.path().display()
        );
        assert_eq!(sentence(&refused, 1), expected);

        for settings in [settings(), settings().env("LAYOUT", layout)] {
            let service = settings.start().await;
            let store = service.health().await["store"].clone();
            assert_eq!(store["kind"], kind, "{store}");
            let file = place.path().join(file).display().to_string();
            assert_eq!(store["location"], file, "{store}");
            assert_eq!(stored(&service).await["kept"], 1);
        }
    }
}
