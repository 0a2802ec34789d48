//! Random records, filters and questions: who has a filter is answered as who has none and asks for it as well.

use super::{Backend, Service, Tokens, Value, asked, builder, found, id, store};
use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;
use rand::{RngExt as _, SeedableRng as _};
use serde_json::json;
use std::collections::HashSet;

const SEED: u64 = 20_261_129;
const RECORDS: usize = 150;
const QUESTIONS: usize = 25;
const END: &str = "endTime=2024-10-08T00:00:00.000001Z";

const FILTERS: [&str; 7] = [
    "attr.service=orders",
    "attr.service=orders&minLevel=WARN",
    "q=alpha&logLevel=info,AUDIT",
    "attr.service=!bank&attr.tags=x",
    "regex=a.*b",
    "logLevel=ERROR",
    "attr.http.status=500&word=beta",
];

/// What a question may have.
const PARTS: [&str; 16] = [
    "q=ALPHA",
    "q=nowhere",
    "word=beta",
    "regex=b.*a",
    "attr.service=orders",
    "attr.service=bank",
    "attr.service=!orders",
    "attr.http.status=500",
    "attr.http.status=!",
    "attr.tags=x",
    "attr.tags",
    "minLevel=INFO",
    "minLevel=ERROR",
    "logLevel=error,audit",
    "logLevel=INFO",
    "startTime=2024-10-08T00:00:00.000000300Z",
];

fn one_of<T: Copy>(random: &mut StdRng, all: &[T]) -> T {
    *all.choose(random).unwrap()
}

fn record(random: &mut StdRng, number: usize) -> Value {
    let words: Vec<&str> = (0..random.random_range(1..5))
        .map(|_| one_of(random, &["alpha", "beta", "gamma", "a", "b"]))
        .collect();
    let mut record = json!({
        // Most times tie with others.
        "timestamp": format!("2024-10-08T00:00:00.000000{:03}Z", random.random_range(0..600) / 7 * 7),
        "level": one_of(random, &["TRACE", "info", "WARN", "Error", "audit"]),
        "message": format!("{} {number}", words.join(" ")),
        "service": one_of(random, &["orders", "bank", "shop"]),
    });
    if random.random_ratio(1, 2) {
        record["http"] = json!({"status": one_of(random, &[200, 404, 500])});
    }
    if random.random_ratio(1, 2) {
        record["tags"] = json!([one_of(random, &["x", "y", "z"]), "w"]);
    }
    record
}

/// A question, and a limit to its pages.
fn question(random: &mut StdRng) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for _ in 0..random.random_range(0..4) {
        let part = *PARTS.choose(random).unwrap();
        // These may be given once.
        let name = part.split('=').next().unwrap();
        let once = ["minLevel", "startTime"].contains(&name);
        if !(once && parts.iter().any(|other| other.starts_with(name))) {
            parts.push(part);
        }
    }
    parts.join("&")
}

/// Both in one query string, where it has a way to say so.
fn by_hand(question: &str, filter: &str) -> Option<String> {
    let twice = |name: &str| question.contains(name) && filter.contains(name);
    let can = !twice("minLevel") && !twice("logLevel");
    can.then(|| format!("{question}&{filter}"))
}

/// All pages of an answer.
async fn paged(service: &Service, secret: &str, query: &str) -> Vec<String> {
    let first = format!("/logs/retrieve?format=ndjson&limit=7&{query}");
    let (mut path, mut all) = (first.clone(), Vec::new());
    loop {
        let reply = asked(service, &path, secret).await;
        assert_eq!(reply.status, 200, "{path}: {}", reply.text());
        for line in reply.text().lines() {
            let record: Value = serde_json::from_str(line).unwrap();
            all.push(id(&record).to_owned());
        }
        match reply.header("x-next-cursor") {
            Some(cursor) => path = format!("{first}&cursor={cursor}"),
            None => return all,
        }
    }
}

struct Checked<'a> {
    service: &'a Service,
    all: &'a str,
    bound: &'a str,
    filter: &'a str,
    reach: HashSet<String>,
}

impl Checked<'_> {
    async fn question(&self, question: &str, newest_first: bool) {
        let what = format!("{question} within {}", self.filter);
        let ordered = match newest_first {
            true => format!("{question}&order=desc"),
            false => question.to_owned(),
        };
        let expected = found(self.service, self.all, &ordered).await;
        let expected: Vec<Value> = expected
            .into_iter()
            .filter(|record| self.reach.contains(id(record)))
            .collect();
        assert_eq!(
            found(self.service, self.bound, &ordered).await,
            expected,
            "{what}"
        );
        let ids: Vec<&str> = expected.iter().map(id).collect();
        assert_eq!(
            paged(self.service, self.bound, &ordered).await,
            ids,
            "{what}"
        );

        self.counted(question, &expected, &what).await;
    }

    /// Counts, values and neighbours.
    async fn counted(&self, question: &str, expected: &[Value], what: &str) {
        let spanned = match question.contains("startTime") {
            true => format!("{END}&{question}"),
            false => format!("{END}&startTime=2024-10-08&{question}"),
        };
        let histogram = format!("/logs/histogram?by=level&interval=100ns&{spanned}");
        let counted = asked(self.service, &histogram, self.bound).await.json();
        assert_eq!(counted["records"], expected.len(), "{what}: {counted}");
        let Some(both) = by_hand(question, self.filter) else {
            return;
        };
        let near = expected.first().map_or("", id);
        let ways = [
            (
                histogram,
                format!(
                    "/logs/histogram?by=level&interval=100ns&{}",
                    by_hand(&spanned, self.filter).unwrap()
                ),
            ),
            (
                format!("/logs/facets?{question}"),
                format!("/logs/facets?{both}"),
            ),
            (
                format!("/logs/facets?fields=level,attr.service,attr.tags.0&limit=2&{question}"),
                format!("/logs/facets?fields=level,attr.service,attr.tags.0&limit=2&{both}"),
            ),
            (
                format!("/logs/{near}/context?before=3&after=4&{question}"),
                format!("/logs/{near}/context?before=3&after=4&{both}"),
            ),
        ];
        for (bound, all) in ways {
            let told = asked(self.service, &bound, self.bound).await;
            let expected = asked(self.service, &all, self.all).await;
            assert_eq!(
                (told.status, told.text()),
                (expected.status, expected.text()),
                "{what}: {bound}"
            );
        }
    }
}

async fn as_if_asked_for(backend: Backend) {
    let tokens = Tokens::new();
    let sends = tokens.make("sends", "--scope ingest").await;
    let all = tokens.make("all", "--scope read").await;
    let mut bound = Vec::new();
    for (number, filter) in FILTERS.into_iter().enumerate() {
        let flags = format!("--scope read --filter {filter}");
        bound.push((
            filter,
            tokens.make(&format!("bound-{number}"), &flags).await,
        ));
    }
    let service = builder(backend, "filters_random", &tokens.file()).await;
    let service = service.start().await;
    let random = &mut StdRng::seed_from_u64(SEED);
    for batch in 0..3 {
        let records: Vec<Value> = (0..RECORDS / 3)
            .map(|number| record(random, number))
            .collect();
        store(&service, &sends, &format!("batch-{batch}"), &records.into()).await;
    }
    let everything = found(&service, &all, "").await;
    assert_eq!(everything.len(), RECORDS);
    for (filter, secret) in &bound {
        let reach = found(&service, &all, filter).await;
        let reach: HashSet<String> = reach.iter().map(|record| id(record).to_owned()).collect();
        assert!((1..RECORDS).contains(&reach.len()), "{filter}");
        for record in everything.iter().step_by(5) {
            let is_told = asked(&service, &format!("/logs/{}", id(record)), secret)
                .await
                .status
                == 200;
            assert_eq!(is_told, reach.contains(id(record)), "{filter}: {record}");
        }
        let checked = Checked {
            service: &service,
            all: &all,
            bound: secret,
            filter,
            reach,
        };
        for _ in 0..QUESTIONS {
            let question = question(random);
            checked.question(&question, random.random_ratio(1, 2)).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_has_a_filter_is_answered_as_who_asks_for_it_in_rows() {
    as_if_asked_for(Backend::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_has_a_filter_is_answered_as_who_asks_for_it_in_blocks() {
    as_if_asked_for(Backend::Blocks).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_has_a_filter_is_answered_as_who_asks_for_it_in_mongodb() {
    as_if_asked_for(Backend::MongoDb).await;
}
