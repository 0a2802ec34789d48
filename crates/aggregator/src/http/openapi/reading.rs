//! Records, how many there are, and which values: what reads from the store.

use super::operation::Described;
use super::parameters::{filters, header, names, number, order, query, record_id};
use super::refusals::{OF_FILTERS, OF_STORE};
use super::shapes::{
    Shape, anything, count, list, map, named, object, one_of, text, text_like, time, truth,
};
use super::tags::READING;
use crate::access::Scope;
use serde_json::{Value, json};
use utoipa::openapi::HttpMethod;
use utoipa::openapi::path::Parameter;

pub(super) fn described() -> Vec<Described> {
    vec![retrieve(), tail(), one(), context(), histogram(), facets()]
}

/// What all of them share.
fn reads(path: &str, name: &str, summary: &str) -> Described {
    Described::new(HttpMethod::Get, path, name, summary)
        .under(READING)
        .needs(Scope::Read)
        .refuses(OF_STORE)
}

/// The filters, and these besides.
fn with_filters(others: impl IntoIterator<Item = Parameter>) -> Vec<Parameter> {
    filters().into_iter().chain(others).collect()
}

#[rustfmt::skip]
fn retrieve() -> Described {
    let lines = "{\"id\":\"97fc57b6e28d4000000000e16b6985706934c744beacc100000002\",\"timestamp\":\"2024-10-08T02:00:00Z\",\"message\":\"High memory usage detected.\"}\n";
    let table = "id,timestamp,level,message,attributes\n97fc57b6e28d4000000000e16b6985706934c744beacc100000002,2024-10-08T02:00:00Z,WARNING,High memory usage detected.,\n";
    reads("/logs/retrieve", "retrieveRecords", "Records in the order of time")
        .about("Streamed, or with `limit` a page at a time. `Accept` chooses the form where `format` does not, and `Accept-Encoding` zstd or gzip. \
                Nothing found is `404` as JSON, and an empty answer in the other forms.")
        .parameters(with_filters([
            order(),
            number("limit", (1, 10_000), "Records of a page; without it the answer is streamed whole."),
            query("cursor", text("Where to go on: `X-Next-Cursor` of the page before, with the same filters and order."), "AZf8VHCx1KAAcGk0x0S-rMEAAAAB"),
            query("format", one_of(&["json", "ndjson", "csv"], "The form of the answer."), "csv"),
            names("fields", "The columns of a CSV, with commas between them: `id`, `timestamp`, `level`, `message`, `attributes`, `attr.KEY`.", "timestamp,level,message,attr.service"),
        ]))
        .answers(200, "What was found.")
        .with(200, "application/json", list(named("Record")), json!([record()]))
        .with(200, "application/x-ndjson", text("A record a line."), lines.into())
        .with(200, "text/csv", text("A head, and a line for each record."), table.into())
        .header(200, "Vary", text("`accept, accept-encoding`."))
        .header(200, "Content-Encoding", one_of(&["zstd", "gzip"], "How the body is compressed."))
        .header(200, "X-Search-Complete", one_of(&["true", "false"], "With `limit`: `false` says that time was over before the page was full."))
        .header(200, "X-Next-Cursor", text("With `limit`: where the next page begins, if there is one."))
        .header(200, "Link", text("With `limit`: the address of the next page, as `rel=\"next\"`."))
        .header(504, "X-Next-Cursor", text("With `limit`: what is behind the record that took too long."))
        .header(504, "Link", text("The same as an address."))
        .refuses(OF_FILTERS)
        .refuses(&["invalid_cursor", "no_logs_found"])
}

#[rustfmt::skip]
fn tail() -> Described {
    let record = record().to_string();
    let events = format!("retry: 2000\n: heartbeat\nid: BAEB…\n\nid: BAIB…\ndata: {record}\n\n");
    let lines = format!("{{\"event\":\"position\",\"id\":\"BAEB…\"}}\n{record}\n{{\"event\":\"position\",\"id\":\"BAIB…\"}}\n");
    let filters = filters().into_iter().filter(|filter| filter.name != "endTime");
    reads("/logs/tail", "followRecords", "Records as they are stored")
        .about("Without an end, in the order of storing: a record with an earlier time that is stored later comes later, and each comes once. \
                With `startTime` it begins with what is stored already, in the order of time. \
                Events without a name are records as `/logs/retrieve` gives them. Others are `dropped` (the reader was too slow: `count` says how many records were \
                stored meanwhile, and `after` the id behind which they can be had), `gap` (what was missed is not known, since the store was put back, \
                or keeps the order of storing no longer: `reason`), `skipped` (a `record` of which it takes too long to tell whether it matches), \
                `waiting` (the store is away, and it goes on by itself when it is back) and `failed` (with `code` and `message`, at the end). \
                As NDJSON each of these is a line with `event` as its first member, and so are `position` and `heartbeat`, which say with `id` where one goes on.")
        .parameters(filters)
        .parameters([
            query("after", text("Where to go on: the id of the last event, for a day, with the same filters; also after a restart, and at another aggregator of the same store."), "BAEB"),
            query("format", one_of(&["sse", "ndjson"], "The form of the answer; without it `Accept` chooses it."), "ndjson"),
            header("Last-Event-ID", text("The same as `after`, which counts less.")),
        ])
        .answers(200, "What is stored, from now on or from `startTime` on.")
        .with(200, "text/event-stream", text("An event for each record, with its id."), events.into())
        .with(200, "application/x-ndjson", text("A record a line; a line with `event` as its first member is none."), lines.into())
        .header(200, "Vary", text("`accept`."))
        .header(200, "Cache-Control", text("`no-store`."))
        .refuses(OF_FILTERS)
        .refuses(&["invalid_event_id", "no_tail", "too_many_tails"])
}

#[rustfmt::skip]
fn one() -> Described {
    reads("/logs/{id}", "getRecord", "One record")
        .parameters([record_id()])
        .answers(200, "The record.")
        .with(200, "application/json", named("Record"), record())
        .refuses(&["not_found", "unknown_record"])
}

#[rustfmt::skip]
fn context() -> Described {
    let example = json!({"before": [], "record": record(), "after": [], "complete": true});
    reads("/logs/{id}/context", "getContext", "A record between its neighbours")
        .about("The filters hold for the neighbours, and not for the record itself.")
        .parameters([record_id()])
        .parameters(with_filters([
            number("before", (0, 1_000), "Neighbours before it: 10 unless said otherwise."),
            number("after", (0, 1_000), "Neighbours behind it: 10 unless said otherwise."),
        ]))
        .answers(200, "The record and its neighbours.")
        .with(200, "application/json", named("Context"), example)
        .refuses(OF_FILTERS)
        .refuses(&["not_found", "unknown_record"])
}

#[rustfmt::skip]
fn histogram() -> Described {
    let example = json!({"startTime": "2024-10-08T01:00:00Z", "endTime": "2024-10-08T03:00:00Z", "interval": "1h", "complete": true, "records": 1,
        "levels": {"WARN": 1}, "buckets": [
            {"start": "2024-10-08T01:00:00Z", "end": "2024-10-08T02:00:00Z", "count": 0, "levels": {}},
            {"start": "2024-10-08T02:00:00Z", "end": "2024-10-08T03:00:00Z", "count": 1, "levels": {"WARN": 1}},
        ]});
    reads("/logs/histogram", "countRecords", "How many records, and when")
        .parameters(with_filters([
            order(),
            query("interval", text("The length of a bucket, such as `15s`, `5m`, `1h` or `1d`; without it a round one makes 100 buckets at most. There may be 10,000."), "1d"),
            query("timeZone", text("On whose clock buckets begin, such as `Europe/Berlin`."), "Europe/Berlin"),
            query("offset", text("How far their edges are shifted, such as `6h` or `-30m`."), "-30m"),
            query("by", one_of(&["level"], "What is told apart."), "level"),
        ]))
        .answers(200, "The counts.")
        .with(200, "application/json", named("Histogram"), example)
        .refuses(OF_FILTERS)
        .refuses(&["invalid_interval", "invalid_offset", "invalid_time_zone", "too_many_buckets"])
}

#[rustfmt::skip]
fn facets() -> Described {
    let example = json!({"complete": true, "records": 3, "fields": [
        {"field": "level", "records": 3, "distinct": 2, "values": [{"value": "ERROR", "count": 2}, {"value": "INFO", "count": 1}]},
    ]});
    reads("/logs/facets", "countValues", "Which levels and values there are")
        .parameters(with_filters([
            order(),
            names("fields", "The fields, with commas between them: `level` and `attr.KEY`, 20 at most; without it the level and the 10 attributes that most records have.", "level,attr.service"),
            number("limit", (1, 100), "Values of each field: 10 unless said otherwise."),
        ]))
        .answers(200, "The most frequent values.")
        .with(200, "application/json", named("Facets"), example)
        .refuses(OF_FILTERS)
}

fn record() -> Value {
    json!({"id": "97fc57b6e28d4000000000e16b6985706934c744beacc100000002", "timestamp": "2024-10-08T02:00:00Z",
        "level": "WARNING", "message": "High memory usage detected.", "attributes": {"service": "orders"}})
}

/// Components that these have.
#[rustfmt::skip]
pub(super) fn schemas() -> Vec<(&'static str, Shape)> {
    let record = object("A record.", [
        ("id", text_like("^([0-9a-f]{40}|[0-9a-f]{54})$", "By which it is found again.")),
        ("timestamp", time("When it happened.")),
        ("level?", text("As it was sent.")),
        ("message", text("What happened.")),
        ("attributes?", map(anything("Whatever JSON there is."), "All else.")),
    ]);
    let context = object("A record between its neighbours.", [
        ("before", list(named("Record"))),
        ("record", named("Record")),
        ("after", list(named("Record"))),
        ("complete", truth("Whether there was time and room for all that were asked for.")),
    ]);
    let bucket = object("A bucket of time.", [
        ("start", time("")),
        ("end", time("The first time that is not in it any more.")),
        ("count", count("Records.")),
        ("levels?", map(count(""), "With `by=level`: how many of each.")),
        ("partial?", truth("The range leaves something of it out.")),
        ("complete?", truth("`false` when something of it was not counted.")),
    ]);
    let histogram = object("Counts by time.", [
        ("startTime?", time("")), ("endTime?", time("")),
        ("interval?", text("")), ("timeZone?", text("")), ("offset?", text("")),
        ("complete", truth("Whether every record that matches was counted.")),
        ("countedUpTo?", time("How far counting has come, when it is not complete.")),
        ("records", count("")),
        ("levels?", map(count(""), "With `by=level`: how many of each.")),
        ("buckets", list(named("Bucket"))),
    ]);
    let value = object("A value.", [
        ("value", text("")),
        ("quoted?", text("How a filter has it, where it would ask for something else as it is.")),
        ("count", count("Records that have it.")),
    ]);
    let facet = object("The values of a field.", [
        ("field", text("`level`, or `attr.KEY`.")),
        ("records", count("That have a value there.")),
        ("distinct?", count("Different values, when all were counted.")),
        ("mayMiss?", count("By how much the counts may be too low.")),
        ("tooLong?", count("Values that are too long to be listed.")),
        ("values", list(named("FacetValue"))),
    ]);
    let facets = object("Frequent values.", [
        ("complete", truth("Whether every record that matches was looked at.")),
        ("countedUpTo?", time("How far looking has come, when it is not complete.")),
        ("records", count("That were looked at.")),
        ("fields", list(named("Facet"))),
    ]);
    vec![
        ("Record", record), ("Context", context), ("Histogram", histogram), ("Bucket", bucket),
        ("Facets", facets), ("Facet", facet), ("FacetValue", value),
    ]
}
