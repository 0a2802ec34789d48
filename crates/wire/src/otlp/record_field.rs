//! The fields that a `LogRecord` has in JSON, by their names.

/// The fields of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Field {
    Time,
    Observed,
    SeverityNumber,
    SeverityText,
    Body,
    Attributes,
    EventName,
    TraceId,
    SpanId,
    Flags,
    Dropped,
    Unknown,
}

impl Field {
    /// That of a name, as the protocol's JSON has it or its messages.
    pub(super) fn of(name: &str) -> Self {
        match name {
            "timeUnixNano" | "time_unix_nano" => Self::Time,
            "observedTimeUnixNano" | "observed_time_unix_nano" => Self::Observed,
            "severityNumber" | "severity_number" => Self::SeverityNumber,
            "severityText" | "severity_text" => Self::SeverityText,
            "body" => Self::Body,
            "attributes" => Self::Attributes,
            "eventName" | "event_name" => Self::EventName,
            "traceId" | "trace_id" => Self::TraceId,
            "spanId" | "span_id" => Self::SpanId,
            "flags" => Self::Flags,
            "droppedAttributesCount" | "dropped_attributes_count" => Self::Dropped,
            _ => Self::Unknown,
        }
    }
}
