//! OpenTelemetry's logs as its protocol over HTTP has them, in protobuf and in JSON
//! (format: <https://opentelemetry.io/docs/specs/otlp/>, `opentelemetry/proto/logs/v1/logs.proto`).
//!
//! Both are read in one pass, borrowed from the body. What a record has of its resource and its scope is
//! encoded once and copied to each.
//!
//! | file | owns |
//! |---|---|
//! | `log_record` | what a record is, whatever it was encoded in, and under which names it is kept |
//! | `names`, `shared` | names that do not come twice; attributes of a resource or a scope |
//! | `known` | texts of records before that are likely to come again |
//! | `body` | a body that is no text |
//! | `from_protobuf`, `protobuf_body` | messages, the body of a record |
//! | `protobuf_value`, `protobuf_text` | values in messages, and what of those is kept as text |
//! | `from_json`, `json_record`, `record_field` | messages in JSON: around records and what they share, one record, its fields |
//! | `json_body` | the body of a record in JSON |
//! | `json`, `json_value`, `value_kind`, `json_members` | tokens, and the values and lists of keys and values in them |

mod body;
mod from_json;
mod from_protobuf;
mod json;
mod json_body;
mod json_members;
mod json_record;
mod json_value;
mod known;
mod log_record;
mod names;
mod protobuf_body;
mod protobuf_text;
mod protobuf_value;
mod record_field;
mod shared;
mod value_kind;

pub use from_json::decode as decode_json;
#[cfg(test)]
pub(crate) use from_json::decode_by as decode_json_by;
pub use from_protobuf::decode as decode_protobuf;
