//! The producer's records as JSON lines: made before the clock starts, then sent with new times, as the
//! producer sends its prebuilt ones.

use crate::clock;
use crate::failure::Failure;
use crate::forms;
use crate::load::Shape;
use crate::records::{generator, time};
use crate::service::client;
use producer::generate::{TIME_BYTES, TimeWriter};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Bodies that are made at most, and bytes of all of them; the last one may reach beyond.
const POOL_BODIES: u64 = 4096;
const POOL_BYTES: usize = 64 * 1024 * 1024;

/// What was taken, and in which time.
#[derive(Debug)]
pub(crate) struct Fed {
    pub(crate) records: u64,
    pub(crate) began: Instant,
    /// When the last one was acknowledged.
    pub(crate) ended: Instant,
}

/// The lines of a batch, and where the times stand in them.
#[derive(Debug)]
struct Body {
    lines: Vec<u8>,
    times: Vec<usize>,
}

/// Bodies that repeat.
#[derive(Debug)]
struct Pool {
    bodies: Vec<Body>,
    batch: u64,
}

impl Pool {
    fn make(batch: usize) -> Result<Self, Failure> {
        let mut generator = generator(&[])?;
        let (mut bodies, mut bytes) = (Vec::new(), 0);
        for number in 0..POOL_BODIES {
            if bytes >= POOL_BYTES {
                break;
            }
            let mut json = Vec::new();
            let slots = generator.batch(number, batch, |_| time(0), &mut json)?;
            let lines = forms::lines(&json);
            // Each line has lost a byte between it and the one before: `[`, or the comma.
            let place = |(line, offset): (usize, usize)| offset - 1 - line;
            let times = slots.iter().map(|slot| slot.offset).enumerate();
            let times = times.map(place).collect();
            bytes += lines.len();
            bodies.push(Body { lines, times });
        }
        let batch = u64::try_from(batch).unwrap_or(u64::MAX);
        Ok(Self { bodies, batch })
    }

    /// The lines of the batch with this number.
    fn lines(&self, number: u64, writer: &mut TimeWriter) -> Vec<u8> {
        let size = u64::try_from(self.bodies.len()).unwrap_or(1).max(1);
        let index = usize::try_from(number % size).unwrap_or(0);
        let Some(body) = self.bodies.get(index) else {
            return Vec::new();
        };
        let mut lines = body.lines.clone();
        for (place, offset) in (number * self.batch..).zip(&body.times) {
            if let Some(text) = lines.get_mut(*offset..*offset + TIME_BYTES) {
                text.copy_from_slice(writer.text(time(place)));
            }
        }
        lines
    }
}

/// Sends as fast as the answers come, over so many connections.
pub(super) async fn feed(url: &str, shape: Shape, during: Duration) -> Result<Fed, Failure> {
    let pool = Arc::new(Pool::make(shape.batch)?);
    let numbers = Arc::new(AtomicU64::new(0));
    let began = clock::now();
    let senders = (0..shape.connections).map(|_| {
        let (pool, numbers) = (Arc::clone(&pool), Arc::clone(&numbers));
        tokio::spawn(send(pool, url.to_owned(), numbers, began + during))
    });
    for sender in senders.collect::<Vec<_>>() {
        let sent = sender.await;
        sent.map_err(|error| Failure::told(format!("a sender broke: {error}")))??;
    }
    Ok(Fed {
        records: numbers.load(Ordering::Relaxed) * pool.batch,
        began,
        ended: clock::now(),
    })
}

async fn send(
    pool: Arc<Pool>,
    url: String,
    numbers: Arc<AtomicU64>,
    until: Instant,
) -> Result<(), Failure> {
    let http = client()?;
    let mut writer = TimeWriter::default();
    while clock::now() < until {
        let number = numbers.fetch_add(1, Ordering::Relaxed);
        post(&http, &url, pool.lines(number, &mut writer)).await?;
    }
    Ok(())
}

/// Posts lines that are to be taken.
pub(super) async fn post(http: &reqwest::Client, url: &str, lines: Vec<u8>) -> Result<(), Failure> {
    let request = http
        .post(url)
        .header("content-type", "application/x-ndjson");
    let answer = request.body(lines).send().await?;
    answer.error_for_status()?.bytes().await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    #[test]
    fn the_lines_are_the_producers_records_with_the_times_of_their_places() {
        let pool = Pool::make(10).unwrap();
        let batches = u64::try_from(pool.bodies.len()).unwrap();
        let mut json = Vec::new();
        let mut generator = generator(&[]).unwrap();
        generator.batch(3, 10, |_| time(0), &mut json).unwrap();
        let records: Vec<Value> = serde_json::from_slice(&json).unwrap();
        for number in [3, 3 + batches] {
            let lines = pool.lines(number, &mut TimeWriter::default());
            let lines = String::from_utf8(lines).unwrap();
            assert_eq!(lines.lines().count(), 10);
            for ((line, record), place) in lines.lines().zip(&records).zip(10 * number..) {
                let mut line: Value = serde_json::from_str(line).unwrap();
                let told = line["timestamp"].take();
                let told = logs::Timestamp::parse(told.as_str().unwrap()).unwrap();
                assert_eq!(told, time(place));
                let mut record = record.clone();
                record["timestamp"].take();
                assert_eq!(line, record);
            }
        }
    }
}
