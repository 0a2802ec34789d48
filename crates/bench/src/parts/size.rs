//! Part 8, size: of the programs, of an idle service, and how long a start and a build take.

use crate::clock;
use crate::failure::{During as _, Failure};
use crate::load::{Amount, Load, Shape};
use crate::process::{self, Process};
use crate::report::{Case, Part, Ratio, Run};
use crate::rig::{Rig, Target};
use crate::service::{Service, Store, size_of};
use crate::session::{Session, say};
use crate::usage::as_f64;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

const MIB: f64 = 1024.0 * 1024.0;
/// Records of one load while data is made.
const PORTION: u64 = 500_000;
/// An idle service has had this long to settle, in milliseconds.
const SETTLED_MS: u64 = 500;
/// The longest that a build may take.
const BUILD_PATIENCE: Duration = Duration::from_secs(3600);

/// Settings of this part.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Settings {
    /// Also start with an embedded store of this size.
    #[arg(long, default_value_t = 0, value_name = "MB")]
    data_mb: u64,
    /// Also build the service, from nothing and after a change, once each.
    #[arg(long)]
    build_times: bool,
}

/// Measures.
pub(crate) async fn run(session: &Session, settings: &Settings) -> Result<Part, Failure> {
    let mut part = Part {
        name: "Size",
        cases: Vec::new(),
        ratios: Vec::new(),
    };
    let programs = &session.programs;
    for (name, program) in [
        ("aggregator", &programs.aggregator),
        ("producer", &programs.producer),
    ] {
        let run = Run {
            value: as_f64(size_of(program)?) / MIB,
            ..Run::default()
        };
        let name = format!("{name}, {} profile", programs.profile);
        part.cases.push(Case::new(name, "MiB", vec![run]));
    }
    let data = programs.folder()?;
    let start = starts(session, data.path(), "embedded, empty").await?;
    part.cases.extend(start);
    if settings.data_mb > 0 {
        let rig = filled(session, settings.data_mb).await?;
        let name = format!("embedded, {} MB", settings.data_mb);
        let folder = rig.stop().await?;
        let start = starts(session, folder.path(), &name).await?;
        let median = start.first().map_or(f64::NAN, |case| case.median);
        let what = format!("start to first answer, {name}");
        part.ratios
            .push(Ratio::less(what, median, "ms", Some((300.0, 100.0))));
        part.cases.extend(start);
    }
    if settings.build_times {
        part.cases.extend(builds(session).await?);
    }
    Ok(part)
}

/// Milliseconds from the start of the process to the first `200` to a batch, and then its idle memory.
async fn starts(session: &Session, data: &Path, name: &str) -> Result<Vec<Case>, Failure> {
    let (mut times, mut idle) = (Vec::new(), Vec::new());
    for _ in 0..session.runs {
        let began = clock::now();
        let service =
            Service::start(&session.programs, &Store::Embedded { layout: "rows" }, data).await?;
        service.post(r#"[{"message":"first"}]"#.to_owned()).await?;
        let value = began.elapsed().as_secs_f64() * 1000.0;
        clock::pause(SETTLED_MS).await;
        let rss = service.rss_mib()?;
        service.stop().await?;
        let run = |value| Run {
            value,
            ..Run::default()
        };
        times.push(run(value));
        idle.push(run(rss));
    }
    say(format_args!("{name}: {} starts", session.runs));
    Ok(vec![
        Case::new(format!("start to first 200, {name}"), "ms", times),
        Case::new(format!("idle RSS, {name}"), "MiB", idle),
    ])
}

/// A service with an embedded store of this size.
async fn filled(session: &Session, megabytes: u64) -> Result<Rig<'static>, Failure> {
    let mut rig = Rig::start(session, Target::Embedded).await?;
    let shape = Shape {
        batch: 1000,
        connections: 8,
    };
    let mut load = Load::full(shape, Amount::Records(PORTION));
    while size_of(&rig.data().join(store::sqlite::FILE_NAME))? < megabytes * 1_000_000 {
        rig.store(session, &load).await?;
        load.after += PORTION;
    }
    match rig.fault(load.step(), 0).await? {
        None => Ok(rig),
        Some(fault) => Err(Failure::told(fault)),
    }
}

/// Seconds of a build from nothing, and of one after a change in the service.
async fn builds(session: &Session) -> Result<Vec<Case>, Failure> {
    let folder = session.programs.folder()?;
    let clean = build(session, folder.path()).await?;
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).with_file_name("aggregator");
    let changed = sources.join("src").join("app.rs");
    touch(&changed).during(changed.display())?;
    let again = build(session, folder.path()).await?;
    let case = |name: &str, run| {
        let name = format!("{name}, {} profile", session.programs.profile);
        Case::new(name, "s", vec![run])
    };
    Ok(vec![
        case("build from nothing", clean),
        case("build after a change", again),
    ])
}

#[expect(clippy::disallowed_methods, reason = "what an editor does to a file")]
fn touch(path: &PathBuf) -> std::io::Result<()> {
    File::options()
        .append(true)
        .open(path)?
        .set_modified(SystemTime::now())
}

async fn build(session: &Session, target: &Path) -> Result<Run, Failure> {
    let cargo = std::env::var_os("CARGO").map_or_else(|| PathBuf::from("cargo"), PathBuf::from);
    let mut command = process::command(&cargo);
    command
        .args(["build", "--locked", "--quiet", "-p", "aggregator"])
        .args(["--profile", &session.programs.profile])
        .arg("--target-dir")
        .arg(target)
        .current_dir(env!("CARGO_MANIFEST_DIR"));
    let began = clock::now();
    let ended = Process::spawn("cargo", &mut command)?;
    ended.ended(BUILD_PATIENCE).await?.success("cargo build")?;
    Ok(Run {
        value: began.elapsed().as_secs_f64(),
        ..Run::default()
    })
}
