//! Records of an entry or of a page, written for readers: in chunks behind each of which one can go on.

use super::place::Places;
use bytes::Bytes;
use record::id::RecordId;
use std::io;
use store::page::{Page, Row};

/// Bytes of a chunk, but for its last record: what a slow reader holds.
const CHUNK_BYTES: usize = 64 * 1024;

/// A form in which a reader gets records, with the ids that tell where to go on.
pub trait Form: Send + Sync + 'static {
    /// Appends a record, behind which one goes on at `place`.
    ///
    /// # Errors
    /// When it cannot be written.
    fn record(&self, row: Row<'_>, place: &[u8], out: &mut Vec<u8>) -> io::Result<()>;

    /// Appends what stands behind some records, the last of which was at `place`.
    fn behind(&self, _place: &[u8], _out: &mut Vec<u8>) {}
}

/// Records that go out together.
#[derive(Debug, Clone)]
pub struct Chunk {
    /// As they are written.
    pub bytes: Bytes,
    /// How many.
    pub records: u64,
    /// The last of them.
    pub(super) last: RecordId,
}

/// Records of an entry or of a page.
#[derive(Debug)]
pub(super) struct Written {
    pub(super) chunks: Vec<Chunk>,
    /// Where there may be more of it.
    pub(super) next: Option<RecordId>,
    /// One that took too long to look at, and is at `next`.
    pub(super) skipped: Option<RecordId>,
}

impl Written {
    /// About what it takes.
    pub(super) fn bytes(&self) -> usize {
        self.chunks.iter().map(|chunk| chunk.bytes.len()).sum()
    }

    /// One that takes as much.
    #[cfg(test)]
    pub(super) fn of_bytes(bytes: usize) -> Self {
        let chunk = Chunk {
            bytes: vec![b'x'; bytes].into(),
            records: 1,
            last: RecordId::MAX,
        };
        Self {
            chunks: vec![chunk],
            next: None,
            skipped: None,
        }
    }
}

/// What writes records into chunks.
pub(super) struct Writing<'f> {
    form: &'f dyn Form,
    places: Places,
    place: Vec<u8>,
    chunks: Vec<Chunk>,
    chunk: Vec<u8>,
    records: u64,
    last: Option<RecordId>,
}

impl<'f> Writing<'f> {
    pub(super) fn new(form: &'f dyn Form, places: Places) -> Self {
        Self {
            form,
            places,
            place: Vec::new(),
            chunks: Vec::new(),
            chunk: Vec::new(),
            records: 0,
            last: None,
        }
    }

    /// Those rows of a page that are given.
    pub(super) fn add(
        &mut self,
        page: &Page,
        is_given: impl Fn(&RecordId) -> bool,
    ) -> io::Result<()> {
        for row in page.rows().filter(|row| is_given(&row.id)) {
            self.places.put(row.id, &mut self.place);
            self.form.record(row, &self.place, &mut self.chunk)?;
            self.records += 1;
            self.last = Some(row.id);
            if self.chunk.len() >= CHUNK_BYTES {
                self.end_chunk();
            }
        }
        Ok(())
    }

    fn end_chunk(&mut self) {
        if let Some(last) = self.last.take() {
            self.form.behind(&self.place, &mut self.chunk);
            self.chunks.push(Chunk {
                bytes: std::mem::take(&mut self.chunk).into(),
                records: std::mem::take(&mut self.records),
                last,
            });
        }
    }

    /// All chunks.
    pub(super) fn finish(mut self) -> Vec<Chunk> {
        self.end_chunk();
        self.chunks
    }
}
