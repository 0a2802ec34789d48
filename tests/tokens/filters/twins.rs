//! Two services, one of which has records that a reader may not know of: all that he is told by both is the same.
//!
//! The addresses are those that the service itself names: one that has no row here fails.

mod tries;

use super::{
    Backend, JSON, Reply, Service, Tokens, Value, asked, bearer, builder, found, get, id, post,
    store,
};
use serde_json::json;
use tries::tries;

/// What nobody is told who may not know of it: in a message, in names and values of attributes, as a level, and in a
/// time.
const SECRETS: [&str; 2] = ["sekret", "2031-07-07"];
const FILTER: &str = "attr.service=orders";

fn seen() -> Value {
    let record = |second: usize| {
        let (levels, shops) = (["INFO", "ERROR", "odd"], ["north", "south"]);
        json!({
            "timestamp": format!("2024-10-08T00:00:{second:02}Z"),
            "level": levels[second % 3],
            "message": format!("order {second}"),
            "service": "orders",
            "shop": shops[second % 2],
        })
    };
    (0..12).map(record).collect()
}

/// Before, among and behind the others, and at the time of one.
fn unseen() -> Value {
    let times = [
        "2031-07-07T07:07:07.123456789Z",
        "2024-10-08T00:00:03.5Z",
        "2024-10-08T00:00:05Z",
        "2001-01-01T00:00:00Z",
    ];
    let record = |number: usize| {
        let levels = ["sekretlevel", "FATAL", "INFO"];
        json!({
            "timestamp": times[number % times.len()],
            "level": levels[number % 3],
            "message": format!("sekretword order {number}"),
            "service": "bank",
            "sekretname": format!("sekretvalue {number}"),
            "shop": format!("sekretshop {}", number % 4),
            "2031-07-07": true,
        })
    };
    (0..200).map(record).collect()
}

/// A service, and what its answers are asked with.
struct Twin {
    service: Service,
    /// The ids that it gave to the records that may be known of, in order.
    ids: Vec<String>,
}

impl Twin {
    /// With what may be known of.
    async fn of(service: Service, [sends, all]: [&str; 2]) -> Self {
        store(&service, sends, "seen", &seen()).await;
        let records = found(&service, all, FILTER).await;
        assert_eq!(records.len(), 12);
        let ids = records.iter().map(|record| id(record).to_owned());
        Self {
            ids: ids.collect(),
            service,
        }
    }

    async fn ask(&self, method: &str, path: &str, secret: &str) -> Reply {
        if method == "POST" {
            let token = bearer(secret);
            let headers = [JSON, ("authorization", &*token)];
            return post(&self.service, self.service.url(path), &headers, "[]").await;
        }
        asked(&self.service, path, secret).await
    }

    /// An answer but for what differs between any two services: ids by their place, a cursor and a request's id by
    /// whether there is one.
    fn told(&self, reply: &Reply) -> String {
        let mut told = format!("{}\n", reply.status);
        for (name, value) in &reply.headers {
            let value = match name.as_str() {
                "date" => continue,
                "x-request-id" => "an id",
                "x-next-cursor" => "a cursor",
                "link" => "a link",
                _ => value.to_str().unwrap(),
            };
            told.extend([name.as_str(), ": ", value, "\n"]);
        }
        told += &reply.text();
        for (place, id) in self.ids.iter().enumerate() {
            told = told.replace(id, &format!("<id {place}>"));
        }
        told
    }
}

/// The addresses that the service names, with their methods.
async fn addresses(service: &Service) -> Vec<(String, String)> {
    let named = get(service, &service.url(""), "/", &[]).await.json();
    let named = named["addresses"].as_array().unwrap().iter();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    named
        .map(|one| (text(&one["method"]), text(&one["path"])))
        .collect()
}

/// One that has more records, and one that has not, and what there is to be tried with.
struct Twins {
    has_more: Twin,
    other: Twin,
    all: String,
    /// Reads alone, and sends as well, but as another tenant than whoever sent what is out of reach.
    bound: [String; 2],
    unseen: String,
    batch: String,
}

impl Twins {
    async fn new(backend: Backend) -> Self {
        let tokens = Tokens::new();
        let sends = tokens.make("sends", "--scope ingest --tenant bank").await;
        let all = tokens.make("all", "--scope read").await;
        let flags = format!("--scope read --filter {FILTER}");
        let bound = tokens.make("bound", &flags).await;
        let flags = format!("--scope ingest,read --tenant shop --filter {FILTER}");
        let also_sends = tokens.make("also-sends", &flags).await;
        let start = async |name: &str| builder(backend, name, &tokens.file()).await.start().await;
        let service = start("twins_more").await;
        let batch = store(&service, &sends, "unseen", &unseen()).await;
        let unseen = found(&service, &all, "attr.service=bank&limit=1").await;
        let has_more = Twin::of(service, [&sends, &all]).await;
        let other = Twin::of(start("twins_other").await, [&sends, &all]).await;
        Self {
            has_more,
            other,
            all,
            bound: [bound, also_sends],
            unseen: id(&unseen[0]).to_owned(),
            batch,
        }
    }

    /// What stands for ids in a path, as one of them has them.
    fn path(&self, twin: &Twin, path: &str) -> String {
        let plain = match self.unseen.len() {
            54 => format!("{}{}", &self.unseen[..16], &self.unseen[30..]),
            _ => self.unseen.clone(),
        };
        path.replace("{seen}", &twin.ids[5])
            .replace("{unseen}", &self.unseen)
            .replace("{plain}", &plain)
            .replace("{batch}", &self.batch)
    }

    /// Tries an address; whether the answer to whoever may know of all has what others may not know of.
    async fn try_at(&self, method: &str, path: &str) -> bool {
        let ask = async |twin: &Twin, secret: &str| {
            let path = self.path(twin, path);
            twin.ask(method, &path, secret).await
        };
        // What is sent by whoever may would be stored.
        let operates = path == "/logs/rejected/replay" || path.starts_with("/operate/");
        let sends = method == "POST" && !operates;
        let bound = &self.bound[..if sends { 1 } else { 2 }];
        for secret in bound {
            let told = self.has_more.told(&ask(&self.has_more, secret).await);
            let expected = self.other.told(&ask(&self.other, secret).await);
            assert_eq!(told, expected, "{method} {path}");
            // Unless he has said it himself.
            for secret in SECRETS.iter().filter(|secret| !path.contains(**secret)) {
                assert!(!told.contains(secret), "{method} {path}: {told}");
            }
            let ids = [&self.unseen, &self.batch].into_iter();
            for id in ids.filter(|_| !path.contains('{')) {
                assert!(!told.contains(&**id), "{method} {path}: {told}");
            }
        }
        let whole = ask(&self.has_more, &self.all).await;
        let text = whole.text();
        whole.status == 200 && SECRETS.iter().any(|secret| text.contains(secret))
    }
}

async fn told_the_same(backend: Backend) {
    let twins = Twins::new(backend).await;
    let (mut tried, mut told_to_all) = (0, 0);
    for (method, path) in addresses(&twins.has_more.service).await {
        for path in tries(&format!("{method} {path}")) {
            tried += 1;
            told_to_all += usize::from(twins.try_at(&method, path).await);
        }
    }
    // The secrets are there, and are told to whoever may know them.
    assert!(tried > 60 && told_to_all > 20, "{tried} {told_to_all}");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_what_is_out_of_reach_no_address_tells_anything_in_rows() {
    told_the_same(Backend::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_what_is_out_of_reach_no_address_tells_anything_in_blocks() {
    told_the_same(Backend::Blocks).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_what_is_out_of_reach_no_address_tells_anything_in_mongodb() {
    told_the_same(Backend::MongoDb).await;
}
