//! Columnar blocks: records that lie beside one another in time, column by column, as they are searched.
//!
//! Owns the format, writing it, reading it, and looking through its columns. Pure: bytes in, bytes out;
//! where they are kept, and what of them is remembered, is for others. What comes back of a record is what rows
//! give back, to the byte and to the order of keys. All that is narrowed here never leaves out a record that matches, and
//! [`Query::matches_within`](query::Query::matches_within) decides here, too, but where [`select::is_exact`] says that
//! columns tell the same.
//!
//! # The format, version 1
//!
//! A block holds up to [`MOST_RECORDS`] records with up to [`MOST_TEXT`] bytes, or one larger record, in
//! the order of their ids, each id once. It never changes. It has three parts; what its head begins with may be kept
//! by itself as well, to plan by:
//!
//! ```text
//! head     summary ‖ version of words (1 byte) ‖ bytes of the filter (varint) ‖ CRC-32C of the filter (4 bytes) ‖
//!          directory: columns (varint), of each
//!            kind (1 byte) ‖ flags (1 byte: 1 packed, 2 of integers only, 4 with arrays) ‖
//!            of an attribute its path (varint, bytes) ‖ of integers the least and the greatest (zigzag varints) ‖
//!            values ‖ bytes ‖ stored bytes (varints) ‖ CRC-32C of these (4 bytes) ‖
//!          CRC-32C of the head (4 bytes)
//! summary  "LOGBLOCK" ‖ version (2 bytes) ‖ bytes of the fields (2 bytes) ‖ fields:
//!            records (varint) ‖ least id ‖ greatest id (27 bytes each) ‖
//!            bytes of columns and filter as they are stored ‖ what counts against MOST_TEXT (varints) ‖
//!            severities: how many (varint), of each, ascending, the severity (1 byte) and its records (varint)
//!          ‖ CRC-32C of the summary (4 bytes), which stand behind the fields in every version
//! columns  each packed by itself (Zstandard), or as it is where that is smaller
//! filter   the runs of three bytes that messages have, a bit each ‖ a Bloom filter of the tokens of all records
//! ```
//!
//! Numbers are little endian, but for the first time in the column of times; a varint is LEB128. Texts are UTF-8.
//! "Numbers" and "texts" in what follows are what the modules `numbers` and [`texts`] describe.
//!
//! Columns of kinds 1 to 5 are there once, of kind 7 at most once. Those of kind 6 and 7 are numbered from 0 in their
//! order, and a shape names them by that. A path is the names above a value with a dot between each two, also where
//! names have dots themselves or are empty; two columns may have the same path, since a record may have it twice: only
//! its place tells a column apart. The shape of a record that is kept whole has two empty pieces and the column of
//! kind 7 between them, whose value is all of its JSON object. Which numbers shapes have says nothing.
//!
//! | kind | column | module |
//! |---|---|---|
//! | 1, 2 | the times of ids; the rest of ids, and receipts | [`ids`] |
//! | 3 | severities and levels | [`levels`] |
//! | 4 | messages | [`texts`] |
//! | 5 | the shape of each record's attributes | [`shapes`] |
//! | 6 | the values of an attribute | [`values`] |
//! | 7 | attributes that are kept whole, as JSON | [`values`] |
//!
//! | module | owns |
//! |---|---|
//! | [`head`] | the head: what tells whether the rest has to be read |
//! | [`section`] | packing, checksums, the directory's entries |
//! | [`writer`] | a block of records, and of those of other blocks |
//! | [`examination`] | all that is wrong with a block |
//! | [`rows`], [`opened`] | records put together again; a block all of whose columns are read |
//! | [`select`] | which records may match, by columns alone |
//! | [`row_set`] | some of a block's records |
//! | [`filter`], [`tokens`], `grams` | which blocks cannot have what is looked for |
//! | `structure` | which attributes a document has, how they are nested, and their values |
//! | [`leaf`] | a value |
//! | `numbers`, `input` | numbers, and how bytes are read |
//! | [`damaged`] | why bytes are no block |

pub mod damaged;
pub mod examination;
pub mod filter;
mod grams;
pub mod head;
pub mod ids;
mod input;
pub mod leaf;
pub mod levels;
mod numbers;
pub mod opened;
pub mod row_set;
pub mod rows;
pub mod section;
pub mod select;
pub mod shapes;
mod structure;
pub mod texts;
pub mod tokens;
pub mod values;
pub mod writer;

/// The version of the format that is written, and the last that is read.
pub const FORMAT_VERSION: u16 = 1;
/// Records in a block.
pub const MOST_RECORDS: usize = 8_192;
/// Bytes in the columns of a block of more than one record, before they are packed: of messages, different levels
/// and values (8 more for each), and of the names of attributes once for each different way they are nested.
pub const MOST_TEXT: usize = 4 * 1024 * 1024;
/// The same of a single record: one of 8 MiB has up to six times as much, where its attributes are control
/// characters that JSON has to escape.
pub const MOST_OF_ONE: usize = 56 * 1024 * 1024;

#[cfg(test)]
mod tests;
