//! What is known from the records before changes nothing.

use super::*;

/// Records that are there several times, so that names are known from one to the next.
fn similar_body() -> impl Strategy<Value = String> {
    let records = prop::collection::vec(record(), 1..4);
    let picks = prop::collection::vec(any::<prop::sample::Index>(), 1..8);
    (records, picks).prop_map(|(records, picks)| {
        let picked = picks.iter().map(|pick| pick.get(&records).as_str());
        format!("[{}]", picked.collect::<Vec<_>>().join(","))
    })
}

/// Lines of a few names and values, so that each resembles the one before and few are as it was.
fn resembling_lines() -> impl Strategy<Value = Vec<String>> {
    let names = vec![
        r#""a""#,
        r#""b""#,
        r#" "b""#,
        r#""\u0061""#,
        r#""a\u0000""#,
        r#""msg" "#,
        r#""level""#,
        r#""attributes""#,
    ];
    let values = vec![
        "1",
        r#""x""#,
        "{}",
        r#"{"a":1}"#,
        r#"{"a":1,"a":2}"#,
        r#"{"a":{"b":1},"b":2}"#,
        r#"[{"a":1},{"a":2}]"#,
        r#"[{"a":1,"a":2}]"#,
        r#"{"level":{"msg":1}}"#,
        "]",
    ];
    let select = |from: Vec<&'static str>| prop::sample::select(from);
    let member =
        (select(names), select(values)).prop_map(|(name, value)| format!("{name}:{value}"));
    let line = prop::collection::vec(member, 0..5).prop_map(|members| {
        let members = [&[r#""message":"m""#.to_owned()], members.as_slice()].concat();
        format!("{{{}}}", members.join(","))
    });
    let line = prop_oneof![4 => line.clone(), 1 => line.prop_flat_map(broken)];
    prop::collection::vec(line, 1..6)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(20_000))]
    #[test]
    fn lines_before_change_nothing_whether_they_were_taken_or_not(lines in resembling_lines()) {
        let (mut one, mut other) = (builder(), builder());
        let mut scratch = Scratch::default();
        for text in &lines {
            let taken = line(text, &mut scratch, &mut one);
            prop_assert_eq!(taken, line(text, &mut Scratch::default(), &mut other), "{}", text);
        }
        let (one, other) = (one.finish().0, other.finish().0);
        prop_assert_eq!(told(&one), told(&other));
    }

    #[test]
    fn what_is_known_from_records_before_changes_nothing(text in similar_body()) {
        agrees(&text)?;
    }

    #[test]
    fn what_is_known_from_records_before_changes_nothing_in_a_broken_body(
        text in similar_body().prop_flat_map(broken)
    ) {
        agrees(&text)?;
    }
}

#[test]
fn a_double_name_is_seen_whatever_the_record_before_had() {
    for (before, record) in [
        (r#""a":1,"b":2"#, r#""a":1,"a":2"#),
        // Behind fewer names than the record before had.
        (r#""a":1,"b":2,"c":3"#, r#""a":1,"b":2,"b":3"#),
        // The same names in the same order, in other objects.
        (r#""a":{"b":1},"b":2"#, r#""a":1,"b":2,"b":3"#),
        (r#""a":{"b":1},"b":2"#, r#""a":{"b":1,"b":2}"#),
        (r#""a":[{"b":1},{"b":2}]"#, r#""a":[{"b":1,"b":2}]"#),
        (r#""a":{"b":{"c":1},"c":2}"#, r#""a":{"b":1,"c":1,"c":2}"#),
        (
            r#""a":{"b":1},"attributes":{"b":1}"#,
            r#""a":1,"b":1,"attributes":{"b":1}"#,
        ),
        (
            r#""attributes":{"message":1}"#,
            r#""attributes":{"message":1,"message":2}"#,
        ),
        (
            r#""level":"x","attributes":{"level":1}"#,
            r#""level":"x","level":"y""#,
        ),
        (r#""attributes":{"a":1}"#, r#""attributes":{},"a":1,"a":2"#),
        (r#""attributes":{"a":1}"#, r#""attributes":{"a":1},"a":2"#),
    ] {
        let first = format!(r#"{{"message":"m",{before}}}"#);
        let second = format!(r#"{{"message":"m",{record}}}"#);
        assert!(agrees(&format!("[{first},{first}]")).unwrap(), "{first}");
        for body in [
            format!("[{first},{second}]"),
            format!("[{first},{{\"message\":\"m\"}},{second}]"),
            format!("[{{\"message\":\"m\"}},{first},{second}]"),
        ] {
            assert!(!array(&body, &mut builder()), "{body}");
        }
    }
}

#[test]
fn a_name_that_is_known_is_for_what_it_is_for_in_its_own_object() {
    for records in [
        // A message among the attributes, and one of the record.
        r#"{"msg":"m","attributes":{"level":"a"}},{"msg":"m","level":"a"}"#,
        r#"{"msg":"m","level":"a"},{"msg":"m","attributes":{"level":"a"}}"#,
        r#"{"a":{"log":"n"},"log":"m"},{"log":"m","a":{"log":"n"}}"#,
        // The same places, other blanks and other escapes.
        r#"{"msg":"m","a":1},{"msg" : "m", "a":1},{ "msg":"m","\u0061":1},{"msg":"m","a":1}"#,
        // A name that begins as the known one does.
        r#"{"msg":"m","ab":1},{"msg":"m","abc":1},{"msg":"m","a":1}"#,
    ] {
        assert!(agrees(&format!("[{records}]")).unwrap(), "{records}");
    }
}

#[test]
fn names_that_are_not_remembered_are_told_apart_all_the_same() {
    let members = (0..300).map(|number| format!(r#""n{number}":0"#));
    let members = members.collect::<Vec<_>>().join(",");
    let frames = vec![r#"{"file":"f","line":1}"#; 200].join(",");
    let record = |more: &str| {
        format!(r#"{{"message":"m",{members},"frames":[{frames}],"last":{{"a":1{more}}}}}"#)
    };
    let good = record("");
    assert!(agrees(&format!("[{good},{good}]")).unwrap());
    for twice in [
        r#","a":2"#,
        r#"},"last":{"a":1"#,
        r#"},"n0":{"a":1"#,
        r#"},"n299":{"a":1"#,
    ] {
        let body = format!("[{good},{}]", record(twice));
        assert!(!array(&body, &mut builder()), "{twice}");
    }
    let within = record(r#","n0":1,"n299":{"last":1}"#);
    assert!(agrees(&format!("[{good},{within}]")).unwrap());
}

#[test]
fn more_names_than_are_looked_through_are_left_to_the_other_way() {
    let object = |count| {
        let members = (0..count).map(|number| format!(r#""n{number}":0"#));
        format!("{{{}}}", members.collect::<Vec<_>>().join(","))
    };
    let record = |count| {
        format!(
            r#"{{"message":"m","a":{},"b":{}}}"#,
            object(254),
            object(count)
        )
    };
    assert!(agrees(&format!("[{}]", record(256))).unwrap());
    assert!(!array(&format!("[{}]", record(257)), &mut builder()));
}
