//! `aggregator health`: asks a running service how it is, for people and for the health check of a
//! container without a shell.

mod report;

use super::output_form::OutputForm;
use super::service::{self, Asked, BadClient, BadUrl, Refusal, ServiceArgs, innermost};
use clap::Args;
use program::values::time;
use reqwest::{ClientBuilder, StatusCode, Url};
use std::time::Duration;
use tokio::runtime;

/// More than any answer of `/health` has.
const LARGEST: usize = 1024 * 1024;

/// Which service is asked, and how it is told.
#[derive(Debug, Clone, Args)]
pub struct HealthArgs {
    /// Which service.
    #[command(flatten)]
    pub service: ServiceArgs,
    /// Lines for people, or the JSON of GET /health.
    #[arg(
        short = 'o',
        long,
        value_enum,
        default_value = "text",
        value_name = "FORM"
    )]
    pub output: OutputForm,
    /// How long the whole answer may take (10s, 500ms; a plain number is seconds).
    #[arg(long, default_value = "5s", value_name = "TIME", value_parser = time)]
    pub timeout: Duration,
}

/// What a running service says of its health.
#[derive(Debug)]
pub struct Answer {
    /// Whether batches are accepted.
    pub healthy: bool,
    /// In the form that was asked for.
    pub text: String,
}

/// Why there is no such answer: one sentence each.
#[derive(Debug, thiserror::Error)]
pub enum HealthError {
    /// The address is none.
    #[error(transparent)]
    Url(#[from] BadUrl),
    /// A file that is of no use.
    #[error(transparent)]
    Client(#[from] BadClient),
    /// The program itself has not got what it needs.
    #[error("cannot ask: {0}")]
    Start(String),
    /// Nobody answers there.
    #[error("no answer from {address}: {reason}")]
    Away {
        /// The address.
        address: String,
        /// The system's reason.
        reason: String,
    },
    /// It does not tell whoever asks so.
    #[error("{address} does not say how it is: {message} ({code})")]
    Refused {
        /// The address.
        address: String,
        /// Its sentence.
        message: String,
        /// The stable code of it.
        code: String,
    },
    /// What answers is something else.
    #[error("what answers at {0} is no aggregator")]
    Foreign(String),
}

impl HealthError {
    /// Whether the command line is wrong, and not the service.
    pub fn is_usage(&self) -> bool {
        matches!(self, Self::Url(_) | Self::Client(_))
    }
}

/// Asks the service.
///
/// # Errors
/// [`HealthError`]
pub fn ask(args: &HealthArgs) -> Result<Answer, HealthError> {
    let asked = args.service.asked()?;
    let address = shown(args, &asked);
    let runtime = runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| HealthError::Start(error.to_string()))?;
    let client = service::client(&args.service.client, &asked)?.timeout(args.timeout);
    let answered = runtime.block_on(answer(&asked.url, client));
    // Without waiting: a name server that does not answer still blocks a thread.
    runtime.shutdown_background();
    let away = |reason| HealthError::Away {
        address: address.clone(),
        reason,
    };
    let (status, body) = answered.map_err(|error| match error.is_timeout() {
        true => away(format!(
            "it did not come within {} s",
            args.timeout.as_secs_f64()
        )),
        false => away(innermost(&error)),
    })?;
    let lines = report::lines(&body).ok_or_else(|| no_report(address, &body))?;
    Ok(Answer {
        healthy: status == StatusCode::OK,
        text: match args.output {
            OutputForm::Text => lines,
            OutputForm::Json => String::from_utf8_lossy(&body).into_owned(),
        },
    })
}

fn no_report(address: String, body: &[u8]) -> HealthError {
    match Refusal::parse(body) {
        Some(Refusal { code, message }) => HealthError::Refused {
            address,
            message,
            code,
        },
        None => HealthError::Foreign(address),
    }
}

/// How the place is called that is asked.
fn shown(args: &HealthArgs, asked: &Asked) -> String {
    match args.service.url.as_deref() {
        None | Some("") => args.service.listen_addr.asked_locally().to_string(),
        Some(_) => asked.url.as_str().trim_end_matches('/').to_owned(),
    }
}

async fn answer(base: &Url, client: ClientBuilder) -> reqwest::Result<(StatusCode, Vec<u8>)> {
    let client = client.build()?;
    let mut response = client.get(service::below(base, "/health")).send().await?;
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        body.extend_from_slice(&chunk);
        if body.len() > LARGEST {
            // No aggregator says so much.
            body.clear();
            break;
        }
    }
    Ok((response.status(), body))
}
