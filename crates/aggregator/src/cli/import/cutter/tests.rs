//! Portions of a text are the same however it comes, and together they are the text.

use super::*;
use proptest::prelude::*;

/// The portions of a text that comes in these pieces.
fn cuts(asked: Option<Form>, target: usize, pieces: &[&[u8]]) -> Vec<Cut> {
    let mut cutter = Cutter::new(asked, target, "");
    let mut cuts = Vec::new();
    for piece in pieces {
        cutter.add(piece);
        while let Some(cut) = cutter.next().unwrap() {
            cuts.push(cut);
        }
    }
    while let Some(cut) = cutter.rest().unwrap() {
        cuts.push(cut);
    }
    cuts
}

fn bodies(asked: Option<Form>, target: usize, text: &str) -> Vec<(u64, String)> {
    let cuts = cuts(asked, target, &[text.as_bytes()]);
    let body = |cut: Cut| (cut.place, String::from_utf8(cut.body).unwrap());
    cuts.into_iter().map(body).collect()
}

fn owned(expected: &[(u64, &str)]) -> Vec<(u64, String)> {
    let expected = expected.iter();
    expected
        .map(|(place, text)| (*place, (*text).to_owned()))
        .collect()
}

#[test]
fn each_form_is_cut_where_a_record_ends() {
    for (target, text, expected) in [
        (
            8,
            "one\ntwo\nthree\n",
            &[(0, "one\ntwo\n"), (8, "three\n")][..],
        ),
        (3, "a long line\nb", &[(0, "a long line\n"), (12, "b")]),
        (
            10,
            "[12:00] a\n[12:01] b\n",
            &[(0, "[12:00] a\n"), (10, "[12:01] b\n")],
        ),
        (
            10,
            "{\"a\":1}\n{\"b\":2}\n",
            &[(0, "{\"a\":1}\n"), (8, "{\"b\":2}\n")],
        ),
        // A value over several lines is not cut.
        (
            6,
            "{\n\"a\":\n\"}\\\"\"}\n{}\n",
            &[(0, "{\n\"a\":\n\"}\\\"\"}\n"), (14, "{}\n")],
        ),
        // A brace in a line that is no JSON opens nothing.
        (
            6,
            "{}\nif {\n{}\n",
            &[(0, "{}\n"), (3, "if {\n"), (8, "{}\n")],
        ),
        (
            8,
            "[{\"a\":1},{\"b\":2}]",
            &[(1, "[{\"a\":1}]"), (9, "[{\"b\":2}]")],
        ),
        (
            40,
            " [ {\"a\":[1,2]}, {\"b\":\"],\"} ] \n",
            &[(2, "[ {\"a\":[1,2]}, {\"b\":\"],\"} ]")],
        ),
        (40, "[]", &[]),
        (40, "[{}]\n[{}]\nx", &[(1, "[{}]"), (6, "[{}]"), (10, "x")]),
        // What is cut off is sent so, and refused.
        (40, "[{},{\"a\"", &[(1, "[{},{\"a\"")]),
        (40, "\u{feff}[{}]", &[(4, "[{}]")]),
        (40, " \n\t", &[]),
        (40, "", &[]),
    ] {
        assert_eq!(bodies(None, target, text), owned(expected), "{text}");
    }
    let lines = bodies(Some(Form::Lines), 4, "{\n\"a\":1\n}\n");
    assert_eq!(lines, owned(&[(0, "{\n"), (2, "\"a\":1\n"), (8, "}\n")]));
}

#[test]
fn a_brace_that_is_never_closed_is_cut_behind_a_line() {
    let line = format!("{{ {}\n", "x".repeat(99));
    let text = line.repeat(LONGEST_VALUE / line.len() + 2);
    let cuts = cuts(None, 1_000, &[text.as_bytes()]);
    assert_eq!(cuts[0].body.len(), 1_000 / line.len() * line.len());
    let all: Vec<u8> = cuts.into_iter().flat_map(|cut| cut.body).collect();
    assert!(all == text.as_bytes());
}

#[test]
fn keys_go_by_all_that_stands_before_the_end_and_by_the_name() {
    let keys = |name: &str, text: &str| {
        let mut cutter = Cutter::new(None, 8, name);
        cutter.add(text.as_bytes());
        let mut keys = Vec::new();
        while let Some(cut) = cutter.rest().unwrap() {
            assert!(cut.key.bytes().all(|byte| byte.is_ascii_graphic()) && cut.key.len() < 255);
            keys.push(cut.key);
        }
        keys
    };
    let (first, grown) = (
        keys("", "one\ntwo\nthree\n"),
        keys("", "one\ntwo\nthree\nx\n"),
    );
    assert_eq!((first.len(), &first[0]), (2, &grown[0]));
    assert_ne!(first[1], grown[1]);
    // The same words at another place are other words.
    let other = keys("", "1ne\ntwo\nthree\n");
    assert!(other.iter().all(|key| !first.contains(key)));
    let twice = keys("", "one\none\none\none\n");
    assert_ne!(twice[0], twice[1]);
    assert!(
        keys("b", "one\ntwo\nthree\n")
            .iter()
            .all(|key| !first.contains(key))
    );
}

/// What many records are made of, whole and broken.
fn text() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "{\"a\":1}",
        "[{\"a\":\"x,]\"}]",
        "{",
        "}",
        "[",
        "]",
        "\"",
        "\\",
        ",",
        "\n",
        "\n",
        " ",
        "word",
        "é",
        "\u{feff}",
    ]);
    prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn portions_are_the_same_however_the_text_comes(
        text in text(), target in 1_usize..30, places: Vec<prop::sample::Index>,
        asked in prop::sample::select(vec![None, Some(Form::Lines), Some(Form::Values)]),
    ) {
        let whole = cuts(asked, target, &[text.as_bytes()]);
        let mut places: Vec<usize> = places.iter().map(|place| place.index(text.len() + 1)).collect();
        places.extend([0, text.len()]);
        places.sort_unstable();
        let pieces: Vec<&[u8]> = places.windows(2).map(|ends| &text.as_bytes()[ends[0]..ends[1]]).collect();
        prop_assert_eq!(&cuts(asked, target, &pieces), &whole);
        // Nothing but blanks and what parts elements is left out, and nothing comes twice.
        let mut end = 0;
        for cut in &whole {
            let start = usize::try_from(cut.place).unwrap();
            let left_out = &text[end..start];
            prop_assert!(left_out.chars().all(|letter| letter.is_ascii_whitespace() || "[],\u{feff}".contains(letter)), "{:?}", left_out);
            let body = match cut.form {
                Form::Elements => {
                    let inner = &cut.body[1..];
                    let is_whole = text.as_bytes()[start..].get(inner.len() - 1).is_some_and(|_| inner != &text.as_bytes()[start..start + inner.len().min(text.len() - start)]);
                    if is_whole || start + inner.len() > text.len() { &inner[..inner.len() - 1] } else { inner }
                }
                Form::Lines | Form::Values => &cut.body[..],
            };
            prop_assert_eq!(body, &text.as_bytes()[start..start + body.len()]);
            end = start + body.len();
        }
        let left_out = &text[end..];
        prop_assert!(left_out.chars().all(|letter| letter.is_ascii_whitespace() || "[],\u{feff}".contains(letter)), "{:?}", left_out);
    }
}
