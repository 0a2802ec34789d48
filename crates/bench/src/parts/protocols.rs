//! The same records by every protocol, in turn: into the spool alone, while the store is away.

use crate::clock;
use crate::failure::Failure;
use crate::forms;
use crate::load::Shape;
use crate::mongod::free_port;
use crate::records::{generator, time};
use crate::report::{Case, Part, Ratio, Run};
use crate::service::{self, Service, Store};
use crate::session::Session;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

const TRACE_ID: &[u8] = b"\"traceId\":\"";
const DIGITS: usize = 16;

/// Settings of this part.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Settings {
    /// Logs a request and connections.
    #[arg(long, default_value = "1000x8", value_name = "BATCHxCONNECTIONS")]
    shape: Shape,
}

/// A protocol, and the records as it sends them.
struct Protocol {
    name: &'static str,
    path: &'static str,
    content_type: &'static str,
    /// What it should reach of the native one, at least and at best.
    goal: Option<(f64, f64)>,
    body: Vec<u8>,
    /// Whether a body is sent in a block of snappy.
    is_packed: bool,
    /// Where the first trace id stands: with another one, a body is no retry.
    varies_at: usize,
}

impl fmt::Display for Protocol {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.name)
    }
}

/// Measures.
pub(crate) async fn run(session: &Session, settings: &Settings) -> Result<Part, Failure> {
    let protocols = protocols(settings.shape.batch)?;
    let measure = async |protocol: &Arc<Protocol>| one(session, settings.shape, protocol).await;
    let cases = session.alternate("logs/s", &protocols, measure).await?;
    let mut ratios = Vec::new();
    if let Some(native) = cases.first() {
        for (protocol, case) in protocols.iter().zip(&cases).skip(1) {
            let (what, reached) = (
                format!("{protocol} against native JSON"),
                case.median / native.median,
            );
            ratios.push(Ratio::more(what, reached, protocol.goal));
            let cpu = |case: &Case| case.cpu_micros("aggregator");
            let what = format!("{protocol}, the service's CPU a record against native JSON");
            ratios.push(Ratio::less(what, cpu(case) / cpu(native), "×", None));
        }
    }
    Ok(Part {
        name: "Protocols, the store is away",
        cases,
        ratios,
    })
}

const JSON: &str = "application/json";
const PROTOBUF: &str = "application/x-protobuf";
const PUSH: &str = "/loki/api/v1/push";
/// Name, path, type of a body, and goal.
type Row = (&'static str, &'static str, &'static str, Option<(f64, f64)>);

/// The native one first.
#[rustfmt::skip]
const PROTOCOLS: [Row; 6] = [
    ("native JSON", "/logs/batch", JSON, None),
    ("OTLP protobuf", "/v1/logs", PROTOBUF, Some((0.6, 1.0))),
    ("OTLP JSON", "/v1/logs", JSON, Some((0.4, 0.4))),
    ("Loki protobuf", PUSH, PROTOBUF, Some((0.8, 0.8))),
    ("Loki JSON", PUSH, JSON, Some((0.6, 0.6))),
    ("_bulk without ids", "/_bulk", "application/x-ndjson", Some((0.8, 0.8))),
];

/// All of them, with so many records in a body.
fn protocols(batch: usize) -> Result<Vec<Arc<Protocol>>, Failure> {
    let mut native = Vec::new();
    let place = |place: usize| time(u64::try_from(place).unwrap_or(0));
    generator(&[])?.batch(0, batch, place, &mut native)?;
    let records = forms::records(&native)?;
    let trace_id = native
        .windows(TRACE_ID.len())
        .position(|part| part == TRACE_ID);
    let digits = trace_id.map(|start| start + TRACE_ID.len());
    let digits = digits.and_then(|start| native.get(start..start + DIGITS));
    let digits = digits.ok_or_else(|| Failure::told("a record has no trace id"))?;
    let bodies = [
        native.clone(),
        forms::otlp_protobuf(&records),
        forms::otlp_json(&records),
        forms::loki_protobuf(&records),
        forms::loki_json(&records),
        forms::bulk(&native),
    ];
    let all = PROTOCOLS.into_iter().zip(bodies);
    let all = all.map(|((name, path, content_type, goal), body)| {
        let varies_at = body.windows(DIGITS).position(|part| part == digits);
        Ok(Arc::new(Protocol {
            name,
            path,
            content_type,
            goal,
            is_packed: path == PUSH && content_type == PROTOBUF,
            varies_at: varies_at.ok_or_else(|| Failure::told("a body has no trace id"))?,
            body,
        }))
    });
    all.collect()
}

async fn one(session: &Session, shape: Shape, protocol: &Arc<Protocol>) -> Result<Run, Failure> {
    let data = session.programs.folder()?;
    // Nobody listens there any more.
    let uri = format!("mongodb://127.0.0.1:{}/", free_port()?);
    let database = "bench".to_owned();
    let store = Store::MongoDb { uri, database };
    let service = Service::start(&session.programs, &store, data.path()).await?;
    let before = service.usage()?;
    let began = clock::now();
    let until = began + Duration::from_secs(session.seconds);
    let numbers = Arc::new(AtomicU64::new(0));
    let url = format!("{}{}", service.url(), protocol.path);
    let senders = (0..shape.connections).map(|_| {
        tokio::spawn(send(
            Arc::clone(protocol),
            url.clone(),
            Arc::clone(&numbers),
            until,
        ))
    });
    for sender in senders.collect::<Vec<_>>() {
        let sent = sender.await;
        sent.map_err(|error| Failure::told(format!("a sender broke: {error}")))??;
    }
    let elapsed = began.elapsed().as_secs_f64();
    let mut usage = service.usage()?;
    usage.cpu_seconds -= before.cpu_seconds;
    let batch = u64::try_from(shape.batch).unwrap_or(0);
    let (accepted, waiting) = (
        numbers.load(Ordering::Relaxed) * batch,
        service.health().await?.records.waiting,
    );
    let told = (waiting != accepted).then(|| format!("{accepted} were accepted, {waiting} wait"));
    Ok(Run::rate(accepted, elapsed)
        .with("aggregator", usage)
        .faulty(told))
}

/// Sends one request after another over a connection; each must be accepted.
async fn send(
    protocol: Arc<Protocol>,
    url: String,
    numbers: Arc<AtomicU64>,
    until: Instant,
) -> Result<(), Failure> {
    let http = service::client()?;
    while clock::now() < until {
        let number = numbers.fetch_add(1, Ordering::Relaxed);
        let request = http
            .post(&url)
            .header("content-type", protocol.content_type);
        let answer = request.body(protocol.request(number)?).send().await?;
        answer.error_for_status()?.bytes().await?;
    }
    Ok(())
}

impl Protocol {
    /// The body of a request that is none of the others.
    fn request(&self, number: u64) -> Result<Vec<u8>, Failure> {
        let mut body = self.body.clone();
        let digits = format!("{number:0DIGITS$x}");
        if let Some(place) = body.get_mut(self.varies_at..self.varies_at + DIGITS) {
            place.copy_from_slice(digits.as_bytes());
        }
        match self.is_packed {
            true => forms::snappy(&body).map_err(|error| Failure::told(error.to_string())),
            false => Ok(body),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_protocol_sends_other_bytes_with_each_request_and_as_many() {
        for protocol in protocols(10).unwrap() {
            let requests = [1, 2].map(|number| protocol.request(number).unwrap());
            assert_ne!(requests[0], requests[1], "{protocol}");
            if !protocol.is_packed {
                assert_eq!(requests[0].len(), protocol.body.len(), "{protocol}");
            }
        }
    }
}
