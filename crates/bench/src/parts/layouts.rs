//! Part 10, layouts: the same records as rows and as blocks, and with a peer, stored, kept and searched in turn.

use crate::clock;
use crate::failure::Failure;
use crate::load::Shape;
use crate::parts::kept::{self, Keeper, Kept};
use crate::parts::questions::QUESTIONS;
use crate::parts::spread::{Delivery, Spread};
use crate::parts::{bytes, day, real_text, storing};
use crate::peer::{Peer, VictoriaLogs};
use crate::report::{Part, Ratio};
use crate::rig::{Rig, Target};
use crate::session::{Session, say};
use std::path::PathBuf;

/// Seconds that a store is left alone before it is measured.
const REST: u64 = 60;
/// Records in a body of those that come under keys.
const KEYED_BATCH: u64 = 10;

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
    #[arg(long, default_value_t = REST, value_name = "SECONDS")]
    rest: u64,
    /// Records that come 10 a batch, each batch under a key of its own, whose bytes are measured, too.
    #[arg(long, default_value_t = 200_000, value_name = "COUNT")]
    keyed: u64,
    /// Also measures a program of others: victorialogs=PATH.
    #[arg(long, value_name = "NAME=PATH")]
    peer: Option<Peer>,
    /// Measures only the bytes of the lines of these files, each a record's message.
    #[arg(long, num_args = 1.., value_name = "FILE")]
    text: Vec<PathBuf>,
}

impl Settings {
    /// Beside a peer: full batches, and the searches.
    pub(super) fn beside(peer: Peer, records: u64) -> Self {
        Self {
            records,
            shapes: vec![Shape {
                batch: 1000,
                connections: 8,
            }],
            rest: REST,
            keyed: 0,
            peer: Some(peer),
            text: Vec::new(),
        }
    }
}

/// Measures.
pub(crate) async fn run(session: &Session, settings: &Settings) -> Result<Part, Failure> {
    let peer = settings.peer.as_ref();
    if let Some(peer) = peer {
        // Before an hour of measuring: whether it starts.
        peer.start(&session.programs).await?.end().await?;
    }
    if !settings.text.is_empty() {
        return real_text::run(session, &settings.text, settings.rest, peer).await;
    }
    let mut part = Part {
        name: "Layouts",
        cases: Vec::new(),
        ratios: Vec::new(),
    };
    storing::store(session, &settings.shapes, peer, &mut part).await?;
    let spread = day::spread(settings.records, 1);
    let all = keep(session, settings, spread, &mut part).await?;
    for question in &QUESTIONS {
        let asked = kept::ask(session, &all, question, &spread).await?;
        let (what, blocks) = (question.what, asked.median("blocks"));
        let ratio = asked.median("rows") / blocks;
        let against = format!("{what}, rows against blocks");
        part.ratios
            .push(Ratio::more(against, ratio, Some(question.goal)));
        if peer.is_some() {
            let ratio = asked.median(VictoriaLogs::NAME) / blocks;
            let against = format!("{what}, {} against blocks", VictoriaLogs::NAME);
            part.ratios
                .push(Ratio::more(against, ratio, Some((1.0, 1.0))));
        }
        part.cases.extend(asked.cases);
    }
    for kept in all {
        let what = format!("{}, peak memory through all searches", kept.name);
        let goal = (kept.name == "blocks").then_some((256.0, 128.0));
        let peak = kept.peak_rss_mib()?;
        part.ratios.push(Ratio::less(what, peak, "MiB", goal));
        kept.end().await?;
    }
    if settings.keyed > 0 {
        keyed(session, settings, &mut part).await?;
    }
    Ok(part)
}

/// Has the records of the day kept by everyone, and tells their bytes when they have had their rest.
async fn keep(
    session: &Session,
    settings: &Settings,
    spread: Spread,
    part: &mut Part,
) -> Result<Vec<Kept<'static>>, Failure> {
    let mut all = Vec::new();
    for target in Target::LAYOUTS {
        let mut rig = Rig::start(session, target).await?;
        let fault = spread.fill(&mut rig, Delivery::Spooled).await?;
        all.push(Kept {
            name: target.layout(),
            keeper: Keeper::Ours(rig),
            fault,
        });
    }
    if let Some(peer) = &settings.peer {
        let running = peer.start(&session.programs).await?;
        spread.fill_peer(&running).await?;
        all.push(Kept {
            name: VictoriaLogs::NAME,
            keeper: Keeper::Peer(running),
            fault: None,
        });
    }
    say(format_args!("{} s of rest", settings.rest));
    clock::pause(1_000 * settings.rest).await;
    for kept in &all {
        let case = bytes::case(kept, "", settings.records).await?;
        if kept.name == "blocks" {
            let what = "blocks, bytes a log in the data folder".to_owned();
            let goal = Some((35.0, 30.0));
            let folder = case.detail(bytes::FOLDER);
            part.ratios.push(Ratio::less(what, folder, "B", goal));
        }
        part.cases.push(case);
    }
    Ok(all)
}

/// The bytes of records that came in small batches, whose keys are remembered.
async fn keyed(session: &Session, settings: &Settings, part: &mut Part) -> Result<(), Failure> {
    let spread = Spread {
        records: settings.keyed,
        batch: KEYED_BATCH,
        needles: 0,
        ..day::spread(settings.keyed, 0)
    };
    let mut all = Vec::new();
    for target in Target::LAYOUTS {
        let mut rig = Rig::start(session, target).await?;
        let fault = spread.fill(&mut rig, Delivery::Keyed).await?;
        all.push(Kept {
            name: target.layout(),
            keeper: Keeper::Ours(rig),
            fault,
        });
    }
    clock::pause(1_000 * settings.rest).await;
    for kept in all {
        let how = ", 10 a batch with keys";
        part.cases
            .push(bytes::case(&kept, how, settings.keyed).await?);
        kept.end().await?;
    }
    Ok(())
}
