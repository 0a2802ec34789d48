//! `aggregator log-level`: what a running service logs, and what it is to log for now.

use super::asked::{AskedArgs, JSON, finished, understood, write_json};
use super::output_form::OutputForm;
use super::query::{Failure, ServiceClient};
use super::sanitize;
use clap::Args;
use serde::Deserialize;
use std::io::{self, Write};

const PATH: &str = "/operate/log";

/// Whether something is to be changed, and what.
#[derive(Debug, Clone, Args)]
pub struct LogLevelArgs {
    /// How.
    #[command(flatten)]
    pub asked: AskedArgs,
    /// What is logged from now on: a level, or levels by part (info,spool=debug). Without it, what is logged now is shown.
    #[arg(value_name = "FILTER")]
    pub filter: Option<String>,
}

/// What `GET /operate/log` answers.
#[derive(Debug, Deserialize)]
struct Logged {
    filter: String,
    setting: String,
    since: Option<String>,
}

/// Asks for it, or changes it.
///
/// # Errors
/// [`Failure`], one sentence each.
pub fn run(args: &LogLevelArgs, out: &mut impl Write) -> Result<(), Failure> {
    let client = args.asked.client()?;
    finished(async {
        match &args.filter {
            None => show(&args.asked, &client, out).await,
            Some(filter) => {
                let mut query = form_urlencoded::Serializer::new(String::new());
                let query = query.append_pair("filter", filter).finish();
                args.asked.have_done(&client, (PATH, &query), out).await
            }
        }
    })?;
    Ok(out.flush()?)
}

async fn show(
    asked: &AskedArgs,
    client: &ServiceClient,
    out: &mut impl Write,
) -> Result<(), Failure> {
    let answer = client.get(PATH, "", JSON).await?;
    let body = client.whole(answer).await?;
    let logged: Logged = understood(client, &body)?;
    match asked.output {
        OutputForm::Text => write_text(&logged, out)?,
        OutputForm::Json => write_json(String::from_utf8_lossy(&body).trim_end(), out)?,
    }
    Ok(())
}

/// The filter in a line of its own, for scripts.
fn write_text(logged: &Logged, out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "{}", sanitize::line(&logged.filter))?;
    if let Some(since) = &logged.since {
        let (since, setting) = (sanitize::line(since), sanitize::line(&logged.setting));
        writeln!(
            out,
            "    set by an operator at {since}; RUST_LOG says {setting}"
        )?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_read_what_is_logged_and_whether_the_settings_say_so() {
        let shown = |json: &str| {
            let mut out = Vec::new();
            write_text(&serde_json::from_str(json).unwrap(), &mut out).unwrap();
            String::from_utf8(out).unwrap()
        };
        assert_eq!(shown(r#"{"filter":"info","setting":"info"}"#), "info\n");
        assert_eq!(
            shown(r#"{"filter":"debug\u001b[2J","setting":"info","since":"2026-11-29T22:41:07Z"}"#),
            "debug\\x1b[2J\n    set by an operator at 2026-11-29T22:41:07Z; RUST_LOG says info\n"
        );
    }
}
