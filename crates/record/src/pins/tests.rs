//! A pinned attribute is the only one that its name leads to, and all others stay as they are.

use super::*;
use bson::{Bson, Document, doc};
use proptest::prelude::*;

fn pins(given: &[(&str, &str)]) -> Pins {
    let given = given.iter().map(|(name, text)| {
        let value = PinValue::Text((*text).to_owned());
        ((*name).to_owned(), value)
    });
    Pins::new(given).unwrap().unwrap()
}

/// The members of a document, without its length and its end.
fn within(document: &[u8]) -> &[u8] {
    &document[4..document.len() - 1]
}

/// A record's attributes, once these are pinned.
fn pinned(pins: &Pins, attributes: &Document) -> Document {
    let encoded = attributes.to_vec().unwrap();
    let mut bytes = Vec::new();
    let mut writer = BsonWriter::new(&mut bytes);
    let whole = writer.open();
    let mut inner = BsonWriter::new(&mut bytes);
    inner.members(within(&encoded));
    pins.put(&mut inner);
    BsonWriter::new(&mut bytes).close(whole);
    Document::from_reader(&*bytes).unwrap()
}

#[test]
fn what_a_sender_gives_under_a_pinned_name_is_replaced_and_the_rest_stays() {
    let service = pins(&[("service", "orders")]);
    for (given, expected) in [
        (doc! {}, doc! { "service": "orders" }),
        (
            doc! { "a": 1_i32, "service": "payments", "b": [1_i32] },
            doc! { "a": 1_i32, "b": [1_i32], "service": "orders" },
        ),
        (
            doc! { "service": { "name": "payments" } },
            doc! { "service": "orders" },
        ),
        (
            doc! { "service": ["payments"], "a": { "service": "inner" } },
            doc! { "a": { "service": "inner" }, "service": "orders" },
        ),
        // Other names, for whoever asks as well.
        (
            doc! { "Service": "x", "service.name": "y", "servic": { "e": 1_i32 } },
            doc! { "Service": "x", "service.name": "y", "servic": { "e": 1_i32 }, "service": "orders" },
        ),
    ] {
        assert_eq!(pinned(&service, &given), expected, "{given}");
    }
}

#[test]
fn a_name_with_dots_is_not_to_be_reached_by_way_of_objects_either() {
    let name = pins(&[("service.name", "orders")]);
    for (given, expected) in [
        (
            doc! { "service": { "name": "payments", "version": "1" }, "z": 1_i32 },
            doc! { "service": { "version": "1" }, "z": 1_i32, "service.name": "orders" },
        ),
        (
            doc! { "service": [{ "name": "payments" }, 5_i32, [{ "name": "far" }]] },
            doc! { "service": [{}, 5_i32, [{ "name": "far" }]], "service.name": "orders" },
        ),
        (
            doc! { "service.name": "payments", "service": "a text" },
            doc! { "service": "a text", "service.name": "orders" },
        ),
    ] {
        assert_eq!(pinned(&name, &given), expected, "{given}");
    }
    let deep = pins(&[("a.b.c", "1")]);
    let given =
        doc! { "a.b": { "c": 2_i32 }, "a": { "b.c": 3_i32, "b": { "c": 4_i32, "d": 5_i32 } } };
    let expected = doc! { "a.b": {}, "a": { "b": { "d": 5_i32 } }, "a.b.c": "1" };
    assert_eq!(pinned(&deep, &given), expected);
}

#[test]
fn texts_whole_numbers_and_truths_can_be_pinned() {
    let given = [
        ("a", PinValue::Text("é\0".to_owned())),
        ("b", PinValue::Integer(-5)),
        ("c", PinValue::Integer(1 << 40)),
        ("d", PinValue::Boolean(true)),
        ("b", PinValue::Integer(6)),
    ];
    let given = given.map(|(name, value)| (name.to_owned(), value));
    let pins = Pins::new(given).unwrap().unwrap();
    let expected = doc! { "a": "é\0", "c": 1_i64 << 40, "d": true, "b": 6_i32 };
    assert_eq!(pinned(&pins, &doc! { "d": false }), expected);
    assert_eq!(pins.iter().count(), 4);
    assert_eq!(Pins::new(Vec::new()).unwrap(), None);
}

#[test]
fn what_cannot_be_pinned_is_told() {
    let text = |text: &str| PinValue::Text(text.to_owned());
    let of = |name: &str, value| Pins::new([(name.to_owned(), value)]).unwrap_err();
    for name in [
        "",
        "a\0",
        "a\nb",
        ".a",
        "a.",
        "a..b",
        "a.0",
        "7",
        &"x".repeat(129),
    ] {
        let error = of(name, text("v"));
        assert!(matches!(error, BadPins::Name(_)), "{name}: {error}");
    }
    let long = of("a", text(&"x".repeat(LONGEST_TEXT + 1)));
    assert_eq!(long, BadPins::Text("a".to_owned()));
    let many = (0..=MAX_PINS).map(|number| (format!("a{number}"), PinValue::Boolean(true)));
    assert_eq!(Pins::new(many).unwrap_err(), BadPins::TooMany);
}

/// Whatever a path leads to, as the query language has it, in other words.
fn led_to<'d>(document: &'d Document, path: &str, found: &mut Vec<&'d Bson>) {
    for (name, value) in document {
        let Some(rest) = path.strip_prefix(name.as_str()) else {
            continue;
        };
        if rest.is_empty() {
            found.push(value);
        }
        let Some(rest) = rest.strip_prefix('.') else {
            continue;
        };
        match value {
            Bson::Document(inner) => led_to(inner, rest, found),
            Bson::Array(all) => {
                for inner in all.iter().filter_map(Bson::as_document) {
                    led_to(inner, rest, found);
                }
            }
            _ => {}
        }
    }
}

fn attributes() -> impl Strategy<Value = Document> {
    let name = || prop::sample::select(vec!["a", "b", "a.b", "b.c", "a.b.c", "c", "", "ab"]);
    let leaf = prop_oneof![
        any::<i32>().prop_map(Bson::from),
        "[xy]{0,3}".prop_map(Bson::from)
    ];
    let members = move |value: BoxedStrategy<Bson>| {
        let members = prop::collection::vec((name(), value), 0..4);
        members.prop_map(|all| {
            let all = all
                .into_iter()
                .map(|(name, value)| (name.to_owned(), value));
            all.collect::<Document>()
        })
    };
    let inner = members;
    let value = leaf.prop_recursive(3, 20, 4, move |value| {
        prop_oneof![
            prop::collection::vec(value.clone(), 0..3).prop_map(Bson::from),
            inner(value.boxed()).prop_map(Bson::from),
        ]
    });
    members(value.boxed())
}

proptest! {
    #[test]
    fn a_pinned_name_leads_to_what_is_pinned_alone_and_other_names_to_what_they_led_to(
        given in attributes(),
        name in prop::sample::select(vec!["a", "a.b", "a.b.c", "c"]),
        other in prop::sample::select(vec!["b", "ab", "b.c", "c.a"]),
    ) {
        let pins = pins(&[(name, "pinned")]);
        let after = pinned(&pins, &given);
        let mut found = Vec::new();
        led_to(&after, name, &mut found);
        let expected = Bson::from("pinned");
        prop_assert_eq!(found, vec![&expected], "{}", after);
        if !name.starts_with(other) && !other.starts_with(name) {
            let (mut before, mut now) = (Vec::new(), Vec::new());
            led_to(&given, other, &mut before);
            led_to(&after, other, &mut now);
            prop_assert_eq!(before.len(), now.len(), "{}", after);
        }
    }
}
