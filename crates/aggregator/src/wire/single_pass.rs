//! The usual record, read in one pass: each value is written as BSON where it stands.
//!
//! What is out of the ordinary (a name that comes twice, two fields that may be the message, an integer
//! beyond 64 bits, anything that is wrong) is an error here, and leaves the caller to read everything
//! again by way of [`fields`](super::fields), which alone decides what such a record becomes and what
//! is said about it. So this path must take nothing that the other would refuse, and write the same
//! bytes; property tests hold both against each other.

use super::value::{MAX_DEPTH, MAX_MEMBERS};
use crate::batch::BatchBuilder;
use crate::bson_writer::BsonWriter;
use logs::Timestamp;
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use std::borrow::Cow;
use std::fmt;

/// Names of one record that are looked through for doubles.
const MAX_NAMES: usize = 256;

/// What a field is for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Role {
    Time,
    Message,
    Level,
    Attributes,
    Attribute,
}

/// What reading one record needs, used again from record to record.
#[derive(Default)]
pub(super) struct Scratch<'a> {
    /// The attributes as BSON.
    attributes: Vec<u8>,
    /// The names of every object that is open, one object behind another.
    names: Vec<Cow<'a, str>>,
}

/// Reads one record and takes it.
pub(super) struct RecordSeed<'b, 's, 'a> {
    pub(super) batch: &'b mut BatchBuilder,
    pub(super) scratch: &'s mut Scratch<'a>,
}

/// Reads an array of records; `false` when any of them is unusual, or the batch has outgrown its bound.
pub(super) fn array(text: &str, batch: &mut BatchBuilder) -> bool {
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let read = deserializer.deserialize_seq(ArrayVisitor(batch));
    read.and_then(|()| deserializer.end()).is_ok()
}

struct ArrayVisitor<'b>(&'b mut BatchBuilder);

impl<'a> Visitor<'a> for ArrayVisitor<'_> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an array of records")
    }

    fn visit_seq<S: SeqAccess<'a>>(self, mut sequence: S) -> Result<(), S::Error> {
        let mut scratch = Scratch::default();
        loop {
            let seed = RecordSeed {
                batch: &mut *self.0,
                scratch: &mut scratch,
            };
            if sequence.next_element_seed(seed)?.is_none() {
                return Ok(());
            }
            if self.0.is_too_large() {
                return Err(unusual());
            }
        }
    }
}

fn role_of(name: &str) -> Role {
    match name {
        "timestamp" | "@timestamp" | "time" | "_time" | "ts" | "date" => Role::Time,
        "message" | "_msg" | "msg" | "log" | "body" | "short_message" => Role::Message,
        "level" | "severity" | "log.level" | "severity_text" | "lvl" => Role::Level,
        "attributes" => Role::Attributes,
        _ => Role::Attribute,
    }
}

fn unusual<E: Error>() -> E {
    E::custom("unusual")
}

impl<'a> DeserializeSeed<'a> for RecordSeed<'_, '_, 'a> {
    type Value = ();

    fn deserialize<D: Deserializer<'a>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'a> Visitor<'a> for RecordSeed<'_, '_, 'a> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a record")
    }

    fn visit_map<M: MapAccess<'a>>(self, mut map: M) -> Result<(), M::Error> {
        let Self { batch, scratch } = self;
        scratch.attributes.clear();
        scratch.names.clear();
        let (mut time, mut message, mut level) = (None, None, None);
        while let Some(Text(name)) = map.next_key()? {
            match role_of(&name) {
                Role::Time => put(&mut time, map.next_value::<Time>()?.0)?,
                Role::Message => put(&mut message, map.next_value::<Text<'a>>()?.0)?,
                Role::Level => put(&mut level, map.next_value::<Text<'a>>()?.0)?,
                Role::Attributes => map.next_value_seed(MembersSeed {
                    scratch: &mut *scratch,
                    depth: 0,
                })?,
                Role::Attribute => {
                    scratch.note(&name, 0)?;
                    map.next_value_seed(ValueSeed {
                        scratch: &mut *scratch,
                        name: &name,
                        depth: 0,
                    })?;
                    scratch.names.push(name);
                }
            }
        }
        let message: Cow<'a, str> = message.ok_or_else(unusual)?;
        if message.is_empty()
            || level
                .as_ref()
                .is_some_and(|level: &Cow<'a, str>| level.is_empty())
        {
            return Err(unusual());
        }
        let taken = batch.record(time, level.as_deref(), &message, |writer| {
            writer.members(&scratch.attributes);
            Ok(())
        });
        taken.then_some(()).ok_or_else(unusual)
    }
}

/// Only the first of a role can be told without a look at the others.
fn put<T, E: Error>(place: &mut Option<T>, value: T) -> Result<(), E> {
    match place.replace(value) {
        None => Ok(()),
        Some(_) => Err(unusual()),
    }
}

impl<'a> Scratch<'a> {
    /// Looks whether a name is new in the object whose names begin at `first`, and can be stored.
    fn note<E: Error>(&self, name: &str, first: usize) -> Result<(), E> {
        let names = self.names.get(first..).unwrap_or_default();
        let twice = names.iter().any(|other| other == name);
        if twice || names.len() >= MAX_NAMES || name.contains('\0') {
            return Err(unusual());
        }
        Ok(())
    }

    fn writer(&mut self) -> BsonWriter<'_> {
        BsonWriter::new(&mut self.attributes)
    }

    /// Writes the members of an object whose names begin at `first`.
    fn members<M: MapAccess<'a>>(
        &mut self,
        mut map: M,
        first: usize,
        depth: usize,
    ) -> Result<(), M::Error> {
        while let Some(Text(name)) = map.next_key()? {
            self.note(&name, first)?;
            map.next_value_seed(ValueSeed {
                scratch: &mut *self,
                name: &name,
                depth,
            })?;
            self.names.push(name);
        }
        Ok(())
    }
}

/// The members of `attributes`, which stand beside the record's own fields.
struct MembersSeed<'s, 'a> {
    scratch: &'s mut Scratch<'a>,
    depth: usize,
}

impl<'a> DeserializeSeed<'a> for MembersSeed<'_, 'a> {
    type Value = ();

    fn deserialize<D: Deserializer<'a>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'a> Visitor<'a> for MembersSeed<'_, 'a> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<M: MapAccess<'a>>(self, map: M) -> Result<(), M::Error> {
        self.scratch.members(map, 0, self.depth)
    }
}

/// Writes a value under a name.
struct ValueSeed<'s, 'n, 'a> {
    scratch: &'s mut Scratch<'a>,
    name: &'n str,
    depth: usize,
}

impl<'a> DeserializeSeed<'a> for ValueSeed<'_, '_, 'a> {
    type Value = ();

    fn deserialize<D: Deserializer<'a>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'a> Visitor<'a> for ValueSeed<'_, '_, 'a> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a value")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<(), E> {
        self.scratch.writer().string(self.name, text);
        Ok(())
    }

    fn visit_bool<E: Error>(self, truth: bool) -> Result<(), E> {
        self.scratch.writer().boolean(self.name, truth);
        Ok(())
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        self.scratch.writer().null(self.name);
        Ok(())
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<(), E> {
        self.scratch.writer().integer(self.name, number);
        Ok(())
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<(), E> {
        self.visit_i64(i64::try_from(number).map_err(|_| unusual::<E>())?)
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<(), E> {
        // It may be an integer beyond 64 bits, whose digits are to be kept.
        if number.fract() == 0.0 {
            return Err(unusual());
        }
        self.scratch.writer().double(self.name, number);
        Ok(())
    }

    fn visit_map<M: MapAccess<'a>>(self, map: M) -> Result<(), M::Error> {
        if self.depth >= MAX_DEPTH {
            return Err(unusual());
        }
        let mark = self.scratch.writer().open_document(self.name);
        let first = self.scratch.names.len();
        self.scratch.members(map, first, self.depth + 1)?;
        self.scratch.names.truncate(first);
        self.scratch.writer().close(mark);
        Ok(())
    }

    fn visit_seq<S: SeqAccess<'a>>(self, mut sequence: S) -> Result<(), S::Error> {
        if self.depth >= MAX_DEPTH {
            return Err(unusual());
        }
        let mark = self.scratch.writer().open_array(self.name);
        let mut digits = itoa::Buffer::new();
        for position in 0..=MAX_MEMBERS {
            let element = ValueSeed {
                scratch: &mut *self.scratch,
                name: digits.format(position),
                depth: self.depth + 1,
            };
            if sequence.next_element_seed(element)?.is_none() {
                self.scratch.writer().close(mark);
                return Ok(());
            }
        }
        Err(unusual())
    }
}

/// A string, borrowed where nothing is escaped.
struct Text<'a>(Cow<'a, str>);

impl<'a> serde::Deserialize<'a> for Text<'a> {
    fn deserialize<D: Deserializer<'a>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(TextVisitor)
    }
}

struct TextVisitor;

impl<'a> Visitor<'a> for TextVisitor {
    type Value = Text<'a>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("text")
    }

    fn visit_borrowed_str<E: Error>(self, text: &'a str) -> Result<Text<'a>, E> {
        Ok(Text(Cow::Borrowed(text)))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Text<'a>, E> {
        Ok(Text(Cow::Owned(text.to_owned())))
    }
}

/// A time that is one, in text or as a whole number.
struct Time(Timestamp);

impl<'a> serde::Deserialize<'a> for Time {
    fn deserialize<D: Deserializer<'a>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TimeVisitor)
    }
}

struct TimeVisitor;

impl Visitor<'_> for TimeVisitor {
    type Value = Time;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a time")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Time, E> {
        // Senders write that they have no time as "", "-" or "0".
        if text.len() < 2 {
            return Err(unusual());
        }
        Timestamp::parse(text).map(Time).map_err(|_| unusual())
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Time, E> {
        if number == 0 {
            return Err(unusual());
        }
        let text = itoa::Buffer::new().format(number).to_owned();
        Timestamp::parse_number(&text)
            .map(Time)
            .map_err(|_| unusual())
    }
}

#[cfg(test)]
mod tests {
    use super::super::json;
    use super::*;
    use crate::batch::Batch;
    use crate::record_id::BatchId;
    use proptest::prelude::*;
    use serde_json::Value;

    fn builder() -> BatchBuilder {
        let now = Timestamp::from_nanos(1_700_000_000_000_000_000);
        BatchBuilder::new(BatchId::keyed("key", b"body"), None, now, 1 << 20)
    }

    fn told(batch: &Batch) -> (&[u8], usize, &[usize]) {
        let documents = &batch.documents;
        (documents.encoded(), documents.len(), batch.undated())
    }

    /// Whether the single pass took the body; if it did, the other way writes the same.
    fn agrees(text: &str) -> Result<bool, TestCaseError> {
        let (mut fast, mut slow) = (builder(), builder());
        if !array(text, &mut fast) {
            return Ok(false);
        }
        let read = json::decode_array_by_members(text, &mut slow);
        prop_assert_eq!(read, Ok(()), "{}", text);
        let ((fast, _), (slow, rejects)) = (fast.finish(), slow.finish());
        prop_assert_eq!(rejects.count, 0, "{}", text);
        prop_assert_eq!(told(&fast), told(&slow), "{}", text);
        Ok(true)
    }

    fn number() -> impl Strategy<Value = Value> {
        prop_oneof![
            any::<i64>().prop_map(Into::into),
            any::<u64>().prop_map(Into::into),
            any::<f64>().prop_map(Into::into),
            any::<f32>().prop_map(Into::into),
            (0_i64..3).prop_map(Into::into),
            (1_700_000_000_u64..1_700_000_009).prop_map(Into::into),
            Just(0.0.into()),
            Just((-0.0).into()),
        ]
    }

    fn text() -> impl Strategy<Value = Value> {
        prop_oneof![
            ".{0,8}".prop_map(Into::into),
            "[a-z\"\\\\/\u{0}-\u{1f}é😀]{0,6}".prop_map(Into::into),
            prop::sample::select(vec![
                "",
                "-",
                "0",
                "WARN",
                "2024-10-08T00:00:00Z",
                "2024-10-08 00:00:00.123456789",
            ])
            .prop_map(Into::into),
        ]
    }

    fn value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Into::into),
            number(),
            text(),
        ];
        leaf.prop_recursive(4, 30, 5, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..5).prop_map(Into::into),
                prop::collection::vec(("[a-c\u{0}é]{0,2}", inner), 0..5).prop_map(|members| {
                    members
                        .into_iter()
                        .collect::<serde_json::Map<_, _>>()
                        .into()
                }),
            ]
        })
    }

    /// A record as text, so that a name may come twice.
    fn record() -> impl Strategy<Value = String> {
        let usual = vec!["timestamp", "message", "level", "attributes", "a", "b"];
        let all = vec![
            "timestamp",
            "@timestamp",
            "ts",
            "message",
            "msg",
            "log",
            "level",
            "severity",
            "attributes",
            "a",
            "b",
            "c",
            "d",
        ];
        let name = prop_oneof![3 => prop::sample::select(usual), 1 => prop::sample::select(all)];
        let member = prop_oneof![(name.clone(), value()), (name, text())];
        prop::collection::vec(member, 0..6).prop_map(|members| {
            let mut texts: Vec<String> = members
                .iter()
                .map(|(name, value)| format!("{}:{value}", Value::from(*name)))
                .collect();
            texts.push(r#""msg":"m""#.to_owned());
            format!("{{{}}}", texts.join(","))
        })
    }

    /// Bytes that mean something in JSON, put over some of a body's.
    fn broken(text: String) -> impl Strategy<Value = String> {
        let bytes = prop::sample::select(br#"{}[]",:\0123-.eEtfnul/ "#.to_vec());
        let edits = prop::collection::vec((any::<prop::sample::Index>(), bytes), 1..4);
        edits.prop_filter_map("UTF-8", move |edits| {
            let mut broken = text.clone().into_bytes();
            for (place, byte) in edits {
                let place = place.index(broken.len());
                broken[place] = byte;
            }
            String::from_utf8(broken).ok()
        })
    }

    fn body() -> impl Strategy<Value = String> {
        let records = prop::collection::vec(record(), 0..4);
        records.prop_map(|records| format!("[{}]", records.join(",\n")))
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4000))]
        #[test]
        fn what_is_taken_in_one_pass_is_what_the_other_way_takes(text in body()) {
            agrees(&text)?;
        }

        #[test]
        fn what_is_taken_of_a_broken_body_is_what_the_other_way_takes(
            text in body().prop_flat_map(broken)
        ) {
            agrees(&text)?;
        }
    }

    #[test]
    fn the_records_that_most_senders_send_are_taken_in_one_pass() {
        for record in [
            r#"{"timestamp":"2024-10-08T00:00:00Z","level":"ERROR","message":"Database connection failed."}"#,
            r#"{"message":"m","a":1,"b":[1,-2,0.5,null,true,{"c":"é\n"}],"attributes":{"d":{"e":{}}}}"#,
            r#"{"ts":1728345600,"msg":"m","lvl":"warn"}"#,
            r#"{"log":"m"}"#,
        ] {
            assert_eq!(
                agrees(&format!("[{record}, {record}]")),
                Ok(true),
                "{record}"
            );
        }
    }

    #[test]
    fn what_needs_a_second_look_is_left_to_the_other_way() {
        let deep = format!("{}1{}", r#"{"a":"#.repeat(33), "}".repeat(33));
        for record in [
            "7",
            "{}",
            r#"{"message":""}"#,
            r#"{"message":"m","msg":"n"}"#,
            r#"{"message":"m","a":1,"a":2}"#,
            r#"{"message":"m","a":18446744073709551616}"#,
            r#"{"message":"m","a":9223372036854775808}"#,
            r#"{"message":"m","level":""}"#,
            r#"{"message":"m","ts":0}"#,
            r#"{"message":"m","ts":"-"}"#,
            r#"{"message":"m","ts":1.5}"#,
            r#"{"message":"m","attributes":null}"#,
            r#"{"message":"m","a":1e999}"#,
            r#"{"message":"m","a\u0000":1}"#,
            r#"{"message":"m","a":1,"attributes":{"a":2}}"#,
            &format!(r#"{{"message":"m","n":{deep}}}"#),
        ] {
            assert!(!array(&format!("[{record}]"), &mut builder()), "{record}");
        }
    }
}
