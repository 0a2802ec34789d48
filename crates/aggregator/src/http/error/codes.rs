//! Every code that an error may have: its status, and a sentence such as comes with it.

use super::{ApiError, RecordError};
use axum::http::StatusCode;
use std::time::Duration;

/// A code.
#[derive(Debug, Clone, Copy)]
pub(in crate::http) struct Code {
    /// The word that stays the same.
    pub(in crate::http) name: &'static str,
    /// What its answer has, where a protocol does not want another.
    pub(in crate::http) status: u16,
    /// What is said with it, for example.
    pub(in crate::http) sentence: &'static str,
}

/// All of them, in the order of their names.
#[rustfmt::skip]
pub(in crate::http) const CODES: &[Code] = &[
    of("ambiguous_host", 400, "Host is given more than once: a request has one"),
    of("backup_under_way", 503, "a backup of the data folder is being made: refused records are put back when it is done"),
    of("batch_too_large", 413, "the batch is too large once encoded: send fewer records in one request"),
    of("body_timeout", 408, "the body did not arrive within 30 s"),
    of("body_too_large", 413, "the body is larger than 33554432 bytes"),
    of("broken_body", 400, "the body broke off: it ended before its length was reached"),
    of("cross_site", 403, "a browser asks on behalf of a page of another site (Sec-Fetch-Site: cross-site)"),
    of("decoded_body_too_large", 413, "the body is larger than 268435456 bytes once decompressed"),
    of("disk_full", 503, "the disk of the data folder is full: 1048576 bytes are free, and 268435456 bytes are to stay so"),
    of("disk_timeout", 503, "the disk did not answer in time; the batch may be taken or not, and sending it again under its Idempotency-Key is safe"),
    of("head_too_large", 431, "the head of the request is larger than 64 KiB, or has more than 100 headers"),
    of("host_not_allowed", 421, "the service is not known here by the name in Host, \"logs.example\": if it is one of its names, add it to ALLOWED_HOSTS"),
    of("idempotency_key_reused", 422, "another batch was sent under this Idempotency-Key: a key stands for one body"),
    of("internal_error", 500, "something broke in the service while it worked on this request"),
    of("invalid_batch_id", 400, "a batch's id is sixteen hexadecimal digits, as POST /logs/batch tells it"),
    of("invalid_compression", 400, "the body cannot be decompressed: invalid gzip header"),
    of("invalid_cursor", 400, "cursor does not belong to this query: take X-Next-Cursor and all other parameters unchanged"),
    of("invalid_event_id", 400, "the event's id does not belong to this query: take the id of one of its events and all other parameters unchanged"),
    of("invalid_form", 400, "the body is not what is sent here: resourceLogs is no list"),
    of("invalid_idempotency_key", 400, "Idempotency-Key must be one value of 1 to 255 visible ASCII characters"),
    of("invalid_interval", 400, "interval is no length of time: expected one such as 15s, 5m, 1h or 1d"),
    of("invalid_journal", 400, "the body is not of the journal export format: there is no field at byte 12"),
    of("invalid_json", 400, "the body is not valid JSON: EOF while parsing a list at line 1 column 12"),
    of("invalid_level", 400, "minLevel is no level: expected TRACE, DEBUG, INFO, WARN, ERROR or FATAL"),
    of("invalid_number", 400, "limit is no whole number from 1 to 10000"),
    of("invalid_offset", 400, "offset is no length of time: expected one such as 6h, -30m or 4d"),
    of("invalid_parameter", 400, "order is neither asc nor desc"),
    of("invalid_protobuf", 400, "the body is not valid protobuf: it ends within a field"),
    of("invalid_records", 400, "1 record cannot be taken, so nothing of the batch was; ?strict=false takes all of it"),
    of("invalid_regex", 400, "regex cannot be used: unclosed group"),
    of("invalid_time", 400, "startTime is not a time: expected one such as 2024-10-08, 2024-10-08T10:00, now or -15m"),
    of("invalid_time_range", 400, "startTime is after endTime"),
    of("invalid_time_zone", 400, "timeZone is no time zone that is known: expected a name such as Europe/Berlin or UTC"),
    of("invalid_utf8", 400, "the body is not UTF-8: byte 7 is wrong"),
    of("local_only", 403, "this is answered on the service's own machine alone, and not by way of a proxy"),
    of("malformed_action", 400, "malformed action line 1: it is no object"),
    of("malformed_request", 400, "this is no request of HTTP/1.1; quotes and blanks in an address are written as %22 and %20"),
    of("method_not_allowed", 405, "this address does not take this method: see the Allow header"),
    of("no_logs_found", 404, "No logs found"),
    of("no_tail", 501, "the store does not tell what is stored as it is stored, so there is no tail of it"),
    of("not_found", 404, "there is nothing at /log; there are GET /, POST /logs/batch and so on"),
    of("not_push", 400, "the body must be a push: {\"streams\": [{\"stream\": {…}, \"values\": [[\"time\", \"line\"], …]}, …]}"),
    of("not_ready", 503, "the spool holds as much as it may (1073741824 of 1073741824 bytes)"),
    of("not_records", 400, "the body must be a JSON array of records, one record, or one record a line, not a number"),
    of("overloaded", 503, "the requests under way take all the memory that they may"),
    of("query_too_large", 400, "q is given more than 16 times"),
    of("query_too_slow", 504, "the query took too long: ask for a shorter time range"),
    of("rejected_full", 503, "a record is too large to be stored, and records that are set aside have no room: they take as much as they may"),
    of("rejected_unavailable", 503, "a record is too large to be stored, and cannot be set aside: the disk does not answer"),
    of("repeated_parameter", 400, "limit is given more than once"),
    of("spool_failed", 503, "the spool cannot be written any more: a sync has failed"),
    of("spool_full", 503, "the spool holds as much as it may (1073741824 of 1073741824 bytes)"),
    of("spool_unavailable", 503, "the spool's next segment cannot be made: too many open files"),
    of("stopping", 503, "the service is stopping"),
    of("store_damaged", 500, "the store holds something damaged: a block is not what was written"),
    of("store_timeout", 503, "the store did not answer in time"),
    of("store_unavailable", 503, "the store is not available: calls to it are held back until it is"),
    of("tls_needed", 400, "TLS is spoken at this port: ask with https:// in place of http://"),
    of("token_needed", 401, "a token is needed: as `Authorization: Bearer TOKEN`, or as the protocol of the sender has it"),
    of("token_out_of_scope", 403, "the token \"orders\" is not for this: it needs the scope read"),
    of("token_over_rate", 429, "the token \"orders\" has sent more than its records_per_second allow"),
    of("token_too_many_queries", 429, "the token \"shop\" has as many queries under way as its concurrent_queries allows: come again when one of them has ended"),
    of("too_many_buckets", 400, "86400 buckets of 1s are more than 10000: ask for a longer interval or a shorter range of time"),
    of("too_many_ids", 413, "a request may have 100000 documents with an _id: send fewer in one request"),
    of("too_many_streams", 503, "too many answers are being read at once"),
    of("too_many_tails", 503, "as many tails are open as there may be at once"),
    of("unknown_batch", 404, "batch b76d498356649fd9 is not among the last ones that logs-1 remembers: another aggregator behind this address may have taken it; that says nothing about its records"),
    of("unknown_certificate", 401, "no token names the certificate of the client"),
    of("unknown_parameter", 400, "there is no parameter \"sort\": known are startTime, endTime and so on"),
    of("unknown_record", 404, "there is no record 97fc57b6e28d4000706934c744beacc100000002"),
    of("unknown_token", 401, "the token is none of those that there are: it may have been revoked"),
    of("unsupported_encoding", 415, "Content-Encoding \"br\" is not taken here: send gzip, deflate, zstd or none"),
    of("unsupported_media_type", 415, "Content-Type \"text/html\" is not taken here: send application/json, application/x-ndjson or text/plain"),
    of("uri_too_long", 414, "the address is longer than 64 KiB"),
];

const fn of(name: &'static str, status: u16, sentence: &'static str) -> Code {
    Code {
        name,
        status,
        sentence,
    }
}

impl ApiError {
    /// An error such as one with this code is.
    pub(in crate::http) fn sample(code: &Code) -> Self {
        const SOON: Duration = Duration::from_secs(1);
        let status = StatusCode::from_u16(code.status).unwrap_or_default();
        let mut error = match status {
            StatusCode::SERVICE_UNAVAILABLE => Self::unavailable(code.name, code.sentence, SOON),
            StatusCode::TOO_MANY_REQUESTS => Self::too_many(code.name, code.sentence, SOON),
            _ => Self::new(status, code.name, code.sentence),
        };
        match code.name {
            "invalid_json" => {
                error.body.line = Some(1);
                error.body.column = Some(12);
            }
            "unknown_batch" => error.body.instance = Some("logs-1".to_owned()),
            "invalid_records" => {
                error.body.rejected = Some(1);
                error.body.errors = vec![RecordError::new(0, &"the message is missing")];
            }
            _ => {}
        }
        error
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_stand_in_the_order_of_their_names_and_each_once() {
        assert!(CODES.is_sorted_by(|one, next| one.name < next.name));
    }
}
