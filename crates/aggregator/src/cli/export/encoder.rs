//! Records as they stand in a file of each format.

use super::ExportFormat;
#[cfg(feature = "parquet")]
use super::parquet_encoder::ParquetEncoder;
use crate::cli::sanitize;
use crate::http::{Format, Kind};
use std::io::{self, Write};
use store::page::Row;

/// Bytes of text that are written at one time.
const WRITTEN_AT_ONCE: usize = 256 * 1024;

/// What writes records to `W`.
pub(super) enum Encoder<W> {
    Text(TextEncoder<W>),
    #[cfg(feature = "parquet")]
    Parquet(Box<ParquetEncoder<W>>),
}

/// Where text goes, and how it is to look there.
pub(super) struct TextEncoder<W> {
    out: W,
    format: Format,
    is_terminal: bool,
    /// Written, but not handed over.
    buffer: Vec<u8>,
    /// A row for a terminal, before that is made safe.
    row: Vec<u8>,
}

impl<W: Write + Send + 'static> Encoder<W> {
    /// A new one; of text that `goes_on`, the head is there already.
    pub(super) fn new(
        format: ExportFormat,
        out: W,
        goes_on: bool,
        is_terminal: bool,
    ) -> io::Result<Self> {
        let kind = match format {
            ExportFormat::Ndjson => Kind::NdJson,
            ExportFormat::Csv => Kind::Csv,
            #[cfg(feature = "parquet")]
            ExportFormat::Parquet => {
                let encoder = ParquetEncoder::new(out)?;
                return Ok(Self::Parquet(Box::new(encoder)));
            }
        };
        // Without columns that are asked for, there are none that are not known.
        let format = Format::new(kind, None).map_err(io::Error::other)?;
        let mut buffer = Vec::with_capacity(2 * WRITTEN_AT_ONCE);
        if !goes_on {
            format.open(&mut buffer);
        }
        Ok(Self::Text(TextEncoder {
            out,
            format,
            is_terminal,
            buffer,
            row: Vec::new(),
        }))
    }

    /// A record.
    pub(super) fn push(&mut self, row: Row<'_>) -> io::Result<()> {
        match self {
            Self::Text(text) => text.push(row),
            #[cfg(feature = "parquet")]
            Self::Parquet(parquet) => parquet.push(row),
        }
    }

    /// Hands over all that is whole; whether that is all of it.
    pub(super) fn flush(&mut self) -> io::Result<bool> {
        match self {
            Self::Text(text) => text.flush().map(|()| true),
            #[cfg(feature = "parquet")]
            Self::Parquet(_) => Ok(false),
        }
    }

    /// What is written to.
    pub(super) fn finish(self) -> io::Result<W> {
        match self {
            Self::Text(mut text) => {
                text.flush()?;
                Ok(text.out)
            }
            #[cfg(feature = "parquet")]
            Self::Parquet(parquet) => parquet.finish(),
        }
    }
}

impl<W: Write> TextEncoder<W> {
    fn push(&mut self, row: Row<'_>) -> io::Result<()> {
        if self.is_terminal {
            self.row.clear();
            self.format.write(row, false, &mut self.row)?;
            let text = String::from_utf8_lossy(&self.row);
            if let Format::Csv(_) = self.format {
                sanitize::write_csv(&text, &mut self.buffer);
            } else {
                sanitize::write_json(text.trim_end(), &mut self.buffer);
                self.buffer.push(b'\n');
            }
        } else {
            self.format.write(row, false, &mut self.buffer)?;
        }
        match self.buffer.len() >= WRITTEN_AT_ONCE {
            true => self.flush(),
            false => Ok(()),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.write_all(&self.buffer)?;
        self.buffer.clear();
        self.out.flush()
    }
}
