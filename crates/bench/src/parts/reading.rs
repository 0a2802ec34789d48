//! Part 6, reading: the first page of a level, and everything streamed, beside the bare driver and
//! `rusqlite` on the same data.

use crate::bare::{Bare, PAGE_ROWS, mongodb_page, sqlite_page};
use crate::failure::Failure;
use crate::load::{Amount, Load, Shape};
use crate::parts::subject::Subject;
use crate::parts::{Stores, median_of};
use crate::report::{Part, Ratio, Run};
use crate::rig::{DATABASE, Rig, Target};
use crate::session::{Session, say};
use crate::usage::as_f64;
use logs::Timestamp;
use record::id::RecordId;
use store::sqlite;

/// Settings of this part.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Settings {
    /// Records to read.
    #[arg(long, default_value_t = 1_000_000, value_name = "COUNT", value_parser = clap::value_parser!(u64).range(10_000..))]
    records: u64,
    /// Pages that are read in one run.
    #[arg(long, default_value_t = 300, value_name = "COUNT", value_parser = clap::value_parser!(u32).range(1..))]
    pages: u32,
    /// Which stores.
    #[arg(long, value_enum, default_value = "both")]
    store: Stores,
}

/// Measures.
pub(crate) async fn run(session: &Session, settings: &Settings) -> Result<Part, Failure> {
    let measure =
        async |target: Target<'_>, part: &mut Part| measure(session, settings, target, part).await;
    settings.store.part(session, "Reading", measure).await
}

async fn measure(
    session: &Session,
    settings: &Settings,
    target: Target<'_>,
    part: &mut Part,
) -> Result<(), Failure> {
    let mut rig = Rig::start(session, target).await?;
    let shape = Shape {
        batch: 1000,
        connections: 8,
    };
    let load = Load::full(shape, Amount::Records(settings.records));
    let stored = rig.store(session, &load).await?;
    let fault = rig.fault(load.step(), 0).await?;
    let wrong = stored.run.faulty(fault).fault;
    say(format_args!(
        "{}: {} records to read",
        target.name(),
        settings.records
    ));
    let rows = all_rows(&rig, settings.records);
    let pages = first_pages(&rig, settings).await?;
    for (unit, subjects, goal) in [("rows/s", rows, false), ("ms", pages, true)] {
        let cases = session
            .alternate(unit, &subjects, async |subject: &Subject| {
                Ok(read(session, &rig, subject, goal)
                    .await?
                    .faulty(wrong.clone()))
            })
            .await?;
        let [ours, bare] = [0, 1].map(|place: usize| {
            let name = subjects.get(place).map(|subject| subject.name.as_str());
            (
                name.unwrap_or_default(),
                median_of(&cases, name.unwrap_or_default()),
            )
        });
        let what = format!("{}, against {}", ours.0, bare.0);
        part.ratios.push(if goal {
            let goal = (1.5 * bare.1 + 1.0, 1.2 * bare.1 + 0.5);
            Ratio::less(what, ours.1, "ms", Some(goal))
        } else {
            Ratio::more(what, ours.1 / bare.1, Some((0.6, 0.9)))
        });
        part.cases.extend(cases);
    }
    rig.end().await
}

/// Everything: the service first, the bare reader second.
fn all_rows(rig: &Rig<'_>, records: u64) -> Vec<Subject> {
    let url = format!("{}/logs/retrieve", rig.service().url());
    let bare = match rig.target() {
        Target::Embedded | Target::Blocks => Bare::RowsSqlite {
            data: rig.data().to_path_buf(),
        },
        Target::MongoDb(mongod) => Bare::RowsMongodb {
            uri: mongod.uri(),
            database: DATABASE.to_owned(),
        },
    };
    let subject = |what: &str, bare| Subject {
        name: format!("{}, {records} rows, {what}", rig.target().name()),
        bare,
        rows: records,
    };
    vec![
        subject("JSON over HTTP", Bare::RowsHttp { url }),
        subject("bare", bare),
    ]
}

/// The first page from the middle of the records on. The service is asked for a range of times that
/// holds just the rows of the page.
async fn first_pages(rig: &Rig<'_>, settings: &Settings) -> Result<Vec<Subject>, Failure> {
    let times = settings.pages;
    let from = crate::records::time(settings.records / 2);
    let data = rig.data().to_path_buf();
    let ids = match rig.target() {
        Target::Embedded | Target::Blocks => {
            let reader = sqlite::open_reader(&data.join(sqlite::FILE_NAME))?;
            sqlite_page(&reader, from.nanos(), PAGE_ROWS + 1)?
        }
        Target::MongoDb(mongod) => {
            let database = mongod.database(DATABASE);
            mongodb_page(&database, from.nanos(), PAGE_ROWS + 1).await?
        }
    };
    let to = ids.get(PAGE_ROWS).map(RecordId::time);
    let to: Timestamp = to.ok_or_else(|| Failure::told("too few records for a page"))?;
    let query = format!("startTime={from}&endTime={to}&logLevel=ERROR");
    let url = format!("{}/logs/retrieve?{query}", rig.service().url());
    let from = from.nanos();
    let bare = match rig.target() {
        Target::Embedded | Target::Blocks => Bare::PageSqlite { data, from, times },
        Target::MongoDb(mongod) => Bare::PageMongodb {
            uri: mongod.uri(),
            database: DATABASE.to_owned(),
            from,
            times,
        },
    };
    let subject = |what: &str, bare| Subject {
        name: format!(
            "{}, first page of {PAGE_ROWS} of a level, {what}",
            rig.target().name()
        ),
        bare,
        rows: PAGE_ROWS as u64 * u64::from(times),
    };
    Ok(vec![
        subject("over HTTP", Bare::PageHttp { url, times }),
        subject("bare", bare),
    ])
}

async fn read(
    session: &Session,
    rig: &Rig<'_>,
    subject: &Subject,
    page: bool,
) -> Result<Run, Failure> {
    let (run, done) = subject.read(session, rig).await?;
    if page {
        let run = Run {
            value: done.p50_us / 1000.0,
            ..run
        };
        return Ok(run.detail("p99 ms", done.p99_us / 1000.0));
    }
    Ok(run.detail("MB/s", as_f64(done.bytes) / done.seconds / 1e6))
}
