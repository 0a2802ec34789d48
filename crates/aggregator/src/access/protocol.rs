//! The protocols that requests are of, by the names that metrics have for them.

/// What senders and readers speak.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Protocol {
    /// The service's own.
    Native,
    /// OpenTelemetry's.
    Otlp,
    /// Loki's.
    Loki,
    /// Elasticsearch's.
    Elasticsearch,
    /// Splunk's.
    Splunk,
    /// Datadog's.
    Datadog,
    /// Graylog's.
    Gelf,
    /// That of systemd's journal.
    Journald,
    /// None: it is the service's own log.
    OwnLog,
}

impl Protocol {
    /// All of them, each at its own place.
    pub const ALL: [Self; 9] = [
        Self::Native,
        Self::Otlp,
        Self::Loki,
        Self::Elasticsearch,
        Self::Splunk,
        Self::Datadog,
        Self::Gelf,
        Self::Journald,
        Self::OwnLog,
    ];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Native => "native",
            Self::Otlp => "otlp",
            Self::Loki => "loki",
            Self::Elasticsearch => "elasticsearch",
            Self::Splunk => "splunk",
            Self::Datadog => "datadog",
            Self::Gelf => "gelf",
            Self::Journald => "journald",
            Self::OwnLog => "own_log",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_at_its_own_place() {
        for (place, protocol) in Protocol::ALL.into_iter().enumerate() {
            assert_eq!(protocol as usize, place);
        }
    }
}
