//! Requests, the connections that they come over, the memory that they hold, and what they brought.

use super::written::{Written, about};
use crate::http::ingest::taken::FATES;
use crate::http::services::Services;
use std::fmt;

pub(super) fn write(services: &Services, out: &mut Written<'_>) -> fmt::Result {
    addresses(services, out)?;
    taken(services, out)?;
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

fn taken(services: &Services, out: &mut Written<'_>) -> fmt::Result {
    let taken = services.requests.taken.snapshot();
    let records = about(
        "taken_records",
        "Records by the protocol that they came in, and what became of them at the door.",
    );
    let series = taken.iter().flat_map(|of| {
        FATES
            .into_iter()
            .zip(of.records)
            .map(|(fate, count)| ([("protocol", of.protocol), ("fate", fate)], count))
    });
    out.counters(&records, series)?;
    let bytes = about("taken", "Bodies that were taken, as they were sent.").in_bytes();
    let series = taken
        .iter()
        .map(|of| ([("protocol", of.protocol)], of.bytes));
    out.counters(&bytes, series)
}

fn rows(services: &Services, out: &mut Written<'_>) -> fmt::Result {
    let [looked_at, found] = services.retrieval.rows();
    let about_looked_at = about(
        "query_rows_looked_at",
        "Records that searches looked at one by one, as far as the store tells.",
    );
    out.counter(&about_looked_at, looked_at)?;
    let about_found = about("query_rows_found", "Records that searches found.");
    out.counter(&about_found, found)
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
