//! Two services, one of which has records that a reader may not know of: all that he is told by both is the same.
//!
//! The addresses are those that the service itself names: one that has no row here fails.

use super::{
    Backend, JSON, Reply, Service, Tokens, Value, asked, bearer, builder, found, get, id, post,
    store,
};
use serde_json::json;

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

/// What is asked for at an address: `{seen}` stands for the id of a record that may be known of, `{unseen}` for
/// that of one that may not, `{plain}` for the latter without its order, and `{batch}` for the batch that it came in.
/// Without a row for an address that there is, nobody has thought of what it tells.
fn tries(address: &str) -> Vec<&'static str> {
    match address {
        "GET /" => vec!["/"],
        "GET /health" => vec!["/health", "/health?verbose"],
        "GET /logs/retrieve" => vec![
            "/logs/retrieve",
            "/logs/retrieve?format=json",
            "/logs/retrieve?format=ndjson",
            "/logs/retrieve?format=csv",
            "/logs/retrieve?format=csv&fields=id,timestamp,level,message,attr.sekretname,attr.service",
            "/logs/retrieve?order=desc",
            "/logs/retrieve?limit=1&order=desc",
            "/logs/retrieve?limit=5",
            "/logs/retrieve?limit=12",
            "/logs/retrieve?limit=12&order=desc",
            "/logs/retrieve?limit=10000&format=ndjson",
            "/logs/retrieve?q=sekretword",
            "/logs/retrieve?word=sekretword&limit=3",
            "/logs/retrieve?regex=sekret.*&format=ndjson",
            "/logs/retrieve?attr.service=bank",
            "/logs/retrieve?attr.service=!orders&limit=1",
            "/logs/retrieve?attr.sekretname",
            "/logs/retrieve?attr.sekretname=sekretvalue%203",
            "/logs/retrieve?attributes.service=bank&attr.service=orders",
            "/logs/retrieve?logLevel=sekretlevel",
            "/logs/retrieve?logLevel=sekretlevel,INFO",
            "/logs/retrieve?minLevel=FATAL",
            "/logs/retrieve?minLevel=TRACE",
            "/logs/retrieve?startTime=2031-07-07&endTime=2031-07-08&limit=1",
            "/logs/retrieve?endTime=2020-01-01&limit=1",
            "/logs/retrieve?startTime=2024-10-08T00:00:05Z&endTime=2024-10-08T00:00:06Z",
            "/logs/retrieve?cursor=AAAA",
            "/logs/retrieve?limit=0",
            "/logs/retrieve?filter=attr.service=bank",
            "/logs/retrieve?token=all",
        ],
        "GET /logs/histogram" => vec![
            "/logs/histogram",
            "/logs/histogram?by=level",
            "/logs/histogram?order=desc&by=level",
            "/logs/histogram?minLevel=FATAL",
            "/logs/histogram?logLevel=sekretlevel&by=level",
            "/logs/histogram?interval=1s",
            "/logs/histogram?interval=1ms",
            "/logs/histogram?interval=1d&timeZone=Europe/Berlin",
            "/logs/histogram?startTime=2000-01-01&endTime=2040-01-01&by=level",
            "/logs/histogram?startTime=2031-01-01",
            "/logs/histogram?endTime=2020-01-01",
            "/logs/histogram?attr.service=bank",
            "/logs/histogram?q=sekretword&by=level",
        ],
        "GET /logs/facets" => vec![
            "/logs/facets",
            "/logs/facets?limit=100",
            "/logs/facets?order=desc",
            "/logs/facets?fields=level",
            "/logs/facets?fields=attr.shop,attr.sekretname,attr.service",
            "/logs/facets?fields=attr.sekretname.0,attr.2031-07-07",
            "/logs/facets?attr.service=bank",
            "/logs/facets?attr.sekretname&fields=attr.shop",
            "/logs/facets?logLevel=sekretlevel",
            "/logs/facets?q=sekretword",
        ],
        "GET /logs/{id}" => vec![
            "/logs/{seen}",
            "/logs/{unseen}",
            "/logs/{plain}",
            "/logs/0123",
        ],
        "GET /logs/{id}/context" => vec![
            "/logs/{seen}/context?before=1000&after=1000",
            "/logs/{seen}/context",
            "/logs/{seen}/context?q=sekretword",
            "/logs/{seen}/context?attr.service=bank&before=5",
            "/logs/{unseen}/context",
            "/logs/{unseen}/context?before=0&after=0",
            "/logs/{plain}/context",
        ],
        "GET /logs/batches/{id}" => vec!["/logs/batches/{batch}", "/logs/batches/0123456789abcdef"],
        "GET /logs/rejected" => vec!["/logs/rejected", "/logs/rejected?limit=1"],
        "POST /logs/rejected/replay" => vec!["/logs/rejected/replay"],
        // A reader is refused, whatever he sends; what others send here is no answer to him.
        "POST /logs/batch" => vec!["/logs/batch"],
        "POST /v1/logs" => vec!["/v1/logs"],
        "POST /loki/api/v1/push" => vec!["/loki/api/v1/push"],
        "POST /_bulk" => vec!["/_bulk"],
        "POST /services/collector" => vec!["/services/collector"],
        "POST /api/v2/logs" => vec!["/api/v2/logs"],
        "POST /gelf" => vec!["/gelf"],
        "POST /upload" => vec!["/upload"],
        other => panic!("{other}: no row says what a reader may try there"),
    }
}

impl Twin {
    async fn ask(&self, method: &str, path: &str, secret: &str) -> Reply {
        if method == "POST" {
            let token = bearer(secret);
            let headers = [JSON, ("authorization", &*token)];
            return post(&self.service, self.service.url(path), &headers, "[]").await;
        }
        asked(&self.service, path, secret).await
    }

    /// An answer but for what differs between any two services: ids by their place, a cursor by whether there is one.
    fn told(&self, reply: &Reply) -> String {
        let mut told = format!("{}\n", reply.status);
        for (name, value) in &reply.headers {
            let value = match name.as_str() {
                "date" => continue,
                "x-next-cursor" => "a cursor",
                "link" => "a link",
                _ => value.to_str().unwrap(),
            };
            told += &format!("{name}: {value}\n");
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

async fn told_the_same(backend: Backend) {
    let tokens = Tokens::new();
    let sends = tokens.make("sends", "--scope ingest --tenant bank").await;
    let all = tokens.make("all", "--scope read").await;
    let bound = tokens
        .make("bound", &format!("--scope read --filter {FILTER}"))
        .await;
    let flags = format!("--scope ingest,read --tenant shop --filter {FILTER}");
    let also_sends = tokens.make("also-sends", &flags).await;
    let (mut twins, mut unseen_id, mut batch) = (Vec::new(), String::new(), String::new());
    for has_more in [true, false] {
        let settings = builder(backend, &format!("twins_{has_more}"), &tokens.file()).await;
        let service = settings.start().await;
        if has_more {
            batch = store(&service, &sends, "unseen", &unseen()).await;
        }
        store(&service, &sends, "seen", &seen()).await;
        let records = found(&service, &all, FILTER).await;
        assert_eq!(records.len(), 12);
        let ids = records.iter().map(|record| id(record).to_owned()).collect();
        if has_more {
            let unseen = found(&service, &all, "attr.service=bank&limit=1").await;
            unseen_id = id(&unseen[0]).to_owned();
        }
        twins.push(Twin { service, ids });
    }
    let plain = match unseen_id.len() {
        54 => format!("{}{}", &unseen_id[..16], &unseen_id[30..]),
        _ => unseen_id.clone(),
    };
    let (mut tried, mut told_to_all) = (0, 0);
    for (method, path) in addresses(&twins[0].service).await {
        for path in tries(&format!("{method} {path}")) {
            let asked = async |twin: &Twin, secret: &str| {
                let path = path
                    .replace("{seen}", &twin.ids[5])
                    .replace("{unseen}", &unseen_id)
                    .replace("{plain}", &plain)
                    .replace("{batch}", &batch);
                twin.ask(&method, &path, secret).await
            };
            let may_read_only = [&bound];
            let both = [&bound, &also_sends];
            // What is sent here would be stored.
            let sends = method == "POST" && path != "/logs/rejected/replay";
            for secret in if sends { &may_read_only[..] } else { &both[..] } {
                let [first, second] = [
                    asked(&twins[0], secret).await,
                    asked(&twins[1], secret).await,
                ];
                let told = twins[0].told(&first);
                assert_eq!(told, twins[1].told(&second), "{method} {path}");
                // Unless he has said it himself.
                for secret in SECRETS.iter().filter(|secret| !path.contains(**secret)) {
                    assert!(!told.contains(secret), "{method} {path}: {told}");
                }
                for id in [&unseen_id, &batch]
                    .into_iter()
                    .filter(|_| !path.contains('{'))
                {
                    assert!(!told.contains(&**id), "{method} {path}: {told}");
                }
                tried += 1;
            }
            let whole = asked(&twins[0], &all).await;
            told_to_all += usize::from(
                whole.status == 200 && SECRETS.iter().any(|secret| whole.text().contains(secret)),
            );
        }
    }
    // The secrets are there, and are told to whoever may know them.
    assert!(tried > 100 && told_to_all > 20, "{tried} {told_to_all}");
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
