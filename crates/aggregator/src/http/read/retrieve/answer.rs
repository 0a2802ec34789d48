//! The body of an answer: written a chunk at a time, as the reader takes it.

use super::encoding::Encoder;
use super::format::Format;
use crate::http::read::off_runtime::LARGE_RECORD;
use crate::search::retrieval::{PageError, Prefetch, StreamPermit};
use axum::body::Body;
use bytes::{Bytes, BytesMut};
use futures_util::stream;
use std::{io, vec};
use store::page::Page;

/// Bytes that are handed over at a time, at least, unless the next ones have to be waited for.
const CHUNK_BYTES: usize = 64 * 1024;
/// The same of what makes up a larger piece: the connection writes each chunk by itself.
const LARGEST_CHUNK: usize = 2 * CHUNK_BYTES;

/// Where the rows come from.
pub(super) enum Source {
    /// From the store, as they are found.
    Stream(Prefetch),
    /// They are here, and take up a permit until they are written.
    Ready {
        pages: vec::IntoIter<Page>,
        _permit: StreamPermit,
    },
}

/// An answer that is being written: one page of it at a time.
pub(super) struct Answer {
    source: Source,
    format: Format,
    encoder: Encoder,
    page: Page,
    row: usize,
    part: Part,
    /// Written, and not handed over yet: more than one chunk behind a large row.
    written: BytesMut,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Opening,
    FirstRow,
    Rows,
    Closed,
}

/// What came of writing the next row.
enum Next {
    Written,
    /// It takes long.
    Large,
    /// There is none here.
    None,
}

impl Source {
    async fn next(&mut self) -> Result<Option<Page>, PageError> {
        match self {
            Self::Stream(pages) => pages.next().await,
            Self::Ready { pages, .. } => Ok(pages.next()),
        }
    }

    /// Whether the next page has to be waited for.
    fn makes_wait(&self) -> bool {
        match self {
            Self::Stream(pages) => pages.makes_wait(),
            Self::Ready { .. } => false,
        }
    }
}

impl Answer {
    /// The rows of `first`, and then those of `source`.
    pub(super) fn new(first: Page, source: Source, format: Format, encoder: Encoder) -> Self {
        Self {
            source,
            format,
            encoder,
            page: first,
            row: 0,
            part: Part::Opening,
            written: BytesMut::new(),
        }
    }

    /// The body, which is written while it is read.
    pub(super) fn into_body(self) -> Body {
        Body::from_stream(stream::try_unfold(self, Self::chunk))
    }

    /// The next chunk. An error breaks the transfer off: an answer that is cut must not look whole.
    async fn chunk(mut self) -> io::Result<Option<(Bytes, Self)>> {
        if self.written.is_empty() {
            if self.part == Part::Closed {
                return Ok(None);
            }
            self = self.write().await?;
        }
        // Behind a large row there is more than should wait for the connection.
        let most = match self.written.len() {
            usual if usual <= 2 * LARGEST_CHUNK => usual,
            _ => LARGEST_CHUNK,
        };
        let chunk = self.written.split_to(most);
        let is_last = self.part == Part::Closed && self.written.is_empty();
        if self.written.is_empty() {
            // What held a large row is not kept for small ones.
            self.written = BytesMut::new();
        }
        let chunk = self.encoder.encode(chunk.freeze(), is_last)?;
        Ok(Some((chunk, self)))
    }

    /// Writes what makes up a chunk at least, unless that has to be waited for.
    async fn write(mut self) -> io::Result<Self> {
        let wanted = self.chunk_bytes();
        let mut chunk = Vec::with_capacity(wanted + wanted / 4);
        if self.part == Part::Opening {
            self.format.open(&mut chunk);
            self.part = Part::FirstRow;
        }
        while chunk.len() < wanted {
            match self.write_row(LARGE_RECORD, &mut chunk)? {
                Next::Written => continue,
                Next::Large => {
                    (self, chunk) = self.write_elsewhere(chunk).await?;
                    continue;
                }
                Next::None => {}
            }
            // What was found does not wait for what is found next.
            if self.part == Part::Rows && !chunk.is_empty() && self.source.makes_wait() {
                break;
            }
            (self.page, self.row) = (Page::default(), 0);
            match self.source.next().await {
                Ok(Some(page)) => self.page = page,
                Ok(None) => {
                    self.format.close(&mut chunk);
                    self.part = Part::Closed;
                    break;
                }
                Err(error) => {
                    tracing::warn!(?error, "an answer was broken off half-way");
                    return Err(io::Error::other("the answer was broken off"));
                }
            }
        }
        if let Source::Stream(_) = self.source {
            // The question for the next page goes from task to task. All of them were woken on this
            // thread, and would each wait until a chunk more is written.
            tokio::task::yield_now().await;
        }
        self.written = Bytes::from(chunk).into();
        Ok(self)
    }

    /// What a chunk is to have: as much as the rows that are here, within bounds. What compresses them
    /// works on the runtime's thread, and gets no more at a time than it must.
    fn chunk_bytes(&self) -> usize {
        match self.encoder {
            Encoder::Identity => self.page.bytes().clamp(CHUNK_BYTES, LARGEST_CHUNK),
            Encoder::Gzip(_) | Encoder::Zstd(_) => CHUNK_BYTES,
        }
    }

    /// Writes the row that it is at, unless it is larger than `most` bytes.
    fn write_row(&mut self, most: usize, chunk: &mut Vec<u8>) -> io::Result<Next> {
        let row = match self.page.row(self.row) {
            None => return Ok(Next::None),
            Some(row) if row.bytes() > most => return Ok(Next::Large),
            Some(row) => row,
        };
        self.format.write(row, self.part == Part::FirstRow, chunk)?;
        self.part = Part::Rows;
        self.row += 1;
        if self.row == self.page.len() {
            // Beside what a large row has become, the row itself is not kept.
            (self.page, self.row) = (Page::default(), 0);
        }
        Ok(Next::Written)
    }

    /// The same on another thread, whatever its size: a large row takes long.
    async fn write_elsewhere(mut self, mut chunk: Vec<u8>) -> io::Result<(Self, Vec<u8>)> {
        let written = tokio::task::spawn_blocking(move || {
            self.write_row(usize::MAX, &mut chunk)?;
            Ok((self, chunk))
        });
        written.await.map_err(io::Error::other)?
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::read::retrieve::format::Kind;
    use crate::search::retrieval::scripted::{add_rows, empty, one_row, pages};

    #[tokio::test]
    async fn rows_that_were_found_do_not_wait_for_a_search_that_finds_no_more() {
        let (pages, mut questions) = pages(vec![empty(2)]);
        let source = Source::Stream(Prefetch::start(pages));
        // It has passed over the page without a row, and goes on looking.
        for _ in 0..2 {
            questions.once_more().await;
        }
        let format = Format::new(Kind::Json, None).unwrap();
        let answer = Answer::new(one_row(1), source, format, Encoder::new(None).unwrap());
        let (chunk, answer) = answer.chunk().await.unwrap().unwrap();
        assert!(String::from_utf8_lossy(&chunk).contains("row"), "{chunk:?}");
        assert!(answer.part == Part::Rows);
        assert!(answer.page.is_empty(), "what is written is not kept");
    }

    #[tokio::test]
    async fn many_rows_go_out_in_few_chunks_and_no_small_rest_goes_alone() {
        let message = "x".repeat(1024);
        let mut rows = empty(1);
        add_rows(&mut rows, 1..=300, &message);
        let (pages, _questions) = pages(Vec::new());
        let source = Source::Stream(Prefetch::start(pages));
        let format = Format::new(Kind::NdJson, None).unwrap();
        let mut answer = Answer::new(rows, source, format, Encoder::new(None).unwrap());
        let mut chunks = Vec::new();
        while chunks.iter().sum::<usize>() < 300 * message.len() {
            let (chunk, rest) = answer.chunk().await.unwrap().unwrap();
            chunks.push(chunk.len());
            answer = rest;
        }
        assert!(chunks.len() <= 3, "{chunks:?}");
        assert!(chunks.iter().all(|bytes| *bytes > 1024), "{chunks:?}");
    }
}
