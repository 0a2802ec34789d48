//! Nothing of a document is lost, and no bytes break the decoder.

use super::*;
use crate::formats::format_of;
use proptest::prelude::*;

fn document() -> impl Strategy<Value = String> {
    let parts = prop::sample::select(vec![
        "{",
        "}",
        "[",
        "]",
        ",",
        " ",
        "\"message\":\"a\"",
        "\"a\":",
        "\"level\":30",
        "\"_index\":1",
        "\"attributes\":{",
        "{\"message\":\"a\"}",
        "1",
        "true",
        "text",
        "\"\\ud800\"",
        "\"time\":1700000000.5",
        "\\u005f",
        "\"",
        "é",
        "\r",
    ]);
    let broken = prop::collection::vec(parts, 1..8).prop_map(|parts| parts.concat());
    let names = ["message", "a", "_index", "level", "time"];
    let members = prop::collection::vec((prop::sample::select(names.to_vec()), 0_u32..9), 0..5);
    let whole = members.prop_map(|members| {
        let members: Vec<_> = members
            .into_iter()
            .map(|(name, value)| format!("\"{name}\":\"{value}\""))
            .collect();
        format!("{{{}}}", members.join(","))
    });
    prop_oneof![broken, whole]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]

    /// Each record is the one that its line alone is, and has its index.
    #[test]
    fn nothing_of_a_document_is_lost(documents in prop::collection::vec((document(), 0_usize..3), 0..6)) {
        let actions = [r#"{"create":{"_index":"a"}}"#, r#"{"index":{"_index":"b\u0062"}}"#, r#"{"index":{}}"#];
        let indices = ["a", "bb", "address"];
        let (mut body, mut expected, mut count) = (String::new(), Vec::new(), 0);
        for (document, action) in &documents {
            body.extend([actions[*action], "\n", document.as_str(), "\n"]);
            if is_blank(document) {
                continue;
            }
            count += 1;
            let mut alone = builder(body.as_bytes());
            let format = format_of("application/x-ndjson").unwrap();
            (format.decode)(document.as_bytes(), &mut alone).unwrap();
            for mut record in shown(&built(alone).batch) {
                let mut name = "_index".to_owned();
                while record["attributes"].get(&name).is_some() {
                    name.push('_');
                }
                record["attributes"][name] = indices[*action].into();
                expected.push(record);
            }
        }
        let (built, items) = read(Some("address"), body.as_bytes()).unwrap();
        prop_assert_eq!(built.rejects.count, 0);
        prop_assert_eq!(shown(&built.batch), expected);
        let (mut runs, mut taken, mut all) = (items.into_runs(), 0, 0);
        while let Some(run) = runs.next_run() {
            taken += run.refusal.map_or(run.count, |_| 0);
            all += run.count;
        }
        prop_assert_eq!((taken, all), (count, documents.len() as u64));
    }

    #[test]
    fn no_bytes_break_the_decoder(
        parts in prop::collection::vec(prop::sample::select(vec![
            &b"{\"index\":{}}"[..], b"{\"create\":{\"_id\":\"1\"}}", b"{\"delete\":{}}", b"{\"update\":{}}", b"\n", b"\n", b"\r\n",
            b"{\"message\":\"a\"}", b"\xff", b"\xef\xbb\xbf", b"{\"_index\":\"\\ud800\"}", b"{\"index\":", b"}", b" ", b"text",
        ]), 0..16),
    ) {
        let body = parts.concat();
        if let Err(error) = read(None, &body) {
            prop_assert_eq!(error.code(), "malformed_action");
        }
    }
}
