//! Part 2, acceptance alone: the store is away, and batches go into the spool, beside bare writing and
//! syncing of frames of the very size that the spool wrote.

use crate::bare::Bare;
use crate::failure::Failure;
use crate::load::{Amount, Load, Shape};
use crate::mongod::free_port;
use crate::report::{Case, Part, Ratio, Run};
use crate::service::{Service, Store};
use crate::session::{Session, say};
use crate::tally::Tally;
use crate::usage::as_f64;
use crate::verify;

/// Settings of this part.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Settings {
    /// Logs a batch and connections, of each case.
    #[arg(
        long,
        value_delimiter = ',',
        default_value = "1000x8,1000x64,100x64,10x64",
        value_name = "BATCHxCONNECTIONS,…"
    )]
    shapes: Vec<Shape>,
}

/// A run of the service, and of the bare program right behind it.
struct Pair {
    ours: Run,
    bare: Run,
}

/// Measures.
pub(crate) async fn run(session: &Session, settings: &Settings) -> Result<Part, Failure> {
    let mut pairs: Vec<Vec<Pair>> = settings.shapes.iter().map(|_| Vec::new()).collect();
    for round in 1..=session.runs {
        for (shape, pairs) in settings.shapes.iter().zip(&mut pairs) {
            let pair = one(session, *shape).await?;
            let (ours, bare, of) = (pair.ours.value, pair.bare.value, session.runs);
            say(format_args!(
                "{round}/{of} {shape}: {ours:.0} logs/s, bare {bare:.0}"
            ));
            pairs.push(pair);
        }
    }
    let (mut cases, mut ratios) = (Vec::new(), Vec::new());
    for (shape, pairs) in settings.shapes.iter().zip(pairs) {
        let (ours, bare): (Vec<Run>, Vec<Run>) =
            pairs.into_iter().map(|pair| (pair.ours, pair.bare)).unzip();
        let ours = Case::new(format!("spool, {shape}"), "logs/s", ours);
        let bare = Case::new(
            format!("write + fdatasync of as large frames, {shape}"),
            "logs/s",
            bare,
        );
        let what = format!("acceptance, {shape}, against write + fdatasync");
        let goal = (shape.batch == 1000).then_some((0.5, 0.7));
        ratios.push(Ratio::more(what, ours.median / bare.median, goal));
        cases.extend([ours, bare]);
    }
    Ok(Part {
        name: "Acceptance, the store is away",
        cases,
        ratios,
    })
}

async fn one(session: &Session, shape: Shape) -> Result<Pair, Failure> {
    let data = session.programs.folder()?;
    // Nobody listens there any more.
    let uri = format!("mongodb://127.0.0.1:{}/", free_port()?);
    let database = "bench".to_owned();
    let store = Store::MongoDb { uri, database };
    let service = Service::start(&session.programs, &store, data.path()).await?;
    let load = Load::full(shape, Amount::Seconds(session.seconds));
    let before = service.usage()?;
    let sent = load.send(&session.programs, service.url()).await?;
    let mut usage = service.usage()?;
    usage.cpu_seconds -= before.cpu_seconds;
    let health = service.health().await?;
    // Killed: what was acknowledged is to be there all the same.
    drop(service);
    let accepted = sent.summary.accepted;
    let mut tally = Tally::new(accepted, load.step());
    verify::spool(&session.programs, data.path(), &mut tally)?;
    let waiting = health.records.waiting;
    let told = (waiting != accepted).then(|| format!("{accepted} were accepted, {waiting} wait"));
    let (bytes, commits) = (health.spool.bytes, health.spool.commits.max(1));
    let ours = Run::rate(accepted, sent.summary.elapsed_seconds)
        .with("aggregator", usage)
        .with("producer", sent.usage)
        .detail("bytes a frame", as_f64(bytes / commits))
        .detail("MB/s", as_f64(bytes) / sent.summary.elapsed_seconds / 1e6)
        .detail("fsync p50 µs", as_f64(health.spool.fsync_p50_us))
        .detail("fsync p99 µs", as_f64(health.spool.fsync_p99_us))
        .faulty(sent.summary.fault())
        .faulty(told)
        .faulty(tally.fault(0));
    drop(data);
    let bytes_each = as_f64(bytes) / as_f64(accepted.max(1));
    let bare = bare(session, bytes / commits, bytes_each).await?;
    Ok(Pair { ours, bare })
}

/// Frames of this size; logs of `bytes_each` would have had room in them.
async fn bare(session: &Session, frame_bytes: u64, bytes_each: f64) -> Result<Run, Failure> {
    let folder = session.programs.folder()?;
    let frames = Bare::Disk {
        folder: folder.path().to_path_buf(),
        frame_bytes: usize::try_from(frame_bytes).unwrap_or(usize::MAX),
        seconds: session.bare_seconds(),
    };
    let done = frames.measure(&session.programs).await?;
    let run = Run {
        value: as_f64(done.bytes) / bytes_each / done.seconds,
        ..Run::default()
    };
    Ok(run
        .with("bare", done.usage)
        .detail("MB/s", as_f64(done.bytes) / done.seconds / 1e6)
        .detail("fsync p50 µs", done.p50_us)
        .detail("fsync p99 µs", done.p99_us))
}
