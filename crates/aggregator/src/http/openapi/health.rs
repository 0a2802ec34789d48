//! How the service is: `GET /health`, `GET /metrics`, `GET /livez` and `GET /readyz`.

use super::operation::Described;
use super::refusals::{Form, OF_TOKEN};
use super::shapes::{
    Shape, any_of, count, list, map, named, nullable_count, object, one_of, text, truth,
};
use super::tags::ABOUT;
use crate::http::operate::probes;
use serde_json::json;
use utoipa::openapi::HttpMethod;

pub(super) fn described() -> Vec<Described> {
    vec![health(), metrics(), live(), ready()]
}

#[rustfmt::skip]
fn metrics() -> Described {
    let text_form = "# HELP aggregator_ready Whether a batch would be taken now: 1 or 0.\n# TYPE aggregator_ready gauge\naggregator_ready 1\n";
    Described::new(HttpMethod::Get, "/metrics", "getMetrics", "How the service is, in numbers, for Prometheus")
        .under(ABOUT)
        .about("Where there are tokens, for those with the scope `operate`, or `read` and no filter. As OpenMetrics for whoever asks for that, as Prometheus's text for all others.")
        .answers(200, "Every series with its help.")
        .with(200, "text/plain", text("Prometheus's text, version 0.0.4."), text_form.into())
        .with(200, "application/openmetrics-text", text("OpenMetrics, version 1.0.0."), format!("{text_form}# EOF\n").into())
        .header(200, "Vary", text("`accept`."))
        .refuses(&["internal_error"])
        .refuses(OF_TOKEN)
}

/// A probe's error is a sentence.
const OF_PROBES: Form = Form {
    refuse: probes::refusal,
    asked_as: &[""],
    schema: "",
};

#[rustfmt::skip]
fn live() -> Described {
    Described::new(HttpMethod::Get, "/livez", "getLive", "That the process answers")
        .under(ABOUT).in_form(OF_PROBES)
        .about("For whatever starts the process again that does not.")
        .answers(200, "It does.")
        .with(200, "text/plain", text("`ok`."), "ok\n".into())
}

#[rustfmt::skip]
fn ready() -> Described {
    Described::new(HttpMethod::Get, "/readyz", "getReady", "Whether a batch would be taken")
        .under(ABOUT).in_form(OF_PROBES)
        .about("Also while the store is away: what is taken then is safe in the spool.")
        .answers(200, "It would.")
        .with(200, "text/plain", text("`ok`."), "ok\n".into())
        .refuses(&["not_ready"])
}

#[rustfmt::skip]
fn health() -> Described {
    Described::new(HttpMethod::Get, "/health", "getHealth", "How the service is")
        .under(ABOUT)
        .about("Where there are tokens, all but `status` is told to those with the scope `read` or `operate`.")
        .answers(200, "Batches are taken.")
        .with(200, "application/json", health_shape(), json!({"status": "ok", "more": "is told to a token with the scope read or operate"}))
        .answers(503, "Batches are refused now.")
        .with(503, "application/json", health_shape(), json!({"status": "unavailable", "more": "is told to a token with the scope read or operate"}))
}

fn health_shape() -> Shape {
    any_of([named("Health"), named("HealthForStrangers")])
}

/// Components that only this has.
pub(super) fn schemas() -> Vec<(&'static str, Shape)> {
    let strangers = object(
        "For whoever has no token.",
        [
            ("status", status()),
            ("more", text("Why there is no more.")),
        ],
    );
    let mut all = vec![("HealthForStrangers", strangers), ("Health", whole())];
    all.extend(parts());
    all
}

fn status() -> Shape {
    one_of(
        &["ok", "degraded", "unavailable"],
        "`unavailable` only while a batch could not be accepted.",
    )
}

#[rustfmt::skip]
fn whole() -> Shape {
    object("The service in numbers.", [
        ("status", status()),
        ("problem?", text("What is in the way, or could be better.")),
        ("version", text("")),
        ("instance", text("What the aggregator is called among several behind one address.")),
        ("uptimeSeconds", count("Since the start.")),
        ("store", named("StoreHealth")),
        ("spool", named("SpoolHealth")),
        ("rejected", named("RejectedHealth")),
        ("records", named("RecordCounts")),
        ("workers", object("The lanes of calls to the store.", [("write", named("LaneHealth")), ("read", named("LaneHealth"))])),
        ("breakers", object("The breakers before the store.", [("write", named("BreakerHealth")), ("read", named("BreakerHealth"))])),
        ("drain", named("DrainHealth")),
        ("backupUnderWay", truth("Whether a backup is being made, which holds up replays and forgetting.")),
        ("memory", object("Of requests under way.", [
            ("reservedBytes", count("")),
            ("limitBytes", count("")),
            ("reads", object("The same of answers.", [("reservedBytes", count("")), ("limitBytes", count(""))])),
        ])),
        ("tail", any_of([tail(), nothing()])),
        ("connections", count("Connections that are open.")),
        ("access", object("Who came, since the start.", [
            ("operated", count("Uses of what is for those who run the service.")),
            ("refused", map(count(""), "Requests that were refused for who asked, by code.")),
        ])),
        ("log", object("The service's own log.", [("leftOut", count("Lines that nobody read in time."))])),
    ])
}

#[rustfmt::skip]
fn parts() -> Vec<(&'static str, Shape)> {
    let store = object("The store.", [
        ("kind", text("`blocks`, `sqlite` or `mongodb`.")),
        ("location", text("Where the data is, without any password.")),
        ("available", truth("Whether it can take records, as far as is known.")),
        ("problem?", text("Why not, or what is wrong with it although it can.")),
        ("notes?", list(text(""))),
        ("receipts?", object("What is kept for keyed batches whose records have no time of their own.", [("count", count("")), ("bytes", nullable_count("About what they take on disk."))])),
    ]);
    let spool = object("What was taken and waits for the store.", [
        ("bytes", count("On disk.")), ("maxBytes", count("That there may be.")),
        ("batches", count("That wait.")), ("records", count("That wait.")),
        ("oldestAgeMs?", count("Of the oldest batch that waits.")),
        ("secondsUntilFull?", count("If it goes on as in the last ten seconds.")),
        ("commits", count("Since the start.")),
        ("fsyncP50Us", count("")), ("fsyncP99Us", count("")),
        ("tornBytes", count("Of a torn write that the start cut off.")),
        ("poisoned", truth("Whether a sync has failed.")),
        ("problem?", text("Why batches are not being handed on.")),
    ]);
    let rejected = object("Records that are kept aside.", [
        ("records", count("")), ("bytes", count("")), ("maxBytes", count("")),
        ("damagedFiles", count("")), ("unreadFiles", count("")),
    ]);
    let records = object("Every record has one of these fates; the counts add up at every moment.", [
        ("received", count("")), ("recovered", count("Found in the spool at the start.")),
        ("stored", count("")), ("alreadyStored", count("")),
        ("rejected", map(count(""), "Not taken, by reason.")),
        ("waiting", count("")),
        ("warnings", map(count(""), "Told of records that were taken, by reason.")),
    ]);
    let lane = object("Jobs of a lane.", [
        ("workers", count("")), ("busy", count("")), ("queued", count("")), ("capacity", count("")),
        ("done", count("")), ("failed", count("")), ("refused", count("")), ("skipped", count("")),
        ("expired", count("")), ("panicked", count("")),
    ]);
    let breaker = object("A circuit breaker.", [
        ("state", one_of(&["closed", "open", "half_open", "forced_open", "forced_closed"], "")),
        ("calls", count("")), ("failed", count("")), ("slow", count("")), ("consecutiveFailures", count("")),
        ("opened", count("")), ("rejected", count("")), ("late", count("")), ("cancelled", count("")),
        ("retryAfterMs", nullable_count("Until a refused call should come back.")),
    ]);
    vec![
        ("StoreHealth", store), ("SpoolHealth", spool), ("RejectedHealth", rejected),
        ("RecordCounts", records), ("LaneHealth", lane), ("BreakerHealth", breaker),
    ]
}

fn tail() -> Shape {
    object(
        "Those who follow what is stored.",
        [
            ("way", text("How they learn of it.")),
            ("readers", count("Who reads now.")),
            ("limit", count("How many may: `MAX_TAILS`.")),
            (
                "recordsTotal",
                count("Records that were given, as often as they were."),
            ),
            ("bytesTotal", count("Bytes of them.")),
            ("dropsTotal", count("How often somebody was too slow.")),
            (
                "droppedTotal",
                count("Records that were stored while he was passed over."),
            ),
            (
                "gapsTotal",
                count("How often it was not known what somebody missed."),
            ),
        ],
    )
}

/// Where the store does not tell it.
fn nothing() -> Shape {
    utoipa::openapi::ObjectBuilder::new()
        .schema_type(utoipa::openapi::Type::Null)
        .into()
}
