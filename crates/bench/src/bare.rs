//! The bare programs: what a user would write instead of asking the service. Each runs as a process
//! of its own (a hidden command of this program, told what to do as JSON) and prints what it did.

mod answer;
mod disk;
mod driver;
mod fill;
mod pages;
mod raw;
mod rows;
mod search;
mod sqlite;

pub(crate) use answer::Answer;
pub(crate) use driver::COLLECTION as DRIVER_COLLECTION;
pub(crate) use pages::{PAGE_ROWS, mongodb_page, sqlite_page};
pub(crate) use search::{Range, Search};

use crate::clock;
use crate::failure::Failure;
use crate::process::{self, Process};
use crate::programs::Programs;
use crate::report::Run;
use crate::usage::{self, Usage};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// The longest that a bare program may take.
const PATIENCE: Duration = Duration::from_secs(3600);

/// A bare program, with what it is to work on. Writing ones work for so many `seconds`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) enum Bare {
    /// Typed structs through the driver's `insert_many` into a plain collection with two indexes.
    Driver {
        uri: String,
        database: String,
        in_flight: usize,
        seconds: f64,
    },
    /// Our documents, encoded by hand, into our layout.
    Raw {
        uri: String,
        database: String,
        in_flight: usize,
        batch: u64,
        seconds: f64,
    },
    /// A loop over our table, one transaction for every thousand rows.
    Sqlite { data: PathBuf, seconds: f64 },
    /// Frames, each written and `fdatasync`ed, one after another.
    Disk {
        folder: PathBuf,
        frame_bytes: usize,
        seconds: f64,
    },
    /// Every record over HTTP.
    RowsHttp { url: String },
    /// Every document through the driver, as raw bytes.
    RowsMongodb { uri: String, database: String },
    /// Every row of our table.
    RowsSqlite { data: PathBuf },
    /// The first rows of a level over HTTP, again and again.
    PageHttp { url: String, times: u32 },
    /// The same through the driver.
    PageMongodb {
        uri: String,
        database: String,
        from: i64,
        times: u32,
    },
    /// The same through `rusqlite`.
    PageSqlite {
        data: PathBuf,
        from: i64,
        times: u32,
    },
    /// What matches, over HTTP, in this form.
    SearchHttp { url: String, answer: Answer },
    /// What matches, by a scan through the driver.
    SearchMongodb {
        uri: String,
        database: String,
        range: Range,
        search: Search,
    },
    /// What matches, by a scan of our table.
    SearchSqlite {
        data: PathBuf,
        range: Range,
        search: Search,
    },
}

/// What a bare program did.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Done {
    /// Records written or read, or frames.
    pub(crate) records: u64,
    pub(crate) bytes: u64,
    pub(crate) seconds: f64,
    /// Of one sync or one page, in microseconds.
    pub(crate) p50_us: f64,
    pub(crate) p99_us: f64,
    /// CPU from behind its preparation to its end, and the most memory.
    pub(crate) usage: Usage,
}

impl Bare {
    /// Does it, in this process.
    pub(crate) async fn run(self) -> Result<Done, Failure> {
        match self {
            Self::Driver {
                uri,
                database,
                in_flight,
                seconds,
            } => driver::run(&uri, &database, in_flight, seconds).await,
            Self::Raw {
                uri,
                database,
                in_flight,
                batch,
                seconds,
            } => raw::run(&uri, &database, in_flight, batch, seconds).await,
            Self::Sqlite { data, seconds } => sqlite::run(&data, seconds),
            Self::Disk {
                folder,
                frame_bytes,
                seconds,
            } => disk::run(&folder, frame_bytes, seconds),
            Self::RowsHttp { url } => rows::http(&url).await,
            Self::RowsMongodb { uri, database } => rows::mongodb(&uri, &database).await,
            Self::RowsSqlite { data } => rows::sqlite(&data),
            Self::PageHttp { url, times } => pages::http(&url, times).await,
            Self::PageMongodb {
                uri,
                database,
                from,
                times,
            } => pages::mongodb(&uri, &database, from, times).await,
            Self::PageSqlite { data, from, times } => pages::sqlite(&data, from, times),
            Self::SearchHttp { url, answer } => search::http(&url, answer).await,
            Self::SearchMongodb {
                uri,
                database,
                range,
                search,
            } => search::mongodb(&uri, &database, range, &search).await,
            Self::SearchSqlite {
                data,
                range,
                search,
            } => search::sqlite(&data, range, &search),
        }
    }

    /// Does it in a process of its own.
    pub(crate) async fn measure(&self, programs: &Programs) -> Result<Done, Failure> {
        let mut command = process::command(&programs.bench);
        command.arg("bare").arg(serde_json::to_string(self)?);
        let ended = Process::spawn("a bare program", &mut command)?;
        let ended = ended.ended(PATIENCE).await?;
        let done = ended.success("a bare program")?;
        Ok(serde_json::from_str(done)?)
    }
}

impl Done {
    /// The run of a case in records a second.
    pub(crate) fn rate(&self, program: &'static str) -> Run {
        Run::rate(self.records, self.seconds).with(program, self.usage)
    }
}

/// The measured part of a bare program, from behind its preparation.
#[derive(Debug)]
struct Stopwatch {
    began: Instant,
    cpu_seconds: f64,
}

impl Stopwatch {
    fn start() -> Result<Self, Failure> {
        Ok(Self {
            cpu_seconds: usage::cpu_seconds(std::process::id())?,
            began: clock::now(),
        })
    }

    fn seconds(&self) -> f64 {
        self.began.elapsed().as_secs_f64()
    }

    /// The end; `each` are the times of single operations, in microseconds.
    fn done(&self, records: u64, bytes: u64, mut each: Vec<f64>) -> Result<Done, Failure> {
        let seconds = self.seconds();
        let pid = std::process::id();
        each.sort_unstable_by(f64::total_cmp);
        let percentile = |percent: usize| {
            let rank = (each.len() * percent).div_ceil(100).saturating_sub(1);
            each.get(rank).copied().unwrap_or_default()
        };
        Ok(Done {
            records,
            bytes,
            seconds,
            p50_us: percentile(50),
            p99_us: percentile(99),
            usage: Usage {
                cpu_seconds: usage::cpu_seconds(pid)? - self.cpu_seconds,
                peak_rss_mib: usage::peak_rss_mib(pid)?,
            },
        })
    }
}
