//! How many logs a second each layout stores, and a peer acknowledges, in turn.

use super::median_of;
use crate::failure::Failure;
use crate::load::{Amount, Load, Shape};
use crate::peer::{Peer, VictoriaLogs};
use crate::report::{Part, Ratio, Run};
use crate::rig::{self, Target};
use crate::session::Session;
use crate::usage::as_f64;
use std::fmt;
use std::time::Duration;

/// Until everything that a peer has taken can be found.
const PATIENCE: Duration = Duration::from_secs(120);

#[derive(Debug, Clone, Copy)]
enum Keeper<'a> {
    Layout(Target<'static>),
    Peer(&'a Peer),
}

/// A load on one of them.
struct Storing<'a> {
    keeper: Keeper<'a>,
    shape: Shape,
}

impl fmt::Display for Storing<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.keeper {
            Keeper::Layout(target) => write!(out, "{}, {}", target.layout(), self.shape),
            Keeper::Peer(_) => {
                let name = VictoriaLogs::NAME;
                write!(out, "{name}, acknowledged, {}", self.shape)
            }
        }
    }
}

/// Measures, for each shape.
pub(super) async fn store(
    session: &Session,
    shapes: &[Shape],
    peer: Option<&Peer>,
    part: &mut Part,
) -> Result<(), Failure> {
    let layouts = Target::LAYOUTS.into_iter().map(Keeper::Layout);
    let keepers: Vec<Keeper<'_>> = layouts.chain(peer.map(Keeper::Peer)).collect();
    let mut subjects = Vec::new();
    for shape in shapes.iter().copied() {
        let each = keepers.iter().copied();
        subjects.extend(each.map(|keeper| Storing { keeper, shape }));
    }
    let cases = session.alternate(
        "logs/s",
        &subjects,
        async |storing: &Storing<'_>| match storing.keeper {
            Keeper::Layout(target) => {
                let load = Load::full(storing.shape, Amount::Seconds(session.seconds));
                rig::one_load(session, target, &load).await
            }
            Keeper::Peer(peer) => feed(session, peer, storing.shape).await,
        },
    );
    let cases = cases.await?;
    for shape in shapes {
        let of = |keeper| {
            let shape = *shape;
            median_of(&cases, &Storing { keeper, shape }.to_string())
        };
        let [rows, blocks] = Target::LAYOUTS.map(|target| of(Keeper::Layout(target)));
        let what = format!("stored as blocks, {shape}, against rows");
        part.ratios
            .push(Ratio::more(what, blocks / rows, Some((2.0, 3.0))));
        if let Some(peer) = peer {
            let name = VictoriaLogs::NAME;
            let what = format!("stored as blocks, {shape}, against acknowledged by {name}");
            let ratio = blocks / of(Keeper::Peer(peer));
            part.ratios.push(Ratio::more(what, ratio, None));
        }
    }
    part.cases.extend(cases);
    Ok(())
}

/// Records that a peer acknowledges in a second, and, beside it, those that can be found then.
async fn feed(session: &Session, peer: &Peer, shape: Shape) -> Result<Run, Failure> {
    let running = peer.start(&session.programs).await?;
    let before = running.usage()?.cpu_seconds;
    let fed = running.feed(shape, session.seconds).await?;
    let found = running.all_found(fed.records, PATIENCE).await?;
    let mut usage = running.usage()?;
    usage.cpu_seconds -= before;
    running.end().await?;
    let until_found = found.saturating_duration_since(fed.began).as_secs_f64();
    let taken = (fed.ended - fed.began).as_secs_f64();
    Ok(Run::rate(fed.records, taken)
        .with("victorialogs", usage)
        .detail("found/s", as_f64(fed.records) / until_found))
}
