//! How much room the documents of a body may take once they are encoded, told before any of them is.
//!
//! Most of a short record's document is what every document has, and an element of an array gets a
//! name there, so the text's length alone says little.

/// What every document has beside the record's own text, and its place in the list of the batch.
const RECORD_BYTES: usize = 160;
/// Type, name and width of a short element.
const ELEMENT_BYTES: usize = 12;

/// At most so many bytes come of `body` as most are, whatever its format: every record and every nested
/// object has its brace, every element but the first its comma, and a line of text begins as no line of an
/// object does. More may come only of a body whose records are elements that are no objects, or that share
/// what stands around them; and of one that is not UTF-8.
pub fn encoded_bytes_at_most(body: &[u8]) -> usize {
    let count = |byte| memchr::memchr_iter(byte, body).count();
    let is_text = |end: usize| {
        !matches!(
            body.get(end),
            None | Some(b' ' | b'\t' | b'\r' | b'\n' | b'{' | b'}' | b']' | b'"')
        )
    };
    let line_ends = memchr::memchr_iter(b'\n', body);
    let texts = 1 + line_ends.filter(|end| is_text(end + 1)).count();
    body.len() + (count(b'{') + texts) * RECORD_BYTES + (count(b',') + count(b'[')) * ELEMENT_BYTES
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json;
    use logs::Timestamp;
    use proptest::prelude::*;
    use record::batch::BatchBuilder;
    use record::id::BatchId;

    /// What comes of a body, with its places in the lists of the batch.
    fn encoded(body: &str) -> usize {
        let id = BatchId::keyed("k", b"");
        let mut batch = BatchBuilder::new(id, None, Timestamp::from_nanos(0), usize::MAX);
        json::decode_untyped(body.as_bytes(), &mut batch).unwrap();
        let (batch, rejects) = batch.finish();
        assert_eq!(rejects.count, 0, "{:?}", rejects.listed);
        batch.documents.encoded_bytes() + 2 * size_of::<usize>() * batch.documents.len()
    }

    #[test]
    fn the_bodies_that_grow_the_most_are_not_underrated() {
        let many = |element: &str| vec![element; 2_000].join(",");
        let within = |value: &str| format!(r#"[{{"log":"a","x":[{}]}}]"#, many(value));
        for body in [
            format!("[{}]", many(r#"{"log":"a"}"#)),
            format!("[{}]", many(r#"{"log":"a","lvl":"e"}"#)),
            format!("[{}]", many(r#"{"log":"a","":0}"#)),
            vec![r#"{"log":"a"}"#; 2_000].join("\n"),
            within("0"),
            within("1e1"),
            within("null"),
            within("[]"),
            within("{}"),
            within("[0]"),
            within(r#"{"":[[[[[[1e1]]]]]]}"#),
            within("-1234567890123456789012345"),
            vec!["1"; 2_000].join("\n"),
            vec!["a"; 2_000].join("\n"),
            vec!["[\n1"; 2_000].join("\n"),
        ] {
            let (most, came) = (encoded_bytes_at_most(body.as_bytes()), encoded(&body));
            assert!(came <= most, "{came} of {most}: {}", &body[..40]);
        }
    }

    fn value() -> impl Strategy<Value = serde_json::Value> {
        let leaf = prop_oneof![
            Just(serde_json::Value::Null),
            any::<bool>().prop_map(Into::into),
            any::<i64>().prop_map(Into::into),
            (0_i64..9).prop_map(Into::into),
            any::<f32>().prop_map(Into::into),
            ".{0,6}".prop_map(Into::into),
        ];
        leaf.prop_recursive(5, 60, 8, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..8).prop_map(Into::into),
                prop::collection::btree_map("[a-z]{0,3}", inner, 0..8).prop_map(|members| members
                    .into_iter()
                    .collect::<serde_json::Map<_, _>>()
                    .into()),
            ]
        })
    }

    proptest! {
        #[test]
        fn no_body_is_underrated(values in prop::collection::vec(value(), 0..20)) {
            let records: Vec<_> = values
                .iter()
                .map(|value| serde_json::json!({ "log": "a", "x": value }))
                .collect();
            let body = serde_json::to_string(&records).unwrap();
            prop_assert!(encoded(&body) <= encoded_bytes_at_most(body.as_bytes()));
        }
    }
}
