//! A group of records in columns, which are written one behind another: until then they are in memory.

use bytes::Bytes;
use parquet::data_type::{ByteArray, ByteArrayType, Int32Type, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use std::io::{self, Write};
use std::mem;
use store::page::Row;

/// Records in a group.
const GROUP_RECORDS: usize = 128 * 1024;
/// Bytes of their texts, but for one that is larger by itself.
const GROUP_BYTES: usize = 48 * 1024 * 1024;

/// Records that are not written yet.
#[derive(Default)]
pub(super) struct Group {
    ids: TextColumn,
    times: Vec<i64>,
    severities: Vec<i32>,
    levels: TextColumn,
    messages: TextColumn,
    attributes: TextColumn,
    received: Vec<i64>,
    has_received: Vec<i16>,
}

impl Group {
    /// Adds a record.
    pub(super) fn push(&mut self, row: Row<'_>) -> io::Result<()> {
        row.id.append_to(&mut self.ids.text);
        self.ids.ends.push(self.ids.text.len());
        self.times.push(row.id.time().nanos());
        self.severities.push(i32::from(row.severity));
        self.levels.push(row.level);
        self.messages.push(Some(row.message));
        let attributes = row.attributes.map(store::page::Attributes::json);
        self.attributes.push(attributes.transpose()?.as_deref());
        self.received.extend(row.received);
        self.has_received.push(i16::from(row.received.is_some()));
        Ok(())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.times.is_empty()
    }

    /// Whether it is to be written.
    pub(super) fn is_full(&self) -> bool {
        let texts = [&self.ids, &self.levels, &self.messages, &self.attributes];
        let bytes: usize = texts.iter().map(|column| column.text.len()).sum();
        self.times.len() >= GROUP_RECORDS || bytes >= GROUP_BYTES
    }

    /// Writes all of it, in the order of the columns, and is empty then.
    pub(super) fn write<W: Write + Send>(
        &mut self,
        writer: &mut SerializedFileWriter<W>,
    ) -> Result<(), ParquetError> {
        let mut group = writer.next_row_group()?;
        self.ids.write(false, &mut group)?;
        write_times(&mut group, &self.times, None)?;
        let mut severities = group.next_column()?.ok_or_else(missing)?;
        let column = severities.typed::<Int32Type>();
        column.write_batch(&self.severities, None, None)?;
        severities.close()?;
        self.levels.write(true, &mut group)?;
        self.messages.write(false, &mut group)?;
        self.attributes.write(true, &mut group)?;
        write_times(&mut group, &self.received, Some(&self.has_received))?;
        group.close()?;
        self.times.clear();
        self.severities.clear();
        self.received.clear();
        self.has_received.clear();
        Ok(())
    }
}

/// Texts behind one another.
#[derive(Default)]
struct TextColumn {
    text: Vec<u8>,
    ends: Vec<usize>,
    /// 1 for each record that has one, and 0 for all others.
    has: Vec<i16>,
}

impl TextColumn {
    fn push(&mut self, text: Option<&str>) {
        self.has.push(i16::from(text.is_some()));
        if let Some(text) = text {
            self.text.extend_from_slice(text.as_bytes());
            self.ends.push(self.text.len());
        }
    }

    fn write(
        &mut self,
        is_optional: bool,
        group: &mut SerializedRowGroupWriter<'_, impl Write + Send>,
    ) -> Result<(), ParquetError> {
        let text = Bytes::from(mem::take(&mut self.text));
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
        drop(values);
        // The next group has about as much text: its memory is not asked for again.
        self.text = text.try_into_mut().map(Vec::from).unwrap_or_default();
        self.text.clear();
        Ok(())
    }
}

fn missing() -> ParquetError {
    ParquetError::General("a column is missing".to_owned())
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
