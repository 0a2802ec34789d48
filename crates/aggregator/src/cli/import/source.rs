//! A file as it is read: unpacked, and its bytes counted as they lie on the disk.

#[cfg(feature = "parquet")]
use super::parquet_lines::{self, ParquetLines};
use flate2::read::MultiGzDecoder;
use std::fs::File;
use std::io::{self, Cursor, Read, Seek as _};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Standard input, as an argument.
pub(super) const STANDARD_INPUT: &str = "-";
const GZIP: [u8; 2] = [0x1f, 0x8b];
const ZSTD: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];
/// Bytes that tell how a file is packed.
const MAGIC_BYTES: usize = 4;

/// Opens a file, or standard input. What is read of it, still packed, is added to `read`.
pub(super) fn open(path: &Path, read: &Arc<AtomicU64>) -> io::Result<Box<dyn Read>> {
    let read = Arc::clone(read);
    if path == Path::new(STANDARD_INPUT) {
        let inner = io::stdin();
        return unpacked(Counted { inner, read });
    }
    let inner = File::open(path)?;
    #[cfg(feature = "parquet")]
    if inner.metadata()?.is_file() {
        let mut magic = [0; MAGIC_BYTES];
        let length = (&inner).read(&mut magic)?;
        (&inner).rewind()?;
        if magic.get(..length) == Some(parquet_lines::MAGIC) {
            // What of it is read, and when, is not told.
            return Ok(Box::new(ParquetLines::new(inner)?));
        }
    }
    unpacked(Counted { inner, read })
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
        (true, _) => Box::new(MultiGzDecoder::new(whole)),
        (_, true) => Box::new(zstd::Decoder::new(whole)?),
        _ => Box::new(whole),
    })
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
