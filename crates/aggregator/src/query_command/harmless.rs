//! Text of unknown origin, written so that no terminal obeys it and no reader is misled by it.
//!
//! Control characters (C0, DEL, C1, and with them every escape sequence), characters that turn the
//! direction of writing round or break a line, and those that are not seen at all, are written as
//! their codes. Joiners stay, because scripts and emoji need them.

use std::io::Write as _;

/// Whether a character only stands where it stands.
fn is_harmless(character: char) -> bool {
    !character.is_control()
        && !matches!(
            character,
            '\u{61c}'
                | '\u{200b}'
                | '\u{200e}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{feff}'
                | '\u{fff9}'..='\u{fffb}'
                | '\u{e0000}'..='\u{e007f}'
        )
}

/// Whether all of a text can be written as it is.
pub(super) fn is_all_harmless(text: &str) -> bool {
    text.chars().all(is_harmless)
}

/// Writes a text in one line: `\n`, `\r`, `\t`, `\x1b`, `\u{202e}` stand for what they name.
pub(super) fn write(text: &str, out: &mut Vec<u8>) {
    replaced(text, out, |character, out| {
        let code = u32::from(character);
        // Nothing that is written to memory fails.
        drop(match character {
            '\n' => out.write_all(b"\\n"),
            '\r' => out.write_all(b"\\r"),
            '\t' => out.write_all(b"\\t"),
            _ if code < 0x100 => write!(out, "\\x{code:02x}"),
            _ => write!(out, "\\u{{{code:x}}}"),
        });
    });
}

/// Writes JSON that means the same: its strings hold the characters' codes, and between its strings
/// a control character can only be a blank one.
pub(super) fn write_json(json: &str, out: &mut Vec<u8>) {
    replaced(json, out, |character, out| {
        if character < ' ' {
            out.push(b' ');
            return;
        }
        for unit in character.encode_utf16(&mut [0; 2]) {
            drop(write!(out, "\\u{unit:04x}"));
        }
    });
}

/// Writes a text with something else for each character that is not harmless.
fn replaced(text: &str, out: &mut Vec<u8>, instead: impl Fn(char, &mut Vec<u8>)) {
    let mut rest = text;
    while let Some(place) = rest.find(|character| !is_harmless(character)) {
        let (before, behind) = rest.split_at(place);
        out.extend_from_slice(before.as_bytes());
        let mut characters = behind.chars();
        if let Some(character) = characters.next() {
            instead(character, out);
        }
        rest = characters.as_str();
    }
    out.extend_from_slice(rest.as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn written(text: &str) -> String {
        let mut out = Vec::new();
        write(text, &mut out);
        String::from_utf8(out).unwrap()
    }

    fn json(text: &str) -> String {
        let mut out = Vec::new();
        write_json(text, &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn escape_sequences_are_shown_and_not_obeyed() {
        for (text, expected) in [
            ("plain, Äußerst, 情報, 👨‍👩‍👧", "plain, Äußerst, 情報, 👨‍👩‍👧"),
            ("\u{1b}[31mred\u{1b}[0m", "\\x1b[31mred\\x1b[0m"),
            ("\u{1b}]0;title\u{7}", "\\x1b]0;title\\x07"),
            ("\u{9b}2J", "\\x9b2J"),
            ("a\u{8}b\u{7f}\0", "a\\x08b\\x7f\\x00"),
            ("one\r\ntwo\tthree", "one\\r\\ntwo\\tthree"),
            ("user\u{202e}gnp.exe", "user\\u{202e}gnp.exe"),
            ("line\u{2028}line\u{feff}", "line\\u{2028}line\\u{feff}"),
            ("\u{e0041}", "\\u{e0041}"),
        ] {
            assert_eq!(written(text), expected);
        }
    }

    #[test]
    fn json_keeps_its_meaning() {
        let text = "{\"message\":\"\u{9b}2J \u{7f} \u{202e} \u{e0041}\",\n\t\"n\":1}";
        let shown = json(text);
        assert_eq!(
            shown,
            "{\"message\":\"\\u009b2J \\u007f \\u202e \\udb40\\udc41\",  \"n\":1}"
        );
        let value = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap();
        assert_eq!(value(&shown), value(text));
    }

    /// Many of what is dangerous, among all else.
    fn wild() -> impl Strategy<Value = String> {
        let dangerous = prop::sample::select(vec![
            '\u{1b}', '\n', '\r', '\0', '\u{7f}', '\u{85}', '\u{9b}', '\u{202e}', '\u{2066}', '[',
        ]);
        let any = prop::collection::vec(prop_oneof![dangerous, any::<char>()], 0..60);
        any.prop_map(|characters| characters.into_iter().collect())
    }

    proptest! {
        #[test]
        fn no_control_character_is_left_whatever_comes(text in wild()) {
            for shown in [written(&text), json(&text)] {
                prop_assert!(!shown.contains(char::is_control), "{shown:?}");
                prop_assert!(is_all_harmless(&shown), "{shown:?}");
            }
            prop_assert_eq!(written(&text) == text, is_all_harmless(&text));
        }

        #[test]
        fn json_of_any_text_means_the_same(text in wild()) {
            let value = serde_json::json!({ "message": text });
            let shown = json(&value.to_string());
            prop_assert_eq!(serde_json::from_str::<serde_json::Value>(&shown).unwrap(), value);
        }
    }
}
