//! The formats that senders speak: bytes in, records and refused records out.
//!
//! Each format is one file with the same signature, `decode(body, &mut BatchBuilder)`, and one row in
//! the table of `formats.rs`. Takes a body that is decompressed and whole, and gives its records to
//! the builder. Pure: none of them does I/O, reads a clock or knows HTTP, the spool or a store.
//!
//! | module | owns |
//! |---|---|
//! | `formats` | the table: which media type names which format |
//! | `error` | why a body as a whole could not be read |
//! | `json`, `ndjson` | a format each |
//! | `element` | one JSON value as a record, whatever it is |
//! | `fields` | which member of an object is the time, the level, the message |
//! | `value` | JSON values into BSON |
//! | `single_pass`, `scanner`, `member_names` | the fast way for usual records |
//! | `encoded_size` | how much room the documents of a body take at most |

mod element;
mod encoded_size;
mod error;
mod fields;
mod formats;
mod json;
mod member_names;
mod ndjson;
mod scanner;
mod single_pass;
mod value;

pub use encoded_size::encoded_bytes_at_most;
pub use error::DecodeError;
pub use formats::{Format, format_of};

#[cfg(test)]
mod tests;
