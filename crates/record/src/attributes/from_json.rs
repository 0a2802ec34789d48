//! Attributes as BSON, from the JSON text that rows have of them.
//!
//! What [`write_json`](super::write_json) has written comes back from it as the same text. Integers beyond 64 bits keep
//! their digits, as they do when they are taken: as a decimal up to 34 of them, beyond that as text.

use crate::bson_writer::BsonWriter;
use crate::json_text::first_special;
use std::borrow::Cow;

/// No attributes that were taken are nested so deeply.
const MOST_DEPTH: usize = 128;

/// A text that is no JSON object, or one that BSON cannot hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the attributes are no JSON object")]
pub struct NoAttributes;

/// Appends the BSON document that stands for a JSON object.
///
/// # Errors
/// [`NoAttributes`]; what was written until then stays, and is the caller's to cut off.
pub fn write_bson(json: &str, out: &mut Vec<u8>) -> Result<(), NoAttributes> {
    let mut reader = Reader {
        text: json,
        place: 0,
    };
    let mut writer = BsonWriter::new(out);
    let mark = writer.open();
    reader.object(&mut writer, 0).ok_or(NoAttributes)?;
    writer.close(mark);
    reader.skip_blanks();
    match reader.place == json.len() {
        true => Ok(()),
        false => Err(NoAttributes),
    }
}

struct Reader<'a> {
    text: &'a str,
    place: usize,
}

impl<'a> Reader<'a> {
    fn rest(&self) -> &'a [u8] {
        self.text.as_bytes().get(self.place..).unwrap_or_default()
    }

    fn skip_blanks(&mut self) {
        let is_blank = |byte: &&u8| matches!(byte, b' ' | b'\t' | b'\n' | b'\r');
        self.place += self.rest().iter().take_while(is_blank).count();
    }

    /// The next byte that is no blank.
    fn next(&mut self) -> Option<u8> {
        self.skip_blanks();
        let byte = self.rest().first().copied();
        self.place += 1;
        byte
    }

    fn next_is(&mut self, expected: u8) -> bool {
        self.skip_blanks();
        let is_so = self.rest().first() == Some(&expected);
        self.place += usize::from(is_so);
        is_so
    }

    fn expect(&mut self, expected: u8) -> Option<()> {
        self.next_is(expected).then_some(())
    }

    fn object(&mut self, writer: &mut BsonWriter<'_>, depth: usize) -> Option<()> {
        self.expect(b'{')?;
        if self.next_is(b'}') {
            return Some(());
        }
        loop {
            let name = self.string()?;
            // A name of BSON ends there.
            if name.contains('\0') {
                return None;
            }
            self.expect(b':')?;
            self.value(writer, &name, depth)?;
            match self.next()? {
                b',' => {}
                b'}' => return Some(()),
                _ => return None,
            }
        }
    }

    fn array(&mut self, writer: &mut BsonWriter<'_>, depth: usize) -> Option<()> {
        self.expect(b'[')?;
        if self.next_is(b']') {
            return Some(());
        }
        let mut digits = itoa::Buffer::new();
        for position in 0_u32.. {
            self.value(writer, digits.format(position), depth)?;
            match self.next()? {
                b',' => {}
                b']' => return Some(()),
                _ => return None,
            }
        }
        None
    }

    fn value(&mut self, writer: &mut BsonWriter<'_>, name: &str, depth: usize) -> Option<()> {
        self.skip_blanks();
        match self.rest().first()? {
            b'"' => writer.string(name, &self.string()?),
            b'{' | b'[' if depth >= MOST_DEPTH => return None,
            b'{' => {
                let mark = writer.open_document(name);
                self.object(writer, depth + 1)?;
                writer.close(mark);
            }
            b'[' => {
                let mark = writer.open_array(name);
                self.array(writer, depth + 1)?;
                writer.close(mark);
            }
            b't' => {
                self.word(b"true")?;
                writer.boolean(name, true);
            }
            b'f' => {
                self.word(b"false")?;
                writer.boolean(name, false);
            }
            b'n' => {
                self.word(b"null")?;
                writer.null(name);
            }
            _ => self.number(writer, name)?,
        }
        Some(())
    }

    fn word(&mut self, word: &[u8]) -> Option<()> {
        let is_there = self.rest().starts_with(word);
        self.place += word.len();
        is_there.then_some(())
    }

    fn string(&mut self) -> Option<Cow<'a, str>> {
        self.expect(b'"')?;
        let start = self.place;
        loop {
            self.place += first_special(self.rest());
            match self.rest().first()? {
                b'"' => break,
                b'\\' => self.place += 2,
                _ => return None,
            }
        }
        let text = self.text.get(start..self.place)?;
        self.place += 1;
        if !text.contains('\\') {
            return Some(text.into());
        }
        let quoted = self.text.get(start - 1..self.place)?;
        serde_json::from_str::<String>(quoted).ok().map(Cow::Owned)
    }

    fn number(&mut self, writer: &mut BsonWriter<'_>, name: &str) -> Option<()> {
        let is_of_number =
            |byte: &&u8| matches!(byte, b'0'..=b'9' | b'+' | b'-' | b'.' | b'e' | b'E');
        let length = self.rest().iter().take_while(is_of_number).count();
        let text = self.text.get(self.place..self.place + length)?;
        self.place += length;
        is_number(text.as_bytes()).then_some(())?;
        if text.contains(['.', 'e', 'E']) || text == "-0" {
            match text.parse::<f64>() {
                Ok(number) if number.is_finite() => writer.double(name, number),
                _ => writer.string(name, text),
            }
        } else {
            writer.long_integer(name, text);
        }
        Some(())
    }
}

/// Whether JSON has a number that is written so (RFC 8259, section 6).
fn is_number(text: &[u8]) -> bool {
    let digits = |text: &[u8]| text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let mut rest = text.strip_prefix(b"-").unwrap_or(text);
    let whole = digits(rest);
    if whole == 0 || (whole > 1 && rest.starts_with(b"0")) {
        return false;
    }
    rest = rest.get(whole..).unwrap_or_default();
    if let Some(fraction) = rest.strip_prefix(b".") {
        let length = digits(fraction);
        if length == 0 {
            return false;
        }
        rest = fraction.get(length..).unwrap_or_default();
    }
    if let [b'e' | b'E', exponent @ ..] = rest {
        let signs = [b'+', b'-'];
        let sign = exponent.first().is_some_and(|byte| signs.contains(byte));
        let exponent = exponent.get(usize::from(sign)..).unwrap_or_default();
        let length = digits(exponent);
        return length > 0 && length == exponent.len();
    }
    rest.is_empty()
}

#[cfg(test)]
mod tests {
    use super::super::write_json;
    use super::*;
    use bson::RawDocument;
    use proptest::prelude::*;
    use serde_json::value::RawValue;
    use serde_json::{Map, Value, json};
    use std::collections::BTreeMap;

    /// The text that comes back.
    fn through_bson(text: &str) -> Result<String, NoAttributes> {
        let mut bson = Vec::new();
        write_bson(text, &mut bson)?;
        let mut json = Vec::new();
        write_json(RawDocument::from_bytes(&bson).unwrap(), &mut json).unwrap();
        Ok(String::from_utf8(json).unwrap())
    }

    #[test]
    fn what_rows_have_comes_back_to_the_byte() {
        for text in [
            "{}",
            r#"{"a":"b","":"","a":1}"#,
            r#"{"s":"\u0000\u0007\"\\ \n é 😀","\n":[[],{},[1,-2.5,null,true,false,"x"]]}"#,
            r#"{"n":[0,-1,9223372036854775807,-9223372036854775808,18446744073709551616]}"#,
            r#"{"n":[123456789012345678901234567890123456789012345,-0.0,1e+300,5e-324,1.0]}"#,
        ] {
            assert_eq!(through_bson(text).as_deref(), Ok(text));
        }
    }

    #[test]
    fn what_is_no_object_is_told_apart() {
        let deep = format!("{}1{}", r#"{"a":"#.repeat(200), "}".repeat(200));
        for text in [
            "",
            " ",
            "1",
            "null",
            "[]",
            "{",
            "{}x",
            "{}{}",
            r#"{"a"}"#,
            r#"{"a":}"#,
            r#"{"a":1,}"#,
            r#"{"a":01}"#,
            r#"{"a":+1}"#,
            r#"{"a":1.}"#,
            r#"{"a":.1}"#,
            r#"{"a":1e}"#,
            r#"{"a":1e+}"#,
            r#"{"a":-}"#,
            r#"{"a":nul}"#,
            r#"{"a":"b}"#,
            "{\"a\":\"\n\"}",
            r#"{"\u0000":1}"#,
            r#"{"a":"\ud800"}"#,
            r#"{"a":[1,]}"#,
            r#"{"a":"\"#,
            &deep,
        ] {
            assert_eq!(through_bson(text), Err(NoAttributes), "{text}");
        }
        let spread = through_bson(" { \"a\" : [ 1 , 2 ] } ");
        assert_eq!(spread.as_deref(), Ok(r#"{"a":[1,2]}"#));
    }

    fn value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<u64>().prop_map(Value::from),
            any::<f64>().prop_map(|number| json!(number)),
            "[a-c\"\\\\\u{0}-\u{1f}é😀]{0,12}".prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 40, 6, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
                members(inner).prop_map(Value::from),
            ]
        })
    }

    fn members(value: impl Strategy<Value = Value>) -> impl Strategy<Value = Map<String, Value>> {
        let name = "[a-c\"\\\\\u{1}-\u{1f}é]{0,4}";
        prop::collection::vec((name, value), 0..6).prop_map(|members| members.into_iter().collect())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(3_000))]
        #[test]
        fn any_object_comes_back_to_the_byte(object in members(value())) {
            let text = Value::from(object).to_string();
            prop_assert_eq!(through_bson(&text), Ok(text));
        }

        #[test]
        fn what_is_taken_of_a_damaged_text_is_an_object(
            object in members(value()),
            edits in prop::collection::vec((any::<prop::sample::Index>(), any::<char>()), 1..3),
        ) {
            let mut text: Vec<char> = Value::from(object).to_string().chars().collect();
            for (place, char) in edits {
                let place = place.index(text.len());
                text[place] = char;
            }
            let text: String = text.into_iter().collect();
            if let Ok(back) = through_bson(&text) {
                // Not as values: a number may be greater than any of theirs.
                let object = serde_json::from_str::<BTreeMap<String, Box<RawValue>>>(&text);
                prop_assert!(object.is_ok(), "{}", text);
                prop_assert!(serde_json::from_str::<Value>(&back).is_ok());
            }
        }
    }
}
