//! The formats that senders speak: bytes in, records out, and what is told of them.
//!
//! Each format of `POST /logs/batch` is one function with the same signature, `decode(body, &mut
//! BatchBuilder)`, and one row in the table of `formats.rs`; each protocol beside it is a module of its own
//! that gives its decoders to `http/ingest`. Takes a body that is decompressed and whole, and gives its records to
//! the builder. Pure: none of them does I/O, reads a clock or knows HTTP, the spool or a store.
//!
//! What a sender sends is taken: nothing here refuses a record for its content, unless the batch is
//! strict.
//!
//! | module | owns |
//! |---|---|
//! | `formats` | the table: which media type names which format |
//! | `error` | why a body as a whole could not be read |
//! | `json` | the native format under each of its types |
//! | `given` | attributes that come from outside the body |
//! | `gelf`, `splunk`, `datadog` | protocols whose records are JSON objects of their own kind |
//! | `journald` | the journal export format |
//! | `text` | a body as text, and what was replaced in it |
//! | `bulk` | Elasticsearch's `_bulk` |
//! | `values`, `wrapper` | a body as values and lines, and one that is an object around its records |
//! | `frame`, `raw` | where a JSON value ends, and its pieces as they stand |
//! | `element` | one JSON value as a record, whatever it is |
//! | `names` | the table of names: what is a time, a message, a level |
//! | `fields` | which member of an object that is, and what becomes of the others |
//! | `times`, `levels` | the forms of a time, and numbers as levels |
//! | `members`, `string`, `value` | members, texts and values into BSON |
//! | `unusual` | what is to be told of a record |
//! | `single_pass`, `scanner`, `member_names` | the fast way for usual records |
//! | `loki` | Loki's push, as JSON and as protobuf |
//! | `otlp` | OpenTelemetry's logs, in protobuf and in JSON |
//! | `protobuf` | messages of protobuf, field by field |
//! | `encoded_size` | how much room the documents of a body take at most |

mod bulk;
pub mod datadog;
mod element;
mod encoded_size;
mod error;
mod fields;
mod formats;
mod frame;
pub mod gelf;
mod given;
pub mod journald;
mod json;
mod levels;
pub mod loki;
mod member_names;
mod members;
mod names;
pub mod otlp;
mod protobuf;
mod raw;
mod scanner;
mod single_pass;
pub mod splunk;
mod string;
mod text;
mod times;
mod unusual;
mod value;
mod values;
mod wrapper;

pub use bulk::{BulkItems, ItemRuns, Kind, Refusal, Run, decode_bulk};
pub use encoded_size::encoded_bytes_at_most;
pub use error::DecodeError;
pub use formats::{Format, format_of};
pub use given::GivenAttributes;
pub use json::decode_lines;
pub use text::text_bytes;

#[cfg(test)]
mod tests;
