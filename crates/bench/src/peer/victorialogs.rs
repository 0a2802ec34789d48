//! `VictoriaLogs` as a process of its own, with the settings that it has when nothing is said; only what is
//! older or newer than it would keep is kept.

use super::feed::{self, Fed};
use crate::bare::{Answer, Bare, Range};
use crate::clock;
use crate::failure::Failure;
use crate::load::Shape;
use crate::mongod::free_port;
use crate::process::{self, Process};
use crate::programs::Programs;
use crate::service::{client, size_of};
use crate::usage::Usage;
use logs::Timestamp;
use reqwest::Url;
use serde::Deserialize;
use std::path::Path;
use std::time::{Duration, Instant};
use tempfile::TempDir;

const PATIENCE: Duration = Duration::from_secs(60);
/// It writes what it has in memory every 5 seconds.
const FLUSHED_MS: u64 = 10_000;
/// What identifies a sender, as its makers advise to choose it.
const STREAM_FIELDS: &str = "attributes.service,attributes.host";

/// A running one; dropping it kills it and removes its data.
#[derive(Debug)]
pub(crate) struct VictoriaLogs {
    // Declared before the folder: it has to be gone before the folder is removed.
    process: Process,
    folder: TempDir,
    url: String,
    http: reqwest::Client,
}

/// A question in `LogsQL`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asked {
    /// Behind `/select/logsql/`.
    pub(crate) path: &'static str,
    pub(crate) query: &'static str,
    pub(crate) more: &'static [(&'static str, &'static str)],
}

#[derive(Deserialize)]
struct Count {
    records: String,
}

impl VictoriaLogs {
    /// Its name, for cases.
    pub(crate) const NAME: &str = "VictoriaLogs";

    /// Starts it on an empty folder and waits until it answers.
    pub(crate) async fn start(programs: &Programs, program: &Path) -> Result<Self, Failure> {
        let folder = programs.folder()?;
        let address = format!("127.0.0.1:{}", free_port()?);
        let mut data = std::ffi::OsString::from("-storageDataPath=");
        data.push(folder.path());
        let mut command = process::command(program);
        command
            .arg(format!("-httpListenAddr={address}"))
            .arg(data)
            .args(["-retentionPeriod=100y", "-futureRetention=100y"]);
        let process = Process::spawn("victorialogs", &mut command)?;
        let (url, http) = (format!("http://{address}"), client()?);
        let began = clock::now();
        loop {
            let health = http.get(format!("{url}/health")).send().await;
            if health.is_ok_and(|answer| answer.status().is_success()) {
                return Ok(Self {
                    process,
                    folder,
                    url,
                    http,
                });
            }
            if process.has_ended()? || began.elapsed() > PATIENCE {
                let (program, said) = (program.display(), process.stderr());
                let text = format!("{program} did not start as VictoriaLogs: {said}");
                return Err(Failure::told(text));
            }
            clock::pause(5).await;
        }
    }

    /// What it has used so far.
    pub(crate) fn usage(&self) -> Result<Usage, Failure> {
        self.process.usage()
    }

    /// Sends the producer's records for so long.
    pub(crate) async fn feed(&self, shape: Shape, seconds: u64) -> Result<Fed, Failure> {
        feed::feed(&self.insert_url(), shape, Duration::from_secs(seconds)).await
    }

    /// Posts lines that are to be taken.
    pub(crate) async fn post(&self, lines: Vec<u8>) -> Result<(), Failure> {
        feed::post(&self.http, &self.insert_url(), lines).await
    }

    /// Waits until so many records can be found, and tells when that was.
    pub(crate) async fn all_found(
        &self,
        records: u64,
        within: Duration,
    ) -> Result<Instant, Failure> {
        let began = clock::now();
        loop {
            let found = self.count().await?;
            let now = clock::now();
            if found == records {
                return Ok(now);
            }
            if found > records || now - began > within {
                let text = format!("VictoriaLogs took {records} records and finds {found}");
                return Err(Failure::told(text));
            }
            clock::pause(20).await;
        }
    }

    async fn count(&self) -> Result<u64, Failure> {
        let url = format!("{}/select/logsql/query", self.url);
        let counts = [("query", "* | count() as records")];
        let url = Url::parse_with_params(&url, counts).map_err(wrong_address)?;
        let answer = self.http.get(url).send().await?.error_for_status()?;
        let count: Count = answer.json().await?;
        let wrong = |error| Failure::told(format!("a count is {}: {error}", count.records));
        count.records.parse().map_err(wrong)
    }

    /// Bytes of everything that it keeps, once what it still had in memory is written.
    pub(crate) async fn bytes(&self) -> Result<u64, Failure> {
        clock::pause(FLUSHED_MS).await;
        size_of(self.folder.path())
    }

    /// A question about a range of times.
    pub(crate) fn question(&self, asked: Asked, range: Range) -> Result<Bare, Failure> {
        Ok(Bare::SearchHttp {
            url: address(&self.url, asked, range)?,
            answer: match asked.path {
                "hits" => Answer::Hits,
                "facets" => Answer::Facets,
                _ => Answer::Rows,
            },
        })
    }

    /// Ends it and removes what it kept.
    pub(crate) async fn end(self) -> Result<(), Failure> {
        self.process.terminate()?;
        self.process.ended(PATIENCE).await.map(drop)
    }

    fn insert_url(&self) -> String {
        let fields =
            format!("_stream_fields={STREAM_FIELDS}&_time_field=timestamp&_msg_field=message");
        format!("{}/insert/jsonline?{fields}", self.url)
    }
}

/// Both ends of its ranges are within, and a time in whole seconds would stand for all of that second.
fn address(url: &str, asked: Asked, range: Range) -> Result<String, Failure> {
    let [start, end] = [range.from, range.to - 1].map(Timestamp::from_nanos);
    let (start, end) = (start.to_string(), end.to_string());
    let range = [("start", start.as_str()), ("end", end.as_str())];
    let all = [("query", asked.query)].into_iter().chain(range);
    let all = all.chain(asked.more.iter().copied());
    let url = format!("{url}/select/logsql/{}", asked.path);
    let url = Url::parse_with_params(&url, all).map_err(wrong_address)?;
    Ok(url.into())
}

fn wrong_address(error: impl std::fmt::Display) -> Failure {
    Failure::told(format!("no address: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tally::BASE_NANOS;

    #[test]
    fn a_question_is_escaped_and_its_last_moment_is_not_asked_for() {
        let asked = Asked {
            path: "hits",
            query: r#""attributes.http.status":="a&b""#,
            more: &[("step", "15m"), ("field", "level")],
        };
        let range = Range {
            from: BASE_NANOS,
            to: BASE_NANOS + 1_000_000_000,
        };
        assert_eq!(
            address("http://127.0.0.1:1", asked, range).unwrap(),
            "http://127.0.0.1:1/select/logsql/hits?query=%22attributes.http.status%22%3A%3D%22a%26b%22\
             &start=2026-01-01T00%3A00%3A00Z&end=2026-01-01T00%3A00%3A00.999999999Z\
             &step=15m&field=level"
        );
    }
}
