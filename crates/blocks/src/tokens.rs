//! Tokens: what a block's filter knows of its records, and what a query may ask it.
//!
//! Of a message each [word](query::words()), folded. Of attributes each [value](query::each_value) with its path, as
//! `attr.` finds it; but not of columns of integers, which would fill the filter with numbers that are there once,
//! and not of what is longer than any filter may be.
//!
//! Beside the tokens a filter has the runs of messages (`grams`).
//!
//! The hashes are part of the format. That of a folded word of more than 16 bytes is XXH3 of 64 bits with the seed 1; of
//! a shorter one, with zeros behind it two little endian numbers, it is `f(f(low ^ A, high ^ B) ^ B, C)`, where f is
//! the upper half of a product of 128 bits xor the lower one, and A, B and C stand below. That of a value is XXH3 with
//! that of its path as the seed, which has the seed 2. What is a word, and how it is folded, comes of Unicode's
//! tables, which grow: [`WORDS_VERSION`] says which ones a block was written by.

mod ascii;
mod writer;

pub(crate) use writer::TokensWriter;

use crate::filter::Filter;
use crate::grams;
use crate::head::Head;
use crate::leaf::integer_of;
use crate::section::Column;
use query::{LONGEST, Query, folded, may_name_a_place, words};
use xxhash_rust::xxh3::xxh3_64_with_seed;

/// The version of what words are and of how they are folded. A filter of another version is not asked for words:
/// a character that has become one of words since then joins what it had as two.
///
/// To be raised whenever the digest in the tests below changes, with the tables of a later Unicode.
pub const WORDS_VERSION: u8 = 1;

/// Keep words and paths apart.
const WORD: u64 = 1;
const PATH: u64 = 2;

/// Bytes of a word of which the token is made at once.
const SHORT: usize = 16;

fn word_token(folded: &[u8]) -> u64 {
    if folded.len() > SHORT {
        return xxh3_64_with_seed(folded, WORD);
    }
    let mut bytes = [0; SHORT];
    for (byte, own) in bytes.iter_mut().zip(folded) {
        *byte = *own;
    }
    short_word_token(bytes, folded.len())
}

/// The token of as many of these bytes, at least one, as there are in a word.
#[inline]
fn short_word_token(bytes: [u8; SHORT], length: usize) -> u64 {
    const FACTORS: [u64; 3] = [
        0x9e37_79b9_7f4a_7c15,
        0xbf58_476d_1ce4_e5b9,
        0x94d0_49bb_1331_11eb,
    ];
    let folded = |a: u64, b: u64| {
        let product = (u128::from(a) * u128::from(b)).to_le_bytes();
        let ([low, high], _) = product.as_chunks::<8>() else {
            return 0;
        };
        u64::from_le_bytes(*low) ^ u64::from_le_bytes(*high)
    };
    let unused = 8 * (SHORT - length.clamp(1, SHORT));
    let word = (u128::from_le_bytes(bytes) << unused >> unused).to_le_bytes();
    let ([low, high], _) = word.as_chunks::<8>() else {
        return 0;
    };
    let [first, second, third] = FACTORS;
    let mixed = folded(
        u64::from_le_bytes(*low) ^ first,
        u64::from_le_bytes(*high) ^ second,
    );
    folded(mixed ^ second, third)
}

/// What begins the tokens of all values at a path.
fn path_seed(path: &str) -> u64 {
    xxh3_64_with_seed(path.as_bytes(), PATH)
}

fn value_token(seed: u64, value: &[u8]) -> u64 {
    xxh3_64_with_seed(value, seed)
}

/// Whether any filter can ask for a value at a path.
fn may_be_asked(path: &str, value: &[u8]) -> bool {
    path.len() + value.len() <= LONGEST
}

/// What a block has if any record in it matches a query, as far as that is known before it is looked through.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wanted {
    words: Vec<u64>,
    /// The runs of parts of messages.
    grams: Vec<u16>,
    values: Vec<WantedValue>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct WantedValue {
    path: String,
    token: u64,
    integer: Option<i64>,
}

impl Wanted {
    /// What a query wants.
    pub fn of(query: &Query) -> Self {
        let mut wanted = Self::default();
        for text in &query.texts {
            let text = folded(text.text());
            wanted.words.extend(inner_words(&text));
            wanted.grams.extend(grams::hashes(text.as_bytes()));
        }
        for phrase in &query.phrases {
            let text = folded(phrase.text());
            wanted
                .words
                .extend(words(&text).map(|word| word_token(word.as_bytes())));
        }
        for filter in &query.attributes {
            let Some(value) = filter.equals() else {
                continue;
            };
            // A place in an array is in no path of a token, and an object is no value.
            if may_name_a_place(filter.key()) || value.starts_with('{') {
                continue;
            }
            wanted.values.push(WantedValue {
                path: filter.key().to_owned(),
                token: value_token(path_seed(filter.key()), value.as_bytes()),
                integer: integer_of(value),
            });
        }
        wanted
    }

    /// Whether a block may have it all: where this is not so, no record of the block matches.
    pub fn may_be_in(&self, head: &Head, filter: &Filter) -> bool {
        let is_integer = |value: &WantedValue| {
            let mut columns = head.attributes().map(|(_, section)| section);
            columns.any(|section| {
                section.may_have_integer(value.integer)
                    && matches!(&section.column, Column::Attribute(other) if *other == value.path)
            })
        };
        let has = |value: &WantedValue| filter.may_have(value.token) || is_integer(value);
        let messages_may_have = || {
            let mut grams = self.grams.iter();
            let mut words = self.words.iter();
            grams.all(|gram| filter.messages_may_have(*gram))
                && words.all(|word| filter.may_have(*word))
        };
        // What another version folds in its own way may be there all the same.
        (head.words_version != WORDS_VERSION || messages_may_have()) && self.values.iter().all(has)
    }

    /// Whether a filter can say no.
    pub fn is_nothing(&self) -> bool {
        self.words.is_empty() && self.grams.is_empty() && self.values.is_empty()
    }
}

/// The words that a message has as a whole if it contains the folded text: those with something else on both sides.
fn inner_words(text: &str) -> Vec<u64> {
    let inner = words(text).filter(|word| {
        let start = word.as_ptr().addr() - text.as_ptr().addr();
        start > 0 && start + word.len() < text.len()
    });
    inner.map(|word| word_token(word.as_bytes())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_within_a_text_are_whole_words() {
        for (text, expected) in [
            ("error", &[][..]),
            ("an Error", &[]),
            (" Error ", &["error"]),
            ("took 15 ms to", &["15", "ms"]),
            ("(ÄPFEL)", &["äpfel"]),
            ("--", &[]),
        ] {
            let expected: Vec<u64> = expected
                .iter()
                .map(|word| word_token(word.as_bytes()))
                .collect();
            assert_eq!(inner_words(&folded(text)), expected, "{text}");
        }
    }

    #[test]
    fn what_words_are_and_how_they_are_folded_is_what_their_version_says() {
        let mut digest = Vec::new();
        for character in '\0'..=char::MAX {
            let text = character.encode_utf8(&mut [0; 4]).to_owned();
            digest.push(u8::from(words(&text).next().is_some()));
            digest.extend_from_slice(folded(&text).as_bytes());
        }
        let digest = xxhash_rust::xxh3::xxh3_64(&digest);
        assert_eq!(
            (WORDS_VERSION, digest),
            (1, 3_761_423_927_275_513_795),
            "raise the version"
        );
    }

    #[test]
    fn a_word_is_not_forgotten_whatever_its_hash_is() {
        for hash in [0, 1, 8_192, u64::MAX] {
            let mut tokens = TokensWriter::default();
            tokens.push(hash);
            assert_eq!(tokens.hashes(), [hash]);
        }
    }

    proptest::proptest! {
        #[test]
        fn a_message_has_the_tokens_of_its_words(text in "([a-zé]{0,20}[ -~]{0,9}){0,5}") {
            let mut tokens = TokensWriter::default();
            tokens.add_message(&text);
            let text = folded(&text);
            let mut expected: Vec<u64> = words(&text).map(|word| word_token(word.as_bytes())).collect();
            expected.sort_unstable();
            expected.dedup();
            proptest::prop_assert_eq!(tokens.hashes(), expected);
        }
    }

    #[test]
    fn a_token_is_the_same_in_every_version() {
        // XXH3 of another implementation.
        assert_eq!(word_token(b"error"), 12_255_228_788_672_933_181);
        assert_eq!(word_token(b"0123456789abcdef"), 16_736_521_655_847_559_813);
        let long = b"0123456789abcdefg";
        assert_eq!(word_token(long), xxh3_64_with_seed(long, 1));
        let token = value_token(path_seed("http.status"), b"503");
        assert_eq!(token, 2_476_850_347_231_161_258);
    }
}
