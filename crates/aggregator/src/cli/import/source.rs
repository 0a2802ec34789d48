//! A file as it is read: unpacked, and its bytes counted as they lie on the disk.

use super::cutter::Form;
#[cfg(feature = "parquet")]
use super::parquet_lines::ParquetLines;
use flate2::read::MultiGzDecoder;
use std::fs::File;
#[cfg(feature = "parquet")]
use std::io::Seek as _;
use std::io::{self, Cursor, Read};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Standard input, as an argument.
pub(super) const STANDARD_INPUT: &str = "-";
const GZIP: [u8; 2] = [0x1f, 0x8b];
const ZSTD: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];
/// Bytes that tell how a file is packed.
const MAGIC_BYTES: usize = 4;
const PARQUET: &[u8] = b"PAR1";
/// So many bytes tell whether it is a text.
const LOOKED_AT: usize = 1024;

/// Opens a file, or standard input, to be read as `form`. What is read of it, still packed, is added to `read`.
pub(super) fn open(
    path: &Path,
    form: Option<Form>,
    read: &Arc<AtomicU64>,
) -> io::Result<Box<dyn Read>> {
    let read = Arc::clone(read);
    if path == Path::new(STANDARD_INPUT) {
        let inner = io::stdin();
        return text(unpacked(Counted { inner, read })?, form);
    }
    let inner = File::open(path)?;
    #[cfg(feature = "parquet")]
    if inner.metadata()?.is_file() {
        let mut magic = [0; MAGIC_BYTES];
        let length = (&inner).read(&mut magic)?;
        (&inner).rewind()?;
        if magic.get(..length) == Some(PARQUET) && form != Some(Form::Lines) {
            // What of it is read, and when, is not told.
            return Ok(Box::new(ParquetLines::new(inner)?));
        }
    }
    text(unpacked(Counted { inner, read })?, form)
}

/// Refuses what is no text by how it begins: it would be stored as lines that nobody can read.
fn text(mut source: Box<dyn Read>, form: Option<Form>) -> io::Result<Box<dyn Read>> {
    let mut begin = Vec::with_capacity(LOOKED_AT);
    let looked_at = LOOKED_AT as u64;
    source.by_ref().take(looked_at).read_to_end(&mut begin)?;
    let refused = if begin.starts_with(PARQUET) {
        Some(match cfg!(feature = "parquet") {
            true => {
                "this is Parquet, which is read from a file alone, not packed, and without --format lines"
            }
            false => "this is Parquet, which this build does not read",
        })
    } else if begin.contains(&0) && form != Some(Form::Lines) {
        Some(
            "this is no text, as a zero byte is in its first KiB: --format lines imports it all the same",
        )
    } else {
        None
    };
    match refused {
        Some(sentence) => Err(io::Error::new(io::ErrorKind::InvalidData, sentence)),
        None => Ok(Box::new(Cursor::new(begin).chain(source))),
    }
}

/// Bytes of a file, where that is known.
pub(super) fn size(path: &Path) -> Option<u64> {
    let file = path.metadata().ok()?;
    (path != Path::new(STANDARD_INPUT) && file.is_file()).then_some(file.len())
}

fn unpacked(mut source: impl Read + 'static) -> io::Result<Box<dyn Read>> {
    let mut magic = Vec::with_capacity(MAGIC_BYTES);
    source
        .by_ref()
        .take(MAGIC_BYTES as u64)
        .read_to_end(&mut magic)?;
    let packing = (magic.starts_with(&GZIP), magic.starts_with(&ZSTD));
    let whole = Cursor::new(magic).chain(source);
    Ok(match packing {
        (true, _) => {
            let (inner, program) = (MultiGzDecoder::new(whole), "zcat");
            Box::new(Unpacked { inner, program })
        }
        (_, true) => {
            let (inner, program) = (zstd::Decoder::new(whole)?, "zstdcat");
            Box::new(Unpacked { inner, program })
        }
        _ => Box::new(whole),
    })
}

/// What unpacks a file. Where that fails, what came last is not sent: of a file that is still being copied it would be
/// stored twice.
struct Unpacked<R> {
    inner: R,
    /// Gives what it can of a damaged file.
    program: &'static str,
}

impl<R: Read> Read for Unpacked<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.inner.read(buffer).map_err(|error| {
            let program = self.program;
            let sentence = format!(
                "{error}; if nothing more comes of it, `{program} FILE | aggregator import` takes all that can be unpacked"
            );
            io::Error::new(error.kind(), sentence)
        })
    }
}

struct Counted<R> {
    inner: R,
    read: Arc<AtomicU64>,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.read.fetch_add(count as u64, Ordering::Relaxed);
        Ok(count)
    }
}
