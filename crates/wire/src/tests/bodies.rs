//! Bodies as a whole: types, sizes, and what is read of them.

use super::*;

#[test]
fn an_array_one_object_and_lines_are_told_apart_by_themselves() {
    let one = r#"{"timestamp":"2024-10-08T00:00:00Z","message":"a"}"#;
    for (body, count) in [
        (format!("[{one},{one}]"), 2),
        (one.to_owned(), 1),
        (format!(" \n{one}\n"), 1),
        (format!("\u{feff}{one}"), 1),
        (format!("{one}\n{one}\n\n{one}"), 3),
        ("{\n \"message\":\n \"a\"\n}".to_owned(), 1),
        ("[]".to_owned(), 0),
    ] {
        assert_eq!(records(&body).len(), count, "{body}");
    }
}

#[test]
fn a_batch_that_outgrows_its_bound_is_refused() {
    let mut batch = BatchBuilder::new(BatchId::keyed("", b""), None, Timestamp::MIN, 1000);
    let body = format!("[{}]", [r#"{"message":"m"}"#; 50].join(","));
    assert_eq!(
        json::decode(body.as_bytes(), &mut batch),
        Err(DecodeError::TooLarge)
    );
}

/// An element of an array takes several times its text.
#[test]
fn a_record_that_would_grow_too_large_is_refused_before_it_has() {
    let zeros = format!("[{}]", vec!["0"; 100_000].join(","));
    let many = vec![zeros; 40].join(",");
    let expected = "the record is larger than 8 MiB";
    let fault = |body: &str| {
        let rejects = decode(None, body).unwrap().rejects;
        assert_eq!(rejects.count, 1);
        rejects.listed[0].fault.to_string()
    };
    assert_eq!(fault(&format!(r#"[{{"log":"a","x":[{many}]}}]"#)), expected);
    let members: Vec<String> = (0..12)
        .map(|n| format!(r#""k{n}":[{}]"#, vec!["7"; 99_999].join(",")))
        .collect();
    assert_eq!(
        fault(&format!(r#"{{"log":"a",{}}}"#, members.join(","))),
        expected
    );
}

#[test]
fn a_type_that_names_another_format_is_not_taken() {
    for known in [
        "",
        "text/plain; charset=utf-8",
        "application/stream+json",
        "application/x-www-form-urlencoded",
        "Application/JSON; charset=utf-8",
    ] {
        assert!(format_of(known).is_some(), "{known:?}");
    }
    for unknown in [
        "application/xml",
        "application/x-protobuf",
        "text/csv",
        "application/jsonp",
    ] {
        assert!(format_of(unknown).is_none(), "{unknown}");
    }
}
