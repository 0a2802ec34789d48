//! Sends a portion until the service has taken or refused it, as `POST /logs/batch` is to be used.

use super::cutter::Cut;
use super::failure::Failure;
use crate::cli::sanitize;
use crate::cli::service::{self, Asked, UrlArgs, innermost};
use bytes::Bytes;
use logs::clock::{Clock as _, SystemClock};
use reqwest::header::{CONTENT_TYPE, RETRY_AFTER};
use reqwest::{Client, Response, StatusCode, Url};
use serde::Deserialize;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
const FIRST_REST: Duration = Duration::from_millis(200);
const LONGEST_REST: Duration = Duration::from_secs(30);
/// More than any answer to a batch has.
const LARGEST_ANSWER: usize = 1024 * 1024;

/// The service, and how patient it is asked.
#[derive(Debug)]
pub(super) struct BatchSender {
    client: Client,
    url: Url,
    timeout: Duration,
    patience: Duration,
    /// Whether a portion counts as taken when the store has it, and not before.
    is_awaited: bool,
    clock: SystemClock,
    /// Milliseconds on the clock before which the service wants to hear of nobody.
    not_before: AtomicU64,
    has_answered: AtomicBool,
    /// Said once, until a portion is taken again.
    is_troubled: AtomicBool,
}

/// What became of a portion.
#[derive(Debug)]
pub(super) enum Fate {
    Taken(Taken),
    /// The service does not take it, however often it comes.
    Refused(String),
}

/// What the service tells of a batch that it has taken.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Taken {
    pub(super) accepted: u64,
    #[serde(default)]
    pub(super) set_aside: u64,
    #[serde(default)]
    pub(super) warning_count: u64,
    #[serde(default)]
    pub(super) warnings: Vec<Warning>,
    /// It was taken before.
    #[serde(skip)]
    pub(super) is_repeated: bool,
}

/// Something that is kept in another form.
#[derive(Debug, Deserialize)]
pub(super) struct Warning {
    pub(super) index: Option<u64>,
    pub(super) reason: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Refusal {
    code: String,
    message: String,
    retry_after_ms: Option<u64>,
}

/// Why a portion has to come again.
struct Again {
    said: String,
    /// Unless it is not known how long.
    rest: Option<Duration>,
}

impl BatchSender {
    pub(super) fn new(
        to: &UrlArgs,
        is_awaited: bool,
        timeout: Duration,
        patience: Duration,
    ) -> Result<Self, Failure> {
        let asked = Asked::at(&to.url)?;
        let client = service::client(&to.client, &asked)?
            .connect_timeout(timeout.min(CONNECT_TIMEOUT))
            .timeout(timeout)
            .build()
            .map_err(|error| Failure::Start(innermost(&error)))?;
        let mut url = service::below(&asked.url, "/logs/batch");
        // Or one odd value would have a service that is strict by its settings refuse the others beside it.
        url.set_query(Some(match is_awaited {
            true => "ack=stored&strict=false",
            false => "strict=false",
        }));
        Ok(Self {
            client,
            url,
            timeout,
            patience,
            is_awaited,
            clock: SystemClock::start(),
            not_before: AtomicU64::new(0),
            has_answered: AtomicBool::new(false),
            is_troubled: AtomicBool::new(false),
        })
    }

    /// Sends it until it is taken or refused; `notice` is told of what holds it up.
    pub(super) async fn send(&self, cut: Cut, notice: impl Fn(&str)) -> Result<Fate, Failure> {
        let (body, begin) = (Bytes::from(cut.body), self.clock.elapsed());
        let mut backoff = FIRST_REST;
        loop {
            self.rest().await;
            let request = self
                .client
                .post(self.url.clone())
                .header(CONTENT_TYPE, cut.form.content_type())
                .header("idempotency-key", &cut.key)
                .body(body.clone());
            let again = match request.send().await {
                Ok(response) => {
                    self.has_answered.store(true, Ordering::Relaxed);
                    match self.read(response, cut.is_divisible).await? {
                        Ok(fate) => {
                            self.is_troubled.store(false, Ordering::Relaxed);
                            return Ok(fate);
                        }
                        Err(again) => again,
                    }
                }
                Err(error) if error.is_connect() && !self.has_answered.load(Ordering::Relaxed) => {
                    return Err(Failure::Away {
                        url: self.name(),
                        reason: innermost(&error),
                    });
                }
                Err(error) => Again {
                    said: self.unanswered(&error),
                    rest: None,
                },
            };
            let waited = self.clock.elapsed().saturating_sub(begin);
            if waited >= self.patience {
                return Err(Failure::GaveUp {
                    said: again.said,
                    patience: self.patience,
                });
            }
            if !self.is_troubled.swap(true, Ordering::Relaxed) {
                notice(&format!("{}; trying again", again.said));
            }
            let left = self.patience.saturating_sub(waited);
            match again.rest {
                Some(rest) => self.rest_for(rest.min(left)),
                None => tokio::time::sleep(backoff.min(left)).await,
            }
            backoff = (backoff * 2).min(LONGEST_REST);
        }
    }

    /// Waits until the service wants to be asked again, whichever portion it said that of.
    async fn rest(&self) {
        loop {
            let until = Duration::from_millis(self.not_before.load(Ordering::Relaxed));
            let rest = until.saturating_sub(self.clock.elapsed());
            if rest.is_zero() {
                return;
            }
            tokio::time::sleep(rest).await;
        }
    }

    fn rest_for(&self, rest: Duration) {
        let until = self.clock.elapsed().saturating_add(rest).as_millis();
        // A millisecond more, so that none is cut off.
        let until = u64::try_from(until).unwrap_or(u64::MAX).saturating_add(1);
        self.not_before.fetch_max(until, Ordering::Relaxed);
    }

    fn unanswered(&self, error: &reqwest::Error) -> String {
        match error.is_timeout() {
            true => format!(
                "no answer from {} within {} s",
                self.name(),
                self.timeout.as_secs_f64()
            ),
            false => format!("no answer from {}: {}", self.name(), innermost(error)),
        }
    }

    async fn read(
        &self,
        response: Response,
        is_divisible: bool,
    ) -> Result<Result<Fate, Again>, Failure> {
        let status = response.status();
        let is_repeated = response.headers().contains_key("idempotent-replayed");
        let seconds = response.headers().get(RETRY_AFTER);
        let seconds = seconds.and_then(|value| value.to_str().ok()?.parse().ok());
        let rest = seconds.map(Duration::from_secs);
        let Some(body) = whole(response).await else {
            let said = format!("the answer from {} broke off", self.name());
            return Ok(Err(Again { said, rest: None }));
        };
        if matches!(status, StatusCode::OK | StatusCode::ACCEPTED) {
            let taken: Result<Taken, _> = serde_json::from_slice(&body);
            let taken = taken.map_err(|_| Failure::Foreign(self.name()))?;
            if self.is_awaited && status == StatusCode::ACCEPTED {
                let said = "the service has a portion in its spool, and not in its store yet";
                let said = said.to_owned();
                return Ok(Err(Again { said, rest: None }));
            }
            return Ok(Ok(Fate::Taken(Taken {
                is_repeated,
                ..taken
            })));
        }
        self.refused(status, &body, rest, is_divisible)
    }

    fn refused(
        &self,
        status: StatusCode,
        body: &[u8],
        rest: Option<Duration>,
        is_divisible: bool,
    ) -> Result<Result<Fate, Again>, Failure> {
        let refusal: Option<Refusal> = serde_json::from_slice(body).ok();
        let said = match &refusal {
            Some(refusal) => format!(
                "the service says {} ({})",
                sanitize::line(&refusal.message),
                sanitize::line(&refusal.code)
            ),
            None => format!("{} answered {status}", self.name()),
        };
        match status {
            StatusCode::TOO_MANY_REQUESTS
            | StatusCode::REQUEST_TIMEOUT
            | StatusCode::INTERNAL_SERVER_ERROR
            | StatusCode::BAD_GATEWAY
            | StatusCode::SERVICE_UNAVAILABLE
            | StatusCode::GATEWAY_TIMEOUT => {
                let told = refusal.and_then(|refusal| refusal.retry_after_ms);
                let rest = told.map(Duration::from_millis).or(rest);
                Ok(Err(Again { said, rest }))
            }
            // All others of its size would be refused as well, and only the last and shorter one stored.
            StatusCode::PAYLOAD_TOO_LARGE if is_divisible => Err(Failure::TooLarge(said)),
            StatusCode::BAD_REQUEST
            | StatusCode::PAYLOAD_TOO_LARGE
            | StatusCode::UNPROCESSABLE_ENTITY
                if refusal.is_some() =>
            {
                Ok(Ok(Fate::Refused(said)))
            }
            _ if refusal.is_none() && status == StatusCode::NOT_FOUND => {
                Err(Failure::Foreign(self.name()))
            }
            _ => Err(Failure::Status(said)),
        }
    }

    fn name(&self) -> String {
        let mut base = self.url.clone();
        base.set_query(None);
        let path = base.path().trim_end_matches("/logs/batch").to_owned();
        base.set_path(&path);
        sanitize::line(base.as_str().trim_end_matches('/'))
    }
}

/// A short answer; `None` when it breaks off or goes on for too long.
async fn whole(mut response: Response) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.ok()? {
        body.extend_from_slice(&chunk);
        if body.len() > LARGEST_ANSWER {
            return None;
        }
    }
    Some(body)
}
