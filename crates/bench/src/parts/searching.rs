//! Part 9, searching: a day of records looked through for what no index knows, beside the bare driver
//! and `rusqlite` on the same data.

use crate::bare::{Answer, Bare, Range, Search};
use crate::failure::Failure;
use crate::parts::day::{self, DAY_NANOS};
use crate::parts::layouts;
use crate::parts::spread::NEEDLE;
use crate::parts::subject::Subject;
use crate::parts::{Stores, median_of};
use crate::peer::Peer;
use crate::report::{Part, Ratio, Run};
use crate::rig::{DATABASE, Rig, Target};
use crate::session::{Session, say};
use crate::tally::BASE_NANOS;
use logs::Timestamp;

/// The records that have the needle: the last ones.
const NEEDLES: u64 = 10;
const BUCKET_MINUTES: i64 = 15;

/// Settings of this part.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Settings {
    /// Records to look through, spread over a day.
    #[arg(long, default_value_t = 2_000_000, value_name = "COUNT", value_parser = clap::value_parser!(u64).range(10_000..))]
    records: u64,
    /// Which stores.
    #[arg(long, value_enum, default_value = "both")]
    store: Stores,
    /// Rows and blocks beside a program of others, in place of the bare programs: victorialogs=PATH.
    #[arg(long, value_name = "NAME=PATH", conflicts_with = "store")]
    peer: Option<Peer>,
}

/// What is compared: a query, the bare program that does the same, and how much slower ours may be.
struct Comparison {
    what: &'static str,
    query: &'static str,
    search: Search,
    goal: (f64, f64),
}

/// What is to be answered within a time, in milliseconds.
struct Bounded {
    what: &'static str,
    query: &'static str,
    rows: u64,
    goal: (f64, f64),
}

fn comparisons() -> [Comparison; 3] {
    [
        Comparison {
            what: "histogram of a day by level",
            query: "by=level&interval=15m",
            search: Search::Histogram {
                minutes: BUCKET_MINUTES,
            },
            goal: (1.3, 1.0),
        },
        Comparison {
            what: "a part of the message over the whole range",
            query: "q=Haystack-Needle",
            search: Search::Substring {
                text: NEEDLE.to_owned(),
            },
            goal: (2.0, 1.5),
        },
        Comparison {
            what: "an attribute over the whole range",
            query: "attr.http.status=503",
            search: Search::Attribute {
                path: "http.status".to_owned(),
                number: 503,
            },
            goal: (2.5, 2.0),
        },
    ]
}

const BOUNDED: [Bounded; 3] = [
    Bounded {
        what: "first rows near the end that is asked first",
        query: "q=haystack-needle&order=desc",
        rows: NEEDLES,
        goal: (100.0, 20.0),
    },
    Bounded {
        what: "a level without any record that an index knows",
        query: "logLevel=FATAL",
        rows: 0,
        goal: (1000.0, 100.0),
    },
    Bounded {
        what: "a level without any record that no index knows",
        query: "logLevel=TRACE",
        rows: 0,
        goal: (1000.0, 500.0),
    },
];

/// Measures.
pub(crate) async fn run(session: &Session, settings: &Settings) -> Result<Part, Failure> {
    if let Some(peer) = &settings.peer {
        let settings = layouts::Settings::beside(peer.clone(), settings.records);
        return layouts::run(session, &settings).await;
    }
    let measure =
        async |target: Target<'_>, part: &mut Part| measure(session, settings, target, part).await;
    settings.store.part(session, "Searching", measure).await
}

async fn measure(
    session: &Session,
    settings: &Settings,
    target: Target<'_>,
    part: &mut Part,
) -> Result<(), Failure> {
    let mut rig = Rig::start(session, target).await?;
    let wrong = day::fill(&mut rig, settings.records, NEEDLES).await?;
    let name = target.name();
    let day = Range {
        from: BASE_NANOS,
        to: BASE_NANOS + DAY_NANOS,
    };
    // The needles lie behind the day.
    let all = Range {
        to: day.to + DAY_NANOS,
        ..day
    };
    for one in comparisons() {
        let counts = matches!(one.search, Search::Histogram { .. });
        let range = if counts { day } else { all };
        let bare = bare(&rig, range, one.search.clone());
        let rows = bare.measure(&session.programs).await?.records;
        let wrong = wrong.clone().or(match one.search {
            Search::Histogram { .. } => unexpected(rows, settings.records),
            Search::Substring { .. } => unexpected(rows, NEEDLES),
            // How many the generator makes is its own business; one of 22 in the long run.
            Search::Attribute { .. } => unexpected(rows.min(1), 1),
        });
        say(format_args!("{name}: {}: {rows} records", one.what));
        let subject = |how: &str, bare| Subject {
            name: format!("{name}, {}, {how}", one.what),
            bare,
            rows,
        };
        let subjects = [
            subject("over HTTP", over_http(&rig, range, one.query, counts)),
            subject("bare", bare),
        ];
        let medians = measure_all(session, &rig, &subjects, Moment::Last, wrong, part).await?;
        let ratio = medians.first().zip(medians.last());
        let ratio = ratio.map_or(f64::NAN, |(ours, bare)| ours / bare);
        let what = format!("{name}, {}, against bare", one.what);
        part.ratios
            .push(Ratio::less(what, ratio, "×", Some(one.goal)));
    }
    for one in BOUNDED {
        let subject = Subject {
            name: format!("{name}, {}", one.what),
            bare: over_http(&rig, all, one.query, false),
            rows: one.rows,
        };
        let what = subject.name.clone();
        let moment = if one.rows > 0 {
            Moment::First
        } else {
            Moment::Last
        };
        let subjects = [subject];
        let medians = measure_all(session, &rig, &subjects, moment, wrong.clone(), part).await?;
        let median = medians.first().copied().unwrap_or(f64::NAN);
        part.ratios
            .push(Ratio::less(what, median, "ms", Some(one.goal)));
    }
    rig.end().await
}

/// What is wrong with what the bare program has found, if anything is.
fn unexpected(rows: u64, expected: u64) -> Option<String> {
    let fault = || format!("the bare program finds {rows} records, and {expected} are there");
    (rows != expected).then(fault)
}

/// Which moment of an answer counts.
#[derive(Clone, Copy)]
enum Moment {
    First,
    Last,
}

/// The medians of some subjects, in turn, in milliseconds.
async fn measure_all(
    session: &Session,
    rig: &Rig<'_>,
    subjects: &[Subject],
    moment: Moment,
    wrong: Option<String>,
    part: &mut Part,
) -> Result<Vec<f64>, Failure> {
    let measured = session.alternate("ms", subjects, async |subject: &Subject| {
        let (run, done) = subject.read(session, rig).await?;
        let (first, all) = (done.p50_us / 1e3, done.seconds * 1e3);
        let value = match moment {
            Moment::First => first,
            Moment::Last => all,
        };
        let run = Run { value, ..run };
        Ok(run.detail("all ms", all).faulty(wrong.clone()))
    });
    let cases = measured.await?;
    let median = |subject: &Subject| median_of(&cases, &subject.name);
    let medians = subjects.iter().map(median).collect();
    part.cases.extend(cases);
    Ok(medians)
}

fn over_http(rig: &Rig<'_>, range: Range, query: &str, counts: bool) -> Bare {
    let [from, to] = [range.from, range.to].map(Timestamp::from_nanos);
    let url = rig.service().url();
    let range = format!("startTime={from}&endTime={to}");
    Bare::SearchHttp {
        url: match counts {
            true => format!("{url}/logs/histogram?{range}&{query}"),
            false => format!("{url}/logs/retrieve?format=ndjson&{range}&{query}"),
        },
        answer: match counts {
            true => Answer::Counts,
            false => Answer::Rows,
        },
    }
}

fn bare(rig: &Rig<'_>, range: Range, search: Search) -> Bare {
    match rig.target() {
        Target::Embedded | Target::Blocks => Bare::SearchSqlite {
            data: rig.data().to_path_buf(),
            range,
            search,
        },
        Target::MongoDb(mongod) => Bare::SearchMongodb {
            uri: mongod.uri(),
            database: DATABASE.to_owned(),
            range,
            search,
        },
    }
}
