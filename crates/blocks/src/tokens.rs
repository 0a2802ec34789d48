//! Tokens: what a block's filter knows of its records, and what a query may ask it.
//!
//! Of a message each [word](query::words()), folded. Of attributes each [value](query::each_value) with its path, as
//! `attr.` finds it; but not of columns of integers, which would fill the filter with numbers that are there once,
//! and not of what is longer than any filter may be.
//!
//! The hashes are XXH3 of 64 bits, and part of the format: that of a folded word with the seed 1; that of a value with
//! that of its path as the seed, which has the seed 2. What is a word, and how it is folded, comes of Unicode's
//! tables, which grow: [`WORDS_VERSION`] says which ones a block was written by.

use crate::filter::Filter;
use crate::head::Head;
use crate::leaf::RawLeaf;
use crate::section::Column;
use query::{LONGEST, Query, each_value, folded, may_name_a_place, words};
use record::attributes::write_string;
use xxhash_rust::xxh3::xxh3_64_with_seed;

/// The version of what words are and of how they are folded. A filter of another version is not asked for words:
/// a character that has become one of words since then joins what it had as two.
///
/// To be raised whenever the digest in the tests below changes, with the tables of a later Unicode.
pub const WORDS_VERSION: u8 = 1;

/// Keep words and paths apart.
const WORD: u64 = 1;
const PATH: u64 = 2;

/// Places of tokens that came a short time before.
const RECENT: usize = 1 << 13;

fn word_token(folded: &[u8]) -> u64 {
    xxh3_64_with_seed(folded, WORD)
}

/// What begins the tokens of all values at a path.
fn path_seed(path: &str) -> u64 {
    xxh3_64_with_seed(path.as_bytes(), PATH)
}

fn value_token(seed: u64, value: &[u8]) -> u64 {
    xxh3_64_with_seed(value, seed)
}

/// The [words](query::words()) of a text of ASCII.
fn ascii_words(mut text: &[u8]) -> impl Iterator<Item = &[u8]> {
    let is_of_word = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
    std::iter::from_fn(move || {
        let start = text.iter().position(is_of_word)?;
        let rest = text.get(start..)?;
        let end = rest.iter().position(|byte| !is_of_word(byte));
        let (word, behind) = rest.split_at_checked(end.unwrap_or(rest.len()))?;
        text = behind;
        Some(word)
    })
}

/// Whether any filter can ask for a value at a path.
fn may_be_asked(path: &str, value: &[u8]) -> bool {
    path.len() + value.len() <= LONGEST
}

/// What stands at each place belongs to another one, so that no hash counts as seen.
fn see_nothing(recent: &mut Vec<u64>) {
    recent.clear();
    recent.resize(RECENT, 0);
    if let Some(first) = recent.first_mut() {
        *first = 1;
    }
}

/// Tokens that are gathered.
#[derive(Debug)]
pub(crate) struct TokensWriter {
    hashes: Vec<u64>,
    /// Those that came last, by their lower bits, so that a word of every message is kept seldom.
    recent: Vec<u64>,
    folded: String,
    /// The path of the last value in an object, and what begins the tokens there.
    last: (String, u64),
}

impl Default for TokensWriter {
    fn default() -> Self {
        let mut recent = Vec::new();
        see_nothing(&mut recent);
        Self {
            hashes: Vec::new(),
            recent,
            folded: String::new(),
            last: (String::new(), path_seed("")),
        }
    }
}

impl TokensWriter {
    #[inline]
    fn push(&mut self, hash: u64) {
        let place = usize::try_from(hash % RECENT as u64).unwrap_or_default();
        if let Some(recent) = self.recent.get_mut(place)
            && *recent != hash
        {
            *recent = hash;
            self.hashes.push(hash);
        }
    }

    /// The words of a message.
    pub(crate) fn add_message(&mut self, message: &str) {
        let mut text = std::mem::take(&mut self.folded);
        text.clear();
        if message.is_ascii() {
            text.push_str(message);
            text.make_ascii_lowercase();
        } else {
            text = folded(message);
        }
        if text.is_ascii() {
            for word in ascii_words(text.as_bytes()) {
                self.push(word_token(word));
            }
        } else {
            for word in words(&text) {
                self.push(word_token(word.as_bytes()));
            }
        }
        self.folded = text;
    }

    /// Values at a path.
    pub(crate) fn add_values<'a>(&mut self, path: &str, leaves: impl Iterator<Item = RawLeaf<'a>>) {
        let seed = path_seed(path);
        let mut digits = itoa::Buffer::new();
        for leaf in leaves {
            let text = match leaf {
                RawLeaf::Integer(number) => digits.format(number).as_bytes(),
                // Its elements have no columns.
                RawLeaf::Json(json @ [b'[', ..]) => {
                    self.add_array(path, json);
                    continue;
                }
                RawLeaf::Json([b'{', ..]) => continue,
                RawLeaf::Text(text) | RawLeaf::Json(text) => text,
            };
            if may_be_asked(path, text) {
                self.push(value_token(seed, text));
            }
        }
    }

    fn add_array(&mut self, path: &str, json: &[u8]) {
        let mut object = b"{".to_vec();
        write_string(path, &mut object);
        object.push(b':');
        object.extend_from_slice(json);
        object.push(b'}');
        self.add_object(&object);
    }

    /// All values in JSON objects.
    pub(crate) fn add_objects<'a>(&mut self, leaves: impl Iterator<Item = RawLeaf<'a>>) {
        for leaf in leaves {
            if let RawLeaf::Json(object) = leaf {
                self.add_object(object);
            }
        }
    }

    fn add_object(&mut self, object: &[u8]) {
        let object = std::str::from_utf8(object).unwrap_or_default();
        each_value(object, &mut |path, value| {
            let value = value.as_bytes();
            if !may_be_asked(path, value) {
                return;
            }
            if self.last.0 != path {
                path.clone_into(&mut self.last.0);
                self.last.1 = path_seed(path);
            }
            self.push(value_token(self.last.1, value));
        });
    }

    /// The hashes of all tokens, each once.
    pub(crate) fn finish(&mut self) -> &[u64] {
        self.hashes.sort_unstable();
        self.hashes.dedup();
        &self.hashes
    }

    pub(crate) fn clear(&mut self) {
        self.hashes.clear();
        see_nothing(&mut self.recent);
    }

    pub(crate) fn memory(&self) -> usize {
        (self.hashes.capacity() + self.recent.len()) * size_of::<u64>()
    }
}

/// What a block has if any record in it matches a query, as far as that is known before it is looked through.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wanted {
    words: Vec<u64>,
    values: Vec<WantedValue>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct WantedValue {
    path: String,
    token: u64,
}

impl Wanted {
    /// What a query wants.
    pub fn of(query: &Query) -> Self {
        let mut wanted = Self::default();
        for text in &query.texts {
            wanted.words.extend(inner_words(text.text()));
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
            });
        }
        wanted
    }

    /// Whether a block may have it all: where this is not so, no record of the block matches.
    pub fn may_be_in(&self, head: &Head, filter: &Filter) -> bool {
        let is_of_integers = |path: &str| {
            let mut columns = head.attributes().map(|(_, section)| section);
            columns.any(|section| {
                section.is_of_integers
                    && matches!(&section.column, Column::Attribute(other) if other == path)
            })
        };
        let has = |value: &WantedValue| filter.may_have(value.token) || is_of_integers(&value.path);
        let words = match head.words_version == WORDS_VERSION {
            true => self.words.as_slice(),
            false => &[],
        };
        words.iter().all(|word| filter.may_have(*word)) && self.values.iter().all(has)
    }

    /// Whether a filter can say no.
    pub fn is_nothing(&self) -> bool {
        self.words.is_empty() && self.values.is_empty()
    }
}

/// The words that a message has as a whole if it contains the text: those with something else on both sides.
fn inner_words(text: &str) -> Vec<u64> {
    let text = folded(text);
    let inner = words(&text).filter(|word| {
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
            assert_eq!(inner_words(text), expected, "{text}");
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
            assert_eq!(tokens.finish(), [hash]);
        }
    }

    proptest::proptest! {
        #[test]
        fn words_of_ascii_are_words(text in "[ -~\\t\\n\\x00\\x7f]{0,40}") {
            let found: Vec<&[u8]> = ascii_words(text.as_bytes()).collect();
            let expected: Vec<&[u8]> = words(&text).map(str::as_bytes).collect();
            proptest::prop_assert_eq!(found, expected);
        }
    }

    #[test]
    fn a_token_is_the_same_in_every_version() {
        // XXH3 of another implementation.
        assert_eq!(word_token(b"error"), 2_684_312_084_020_812_907);
        let token = value_token(path_seed("http.status"), b"503");
        assert_eq!(token, 2_476_850_347_231_161_258);
    }
}
