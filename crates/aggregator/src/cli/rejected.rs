//! `aggregator rejected list` and `aggregator rejected replay`: what a running service keeps aside of records that
//! its store refused for good or no store can hold.
//!
//! Over HTTP from the service's own machine, which is where it answers such questions.

mod shown;

use super::asked::{AskedArgs, JSON, finished, understood, write_json};
use super::output_form::OutputForm;
use super::query::{Failure, ServiceClient};
use super::service::ServiceArgs;
use crate::deliver::dead_letters::ReasonCode;
use clap::builder::PossibleValuesParser;
use clap::{Args, Subcommand, value_parser};
use serde::Deserialize;
use serde_json::value::RawValue;
use std::io::Write;

const LIST: &str = "/logs/rejected";
const REPLAY: &str = "/logs/rejected/replay";
/// Records in one answer.
const PAGE: u64 = 100;
/// One record may be as large as a body, and an answer ends only behind a record.
const LARGEST_ANSWER: usize = 1024 * 1024 * 1024;

/// What can be done with refused records.
#[derive(Debug, Clone, Subcommand)]
pub enum RejectedCommand {
    /// Lists them with their reasons, in the order in which they were kept.
    List(ListArgs),
    /// Puts back those that can be stored, with the ids that they had, once the cause is mended.
    Replay(ReplayArgs),
}

/// Which records are listed.
#[derive(Debug, Clone, Args)]
pub struct ListArgs {
    /// How.
    #[command(flatten)]
    pub asked: AskedArgs,
    /// So many records at most; without it, all of them.
    #[arg(short = 'n', long, value_name = "COUNT", value_parser = value_parser!(u64).range(1..))]
    pub limit: Option<u64>,
    /// Those that are kept for this reason.
    #[arg(long, value_name = "REASON", value_parser = reasons())]
    pub reason: Option<String>,
}

fn reasons() -> PossibleValuesParser {
    ReasonCode::ALL.map(ReasonCode::name).into()
}

/// What is put back.
#[derive(Debug, Clone, Args)]
pub struct ReplayArgs {
    /// How.
    #[command(flatten)]
    pub asked: AskedArgs,
    /// The one with this id, as `list` tells it; may be given several times. Without any choice, all of them.
    #[arg(long, value_name = "ID", conflicts_with = "reason")]
    pub id: Vec<String>,
    /// Those that are kept for this reason.
    #[arg(long, value_name = "REASON", value_parser = reasons())]
    pub reason: Option<String>,
}

impl RejectedCommand {
    /// Which service.
    pub(super) fn service_mut(&mut self) -> &mut ServiceArgs {
        match self {
            Self::List(ListArgs { asked, .. }) | Self::Replay(ReplayArgs { asked, .. }) => {
                &mut asked.service
            }
        }
    }

    fn asked(&self) -> &AskedArgs {
        match self {
            Self::List(ListArgs { asked, .. }) | Self::Replay(ReplayArgs { asked, .. }) => asked,
        }
    }
}

/// A part of the list, as `GET /logs/rejected` answers it.
#[derive(Debug, Deserialize)]
struct Page<'a> {
    total: u64,
    #[serde(borrow)]
    records: Vec<&'a RawValue>,
    next: Option<String>,
}

/// What `POST /logs/rejected/replay` answers.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Replayed {
    #[serde(rename = "replayed")]
    records: u64,
    #[serde(default)]
    left_aside: u64,
    #[serde(default)]
    not_found: u64,
}

/// Carries out a command.
///
/// # Errors
/// [`Failure`], one sentence each.
pub fn run(command: &RejectedCommand, out: &mut impl Write) -> Result<(), Failure> {
    let client = command.asked().client()?;
    finished(async {
        match command {
            RejectedCommand::List(args) => list(&client, args, out).await,
            RejectedCommand::Replay(args) => replay(&client, args, out).await,
        }
    })?;
    Ok(out.flush()?)
}

async fn list(
    client: &ServiceClient,
    args: &ListArgs,
    out: &mut impl Write,
) -> Result<(), Failure> {
    let (mut listed, mut after) = (0, None);
    loop {
        let left = args.limit.map_or(PAGE, |limit| limit - listed).min(PAGE);
        let from = after.as_deref().map(|place| format!("&after={place}"));
        let kind = args.reason.as_deref();
        let kind = kind.map(|reason| format!("&reason={reason}"));
        let (from, kind) = (from.unwrap_or_default(), kind.unwrap_or_default());
        let query = format!("limit={left}{from}{kind}");
        let answer = client.get(LIST, &query, JSON).await?;
        let body = client.whole_within(answer, LARGEST_ANSWER).await?;
        let page: Page<'_> = understood(client, &body)?;
        for record in &page.records {
            match args.asked.output {
                OutputForm::Text => shown::write_text(record.get(), out)?,
                OutputForm::Json => write_json(record.get(), out)?,
            }
        }
        listed += page.records.len() as u64;
        let is_enough = args.limit.is_some_and(|limit| listed >= limit);
        after = page.next.filter(|_| !is_enough);
        if after.is_none() {
            if args.asked.output == OutputForm::Text {
                shown::write_sum(listed, page.total, out)?;
            }
            return Ok(());
        }
    }
}

async fn replay(
    client: &ServiceClient,
    args: &ReplayArgs,
    out: &mut impl Write,
) -> Result<(), Failure> {
    let ids = args.id.iter().map(|id| ("id", id));
    let reason = args.reason.iter().map(|reason| ("reason", reason));
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(ids.chain(reason));
    let answer = client.post(REPLAY, &query.finish(), JSON).await?;
    let body = client.whole(answer).await?;
    let Replayed {
        records,
        left_aside,
        not_found,
    } = understood(client, &body)?;
    match args.asked.output {
        OutputForm::Text => shown::write_replayed(records, left_aside, not_found, out)?,
        OutputForm::Json => {
            write_json(String::from_utf8_lossy(&body).trim_end(), out)?;
        }
    }
    Ok(())
}
