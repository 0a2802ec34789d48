//! Text of unknown origin, written so that no terminal obeys it and no reader is misled by it.
//!
//! Control characters (C0, DEL, C1, and with them every escape sequence), characters that turn the
//! direction of writing round or break a line, and those that are not seen at all, are written as
//! their codes. Joiners stay, because scripts and emoji need them.

use program::invisible::is_ignorable;
use std::io::Write as _;

/// Whether a character only stands where it stands. Of those that are not seen, the joiners and the choices
/// between text and picture stay.
fn is_harmless(character: char) -> bool {
    let stays = matches!(character, '\u{200c}'..='\u{200d}' | '\u{fe00}'..='\u{fe0f}');
    // They end a line or a paragraph, or say what belongs to what.
    let divides = matches!(character, '\u{2028}'..='\u{2029}' | '\u{fff9}'..='\u{fffb}');
    let is_unseen = character.is_control() || is_ignorable(character) || divides;
    stays || !is_unseen
}

/// Whether all of a text can be written as it is.
pub(super) fn is_all_harmless(text: &str) -> bool {
    text.chars().all(is_harmless)
}

/// Writes a text in one line: `\n`, `\r`, `\t`, `\x1b`, `\u{202e}` stand for what they name.
pub(super) fn write(text: &str, out: &mut Vec<u8>) {
    replaced(text, out, is_harmless, write_code);
}

/// What someone else says, in one line of bearable length that is safe to show.
pub(super) fn line(text: &str) -> String {
    const LONGEST: usize = 500;
    let text: String = text.trim().chars().take(LONGEST).collect();
    in_one_line(&text)
}

/// A text in one line that is safe to show, however long it is.
pub(super) fn in_one_line(text: &str) -> String {
    let mut out = Vec::new();
    write(text, &mut out);
    String::from_utf8_lossy(&out).into_owned()
}

/// Writes CSV, whose line ends and tabs stay: only the other control characters become codes.
pub(super) fn write_csv(text: &str, out: &mut Vec<u8>) {
    let stays =
        |character: char| matches!(character, '\t' | '\r' | '\n') || !character.is_control();
    replaced(text, out, stays, write_code);
}

fn write_code(character: char, out: &mut Vec<u8>) {
    let code = u32::from(character);
    // Nothing that is written to memory fails.
    drop(match character {
        '\n' => out.write_all(b"\\n"),
        '\r' => out.write_all(b"\\r"),
        '\t' => out.write_all(b"\\t"),
        _ if code < 0x100 => write!(out, "\\x{code:02x}"),
        _ => write!(out, "\\u{{{code:x}}}"),
    });
}

/// Writes JSON that means the same: its strings hold the characters' codes, and between its strings
/// a control character can only be a blank one.
pub(super) fn write_json(json: &str, out: &mut Vec<u8>) {
    replaced(json, out, is_harmless, |character, out| {
        if character < ' ' {
            out.push(b' ');
            return;
        }
        for unit in character.encode_utf16(&mut [0; 2]) {
            drop(write!(out, "\\u{unit:04x}"));
        }
    });
}

/// Writes a text with something else for each character that does not stay.
fn replaced(
    text: &str,
    out: &mut Vec<u8>,
    stays: impl Fn(char) -> bool,
    instead: impl Fn(char, &mut Vec<u8>),
) {
    let mut rest = text;
    while let Some(place) = rest.find(|character| !stays(character)) {
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
    fn what_cannot_be_seen_is_shown_and_what_joins_stays() {
        // Unicode's Default_Ignorable_Code_Point, the ends of its ranges.
        for code in [
            0xad, 0x34f, 0x61c, 0x115f, 0x1160, 0x17b4, 0x17b5, 0x180b, 0x180f, 0x200b, 0x200e,
            0x202a, 0x202e, 0x2060, 0x206f, 0x3164, 0xfeff, 0xffa0, 0xfff0, 0xfff8, 0x1bca0,
            0x1bca3, 0x1d173, 0x1d17a, 0xe0000, 0xe0001, 0xe007f, 0xe0080, 0xe0100, 0xe01ef,
            0xe0fff,
        ] {
            let character = char::from_u32(code).unwrap();
            let shown = match code {
                0xad => "a\\xadb".to_owned(),
                _ => format!("a\\u{{{code:x}}}b"),
            };
            assert_eq!(written(&format!("a{character}b")), shown);
        }
        for code in [
            0xac, 0xae, 0x34e, 0x350, 0x115e, 0x1161, 0x17b3, 0x17b6, 0x180a, 0x1810, 0x200c,
            0x200d, 0x3163, 0x3165, 0xfe00, 0xfe0f, 0xfffd, 0x1f600,
        ] {
            let character = char::from_u32(code).unwrap().to_string();
            assert_eq!(written(&character), character, "{code:x}");
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
