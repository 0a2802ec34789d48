//! Messages of the protocol in protobuf.

use super::log_record::{Head, HexId, RESOURCE, SCOPE, SCOPE_ATTRIBUTES, give, own};
use super::names::Names;
use super::protobuf_body::body;
use super::protobuf_value::{Fault, Values, key_value};
use super::shared::Shared;
use crate::error::DecodeError;
use crate::protobuf::{Fields, Value, fields, text};
use crate::unusual::Unusual;
use logs::{TimeError, Timestamp};
use record::batch::BatchBuilder;
use record::fault::RecordFault;
use std::borrow::Cow;

/// Reads an `ExportLogsServiceRequest` and gives each of its records to the batch.
///
/// # Errors
/// [`DecodeError::Protobuf`] when it is none, [`DecodeError::TooLarge`].
pub fn decode(body: &[u8], batch: &mut BatchBuilder) -> Result<(), DecodeError> {
    let mut reader = Reader {
        batch,
        resource: Shared::default(),
        scope: Shared::default(),
        names: Names::default(),
        unusual: Unusual::default(),
    };
    let mut all = fields(body);
    while let Some(of_resource) = all.next_bytes(1)? {
        reader.resource_logs(of_resource)?;
    }
    Ok(())
}

struct Reader<'a, 'b> {
    batch: &'b mut BatchBuilder,
    resource: Shared,
    scope: Shared,
    names: Names<'a>,
    unusual: Unusual,
}

impl<'a> Reader<'a, '_> {
    fn resource_logs(&mut self, message: &'a [u8]) -> Result<(), DecodeError> {
        self.resource.clear();
        let mut around = fields(message);
        while let Some((number, value)) = around.next()? {
            match (number, value) {
                (1, Value::Bytes(resource)) => self.resource(resource)?,
                (3, Value::Bytes(url)) => {
                    shared_text(&mut self.resource, "resource.schema_url", url);
                }
                _ => {}
            }
        }
        let mut scopes = fields(message);
        while let Some(of_scope) = scopes.next_bytes(2)? {
            self.scope_logs(of_scope)?;
        }
        Ok(())
    }

    fn resource(&mut self, message: &[u8]) -> Result<(), DecodeError> {
        let mut all = fields(message);
        while let Some((number, value)) = all.next()? {
            match (number, value) {
                (1, Value::Bytes(attribute)) => share(&mut self.resource, RESOURCE, attribute)?,
                (2, Value::Varint(count)) => {
                    let name = "resource.dropped_attributes_count";
                    self.resource.count(name, count);
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn scope_logs(&mut self, message: &'a [u8]) -> Result<(), DecodeError> {
        self.scope.clear();
        let mut around = fields(message);
        while let Some((number, value)) = around.next()? {
            match (number, value) {
                (1, Value::Bytes(scope)) => self.scope(scope)?,
                (3, Value::Bytes(url)) => shared_text(&mut self.scope, "scope.schema_url", url),
                _ => {}
            }
        }
        let mut records = fields(message);
        while let Some(record) = records.next_bytes(2)? {
            self.record(record)?;
        }
        Ok(())
    }

    fn scope(&mut self, message: &[u8]) -> Result<(), DecodeError> {
        let mut all = fields(message);
        while let Some((number, value)) = all.next()? {
            match (number, value) {
                (1, Value::Bytes(name)) => shared_text(&mut self.scope, "scope.name", name),
                (2, Value::Bytes(version)) => {
                    shared_text(&mut self.scope, "scope.version", version);
                }
                (3, Value::Bytes(attribute)) => {
                    share(&mut self.scope, SCOPE_ATTRIBUTES, attribute)?;
                }
                (4, Value::Varint(count)) => {
                    let name = "scope.dropped_attributes_count";
                    self.scope.count(name, count);
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn record(&mut self, message: &'a [u8]) -> Result<(), DecodeError> {
        let room = self.batch.room_beside();
        let (head, attributes) = head(message, room, &mut self.unusual)?;
        let shared = [&self.scope, &self.resource];
        let is_taken = |name: &str| {
            head.has(name)
                || (name.starts_with(SCOPE) && self.scope.contains(name))
                || (name.starts_with(RESOURCE) && self.resource.contains(name))
        };
        self.names.clear();
        let (names, mut fault) = (&mut self.names, None);
        let unusual = &mut self.unusual;
        give(self.batch, &head, shared, unusual, |writer, unusual| {
            let mut values = Values::new(unusual);
            let written = values.members(writer, (attributes, 6), names, &is_taken, 0);
            written.map_err(|found| RecordFault::from(*fault.insert(found)))
        });
        if let Some(Fault::Malformed(malformed)) = fault {
            return Err(malformed.into());
        }
        match self.batch.is_too_large() {
            true => Err(DecodeError::TooLarge),
            false => Ok(()),
        }
    }
}

/// What a record is beside its attributes, and its fields from the first of those on. There is so much room for
/// a body that has to be written out.
fn head<'a>(
    message: &'a [u8],
    room: usize,
    unusual: &mut Unusual,
) -> Result<(Head<'a>, Fields<'a>), Fault> {
    let (mut all, mut head) = (fields(message), Head::default());
    let mut attributes = None;
    loop {
        let from_here = all;
        let Some((number, value)) = all.next()? else {
            return Ok((head, attributes.unwrap_or(from_here)));
        };
        match (number, value) {
            (6, _) => {
                attributes = attributes.or(Some(from_here));
                // The others stand behind it, and are read when the head is known.
                while all.short_bytes(6).is_some() {}
            }
            (1, Value::Fixed64(nanos)) => head.time = time(nanos, own::TIME, &mut head, unusual),
            (11, Value::Fixed64(nanos)) => {
                head.observed = time(nanos, own::OBSERVED, &mut head, unusual);
            }
            (2, Value::Varint(severity)) => head.severity_number = severity.cast_signed(),
            (3, Value::Bytes(bytes)) => head.severity_text = text(bytes, unusual),
            (5, Value::Bytes(any)) => head.body = body(any, room, unusual)?,
            (7, Value::Varint(count)) => head.dropped = count,
            (8, Value::Fixed32(flags)) => head.flags = flags.into(),
            (9, Value::Bytes(id)) => head.trace_id = HexId::of_bytes(id, 16),
            (10, Value::Bytes(id)) => head.span_id = HexId::of_bytes(id, 8),
            (12, Value::Bytes(bytes)) => head.event_name = text(bytes, unusual),
            _ => {}
        }
    }
}

/// A time; zero says that there is none.
fn time(
    nanos: u64,
    name: &'static str,
    head: &mut Head<'_>,
    unusual: &mut Unusual,
) -> Option<Timestamp> {
    match i64::try_from(nanos) {
        Ok(0) => None,
        Ok(nanos) => Some(Timestamp::from_nanos(nanos)),
        Err(_) => {
            let digits = Cow::Owned(nanos.to_string());
            head.unread_time(name, digits, TimeError::Range, unusual);
            None
        }
    }
}

/// Gives records an attribute of their resource or scope.
fn share(shared: &mut Shared, prefix: &str, attribute: &[u8]) -> Result<(), DecodeError> {
    let (key, value) = key_value(attribute)?;
    let key = text(key, &mut shared.unusual);
    let (name, mut writer, unusual) = shared.next(prefix, &key);
    match Values::new(unusual).write(&mut writer, &name, value, 0) {
        Ok(()) if shared.is_full() => Err(DecodeError::TooLarge),
        written => Ok(written?),
    }
}

fn shared_text(shared: &mut Shared, name: &str, bytes: &[u8]) {
    let bytes = text(bytes, &mut shared.unusual);
    shared.text(name, &bytes);
}
