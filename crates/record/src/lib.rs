//! The record as it is kept: encoded once, when it is taken, and the same bytes in the spool and in
//! both stores.
//!
//! Owns what a record's id says, the document that stands for it, and how documents make a batch;
//! takes parsed values from the wire formats, and gives bytes. Pure: no clock, no I/O, no runtime. It
//! knows no format of a sender, and no store.
//!
//! | module | owns |
//! |---|---|
//! | [`id`] | the id of a record |
//! | `batch_id` | the id of a batch and of a key |
//! | [`order`] | the order of records of one time |
//! | [`document`] | the BSON document that stands for a record |
//! | [`documents`] | many documents in one piece of memory |
//! | `origin` | what a batch is remembered by |
//! | [`batch`] | a batch on its way to the store, and where a format puts its records |
//! | [`attributes`] | attributes: BSON out as JSON |
//! | [`fault`] | why a record was refused, and the bounds that it broke |
//! | [`notice`] | what a sender is told of records that were taken |
//! | [`pins`] | attributes that every record gets, whatever its sender gave for them |
//! | [`bson_reader`], [`bson_writer`] | BSON in and out |
//! | `hex` | bytes as hexadecimal digits |
//! | [`json_text`] | what must be escaped in JSON text |

pub mod attributes;
pub mod batch;
mod batch_id;
pub mod bson_reader;
pub mod bson_writer;
pub mod document;
pub mod documents;
pub mod fault;
mod hex;
pub mod id;
pub mod json_text;
pub mod notice;
pub mod order;
mod origin;
pub mod pins;
