//! The table of addresses: every one that there is, what it is for, and its handler.

#[cfg(test)]
mod served;

use super::addresses::{Address, Addresses};
use super::error::ApiError;
use super::guard::{self, Guard, INGEST, NOTHING, NUMBERS, Needs, OPERATE, READ};
use super::ingest::{datadog, elasticsearch, gelf, journald, loki, native, otlp, splunk};
use super::openapi;
use super::operate::{
    batches, breakers, dead_letters, deletions, drain, health, log, metrics, probes, replay, stats,
};
use super::page;
use super::read::{by_id, facets, histogram, retrieve, tail};
use super::requests::{Meter, OfAddress, Requests};
use super::services::{Served, Services};
use super::welcome;
use crate::access::protocol::Protocol;
use axum::Router;
use axum::extract::State;
use axum::http::Uri;
use axum::routing::{MethodRouter, get, post};
use std::mem;
use std::sync::Arc;

/// Method, path, what it is for, what it needs, handler.
type Row = (
    &'static str,
    &'static str,
    &'static str,
    Needs,
    MethodRouter<Arc<Services>>,
);

/// What there is to go to, a row for each protocol. What its senders ask for beside that is in [`others`].
#[rustfmt::skip]
fn table() -> Vec<Row> {
    vec![
        ("GET", "/", "this list, and for browsers the web page", PAGE, get(welcome::root)),
        ("GET", "/ui/", "the web page", PAGE, get(page::index)),
        ("GET", "/ui/{file}", "what it is made of", NOTHING, get(page::file)),
        ("POST", "/logs/batch", "takes a batch of logs", INGEST, post(native::batch)),
        ("POST", "/v1/logs", "takes logs of OpenTelemetry", OTLP, post(otlp::logs)),
        ("POST", "/loki/api/v1/push", "takes pushes of Loki's senders; GET /ready says whether", LOKI, post(loki::push)),
        ("POST", "/_bulk", "takes documents of Elasticsearch's senders, also under /elasticsearch", ELASTICSEARCH, elasticsearch::bulk()),
        ("POST", "/services/collector", "takes Splunk's events; lines go to /services/collector/raw", SPLUNK, splunk::events()),
        ("POST", "/api/v2/logs", "takes logs of Datadog's agent, also at /v1/input", DATADOG, post(datadog::logs)),
        ("POST", "/gelf", "takes GELF", GELF, post(gelf::messages)),
        ("POST", "/upload", "takes a journal of systemd", JOURNALD, post(journald::upload)),
        ("GET", "/logs/batches/{id}", "what became of a batch", INGEST, get(batches::status)),
        ("GET", "/logs/retrieve", "records in the order of time", READ, get(retrieve::retrieve)),
        ("GET", "/logs/tail", "the same as they are stored", READ, get(tail::tail)),
        ("GET", "/logs/histogram", "how many records, and when", READ, get(histogram::histogram)),
        ("GET", "/logs/facets", "which levels and values there are", READ, get(facets::facets)),
        ("GET", "/logs/{id}", "one record", READ, get(by_id::one)),
        ("GET", "/logs/{id}/context", "a record between its neighbours", READ, get(by_id::context)),
        ("GET", "/logs/rejected", "records that are kept aside", OPERATE, get(dead_letters::list)),
        ("POST", "/logs/rejected/replay", "puts them back", OPERATE, post(replay::replay)),
        ("POST", "/logs/delete", "deletes records for good; dryRun=true counts them", OPERATE, post(deletions::begin)),
        ("GET", "/logs/delete", "what is and was deleted for good", OPERATE, get(deletions::list)),
        ("GET", "/logs/delete/{id}", "how far that is", OPERATE, get(deletions::one)),
        ("POST", "/logs/delete/{id}/cancel", "ends one that waits still", OPERATE, post(deletions::cancel)),
        ("GET", "/stats", "what is stored, who sends, and what they are told", OPERATE, get(stats::stats)),
        ("POST", "/operate/drain/{action}", "pause: nothing goes on to the store; resume", OPERATE, post(drain::set)),
        ("POST", "/operate/breakers/{lane}/{action}", "open, close: holds a breaker so; release", OPERATE, post(breakers::set)),
        ("GET", "/operate/log", "what the service logs of itself", OPERATE, get(log::tell)),
        ("POST", "/operate/log", "filter=: has it log more or less", OPERATE, post(log::set)),
        ("GET", "/health", "how the service is", NOTHING, get(health::health)),
        ("GET", "/metrics", "the same in numbers, for Prometheus", NUMBERS, get(metrics::metrics)),
        ("GET", "/livez", "that the process answers", PROBE, get(probes::live)),
        ("GET", "/readyz", "whether a batch would be taken", PROBE, get(probes::ready)),
        ("GET", "/openapi.json", "what every address takes and gives, for programs", NOTHING, get(openapi::document)),
        ("GET", "/docs", "the same as a page", NOTHING, get(openapi::page)),
    ]
}

/// A link on another site may lead to the page: it is the same for all, and nobody can look into it from outside.
const PAGE: Needs = NOTHING.reached_by_links();
const PROBE: Needs = guard::nothing(Protocol::Native, probes::refusal);
const OTLP: Needs = guard::ingest(Protocol::Otlp, otlp::refusal);
const LOKI: Needs = guard::ingest(Protocol::Loki, loki::refusal);
const ELASTICSEARCH: Needs = guard::ingest(Protocol::Elasticsearch, elasticsearch::refusal);
/// Its clients ask there what the service is.
const ELASTICSEARCH_WELCOME: Needs = NOTHING.spoken_in(Protocol::Elasticsearch);
const GELF: Needs = INGEST.spoken_in(Protocol::Gelf);
const JOURNALD: Needs = INGEST.spoken_in(Protocol::Journald);
/// Docker's driver asks whether there is such an address without its token.
const SPLUNK: Needs = guard::ingest(Protocol::Splunk, splunk::refusal).with_open_options();
const DATADOG: Needs = guard::ingest(Protocol::Datadog, datadog::refusal);
const DATADOG_KEY: Needs = guard::ingest(Protocol::Datadog, datadog::no_key);
/// As Loki has it: what starts its senders asks so.
const LOKI_READY: Needs = guard::nothing(Protocol::Loki, loki::refusal);

/// What senders ask for beside an address of the table: no news to those who read it.
fn others() -> impl Iterator<Item = (Needs, Served)> {
    let own = |path: &str, handler| vec![(path.to_owned(), handler)];
    let parts: [(Needs, Vec<Served>); 8] = [
        (PAGE, own("/ui", get(page::to_folder))),
        (
            ELASTICSEARCH_WELCOME,
            own("/elasticsearch", get(welcome::welcome)),
        ),
        (
            ELASTICSEARCH_WELCOME,
            own("/elasticsearch/", get(welcome::welcome)),
        ),
        (ELASTICSEARCH, elasticsearch::others()),
        (LOKI_READY, own("/ready", get(loki::ready))),
        (SPLUNK, splunk::others()),
        (DATADOG, own("/v1/input", post(datadog::logs))),
        (DATADOG_KEY, own("/api/v1/validate", get(datadog::validate))),
    ];
    let each =
        |(needs, served): (Needs, Vec<Served>)| served.into_iter().map(move |one| (needs, one));
    parts.into_iter().flat_map(each)
}

/// Every address to go to.
pub fn addresses() -> Addresses {
    let rows = table().into_iter();
    Addresses::new(
        rows.map(|(method, path, about, ..)| Address {
            method,
            path,
            about,
        })
        .collect(),
    )
}

/// All that is served, with what it needs, a path each.
fn parts() -> impl Iterator<Item = (Needs, Served)> {
    let mut paths: Vec<(Needs, Served)> = Vec::new();
    for (_, path, _, needs, handler) in table() {
        match paths.iter_mut().find(|(_, (known, _))| known == path) {
            Some((_, (_, others))) => *others = mem::take(others).merge(handler),
            None => paths.push((needs, (path.to_owned(), handler))),
        }
    }
    paths.into_iter().chain(others())
}

/// What requests for addresses that are not there are counted as.
const NO_ADDRESS: &str = "none";

/// Counts for every address, and behind them for what is none.
pub fn requests() -> Requests {
    let addresses = parts().map(|(needs, (path, _))| (path, needs.protocol));
    let none = (NO_ADDRESS.to_owned(), NOTHING.protocol);
    Requests::new(addresses.chain([none]))
}

/// The service over HTTP.
pub fn router(services: Arc<Services>) -> Router {
    let nothing = (NOTHING, Router::new().fallback(not_found));
    let of_paths =
        parts().map(|(needs, (path, handler))| (needs, Router::new().route(&path, handler)));
    let counts = services.requests.addresses().iter();
    let all = of_paths.chain([nothing]).zip(counts);
    all.map(|((needs, router), counts)| guarded(&services, needs, counts, router))
        .fold(Router::new(), Router::merge)
        .with_state(services)
}

/// Nothing of it answers, not even that there is nothing, before the guard has let the request pass; and every request is
/// counted.
fn guarded(
    services: &Arc<Services>,
    needs: Needs,
    counts: &Arc<OfAddress>,
    router: Router<Arc<Services>>,
) -> Router<Arc<Services>> {
    let guard = Guard::new(Arc::clone(services), needs);
    let meter = Meter {
        counts: Arc::clone(counts),
        clock: Arc::clone(&services.clock),
    };
    router
        .method_not_allowed_fallback(method_not_allowed)
        .layer(guard)
        .layer(meter)
}

async fn not_found(State(services): State<Arc<Services>>, uri: Uri) -> ApiError {
    ApiError::not_found(uri.path(), &services.addresses)
}

async fn method_not_allowed() -> ApiError {
    ApiError::method_not_allowed()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::Scope;
    use std::collections::BTreeSet;

    #[test]
    fn every_address_is_described_with_its_scope_and_no_other() {
        let served = parts().flat_map(|(needs, (path, handler))| {
            let served = served::by(&Router::new().route(&path, handler)).into_iter();
            served.map(move |(method, path)| {
                let scope = needs.scope_of(&method.parse().unwrap());
                (method, path, scope.map(Scope::name))
            })
        });
        // Whatever has GET has it as well, which the description says of all.
        let served: BTreeSet<_> = served.filter(|(method, ..)| method != "HEAD").collect();
        let described: BTreeSet<_> = openapi::described().into_iter().collect();
        let alone: Vec<_> = served.symmetric_difference(&described).collect();
        assert!(alone.is_empty(), "served or described alone: {alone:?}");
    }

    #[test]
    fn what_is_of_those_who_run_the_service_is_not_for_strangers_and_the_rest_has_its_scope() {
        let of = |scope| {
            let rows = table().into_iter().filter(move |row| row.3.scope == scope);
            rows.map(|row| row.1).collect::<Vec<_>>()
        };
        let for_all = [
            "/",
            "/ui/",
            "/ui/{file}",
            "/health",
            "/metrics",
            "/livez",
            "/readyz",
            "/openapi.json",
            "/docs",
        ];
        assert_eq!(of(None), for_all);
        let operate = [
            "/logs/rejected",
            "/logs/rejected/replay",
            "/logs/delete",
            "/logs/delete",
            "/logs/delete/{id}",
            "/logs/delete/{id}/cancel",
            "/stats",
            "/operate/drain/{action}",
            "/operate/breakers/{lane}/{action}",
            "/operate/log",
            "/operate/log",
        ];
        assert_eq!(of(Some(Scope::Operate)), operate);
        for row in table() {
            let same_path = table().into_iter().filter(|other| other.1 == row.1);
            let scopes: Vec<_> = same_path.map(|other| other.3.scope).collect();
            assert!(
                scopes.iter().all(|scope| *scope == row.3.scope),
                "{}",
                row.1
            );
        }
        let takes = |row: &Row| row.0 == "POST" && !operate.contains(&row.1);
        for row in table() {
            assert_eq!(
                takes(&row),
                row.3.scope == Some(Scope::Ingest) && row.0 == "POST",
                "{}",
                row.1
            );
        }
    }
}
