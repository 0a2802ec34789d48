//! Records as columns of Parquet: one thread gathers a group of them while another one writes the last.

use super::parquet_group::Group;
use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;
use parquet::schema::types::ColumnPath;
use std::io::{self, Write};
use std::mem;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{self, JoinHandle};
use store::page::Row;

/// The columns, in their order.
const SCHEMA: &str = "
message record {
    required binary id (STRING);
    required int64 time (TIMESTAMP(NANOS, true));
    required int32 severity (INTEGER(8, false));
    optional binary level (STRING);
    required binary message (STRING);
    optional binary attributes (JSON);
    optional int64 received_at (TIMESTAMP(MILLIS, true));
}";
const ZSTD_LEVEL: i32 = 1;

/// What writes records to `W`. There are two groups: one is gathered while the other is written.
pub(super) struct ParquetEncoder<W> {
    group: Group,
    /// `None` is the end: a file of which only a part was asked for gets no footer.
    full: SyncSender<Option<Group>>,
    written: Receiver<Group>,
    /// Until it has said what became of it.
    writing: Option<JoinHandle<io::Result<W>>>,
}

impl<W: Write + Send + 'static> ParquetEncoder<W> {
    pub(super) fn new(out: W) -> io::Result<Self> {
        let writer = writer(out).map_err(failed)?;
        let ((full, groups), (done, written)) = (sync_channel(0), sync_channel(1));
        let writing = thread::Builder::new().spawn(move || write_all(writer, &groups, &done))?;
        Ok(Self {
            group: Group::default(),
            full,
            written,
            writing: Some(writing),
        })
    }

    pub(super) fn push(&mut self, row: Row<'_>) -> io::Result<()> {
        self.group.push(row)?;
        if self.group.is_full() && !self.hand_over() {
            self.ended()?;
            return Err(io::Error::other("writing has ended before all was written"));
        }
        Ok(())
    }

    /// Gives the group to the thread that writes, once that has written the last one; whether it takes any.
    fn hand_over(&mut self) -> bool {
        let is_taken = self.full.send(Some(mem::take(&mut self.group))).is_ok();
        // The last one has come back before this one was taken.
        self.group = self.written.try_recv().unwrap_or_default();
        is_taken
    }

    pub(super) fn finish(mut self) -> io::Result<W> {
        // Where nothing is taken any more, the thread says why.
        if self.group.is_empty() || self.hand_over() {
            drop(self.full.send(None));
        }
        self.ended()
    }

    /// What became of writing.
    fn ended(&mut self) -> io::Result<W> {
        let ended = self.writing.take().map(JoinHandle::join);
        match ended {
            Some(Ok(ended)) => ended,
            Some(Err(_)) | None => Err(io::Error::other("what writes has failed in itself")),
        }
    }
}

fn write_all<W: Write + Send>(
    mut writer: SerializedFileWriter<W>,
    groups: &Receiver<Option<Group>>,
    done: &SyncSender<Group>,
) -> io::Result<W> {
    loop {
        let Ok(group) = groups.recv() else {
            return Err(io::Error::other("not all was written"));
        };
        let Some(mut group) = group else {
            return writer.into_inner().map_err(failed);
        };
        group.write(&mut writer).map_err(failed)?;
        // At the end nobody takes it.
        drop(done.try_send(group));
    }
}

fn writer<W: Write + Send>(out: W) -> Result<SerializedFileWriter<W>, ParquetError> {
    let schema = Arc::new(parse_message_type(SCHEMA)?);
    SerializedFileWriter::new(out, schema, Arc::new(properties()?))
}

fn properties() -> Result<WriterProperties, ParquetError> {
    let mut builder = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::try_new(ZSTD_LEVEL)?))
        .set_created_by(concat!("aggregator ", env!("CARGO_PKG_VERSION")).to_owned())
        // Texts are nearly all different.
        .set_dictionary_enabled(false)
        .set_column_dictionary_enabled(ColumnPath::from("level"), true)
        .set_column_dictionary_enabled(ColumnPath::from("severity"), true);
    for time in ["time", "received_at"] {
        builder =
            builder.set_column_encoding(ColumnPath::from(time), Encoding::DELTA_BINARY_PACKED);
    }
    for text in ["message", "attributes"] {
        builder =
            builder.set_column_statistics_enabled(ColumnPath::from(text), EnabledStatistics::None);
    }
    Ok(builder.build())
}

fn failed(error: ParquetError) -> io::Error {
    match error {
        ParquetError::External(source) => match source.downcast::<io::Error>() {
            Ok(error) => *error,
            Err(source) => io::Error::other(source),
        },
        error => io::Error::other(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use record::id::RecordId;

    /// A disk with room for so many bytes.
    struct Disk(usize);

    impl Write for Disk {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0 = self
                .0
                .checked_sub(bytes.len())
                .ok_or(io::ErrorKind::StorageFull)?;
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn exported(room: usize, records: usize) -> io::Result<Disk> {
        let mut encoder = ParquetEncoder::new(Disk(room))?;
        let message = "x".repeat(1_000);
        for _ in 0..records {
            encoder.push(Row {
                id: RecordId::MIN,
                severity: 9,
                level: None,
                message: &message,
                attributes: None,
                received: None,
            })?;
        }
        encoder.finish()
    }

    #[test]
    fn a_disk_that_is_full_is_told_as_such_whenever_it_is() {
        // Of one group, and of several: the last ones find nobody who takes them.
        for records in [10, 200_000] {
            assert!(exported(usize::MAX, records).is_ok());
            for room in [0, 100] {
                let told = exported(room, records).err().map(|error| error.kind());
                assert_eq!(
                    told,
                    Some(io::ErrorKind::StorageFull),
                    "{room} of {records}"
                );
            }
        }
    }
}
