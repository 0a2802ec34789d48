//! What the file of tokens says, and what it may not say.

use super::*;
use crate::access::secret::Secret;

fn entry(name: &str, random: u8, rest: &str) -> String {
    let hash = Secret::new([random; 32]).hash();
    format!("[[token]]\nname = \"{name}\"\nhash = \"{hash}\"\n{rest}\n")
}

#[test]
fn a_secret_finds_its_token_with_all_that_the_file_says_of_it() {
    let text = entry(
        "orders",
        1,
        "scopes = [\"ingest\", \"read\"]\ntenant = \"shop\"\ncreated = 2026-11-29T10:00:00Z",
    ) + &entry("ops", 2, "scopes = [\"operate\"]");
    let tokens = Tokens::parse(&text).unwrap();
    let of = |random: u8| tokens.of(Secret::new([random; 32]).show());
    let orders = of(1).unwrap();
    assert_eq!((&*orders.name, &*orders.tenant), ("orders", "shop"));
    assert!(orders.is_for(Scope::Ingest) && orders.is_for(Scope::Read));
    assert!(!orders.is_for(Scope::Operate));
    assert!(orders.created.is_some());
    let ops = of(2).unwrap();
    assert_eq!((&*ops.name, &*ops.tenant), ("ops", "ops"));
    assert!(of(3).is_none());
    for no_secret in ["", "orders", "logs_"] {
        assert!(tokens.of(no_secret).is_none(), "{no_secret}");
    }
    // What the file holds lets nobody in.
    let hash = Secret::new([1; 32]).hash().to_string();
    assert!(tokens.of(&hash).is_none());
}

#[test]
fn a_token_has_the_filter_that_the_file_gives_it_and_only_whoever_reads_has_one() {
    let filter = "filter = \"attr.service=orders&minLevel=WARN\"";
    let text = entry(
        "a",
        1,
        &format!("scopes = [\"ingest\", \"read\"]\n{filter}"),
    ) + &entry("b", 2, "scopes = [\"read\", \"operate\"]");
    let tokens = Tokens::parse(&text).unwrap();
    let filters = tokens
        .iter()
        .map(|token| token.filter.as_ref().map(|filter| filter.text()));
    let expected = [Some("attr.service=orders&minLevel=WARN"), None];
    assert_eq!(filters.collect::<Vec<_>>(), expected);
    for (rest, expected) in [
        (
            format!("scopes = [\"ingest\"]\n{filter}"),
            "the token \"a\" has a filter, which is for what is read, but not the scope read",
        ),
        (
            format!("scopes = [\"read\", \"operate\"]\n{filter}"),
            "the token \"a\" has a filter and the scope operate",
        ),
        (
            "scopes = [\"read\"]\nfilter = \"limit=3\"".to_owned(),
            "the filter of the token \"a\" cannot be used: it cannot have \"limit\"",
        ),
        (
            "scopes = [\"read\"]\nfilter = \"\"".to_owned(),
            "the filter of the token \"a\" cannot be used: it leaves nothing out",
        ),
        (
            "scopes = [\"read\"]\nfilter = [\"a\"]".to_owned(),
            "invalid type",
        ),
    ] {
        let error = Tokens::parse(&entry("a", 1, &rest))
            .unwrap_err()
            .to_string();
        assert!(error.contains(expected), "{error}");
    }
}

#[test]
fn a_file_without_tokens_has_none() {
    for text in ["", "# soon\n"] {
        assert_eq!(Tokens::parse(text).unwrap().iter().len(), 0);
    }
}

#[test]
fn whatever_is_wrong_in_a_file_is_told_and_nothing_of_it_is_taken() {
    let read = "scopes = [\"read\"]";
    for (text, expected) in [
        (
            entry("a", 1, read) + &entry("a", 2, read),
            "two tokens are called \"a\"",
        ),
        (
            entry("a", 1, read) + &entry("b", 1, read),
            "the tokens \"a\" and \"b\" have one hash",
        ),
        (
            entry("a", 1, "scopes = [\"read\"]\ncertificate = \"cn:x\"")
                + &entry("b", 2, "scopes = [\"read\"]\ncertificate = \"cn:x\""),
            "the tokens \"a\" and \"b\" have one certificate",
        ),
        (
            entry("a", 1, "scopes = [\"read\"]\ncertificate = \"orders\""),
            "the certificate of the token \"a\": expected cn:NAME",
        ),
        (entry("a", 1, "scopes = []"), "\"a\" has no scope"),
        (entry("a b", 1, read), "\"a b\" is no name"),
        (entry(&"x".repeat(65), 1, read), "is no name"),
        (entry("", 1, read), "\"\" is no name"),
        (
            entry("a", 1, "scopes = [\"read\"]\ntenant = \"ä\""),
            "\"ä\" is no name",
        ),
        (
            entry("a", 1, "scopes = [\"write\"]"),
            "unknown variant `write`",
        ),
        (
            entry("a", 1, "scopes = [\"read\"]\nscope = 1"),
            "unknown field `scope`",
        ),
        (entry("a", 1, ""), "missing field `scopes`"),
        ("[token]\nname = 1\n".to_owned(), "invalid type"),
        ("[[tokens]]\n".to_owned(), "unknown field `tokens`"),
        ("[[token]\n".to_owned(), "line 1: "),
        (
            "[[token]]\nname = \"a\"\nhash = \"x\"\nscopes = [\"read\"]\n".to_owned(),
            "the hash of the token \"a\" cannot be read",
        ),
        ("[[token]]\n".repeat(MAX_TOKENS + 1), "missing field"),
    ] {
        let error = Tokens::parse(&text).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
}

#[test]
fn more_tokens_than_each_request_can_look_at_are_refused() {
    let text = |count: usize| -> String {
        let one = |number: usize| {
            let mut random = [0; 32];
            random[..8].copy_from_slice(&number.to_le_bytes());
            let hash = Secret::new(random).hash();
            format!("[[token]]\nname = \"t{number}\"\nhash = \"{hash}\"\nscopes = [\"read\"]\n")
        };
        (0..count).map(one).collect()
    };
    assert_eq!(
        Tokens::parse(&text(MAX_TOKENS)).unwrap().iter().len(),
        MAX_TOKENS
    );
    let error = Tokens::parse(&text(MAX_TOKENS + 1)).unwrap_err();
    assert_eq!(error, BadTokens::TooMany);
}
