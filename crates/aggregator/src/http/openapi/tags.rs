//! The headings that addresses stand under.

use utoipa::openapi::tag::{Tag, TagBuilder};

pub(super) const SENDING: &str = "Sending";
pub(super) const READING: &str = "Reading";
pub(super) const OPERATING: &str = "Operating";
pub(super) const ABOUT: &str = "About the service";
pub(super) const OPENTELEMETRY: &str = "OpenTelemetry";
pub(super) const LOKI: &str = "Loki";
pub(super) const ELASTICSEARCH: &str = "Elasticsearch";
pub(super) const SPLUNK: &str = "Splunk";
pub(super) const DATADOG: &str = "Datadog";
pub(super) const OTHERS: &str = "GELF and systemd";

/// All of them, in the order in which they are read.
pub(super) fn all() -> Vec<Tag> {
    [
        (SENDING, "Batches in the service's own form, and what became of them."),
        (READING, "Records in the order of time, how many there are, and which values."),
        (OPERATING, "For those who run the service: records that were set aside, and the way to the store."),
        (ABOUT, "What this is, how it is, and what it takes and gives. For all."),
        (OPENTELEMETRY, "As OTLP/HTTP has it."),
        (LOKI, "As Loki has it: an error is a sentence."),
        (ELASTICSEARCH, "As Elasticsearch has it, at `/` and under `/elasticsearch`. What may be sent again is `429`."),
        (SPLUNK, "As Splunk's HTTP event collector has it."),
        (DATADOG, "As Datadog has it. What its agent would drop is `503`."),
        (OTHERS, "With errors in the service's own form."),
    ]
    .map(|(name, about)| TagBuilder::new().name(name).description(Some(about)).build())
    .into()
}
