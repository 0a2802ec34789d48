//! Records as columns of Parquet.

use bytes::Bytes;
use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::data_type::{ByteArray, ByteArrayType, Int32Type, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use parquet::schema::parser::parse_message_type;
use parquet::schema::types::ColumnPath;
use std::fmt::Write as _;
use std::io::{self, Write};
use std::sync::Arc;
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
/// Records in a group, whose columns are written one behind another: until then they are in memory.
const GROUP_RECORDS: usize = 128 * 1024;
/// Bytes of their texts, but for one that is larger by itself.
const GROUP_BYTES: usize = 48 * 1024 * 1024;
const ZSTD_LEVEL: i32 = 1;

/// What writes records to `W`.
pub(super) struct ParquetEncoder<W: Write + Send> {
    writer: SerializedFileWriter<W>,
    group: Group,
}

/// Records that are not written yet.
#[derive(Default)]
struct Group {
    ids: TextColumn,
    times: Vec<i64>,
    severities: Vec<i32>,
    levels: TextColumn,
    messages: TextColumn,
    attributes: TextColumn,
    received: Vec<i64>,
    has_received: Vec<i16>,
}

/// Texts behind one another.
#[derive(Default)]
struct TextColumn {
    text: String,
    ends: Vec<usize>,
    /// 1 for each record that has one, and 0 for all others.
    has: Vec<i16>,
}

impl TextColumn {
    fn push(&mut self, text: Option<&str>) {
        self.has.push(i16::from(text.is_some()));
        if let Some(text) = text {
            self.text.push_str(text);
            self.ends.push(self.text.len());
        }
    }

    fn write(
        &mut self,
        is_optional: bool,
        group: &mut SerializedRowGroupWriter<'_, impl Write + Send>,
    ) -> Result<(), ParquetError> {
        let text = Bytes::from(std::mem::take(&mut self.text));
        let mut start = 0;
        let value = |end: &usize| {
            let value = ByteArray::from(text.slice(start..*end));
            start = *end;
            value
        };
        let values: Vec<ByteArray> = self.ends.iter().map(value).collect();
        let has = is_optional.then_some(&*self.has);
        let mut column = group.next_column()?.ok_or_else(missing)?;
        column
            .typed::<ByteArrayType>()
            .write_batch(&values, has, None)?;
        column.close()?;
        self.ends.clear();
        self.has.clear();
        Ok(())
    }
}

fn missing() -> ParquetError {
    ParquetError::General("a column is missing".to_owned())
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

impl<W: Write + Send> ParquetEncoder<W> {
    pub(super) fn new(out: W) -> io::Result<Self> {
        let schema = Arc::new(parse_message_type(SCHEMA).map_err(failed)?);
        let properties = Arc::new(properties().map_err(failed)?);
        let writer = SerializedFileWriter::new(out, schema, properties).map_err(failed)?;
        Ok(Self {
            writer,
            group: Group::default(),
        })
    }

    pub(super) fn push(&mut self, row: Row<'_>) -> io::Result<()> {
        let group = &mut self.group;
        // Nothing that is written to memory fails.
        write!(group.ids.text, "{}", row.id).unwrap_or_default();
        group.ids.ends.push(group.ids.text.len());
        group.times.push(row.id.time().nanos());
        group.severities.push(i32::from(row.severity));
        group.levels.push(row.level);
        group.messages.push(Some(row.message));
        let attributes = row
            .attributes
            .map(store::page::Attributes::json)
            .transpose()?;
        group.attributes.push(attributes.as_deref());
        group.received.extend(row.received);
        group.has_received.push(i16::from(row.received.is_some()));
        match group.times.len() >= GROUP_RECORDS || group.bytes() >= GROUP_BYTES {
            true => self.write_group().map_err(failed),
            false => Ok(()),
        }
    }

    fn write_group(&mut self) -> Result<(), ParquetError> {
        let group = &mut self.group;
        let mut writer = self.writer.next_row_group()?;
        group.ids.write(false, &mut writer)?;
        write_times(&mut writer, &group.times, None)?;
        let mut severities = writer.next_column()?.ok_or_else(missing)?;
        let column = severities.typed::<Int32Type>();
        column.write_batch(&group.severities, None, None)?;
        severities.close()?;
        group.levels.write(true, &mut writer)?;
        group.messages.write(false, &mut writer)?;
        group.attributes.write(true, &mut writer)?;
        write_times(&mut writer, &group.received, Some(&group.has_received))?;
        writer.close()?;
        group.times.clear();
        group.severities.clear();
        group.received.clear();
        group.has_received.clear();
        Ok(())
    }

    pub(super) fn finish(mut self) -> io::Result<W> {
        if !self.group.times.is_empty() {
            self.write_group().map_err(failed)?;
        }
        self.writer.into_inner().map_err(failed)
    }
}

fn write_times(
    group: &mut SerializedRowGroupWriter<'_, impl Write + Send>,
    times: &[i64],
    has: Option<&[i16]>,
) -> Result<(), ParquetError> {
    let mut column = group.next_column()?.ok_or_else(missing)?;
    column.typed::<Int64Type>().write_batch(times, has, None)?;
    column.close()
}

impl Group {
    fn bytes(&self) -> usize {
        let texts = [&self.ids, &self.levels, &self.messages, &self.attributes];
        texts.iter().map(|column| column.text.len()).sum()
    }
}
