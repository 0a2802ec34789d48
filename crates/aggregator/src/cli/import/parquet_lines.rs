//! A Parquet file that `aggregator export` has written, as the JSON lines that its records are: without the ids and times of
//! receipt that they had, which their new batches give them.

use parquet::basic::{LogicalType, TimeUnit};
use parquet::column::reader::{ColumnReader, ColumnReaderImpl};
use parquet::data_type::{ByteArray, ByteArrayType, DataType, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::reader::FileReader;
use parquet::file::serialized_reader::SerializedFileReader;
use serde::Serialize;
use serde_json::value::RawValue;
use std::fs::File;
use std::io::{self, Read};

const READ_AT_ONCE: usize = 1_024;

/// A record, as it is sent.
#[derive(Serialize)]
struct Line<'a> {
    timestamp: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    level: Option<&'a str>,
    message: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    attributes: Option<&'a RawValue>,
}

/// The lines, as they are read.
pub(super) struct ParquetLines {
    file: SerializedFileReader<File>,
    /// The next group of records.
    group: usize,
    columns: Option<Columns>,
    lines: Vec<u8>,
    /// Bytes of these that were read.
    read: usize,
}

/// The columns of a group that lines are made of.
struct Columns {
    times: ColumnReaderImpl<Int64Type>,
    levels: ColumnReaderImpl<ByteArrayType>,
    messages: ColumnReaderImpl<ByteArrayType>,
    attributes: ColumnReaderImpl<ByteArrayType>,
}

impl ParquetLines {
    /// Reads a file.
    pub(super) fn new(file: File) -> io::Result<Self> {
        let file = SerializedFileReader::new(file).map_err(io::Error::other)?;
        Ok(Self {
            file,
            group: 0,
            columns: None,
            lines: Vec::new(),
            read: 0,
        })
    }

    /// Makes lines of the next records; whether there are any.
    fn advance(&mut self) -> io::Result<bool> {
        self.lines.clear();
        self.read = 0;
        loop {
            if let Some(columns) = &mut self.columns
                && columns.write_lines(&mut self.lines)? > 0
            {
                return Ok(true);
            }
            if self.group >= self.file.num_row_groups() {
                return Ok(false);
            }
            let columns = Columns::of(&self.file, self.group).map_err(io::Error::other)?;
            self.columns = Some(columns.ok_or_else(|| {
                io::Error::other("this Parquet file is no export of an aggregator")
            })?);
            self.group += 1;
        }
    }
}

impl Read for ParquetLines {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.read >= self.lines.len() && !self.advance()? {
            return Ok(0);
        }
        let mut left = self.lines.get(self.read..).unwrap_or_default();
        let count = left.read(buffer)?;
        self.read += count;
        Ok(count)
    }
}

impl Columns {
    /// Those of a group; `None` when they are not what an export writes.
    fn of(file: &SerializedFileReader<File>, group: usize) -> Result<Option<Self>, ParquetError> {
        let group = file.get_row_group(group)?;
        let schema = group.metadata().schema_descr_ptr();
        let mut columns = schema.columns().iter();
        let Some(time) = columns.position(|column| column.path().string() == "time") else {
            return Ok(None);
        };
        let is_in_nanos = matches!(
            schema.column(time).logical_type_ref(),
            Some(LogicalType::Timestamp(time))
                if time.unit == TimeUnit::NANOS && time.is_adjusted_to_u_t_c
        );
        let texts = ["level", "message", "attributes"].map(|name| {
            let mut columns = schema.columns().iter();
            columns.position(|column| column.path().string() == name)
        });
        let ([Some(level), Some(message), Some(attributes)], true) = (texts, is_in_nanos) else {
            return Ok(None);
        };
        let text = |place| {
            group.get_column_reader(place).map(|column| match column {
                ColumnReader::ByteArrayColumnReader(column) => Some(column),
                _ => None,
            })
        };
        let times = match group.get_column_reader(time)? {
            ColumnReader::Int64ColumnReader(column) => Some(column),
            _ => None,
        };
        let (levels, messages, attributes) = (text(level)?, text(message)?, text(attributes)?);
        let texts = levels.zip(messages).zip(attributes);
        Ok(times
            .zip(texts)
            .map(|(times, ((levels, messages), attributes))| Self {
                times,
                levels,
                messages,
                attributes,
            }))
    }

    /// Writes lines of the next records; how many.
    fn write_lines(&mut self, lines: &mut Vec<u8>) -> io::Result<usize> {
        let times = values(&mut self.times)?;
        let levels = values(&mut self.levels)?;
        let messages = values(&mut self.messages)?;
        let attributes = values(&mut self.attributes)?;
        let count = times.len();
        let others = [levels.len(), messages.len(), attributes.len()];
        if others.iter().any(|other| *other != count) {
            return Err(damaged("its columns have different lengths"));
        }
        let all = times.into_iter().zip(levels).zip(messages).zip(attributes);
        for (((time, level), message), attributes) in all {
            let (Some(time), Some(message)) = (time, &message) else {
                return Err(damaged("a record has no time or no message"));
            };
            let line = Line {
                timestamp: logs::Timestamp::from_nanos(time).to_string(),
                level: level.as_ref().map(text).transpose()?,
                message: text(message)?,
                attributes: match &attributes {
                    Some(attributes) => Some(serde_json::from_str(text(attributes)?)?),
                    None => None,
                },
            };
            serde_json::to_writer(&mut *lines, &line)?;
            lines.push(b'\n');
        }
        Ok(count)
    }
}

fn damaged(reason: &str) -> io::Error {
    let sentence = format!("this Parquet file is damaged: {reason}");
    io::Error::new(io::ErrorKind::InvalidData, sentence)
}

fn text(value: &ByteArray) -> io::Result<&str> {
    value.as_utf8().map_err(io::Error::other)
}

/// The next values of a column, each of which may be missing.
fn values<T: DataType>(column: &mut ColumnReaderImpl<T>) -> io::Result<Vec<Option<T::T>>> {
    let (mut has, mut values) = (Vec::new(), Vec::new());
    let read = column.read_records(READ_AT_ONCE, Some(&mut has), None, &mut values);
    let (records, _, _) = read.map_err(io::Error::other)?;
    let mut values = values.into_iter();
    if has.is_empty() {
        return Ok(values.map(Some).collect());
    }
    let each = has.iter().take(records);
    Ok(each
        .map(|has| if *has > 0 { values.next() } else { None })
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use parquet::file::properties::WriterProperties;
    use parquet::file::writer::SerializedFileWriter;
    use parquet::schema::parser::parse_message_type;
    use std::sync::Arc;

    /// The lines of a file with two records, the second of which may have no time.
    fn lines(time: &str, times: &[i64]) -> io::Result<String> {
        let schema = format!(
            "message record {{ optional int64 time ({time}); optional binary level (STRING);
             required binary message (STRING); optional binary attributes (JSON); }}"
        );
        let schema = Arc::new(parse_message_type(&schema).expect("a schema"));
        let properties = Arc::new(WriterProperties::builder().build());
        let mut file = tempfile::tempfile()?;
        let mut writer = SerializedFileWriter::new(&mut file, schema, properties)?;
        let mut group = writer.next_row_group()?;
        let has = [1, i16::from(times.len() == 2)];
        let mut column = group.next_column()?.expect("of times");
        column
            .typed::<Int64Type>()
            .write_batch(times, Some(&has), None)?;
        column.close()?;
        let messages = ["one", "two"].map(ByteArray::from);
        let texts: [(&[ByteArray], Option<&[i16]>); 3] = [
            (&[], Some(&[0, 0])),
            (&messages, None),
            (&[], Some(&[0, 0])),
        ];
        for (values, has) in texts {
            let mut column = group.next_column()?.expect("of texts");
            column
                .typed::<ByteArrayType>()
                .write_batch(values, has, None)?;
            column.close()?;
        }
        group.close()?;
        writer.close()?;
        let mut lines = String::new();
        ParquetLines::new(file)?.read_to_string(&mut lines)?;
        Ok(lines)
    }

    #[test]
    fn a_file_whose_records_are_not_whole_or_not_of_an_export_is_refused() {
        let utc = "TIMESTAMP(NANOS, true)";
        let whole = lines(utc, &[0, 1]).unwrap();
        assert!(
            whole.starts_with("{\"timestamp\":\"1970-01-01T00:00:00Z\",\"message\":\"one\"}\n")
        );
        assert_eq!(whole.lines().count(), 2);
        let refused = |time, times: &[i64]| lines(time, times).unwrap_err().to_string();
        let said = "this Parquet file is damaged: a record has no time or no message";
        assert_eq!(refused(utc, &[0]), said);
        let said = "this Parquet file is no export of an aggregator";
        assert_eq!(refused("TIMESTAMP(NANOS, false)", &[0, 1]), said);
        assert_eq!(refused("TIMESTAMP(MICROS, true)", &[0, 1]), said);
    }
}
