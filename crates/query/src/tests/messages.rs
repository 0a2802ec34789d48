//! Texts, phrases and expressions that are looked for in messages.

use super::*;
use regex::RegexBuilder;

#[test]
fn a_text_is_found_without_regard_to_case_whatever_the_script() {
    let message = "Äußerst langsam: GET /Orders took 120 ms, ΩMEGA STRAẞE ПРИВЕТ 20 \u{212a}ilo";
    for (query, expected) in [
        ("q=orders", true),
        ("q=ORDERS&q=120 MS", true),
        ("q=orders&q=POST", false),
        ("q=Äußerst", true),
        ("q=äuSSerst", false),
        ("q=äuſſerst", false),
        ("q=äußeRſt", true),
        ("q=ωmega", true),
        ("q=straße привет", true),
        ("q=20 kilo", true),
        ("q=äußerst&caseSensitive=true", false),
        ("q=orders&caseSensitive=true", false),
        ("q=Orders&caseSensitive=true", true),
        ("q=kilo&caseSensitive=true", false),
        ("q=Orders&caseSensitive=false", true),
        ("q=orders&caseSensitive=TRUE", false),
        ("q=orders&caseSensitive=False", true),
        ("q=.*", false),
    ] {
        assert_eq!(finds(query, "INFO", message, None), expected, "{query}");
    }
}

#[test]
fn a_level_that_is_not_known_is_found_in_any_case_of_its_letters() {
    for (query, level, expected) in [
        ("logLevel=ärger", " ÄRGER ", true),
        ("logLevel=ΣΑΣ", "σας", true),
        ("logLevel=ſoft", "SOFT", true),
        // It is no spelling of the known one, and not found by that.
        ("logLevel=verboſe", "verboſe", true),
        ("logLevel=verbose", "verboſe", false),
    ] {
        assert_eq!(finds(query, level, "", None), expected, "{query} {level}");
    }
}

#[test]
fn a_phrase_is_found_where_its_words_are_whole() {
    let message =
        "Errors: error-count=12, connection refused by 110.0.0.1 (Größe 10.0.0.12); it's NÄIVE_1 x";
    for (query, expected) in [
        ("word=error", true),
        ("word=ERROR", true),
        ("word=ERROR&caseSensitive=true", false),
        ("word=erro", false),
        ("word=connection refused", true),
        ("word=connection  refused", false),
        ("word=Connection Refused&word=errors", true),
        ("word=refused&word=connections", false),
        ("word=onnection refused", false),
        ("word=connection refuse", false),
        ("word=110.0.0.1", true),
        ("word=10.0.0.1", false),
        ("word=count%3D12", true),
        ("word=count%3D1", false),
        ("word=-count%3D", true),
        ("word=s:", false),
        ("word=GRÖSSE", false),
        ("word=größe", true),
        ("word=röße", false),
        ("word=näive_1", true),
        ("word=näive", false),
        ("word=s", true),
        ("word=t", false),
        ("word=x", true),
    ] {
        assert_eq!(finds(query, "INFO", message, None), expected, "{query}");
    }
}

#[test]
fn a_phrase_without_a_word_is_refused() {
    for (text, code, said) in [
        ("word=_&word=%20", "invalid_parameter", "word has no word: "),
        ("word=-- !", "invalid_parameter", "word has no word: "),
    ] {
        let error = parse(text).unwrap_err();
        assert_eq!(error.code(), code, "{text}");
        assert!(error.to_string().starts_with(said), "{error}");
    }
}

#[test]
fn what_stands_where_two_pieces_meet_is_found_as_well() {
    // Pieces are of 64 KiB, and of 1 MiB where case matters.
    for (size, is_case_sensitive) in [(64 * 1024, false), (1024 * 1024, true)] {
        for place in size - 12..size + 12 {
            for (before, behind) in [(" ", " "), ("é", " "), (" ", "é"), ("é", "é")] {
                let mut message = ".".repeat(place);
                message.push_str(before);
                message.push_str("wörd");
                message.push_str(behind);
                message.push_str(&".".repeat(50));
                let mut goes_on = || true;
                let patience = &mut Patience::new(&mut goes_on);
                let text = Substring::new("wörd", is_case_sensitive).unwrap();
                assert_eq!(text.is_in(&message, patience), Ok(true), "{place}");
                let phrase = Phrase::new("wörd", is_case_sensitive).unwrap();
                let is_whole = (before, behind) == (" ", " ");
                assert_eq!(phrase.is_in(&message, patience), Ok(is_whole), "{place}");
            }
        }
    }
}

#[test]
fn a_phrase_that_stands_again_and_again_within_longer_words_can_be_given_up() {
    let phrase = Phrase::new(&"ab ".repeat(300).trim_end()[..889], false).unwrap();
    let message = "ab ".repeat(20_000);
    let mut asked = 0;
    let mut goes_on = || {
        asked += 1;
        asked < 4
    };
    let given_up = phrase.is_in(&message, &mut Patience::new(&mut goes_on));
    assert_eq!(given_up, Err(GaveUp));
    // Within one word it is not compared again.
    let phrase = Phrase::new(&"a".repeat(900), false).unwrap();
    let message = "a".repeat(50_000);
    let mut goes_on = || false;
    let found = phrase.is_in(&message, &mut Patience::new(&mut goes_on));
    assert_eq!(found, Ok(false));
}

#[test]
fn a_regular_expression_is_searched_for_in_the_message() {
    let message = "GET /orders took 120 ms";
    for (query, expected) in [
        (r"regex=took \d{3,} ms$", true),
        (r"regex=took \d{4,} ms$", false),
        (r"regex=^orders", false),
        (r"regex=(?i)^get&regex=orders", true),
        (r"regex=GET&regex=POST", false),
    ] {
        assert_eq!(finds(query, "INFO", message, None), expected, "{query}");
    }
}

/// What an expression finds.
fn found_by_expression(text: &str, case_sensitive: bool, is_phrase: bool, message: &str) -> bool {
    let is_of_word = |character: Option<char>| {
        is_phrase
            && character.is_some_and(|character| character.is_alphanumeric() || character == '_')
    };
    let edge = |character| if is_of_word(character) { r"\b" } else { "" };
    let (first, last) = (edge(text.chars().next()), edge(text.chars().next_back()));
    let expression = format!("{first}{}{last}", regex::escape(text));
    let expression = RegexBuilder::new(&expression)
        .case_insensitive(!case_sensitive)
        .build();
    expression.unwrap().is_match(message)
}

#[test]
fn a_letter_that_stands_for_one_of_ascii_finds_that_in_a_message_of_ascii() {
    let mut goes_on = || true;
    let patience = &mut Patience::new(&mut goes_on);
    for (text, message) in [
        ("ſ", "a S"),
        ("\u{212a}ilo", "one KILO"),
        ("ſ", "ſ"),
        ("s", "ſ"),
        ("", "anything"),
    ] {
        let text = Substring::new(text, false).unwrap();
        assert!(text.is_in(message, patience).unwrap(), "{message}");
    }
}

proptest! {
    #[test]
    fn a_text_and_a_phrase_are_found_exactly_where_an_expression_finds_them(
        message in "[aAbBäÄkK\u{212a}sSſßẞςσΣ .]{0,14}", text in "[aAbBäÄkKſsßς .]{1,7}", case_sensitive: bool,
        // Short messages are gone over in another way than long ones.
        longer in 0_usize..80,
    ) {
        let message = format!("{}{message}", "-".repeat(longer));
        let mut goes_on = || true;
        let patience = &mut Patience::new(&mut goes_on);
        let found = Substring::new(&text, case_sensitive).unwrap().is_in(&message, patience).unwrap();
        prop_assert_eq!(found, found_by_expression(&text, case_sensitive, false, &message));
        let Ok(phrase) = Phrase::new(&text, case_sensitive) else {
            prop_assert!(crate::words(&text).next().is_none());
            return Ok(());
        };
        let found = phrase.is_in(&message, patience).unwrap();
        prop_assert_eq!(found, found_by_expression(&text, case_sensitive, true, &message));
        // So a list of words may leave the message out.
        let words = |text: &str| crate::words(text).map(crate::folded).collect::<Vec<_>>();
        let all = words(&message);
        prop_assert!(!found || words(&text).iter().all(|word| all.contains(word)));
    }
}
