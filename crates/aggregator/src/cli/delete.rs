//! `aggregator delete`: has a running service delete records on purpose, and tells how far that is.
//!
//! Over HTTP from the service's own machine, which is where it answers such questions, or with a token that may operate.

mod shown;

use super::asked::{AskedArgs, JSON, finished, understood, write_json};
use super::filters::FilterArgs;
use super::output_form::OutputForm;
use super::query::{Failure, ServiceClient};
use clap::Args;
use form_urlencoded::Serializer;
use shown::{Counted, Deletion};
use std::io::{self, BufRead as _, IsTerminal as _, Write};
use std::time::Duration;

const DELETE: &str = "/logs/delete";
/// Between two looks how far it is.
const LOOK_PAUSE: Duration = Duration::from_millis(500);

/// Which records, and whether it is meant.
#[derive(Debug, Clone, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag")]
pub struct DeleteArgs {
    /// Which records.
    #[command(flatten)]
    pub filters: FilterArgs,
    /// Every record there is, in place of filters.
    #[arg(long)]
    pub all: bool,
    /// Only count them.
    #[arg(long, conflicts_with_all = ["yes", "follow", "without"])]
    pub dry_run: bool,
    /// Do not ask whether it is meant.
    #[arg(short = 'y', long)]
    pub yes: bool,
    /// Wait until it is done, and tell how far it is.
    #[arg(long)]
    pub follow: bool,
    /// Do not wait for the aggregator with this id or name, which is gone for good; may be given several times. What is in
    /// its spool is not deleted.
    #[arg(long, value_name = "ID")]
    pub without: Vec<String>,
    /// How.
    #[command(flatten)]
    pub asked: AskedArgs,
}

/// Carries it out.
///
/// # Errors
/// [`Failure`], one sentence each.
pub fn run(args: &DeleteArgs, out: &mut impl Write) -> Result<(), Failure> {
    if let Some(sentence) = args.filters.contradiction() {
        return Err(Failure::Usage(sentence));
    }
    if !args.dry_run && !args.yes && !io::stdin().is_terminal() {
        let sentence = "nobody can be asked whether the records are to be deleted: --yes says so, and --dry-run counts them";
        return Err(Failure::Usage(sentence));
    }
    let client = args.asked.client()?;
    finished(delete(&client, args, out))?;
    Ok(out.flush()?)
}

async fn delete(
    client: &ServiceClient,
    args: &DeleteArgs,
    out: &mut impl Write,
) -> Result<(), Failure> {
    if args.dry_run || !args.yes {
        let answer = client.post(DELETE, &args.question(true), JSON).await?;
        let body = client.whole(answer).await?;
        let counted: Counted = understood(client, &body)?;
        if args.dry_run && args.asked.output == OutputForm::Json {
            return Ok(write_json(&text(&body), out)?);
        }
        if args.dry_run {
            return Ok(counted.write(out)?);
        }
        counted.write(&mut io::stderr().lock())?;
        if !is_meant()? {
            return Err(Failure::Usage("nothing is deleted"));
        }
    }
    let answer = client.post(DELETE, &args.question(false), JSON).await?;
    let body = client.whole(answer).await?;
    let begun: shown::Begun = understood(client, &body)?;
    match (args.asked.output, args.follow) {
        (OutputForm::Text, _) => begun.write(out)?,
        (OutputForm::Json, true) => {}
        (OutputForm::Json, false) => write_json(&text(&body), out)?,
    }
    out.flush()?;
    match args.follow {
        true => follow(client, &begun.deletion.id, args.asked.output, out).await,
        false => Ok(()),
    }
}

/// Until it has ended.
async fn follow(
    client: &ServiceClient,
    id: &str,
    form: OutputForm,
    out: &mut impl Write,
) -> Result<(), Failure> {
    let mut before = String::new();
    loop {
        let answer = client.get(&format!("{DELETE}/{id}"), "", JSON).await?;
        let body = client.whole(answer).await?;
        let deletion: Deletion = understood(client, &body)?;
        let now = match form {
            OutputForm::Text => deletion.line(),
            OutputForm::Json => text(&body),
        };
        if now != before {
            match form {
                OutputForm::Text => writeln!(out, "{now}")?,
                OutputForm::Json => write_json(&now, out)?,
            }
            out.flush()?;
            before = now;
        }
        if deletion.has_ended() {
            return match deletion.is_done() {
                true => Ok(()),
                false => Err(Failure::NotDone(deletion.line())),
            };
        }
        tokio::time::sleep(LOOK_PAUSE).await;
    }
}

/// Asks on the terminal.
fn is_meant() -> io::Result<bool> {
    let mut terminal = io::stderr().lock();
    write!(terminal, "Delete them for good? [y/N] ")?;
    terminal.flush()?;
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer)?;
    let answer = answer.trim().to_ascii_lowercase();
    Ok(["y", "yes"].contains(&&*answer))
}

fn text(body: &[u8]) -> String {
    String::from_utf8_lossy(body).trim_end().to_owned()
}

impl DeleteArgs {
    /// As the service is asked.
    fn question(&self, dry_run: bool) -> String {
        let mut query = Serializer::new(String::new());
        query.extend_pairs(self.filters.of_records());
        query.extend_pairs(self.filters.of_attributes());
        if self.all {
            query.append_pair("all", "true");
        }
        if dry_run {
            query.append_pair("dryRun", "true");
        } else {
            query.extend_pairs(self.without.iter().map(|id| ("without", id)));
        }
        query.finish()
    }
}
