//! What a command asks of a running service: where that is, how long an answer may take, and how it is told.

use super::output_form::OutputForm;
use super::query::{Failure, ServiceClient};
use super::sanitize;
use super::service::ServiceArgs;
use clap::Args;
use program::values::time;
use serde::Deserialize;
use std::io::{self, Write};
use std::time::Duration;
use tokio::runtime;

/// The type of answers.
pub(super) const JSON: &str = "application/json";

/// Which service is asked, and how it is told.
#[derive(Debug, Clone, Args)]
pub struct AskedArgs {
    /// Which service.
    #[command(flatten)]
    pub service: ServiceArgs,
    /// Lines for people, or JSON, one object a line.
    #[arg(
        short = 'o',
        long,
        value_enum,
        default_value = "text",
        value_name = "FORM"
    )]
    pub output: OutputForm,
    /// How long each answer may take to begin (10s, 500ms; a plain number is seconds).
    #[arg(long, default_value = "60s", value_name = "TIME", value_parser = time)]
    pub timeout: Duration,
}

/// What is answered to something that is to be done.
#[derive(Debug, Deserialize)]
struct Done {
    message: String,
}

impl AskedArgs {
    /// Who asks it.
    pub(super) fn client(&self) -> Result<ServiceClient, Failure> {
        ServiceClient::new(self.service.asked()?, &self.service.client, self.timeout)
    }

    /// Has something done at an address of the service, and says in a sentence what came of it.
    pub(super) async fn have_done(
        &self,
        client: &ServiceClient,
        (path, query): (&str, &str),
        out: &mut impl Write,
    ) -> Result<(), Failure> {
        let answer = client.post(path, query, JSON).await?;
        let body = client.whole(answer).await?;
        let Done { message } = understood(client, &body)?;
        match self.output {
            OutputForm::Text => writeln!(out, "{}", sanitize::line(&message))?,
            OutputForm::Json => write_json(String::from_utf8_lossy(&body).trim_end(), out)?,
        }
        Ok(())
    }
}

/// Runs to its end.
pub(super) fn finished(work: impl Future<Output = Result<(), Failure>>) -> Result<(), Failure> {
    let runtime = runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::Start(error.to_string()))?;
    let done = runtime.block_on(work);
    // Without waiting: a name server that does not answer still blocks a thread.
    runtime.shutdown_background();
    done
}

/// An answer of an aggregator.
pub(super) fn understood<'a, T: Deserialize<'a>>(
    client: &ServiceClient,
    body: &'a [u8],
) -> Result<T, Failure> {
    serde_json::from_slice(body).map_err(|_| client.foreign())
}

/// As the service tells it, in one line that no terminal obeys.
pub(super) fn write_json(object: &str, out: &mut impl Write) -> io::Result<()> {
    let mut line = Vec::with_capacity(object.len());
    sanitize::write_json(object, &mut line);
    line.push(b'\n');
    out.write_all(&line)
}
