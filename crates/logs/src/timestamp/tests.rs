//! The times that senders write, and how each is shown.

use super::*;

fn shown(text: &str) -> String {
    Timestamp::parse(text).map_or_else(|error| format!("{error:?}"), |time| time.to_string())
}

#[test]
fn rfc_3339_in_its_usual_forms_is_read_and_shown_in_utc() {
    for (sent, expected) in [
        ("2024-10-08T00:00:00Z", "2024-10-08T00:00:00Z"),
        ("2024-10-08T02:00:00+02:00", "2024-10-08T00:00:00Z"),
        ("2024-10-08T00:00:00-05:30", "2024-10-08T05:30:00Z"),
        ("2024-10-08 00:00:00", "2024-10-08T00:00:00Z"),
        ("2024-10-08T00:00:00.5", "2024-10-08T00:00:00.500Z"),
        ("2024-10-08t00:00:00z", "2024-10-08T00:00:00Z"),
        (
            "2024-10-08T00:00:00.000000001Z",
            "2024-10-08T00:00:00.000000001Z",
        ),
    ] {
        assert_eq!(shown(sent), expected, "{sent}");
    }
}

#[test]
fn the_usual_form_is_read_as_the_general_way_reads_it() {
    let parts: [&[&str]; 7] = [
        &[
            "1970", "2024", "2023", "1677", "2262", "0000", "9999", "+024",
        ],
        &["-01-", "-02-", "-12-", "-13-", "-00-", "/01/"],
        &["01T", "29T", "30T", "31T", "32T", "00T", "01 "],
        &["00:00:", "23:59:", "24:00:", "12:60:", "1:005:"],
        &["00", "59", "60", "61", "5x"],
        &[
            "",
            ".1",
            ".123",
            ".123456789",
            ".000000001",
            ".1234567891",
            ".",
            ".1a",
        ],
        &["Z", "z", "+00:00", "", "ZZ"],
    ];
    let mut texts = vec![String::new()];
    for choices in parts {
        let longer = texts
            .iter()
            .flat_map(|text| choices.iter().map(move |choice| format!("{text}{choice}")));
        texts = longer.collect();
    }
    let mut usual = 0;
    for text in texts {
        if let Some(time) = Timestamp::parse_usual(&text) {
            usual += 1;
            let general = DateTime::parse_from_rfc3339(&text).map(|time| time.to_utc());
            assert_eq!(Timestamp::from_chrono(general.unwrap()), Ok(time), "{text}");
        }
    }
    // Five years that fit, two leap days among them, three months, two hours, seconds, fractions.
    assert!(usual > 300, "{usual} of them were read the short way");
}

#[test]
fn the_unit_of_a_number_is_told_by_its_size() {
    for sent in [
        "1728345600",
        "1728345600000",
        "1728345600000000",
        "1728345600000000000",
        "1.7283456e9",
    ] {
        assert_eq!(shown(sent), "2024-10-08T00:00:00Z", "{sent}");
    }
    assert_eq!(
        shown("1728345600.123456789"),
        "2024-10-08T00:00:00.123456789Z"
    );
    assert_eq!(shown("1728345600000.25"), "2024-10-08T00:00:00.000250Z");
    assert_eq!(shown("-1"), "1969-12-31T23:59:59Z");
    // Java's and Jackson's way; not a digit is lost.
    for sent in [
        "1.728345600123E9",
        "1.728345600123e+12",
        "172834560012.3e-2",
        "1728345600123000e0",
        "17283456001230000e-1",
        "0.00001728345600123E14",
    ] {
        assert_eq!(shown(sent), "2024-10-08T00:00:00.123Z", "{sent}");
    }
    assert_eq!(shown("-1e0"), "1969-12-31T23:59:59Z");
    assert_eq!(shown("5e-1"), "1970-01-01T00:00:00.500Z");
    for sent in [
        "1e",
        "e9",
        "1.e9",
        "1e9.5",
        "1e1e1",
        "--1e9",
        "1e4000000000",
        "1e-401",
    ] {
        assert_eq!(shown(sent), "Form", "{sent}");
    }
}

#[test]
fn both_ends_of_the_range_fit_and_what_lies_beyond_is_refused() {
    assert_eq!(
        shown("1677-09-21T00:12:43.145224192Z"),
        Timestamp::MIN.to_string()
    );
    assert_eq!(
        shown("2262-04-11T23:47:16.854775807Z"),
        Timestamp::MAX.to_string()
    );
    for sent in [
        "1677-09-21T00:12:43.145224191Z",
        "2262-04-11T23:47:16.854775808Z",
        "9999-12-31T23:59:59Z",
        "9223372036854775808",
        "1e300",
        "99999999999999999999999999999999999999999999",
    ] {
        assert_eq!(shown(sent), "Range", "{sent}");
    }
}

#[test]
fn what_is_no_time_is_refused() {
    for sent in [
        "",
        "yesterday",
        "2024-13-01T00:00:00Z",
        "12.",
        ".5",
        "1_000",
        "--1",
        "0x10",
        "NaN",
        "inf",
    ] {
        assert_eq!(shown(sent), "Form", "{sent}");
    }
}

#[test]
fn milliseconds_are_rounded_down_also_before_1970() {
    assert_eq!(Timestamp::from_nanos(-1).millis(), -1);
    assert_eq!(Timestamp::from_nanos(1_999_999).millis(), 1);
}
