//! Loki's push: streams of lines, each stream with labels, as JSON and as protobuf.
//!
//! A line is a record's message as it stands. Labels and the line's own metadata are its attributes, and so
//! is the tenant. What is odd is taken as far as anything of it can be used; only what breaks off is
//! refused, from where it breaks.

mod json_line;
mod json_parts;
mod labels;
mod line_level;
mod push_json;
mod push_protobuf;
mod room;
mod stream;

pub use push_json::decode_json;
pub use push_protobuf::decode_protobuf;
pub use room::{encoded_json_bytes, encoded_protobuf_bytes};

use crate::error::DecodeError;
use record::batch::BatchBuilder;
use record::fault::RecordFault;

/// Why reading stops.
#[derive(Debug)]
enum Stop {
    /// What stands from this byte on cannot be read.
    Broke(usize),
    /// The records take more room than a batch may.
    TooLarge,
}

/// The end of a push that was read as far as it goes: what breaks off behind at least one record is refused
/// by itself.
fn ended(
    end: &Result<(), Stop>,
    given: usize,
    batch: &mut BatchBuilder,
    broken: impl FnOnce(usize) -> DecodeError,
) -> Result<(), DecodeError> {
    match end {
        Ok(()) => Ok(()),
        Err(Stop::TooLarge) => Err(DecodeError::TooLarge),
        Err(Stop::Broke(place)) if given == 0 => Err(broken(*place)),
        Err(Stop::Broke(_)) => {
            batch.reject(RecordFault::BrokenOff);
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests;
