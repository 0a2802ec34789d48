//! Requests, the connections that they come over, the memory that they hold, and what they brought.

use super::written::{Written, about};
use crate::access::protocol::Protocol;
use crate::http::services::Services;
use crate::search::retrieval::Question;
use std::fmt;

pub(super) fn write(services: &Services, out: &mut Written<'_>) -> fmt::Result {
    addresses(services, out)?;
    brought(services, out)?;
    rows(services, out)?;
    memory(services, out)?;
    out.gauge(
        &about("http_connections", "Connections that are open."),
        services.connections.open(),
    )?;
    let refused = about(
        "access_refused",
        "Requests that were refused for who asked, by the code of the answer.",
    );
    let access = services.audit.counts();
    let codes = access.refused.iter();
    out.counters(
        &refused,
        codes.map(|(code, count)| ([("code", *code)], *count)),
    )?;
    let operated = about(
        "access_operated",
        "Uses of what is for those who run the service.",
    );
    out.counter(&operated, access.operated)
}

/// Those that nobody has asked for yet are left out.
fn addresses(services: &Services, out: &mut Written<'_>) -> fmt::Result {
    let all = services.requests.addresses();
    let ended: Vec<_> = all
        .iter()
        .map(|address| (address, address.ended()))
        .collect();
    let requests = about(
        "http_requests",
        "Requests by address, method and status; status none: whoever asked left before the answer.",
    );
    let series = ended.iter().flat_map(|(address, ended)| {
        ended.iter().map(|end| {
            let labels = [
                ("route", address.path.as_str()),
                ("protocol", address.protocol.name()),
                ("method", end.method),
                ("status", end.status.as_str()),
            ];
            (labels, end.requests)
        })
    });
    out.counters(&requests, series)?;
    let took = about(
        "http_request_duration",
        "Time from the head of a request to the head of its answer, or until its sender left, by address.",
    );
    let asked = ended.iter().filter(|(_, ended)| !ended.is_empty());
    let series = asked.map(|(address, _)| {
        let labels = [
            ("route", address.path.as_str()),
            ("protocol", address.protocol.name()),
        ];
        (labels, address.took())
    });
    out.durations(took, series)
}

fn brought(services: &Services, out: &mut Written<'_>) -> fmt::Result {
    let all = services.senders.by_protocol();
    let all = Protocol::ALL.map(Protocol::name).into_iter().zip(&all);
    let records = about(
        "ingest_records",
        "Records that requests brought, by protocol, what became of them at the door, and why.",
    );
    let series = all.clone().flat_map(|(protocol, brought)| {
        brought.records().map(move |(fate, reason, count)| {
            let labels = [("protocol", protocol), ("fate", fate), ("reason", reason)];
            (labels, count)
        })
    });
    out.counters(&records, series)?;
    let bytes = about(
        "ingest",
        "Bodies that were read, as they were sent, by protocol and whether anything of them was taken.",
    );
    let series = all.flat_map(|(protocol, brought)| {
        brought
            .bytes()
            .map(|(fate, bytes)| ([("protocol", protocol), ("fate", fate)], bytes))
    });
    out.counters(&bytes.in_bytes(), series)
}

fn rows(services: &Services, out: &mut Written<'_>) -> fmt::Result {
    let all = Question::ALL.map(|question| {
        let rows = services.retrieval.rows(question);
        ([("question", question.name())], rows)
    });
    let looked_at = about(
        "query_rows_looked_at",
        "Records that were looked at one by one or passed over in a search, as far as the store tells, by what was asked for.",
    );
    out.counters(
        &looked_at,
        all.map(|(labels, rows)| (labels, rows.looked_at)),
    )?;
    let found = about(
        "query_rows_found",
        "Records that were found or counted, by what was asked for.",
    );
    out.counters(&found, all.map(|(labels, rows)| (labels, rows.found)))
}

fn memory(services: &Services, out: &mut Written<'_>) -> fmt::Result {
    let (requests, answers) = (&services.admission, services.retrieval.room());
    let reserved = about(
        "memory_reserved",
        "Memory that requests and answers under way have reserved.",
    );
    let series = [
        ("requests", requests.reserved()),
        ("answers", answers.reserved()),
    ];
    out.gauges(
        &reserved.in_bytes(),
        series.map(|(of, bytes)| ([("of", of)], bytes)),
    )?;
    let limit = about("memory_limit", "Memory that they may reserve.");
    let series = [("requests", requests.limit()), ("answers", answers.limit())];
    out.gauges(
        &limit.in_bytes(),
        series.map(|(of, bytes)| ([("of", of)], bytes)),
    )
}
