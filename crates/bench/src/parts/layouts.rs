//! Part 10, layouts: the same records as rows and as blocks, stored, kept and searched in turn.

use crate::bare::Bare;
use crate::clock;
use crate::failure::Failure;
use crate::load::{Amount, Load, Shape};
use crate::parts::day::{self, DAY_NANOS};
use crate::parts::median_of;
use crate::parts::subject::Subject;
use crate::report::{Part, Ratio, Run};
use crate::rig::{self, Rig, Target};
use crate::service::size_of;
use crate::session::{Session, say};
use crate::tally::BASE_NANOS;
use crate::usage::as_f64;
use logs::Timestamp;
use std::fmt;

/// Settings of this part.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Settings {
    /// Records to look through, spread over a day.
    #[arg(long, default_value_t = 2_000_000, value_name = "COUNT", value_parser = clap::value_parser!(u64).range(10_000..))]
    records: u64,
    /// Logs a batch and connections, of each case that stores.
    #[arg(
        long,
        value_delimiter = ',',
        default_value = "1000x8,1000x2,10x64",
        value_name = "BATCHxCONNECTIONS,…"
    )]
    shapes: Vec<Shape>,
    /// How long the store is left alone before it is measured, in seconds: small blocks are merged.
    #[arg(long, default_value_t = 60, value_name = "SECONDS")]
    rest: u64,
}

const LAYOUTS: [Target<'static>; 2] = [Target::Embedded, Target::Blocks];

/// What is asked, and how many times faster blocks are to be.
struct Question {
    what: &'static str,
    path: &'static str,
    query: &'static str,
    /// Hours of the day that are asked for; all of it, and what lies behind it, without.
    hours: Option<i64>,
    goal: (f64, f64),
}

/// Goals are the times of DESIGN.md's table for rows, over those that are to be reached.
const QUESTIONS: [Question; 7] = [
    Question {
        what: "newest 100 of a level in an hour",
        path: "retrieve",
        query: "format=ndjson&logLevel=ERROR&order=desc&limit=100",
        hours: Some(1),
        goal: (0.5, 0.9),
    },
    Question {
        what: "histogram of the day by level",
        path: "histogram",
        query: "by=level&interval=15m",
        hours: Some(24),
        goal: (8.0, 20.0),
    },
    Question {
        what: "a word in one record",
        path: "retrieve",
        query: "format=ndjson&word=haystack-needle",
        hours: None,
        goal: (115.0, 287.0),
    },
    Question {
        what: "a part of one message, without regard to case",
        path: "retrieve",
        query: "format=ndjson&q=Haystack-Needle",
        hours: None,
        goal: (6.8, 13.7),
    },
    Question {
        what: "an attribute's value",
        path: "retrieve",
        query: "format=ndjson&attr.http.status=503",
        hours: None,
        goal: (12.0, 24.0),
    },
    Question {
        what: "facets of the day",
        path: "facets",
        query: "",
        hours: Some(24),
        goal: (34.0, 94.0),
    },
    Question {
        what: "everything as NDJSON",
        path: "retrieve",
        query: "format=ndjson",
        hours: None,
        goal: (1.0, 1.5),
    },
];

/// A load on a layout.
struct Storing {
    target: Target<'static>,
    shape: Shape,
}

impl fmt::Display for Storing {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}, {}", shown(self.target), self.shape)
    }
}

/// Measures.
pub(crate) async fn run(session: &Session, settings: &Settings) -> Result<Part, Failure> {
    let mut part = Part {
        name: "Layouts",
        cases: Vec::new(),
        ratios: Vec::new(),
    };
    store(session, settings, &mut part).await?;
    let mut rigs = Vec::new();
    for target in LAYOUTS {
        let mut rig = Rig::start(session, target).await?;
        let wrong = day::fill(&mut rig, settings.records, 1).await?;
        clock::pause(1_000 * settings.rest).await;
        let bytes = as_f64(size_of(rig.data())?) / as_f64(settings.records);
        let name = shown(target);
        say(format_args!(
            "{name}: {bytes:.1} bytes a log in the data folder"
        ));
        if let Target::Blocks = target {
            let what = "blocks, bytes a log in the data folder".to_owned();
            part.ratios
                .push(Ratio::less(what, bytes, "B", Some((35.0, 30.0))));
        }
        rigs.push((rig, wrong));
    }
    for question in QUESTIONS {
        ask(session, &rigs, &question, &mut part).await?;
    }
    for (rig, _) in rigs {
        let peak = rig.service().usage()?.peak_rss_mib;
        if let Target::Blocks = rig.target() {
            let what = "blocks, peak memory through all searches".to_owned();
            part.ratios
                .push(Ratio::less(what, peak, "MiB", Some((256.0, 128.0))));
        }
        rig.end().await?;
    }
    Ok(part)
}

async fn store(session: &Session, settings: &Settings, part: &mut Part) -> Result<(), Failure> {
    let both = |shape: &Shape| {
        LAYOUTS.map(|target| Storing {
            target,
            shape: *shape,
        })
    };
    let subjects: Vec<Storing> = settings.shapes.iter().flat_map(both).collect();
    let cases = session.alternate("logs/s", &subjects, async |storing: &Storing| {
        let load = Load::full(storing.shape, Amount::Seconds(session.seconds));
        rig::one_load(session, storing.target, &load).await
    });
    let cases = cases.await?;
    for shape in &settings.shapes {
        let of = |target| {
            median_of(
                &cases,
                &Storing {
                    target,
                    shape: *shape,
                }
                .to_string(),
            )
        };
        let what = format!("stored as blocks, {shape}, against rows");
        let ratio = of(Target::Blocks) / of(Target::Embedded);
        part.ratios.push(Ratio::more(what, ratio, Some((2.0, 3.0))));
    }
    part.cases.extend(cases);
    Ok(())
}

async fn ask(
    session: &Session,
    rigs: &[(Rig<'_>, Option<String>)],
    question: &Question,
    part: &mut Part,
) -> Result<(), Failure> {
    let counts = question.path != "retrieve";
    let mut subjects = Vec::new();
    for (rig, _) in rigs {
        let bare = Bare::SearchHttp {
            url: url(rig, question),
            counts,
        };
        let found = bare.measure(&session.programs).await?.records;
        let name = format!("{}, {}", shown(rig.target()), question.what);
        subjects.push(Subject {
            name,
            bare,
            rows: found,
        });
    }
    let differs = subjects.windows(2).any(|pair| match pair {
        [one, other] => one.rows != other.rows,
        _ => false,
    });
    let wrong = differs.then(|| format!("the layouts differ: {}", question.what));
    let measured = session.alternate("ms", &subjects, async |subject: &Subject| {
        let place = subjects.iter().position(|other| other.name == subject.name);
        let (rig, fault) = place
            .and_then(|place| rigs.get(place))
            .ok_or_else(|| Failure::told("a layout is missing"))?;
        let (run, done) = subject.read(session, rig).await?;
        let run = Run {
            value: done.seconds * 1e3,
            ..run
        };
        Ok(run.faulty(fault.clone()).faulty(wrong.clone()))
    });
    let cases = measured.await?;
    let of = |target| median_of(&cases, &format!("{}, {}", shown(target), question.what));
    let ratio = of(Target::Embedded) / of(Target::Blocks);
    let what = format!("{}, rows against blocks", question.what);
    part.ratios
        .push(Ratio::more(what, ratio, Some(question.goal)));
    part.cases.extend(cases);
    Ok(())
}

fn url(rig: &Rig<'_>, question: &Question) -> String {
    const HOUR: i64 = DAY_NANOS / 24;
    let (from, to) = match question.hours {
        Some(hours) => (
            BASE_NANOS + DAY_NANOS - hours * HOUR,
            BASE_NANOS + DAY_NANOS,
        ),
        None => (BASE_NANOS, BASE_NANOS + 2 * DAY_NANOS),
    };
    let [from, to] = [from, to].map(Timestamp::from_nanos);
    let (url, path) = (rig.service().url(), question.path);
    let query = question.query;
    format!("{url}/logs/{path}?startTime={from}&endTime={to}&{query}")
}

fn shown(target: Target<'_>) -> &'static str {
    match target {
        Target::Blocks => "blocks",
        _ => "rows",
    }
}
