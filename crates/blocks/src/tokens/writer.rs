//! Tokens that are gathered while a block is written.

use super::{SHORT, ascii, may_be_asked, path_seed, short_word_token, value_token, word_token};
use crate::filter::{Filter, MOST_TOKENS};
use crate::grams::GramsWriter;
use crate::leaf::RawLeaf;
use query::{each_value, folded, words};
use record::attributes::write_string;

/// Places of tokens that came a short time before: few enough to stay near the processor.
const RECENT: usize = 1 << 10;
/// Hashes that are kept before those that are there twice are looked for.
const KEPT: usize = 2 * MOST_TOKENS;
const PENDING: usize = 256;

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
    /// Whether there are more than a filter is made of; then they are not kept.
    are_too_many: bool,
    /// Hashes on their way there, and how many.
    pending: [u64; PENDING],
    are_pending: usize,
    /// Those that came last, by their lower bits, so that a word of every message is kept seldom.
    recent: Vec<u64>,
    grams: GramsWriter,
    folded: Vec<u8>,
    /// The path of the last value in an object, and what begins the tokens there.
    last: (String, u64),
}

impl Default for TokensWriter {
    fn default() -> Self {
        let mut recent = Vec::new();
        see_nothing(&mut recent);
        Self {
            hashes: Vec::new(),
            are_too_many: false,
            pending: [0; PENDING],
            are_pending: 0,
            recent,
            grams: GramsWriter::default(),
            folded: Vec::new(),
            last: (String::new(), path_seed("")),
        }
    }
}

impl TokensWriter {
    #[inline]
    pub(super) fn push(&mut self, hash: u64) {
        let place = usize::try_from(hash % RECENT as u64).unwrap_or_default();
        let (Some(recent), Some(next)) = (
            self.recent.get_mut(place),
            self.pending.get_mut(self.are_pending),
        ) else {
            return;
        };
        // Without a branch, which nobody could foretell.
        *next = hash;
        self.are_pending += usize::from(*recent != hash);
        *recent = hash;
        if self.are_pending == PENDING {
            self.take_pending();
        }
    }

    fn take_pending(&mut self) {
        if self.hashes.len() >= KEPT {
            self.compact();
        }
        if !self.are_too_many {
            let pending = self.pending.get(..self.are_pending);
            self.hashes.extend_from_slice(pending.unwrap_or_default());
        }
        self.are_pending = 0;
    }

    /// The words of a message.
    pub(crate) fn add_message(&mut self, message: &str) {
        if !message.is_ascii() {
            let text = folded(message);
            self.grams.add(text.as_bytes());
            words(&text).for_each(|word| self.push(word_token(word.as_bytes())));
            return;
        }
        let mut text = std::mem::take(&mut self.folded);
        text.clear();
        text.extend_from_slice(message.as_bytes());
        text.make_ascii_lowercase();
        self.grams.add(&text);
        // So that a word's bytes are at hand without a look at its length.
        text.extend_from_slice(&[0; SHORT]);
        let folded = text.get(..message.len()).unwrap_or_default();
        ascii::each_word(folded, |word| {
            let bytes = text.get(word.start..).unwrap_or_default();
            match bytes.first_chunk() {
                Some(bytes) if word.len() <= SHORT => {
                    self.push(short_word_token(*bytes, word.len()));
                }
                _ => self.push(word_token(text.get(word).unwrap_or_default())),
            }
        });
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

    /// The filter of all that was added.
    pub(crate) fn finish(&mut self) -> Filter {
        let grams = self.grams.finish();
        self.take_pending();
        self.compact();
        match self.are_too_many {
            true => Filter::of_all(grams),
            false => Filter::of(&self.hashes, grams),
        }
    }

    /// Keeps each hash once.
    fn compact(&mut self) {
        self.hashes.sort_unstable();
        self.hashes.dedup();
        if self.hashes.len() > MOST_TOKENS {
            self.are_too_many = true;
            self.hashes.clear();
        }
    }

    /// The hashes of all tokens, each once.
    #[cfg(test)]
    pub(super) fn hashes(&mut self) -> &[u64] {
        self.take_pending();
        self.compact();
        &self.hashes
    }

    pub(crate) fn clear(&mut self) {
        self.hashes.clear();
        self.are_too_many = false;
        self.are_pending = 0;
        see_nothing(&mut self.recent);
        self.grams.clear();
    }

    pub(crate) fn memory(&self) -> usize {
        (self.hashes.capacity() + self.recent.len()) * size_of::<u64>()
    }
}
