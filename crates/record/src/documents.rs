//! Encoded documents: those of one batch, one behind another, and those of several that go to the store
//! together.

use crate::bson_reader;
use crate::id::KeyDigest;
use crate::origin::BatchOrigin;
use std::ops::Range;

/// A BSON document without a member: its length and its end.
const SHORTEST_DOCUMENT: usize = 5;

/// The documents of one batch.
#[derive(Debug, Default)]
pub struct Documents {
    bytes: Vec<u8>,
    ends: Vec<usize>,
}

impl Documents {
    /// Documents that are encoded already, one behind another; `None` when the lengths that they
    /// begin with do not fit.
    pub fn from_encoded(bytes: Vec<u8>) -> Option<Self> {
        let (mut ends, mut start) = (Vec::new(), 0_usize);
        while start < bytes.len() {
            let (length, _) = bson_reader::read_length(bytes.get(start..)?)?;
            start = start.checked_add(length)?;
            if length < SHORTEST_DOCUMENT || start > bytes.len() {
                return None;
            }
            ends.push(start);
        }
        Some(Self { bytes, ends })
    }

    /// All of them, one behind another.
    #[inline]
    pub fn encoded(&self) -> &[u8] {
        &self.bytes
    }

    /// How many there are.
    #[inline]
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// Their size, in bytes.
    #[inline]
    pub fn encoded_bytes(&self) -> usize {
        self.bytes.len()
    }

    /// The memory that they take up, in bytes: what was never written to takes none.
    pub fn memory_bytes(&self) -> usize {
        self.bytes.len() + self.ends.capacity() * size_of::<usize>()
    }

    /// The documents of a range of positions.
    pub fn slices(&self, range: Range<usize>) -> impl Iterator<Item = &[u8]> {
        range.map_while(|position| self.bytes.get(self.span(position)?))
    }

    /// Writes one more document; nothing stays of one that fails.
    pub(crate) fn push<E>(
        &mut self,
        write: impl FnOnce(&mut Vec<u8>) -> Result<(), E>,
    ) -> Result<(), E> {
        let start = self.bytes.len();
        match write(&mut self.bytes) {
            Ok(()) => self.ends.push(self.bytes.len()),
            Err(error) => {
                self.bytes.truncate(start);
                return Err(error);
            }
        }
        Ok(())
    }

    /// Takes the last one out. The larger side keeps its memory and the smaller one is copied.
    pub(crate) fn take_last(&mut self) -> Option<Vec<u8>> {
        self.ends.pop()?;
        let start = self.ends.last().copied().unwrap_or(0);
        let before = self.bytes.get(..start)?;
        if before.len() > self.bytes.len() / 2 {
            return Some(self.bytes.split_off(start));
        }
        let before = before.to_vec();
        let mut last = std::mem::replace(&mut self.bytes, before);
        last.drain(..start);
        Some(last)
    }

    /// One of them, to be changed in place.
    pub(crate) fn get_mut(&mut self, position: usize) -> Option<&mut [u8]> {
        let span = self.span(position)?;
        self.bytes.get_mut(span)
    }

    /// Makes room for so many more bytes.
    pub(crate) fn reserve(&mut self, bytes: usize) {
        self.bytes.reserve(bytes);
    }

    /// Forgets all but the first so many, and keeps the room.
    pub(crate) fn truncate(&mut self, count: usize) {
        self.ends.truncate(count);
        self.bytes.truncate(self.ends.last().copied().unwrap_or(0));
    }

    /// Gives memory back of which most is not used: documents wait for as long as the store is away, and
    /// what waits is bounded by what they take when they are full.
    pub(crate) fn fit(&mut self) {
        if self.bytes.capacity() > 2 * self.bytes.len() {
            self.bytes.shrink_to_fit();
        }
    }

    /// Gives back all memory that is not used: there may be thousands of batches beside.
    pub(crate) fn shrink(&mut self) {
        self.bytes.shrink_to_fit();
        self.ends.shrink_to_fit();
    }

    fn start(&self, position: usize) -> Option<usize> {
        match position.checked_sub(1) {
            Some(before) => self.ends.get(before).copied(),
            None => Some(0),
        }
    }

    fn span(&self, position: usize) -> Option<Range<usize>> {
        Some(self.start(position)?..*self.ends.get(position)?)
    }
}

/// Which batch documents are of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Source {
    /// What the batch is known by.
    pub origin: BatchOrigin,
    /// Its place in the spool.
    pub seq: u64,
}

/// The documents of several batches, counted through. They stay where each batch has them: putting
/// them one behind another would copy every byte once more.
#[derive(Debug)]
pub struct DocumentList {
    batches: Vec<Documents>,
    /// Which batch each of them is; `None` where nothing is known but its documents.
    sources: Vec<Option<Source>>,
    /// The position behind each batch's last document.
    ends: Vec<usize>,
}

impl DocumentList {
    /// Documents of which nothing else is known; each item is of one batch.
    pub fn new(batches: Vec<Documents>) -> Self {
        Self::assemble(batches.into_iter().map(|batch| (batch, None)).collect())
    }

    /// The documents of these batches, or of parts of them.
    pub fn of_batches(batches: Vec<(Documents, Source)>) -> Self {
        let known = batches.into_iter();
        Self::assemble(known.map(|(batch, source)| (batch, Some(source))).collect())
    }

    fn assemble(batches: Vec<(Documents, Option<Source>)>) -> Self {
        let (batches, sources): (Vec<Documents>, _) = batches.into_iter().unzip();
        let mut end = 0;
        let behind = |batch: &Documents| {
            end += batch.len();
            end
        };
        let ends = batches.iter().map(behind).collect();
        Self {
            batches,
            sources,
            ends,
        }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.ends.last().copied().unwrap_or(0)
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The documents of a range of positions.
    pub fn slices(&self, range: Range<usize>) -> impl Iterator<Item = &[u8]> {
        self.by_batch(range).flat_map(|(_, documents)| documents)
    }

    /// The documents of a range of positions, with whether the batch of each is known to have a key.
    pub fn slices_with_keys(&self, range: Range<usize>) -> impl Iterator<Item = (&[u8], bool)> {
        self.by_batch(range).flat_map(|(source, documents)| {
            let key = source.and_then(|source| source.origin.key);
            let is_keyed = key.and_then(KeyDigest::of_request).is_some();
            documents.map(move |document| (document, is_keyed))
        })
    }

    /// The documents of a range of positions, by the batches that they are of.
    pub fn by_batch(
        &self,
        range: Range<usize>,
    ) -> impl Iterator<Item = (Option<Source>, impl Iterator<Item = &[u8]>)> {
        let first = self.ends.partition_point(|end| *end <= range.start);
        let batches = self.batches.iter().zip(&self.sources).zip(&self.ends);
        batches
            .skip(first)
            .map_while(move |((batch, source), end)| {
                let start = end - batch.len();
                let from = range.start.saturating_sub(start);
                let to = range.end.checked_sub(start).filter(|to| *to > 0)?;
                Some((*source, batch.slices(from..to.min(batch.len()))))
            })
    }

    /// The first of these documents: at most `count` and, but for a single larger one, at most `bytes` bytes.
    pub fn chunk(&self, of: Range<usize>, count: usize, bytes: usize) -> Range<usize> {
        let mut size = 0;
        let fits = |document: &&[u8]| {
            size += document.len();
            size <= bytes
        };
        let fitting = self.slices(of.clone()).take(count).take_while(fits);
        of.start..of.end.min(of.start + fitting.count().max(1))
    }
}

impl From<Documents> for DocumentList {
    fn from(batch: Documents) -> Self {
        Self::new(vec![batch])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Documents of these sizes beyond the shortest, each filled with a number of its own.
    fn batch(sizes: &[usize], number: &mut u8) -> Documents {
        let mut documents = Documents::default();
        for size in sizes {
            *number = number.wrapping_add(1);
            let length = size + SHORTEST_DOCUMENT;
            let pushed = documents.push(|bytes| {
                bytes.extend_from_slice(&u32::try_from(length).unwrap().to_le_bytes());
                bytes.resize(bytes.len() + size, *number);
                bytes.push(0);
                Ok::<(), ()>(())
            });
            pushed.unwrap();
        }
        documents
    }

    fn batches(sizes: &[Vec<usize>]) -> Vec<Documents> {
        let mut number = 0;
        let batches = sizes.iter().map(|sizes| batch(sizes, &mut number));
        batches.collect()
    }

    fn sizes() -> impl Strategy<Value = Vec<Vec<usize>>> {
        prop::collection::vec(prop::collection::vec(0_usize..400, 0..12), 0..8)
    }

    #[test]
    fn nothing_stays_of_a_document_that_fails() {
        let mut documents = batch(&[1, 2], &mut 0);
        let before = documents.encoded().to_vec();
        let failed = documents.push(|bytes| {
            bytes.push(7);
            Err(())
        });
        assert_eq!((failed, documents.len()), (Err(()), 2));
        assert_eq!(documents.encoded(), before);
    }

    #[test]
    fn lengths_that_do_not_fit_are_no_documents() {
        let good = batch(&[3], &mut 0).encoded().to_vec();
        let with_length = |length: i32| [&length.to_le_bytes(), good.get(4..).unwrap()].concat();
        assert!(Documents::from_encoded(good.clone()).is_some());
        assert!(Documents::from_encoded(with_length(8)).is_some());
        for length in [-1, 0, 4, 7, 9, i32::MIN, i32::MAX] {
            assert!(
                Documents::from_encoded(with_length(length)).is_none(),
                "{length}"
            );
        }
        assert!(Documents::from_encoded([good.as_slice(), &[5, 0, 0]].concat()).is_none());
    }

    #[test]
    fn memory_of_a_document_that_failed_is_given_back_and_a_little_room_is_kept() {
        let mut documents = batch(&[1000], &mut 0);
        documents.reserve(500);
        let before = documents.bytes.capacity();
        documents.fit();
        assert_eq!(documents.bytes.capacity(), before);
        let failed = documents.push(|bytes| {
            bytes.resize(100_000, 0);
            Err(())
        });
        documents.fit();
        assert!(failed.is_err() && documents.bytes.capacity() <= 2 * documents.encoded_bytes());
    }

    proptest! {
        #[test]
        fn what_is_encoded_is_told_apart_again(sizes in prop::collection::vec(0_usize..40, 0..12)) {
            let documents = batch(&sizes, &mut 0);
            let again = Documents::from_encoded(documents.encoded().to_vec()).unwrap();
            let all = 0..sizes.len();
            prop_assert!(again.slices(all.clone()).eq(documents.slices(all)));
            prop_assert_eq!(again.len(), sizes.len());
        }

        #[test]
        fn a_list_has_the_documents_of_all_batches_in_their_order(
            sizes in sizes(), start in 0_usize..100, count in 0_usize..100
        ) {
            let parts = batches(&sizes);
            let each = parts.iter().flat_map(|part| part.slices(0..part.len()));
            let expected: Vec<Vec<u8>> = each.map(<[u8]>::to_vec).collect();
            let list = DocumentList::new(batches(&sizes));
            prop_assert_eq!((list.len(), list.is_empty()), (expected.len(), expected.is_empty()));
            let asked: Vec<&[u8]> = list.slices(start..start + count).collect();
            let expected: Vec<&Vec<u8>> = expected.iter().skip(start).take(count).collect();
            prop_assert_eq!(asked, expected);
        }

        #[test]
        fn chunks_cover_every_document_once_within_their_bounds(
            sizes in sizes(), count in 1_usize..9, bytes in 100_usize..900
        ) {
            let list = DocumentList::new(batches(&sizes));
            let mut chunks: Vec<Range<usize>> = Vec::new();
            let end = |chunks: &[Range<usize>]| chunks.last().map_or(0, |last| last.end);
            while end(&chunks) < list.len() {
                chunks.push(list.chunk(end(&chunks)..list.len(), count, bytes));
            }
            let all: Vec<usize> = chunks.iter().cloned().flatten().collect();
            prop_assert_eq!(all, (0..list.len()).collect::<Vec<_>>());
            for chunk in chunks {
                let total: usize = list.slices(chunk.clone()).map(<[u8]>::len).sum();
                prop_assert!(chunk.len() <= count && (chunk.len() == 1 || total <= bytes));
                // Not cut earlier than it must be.
                let next = list.slices(chunk.end..chunk.end + 1).next();
                prop_assert!(next.is_none_or(|next| chunk.len() == count || total + next.len() > bytes));
            }
        }
    }
}
