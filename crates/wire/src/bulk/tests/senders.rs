//! Requests as each sender of the table writes them.

use super::summary;

struct Sent {
    sender: &'static str,
    index: Option<&'static str>,
    body: &'static str,
    records: &'static [&'static str],
    items: &'static [&'static str],
}

const fn sent(
    sender: &'static str,
    index: Option<&'static str>,
    body: &'static str,
    records: &'static [&'static str],
    items: &'static [&'static str],
) -> Sent {
    Sent {
        sender,
        index,
        body,
        records,
        items,
    }
}

const SENT: [Sent; 7] = [
    sent(
        "Fluent Bit",
        None,
        "{\"create\":{\"_index\":\"fluent-bit\",\"_type\":\"_doc\"}}\n\
             {\"@timestamp\":\"2026-08-01T10:00:00.123Z\",\"log\":\"a\"}\n\
             {\"create\":{\"_index\":\"fluent-bit\",\"_type\":\"_doc\"}}\n\
             {\"@timestamp\":\"2026-08-01T10:00:00.124Z\",\"log\":\"b\"}\n",
        &["a in fluent-bit", "b in fluent-bit"],
        &["2 create fluent-bit"],
    ),
    sent(
        "Vector",
        None,
        "{\"index\":{\"_index\":\"vector-2026.08.01\",\"_type\":\"_doc\"}}\n\
             {\"host\":\"h\",\"message\":\"a\",\"timestamp\":\"2026-08-01T10:00:00.123456789Z\"}\n",
        &["a in vector-2026.08.01"],
        &["1 index vector-2026.08.01"],
    ),
    sent(
        "Filebeat",
        None,
        "{\"create\":{\"_index\":\"filebeat-8.17.0\"}}\n\
             {\"@timestamp\":\"2026-08-01T10:00:00.123Z\",\"message\":\"a\",\"log\":{\"offset\":0}}\n",
        &["a in filebeat-8.17.0"],
        &["1 create filebeat-8.17.0"],
    ),
    sent(
        "rsyslog",
        None,
        "{\"index\":{\"_index\": \"system\",\"_type\":\"events\", \"pipeline\":\"p\"}}\n\
             {\"message\":\" a\",\"severity\":\"info\",\"timestamp\":\"2026-08-01T10:00:00+00:00\"}\n",
        &[" a in system"],
        &["1 index system"],
    ),
    sent(
        "OpenTelemetry exporter",
        None,
        "{\"create\":{\"_index\":\"logs-generic-default\"}}\n\
             {\"@timestamp\":\"1785578400000.123456\",\"body\":{\"text\":\"a\"},\"severity_text\":\"INFO\"}\n",
        &["{\"text\":\"a\"} in logs-generic-default"],
        &["1 create logs-generic-default"],
    ),
    sent(
        "elasticsearch-py, an index in the address",
        Some("app"),
        "{\"index\":{}}\n{\"message\":\"a\"}\n{\"index\":{\"_index\":\"other\",\"_id\":\"7\"}}\n{\"message\":\"b\"}\n",
        &["a in app", "b in other"],
        &["1 index app", "1 index other id 7"],
    ),
    sent(
        "by hand",
        None,
        "{\"index\":{}}\r\n{\"message\":\"a\"}\r\n\r\n {\"create\" : { \"_index\" : null, \"_id\" : 5 } }\r\ntext",
        &["a in none", "text in none"],
        &["1 index ", "1 create  id 5"],
    ),
];

#[test]
fn the_requests_of_known_senders_are_read() {
    for sent in SENT {
        let (records, items) = summary(sent.index, sent.body);
        assert_eq!(records, sent.records, "{}", sent.sender);
        assert_eq!(items, sent.items, "{}", sent.sender);
    }
}
