//! One try: a request, and what its answer means.

use crate::source::Body;
use crate::target::Target;
use crate::{clock, retry};
use reqwest::header::{CONTENT_ENCODING, CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use reqwest::{Client, Response, StatusCode};
use serde::Deserialize;
use std::error::Error;
use std::time::Duration;

/// More of an answer is not looked at; the service's own are much shorter.
const ANSWER_BYTES: usize = 64 * 1024;
/// Characters of an answer that is no JSON which are shown.
const SHOWN: usize = 200;
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// What became of a try.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// The service has the batch.
    Taken {
        /// Logs that it took.
        accepted: u64,
        /// It had them already, from an earlier try.
        replayed: bool,
        /// Why it did not take the others, if there are any.
        rejected: Option<String>,
    },
    /// It does not take the batch, however often it is sent there.
    Refused {
        /// Why.
        reason: String,
        /// Whether that is the batch's fault; else it may be taken at another address, or by another
        /// sender.
        of_batch: bool,
    },
    /// Another try may be taken.
    Again {
        /// What went wrong.
        reason: String,
        /// How long the service asks to wait.
        asked: Option<Duration>,
    },
}

/// Sends bodies over connections that are kept.
#[derive(Debug, Clone)]
pub struct Sender {
    client: Client,
    target: Target,
}

/// The service's answers, as far as they are looked at.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Answer {
    accepted: Option<u64>,
    message: Option<String>,
    errors: Vec<Reject>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Reject {
    reason: String,
}

impl Sender {
    /// A sender; `timeout` is for a whole request.
    ///
    /// # Errors
    /// When the system gives no means for a client.
    pub fn new(target: Target, timeout: Duration, connections: usize) -> reqwest::Result<Self> {
        let client = Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            // The tries are counted here: none is to be made in secret.
            .retry(reqwest::retry::never())
            .timeout(timeout)
            .connect_timeout(timeout.min(CONNECT_TIMEOUT))
            .pool_max_idle_per_host(connections)
            .tcp_nodelay(true)
            .build()?;
        Ok(Self { client, target })
    }

    /// Sends a body once under this key.
    pub async fn send(&self, key: &str, body: &Body) -> Verdict {
        let mut request = self
            .client
            .post(self.target.url().clone())
            .header(CONTENT_TYPE, HeaderValue::from_static("application/json"))
            .header("idempotency-key", key)
            .body(body.bytes.clone());
        if body.gzip {
            request = request.header(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        }
        match self.answer(request).await {
            Ok(verdict) => verdict.bounded(body.logs),
            Err(error) => Verdict::Again {
                reason: reason(&error),
                asked: None,
            },
        }
    }

    async fn answer(&self, request: reqwest::RequestBuilder) -> reqwest::Result<Verdict> {
        let response = request.send().await?;
        let status = response.status();
        let asked = header(&response, RETRY_AFTER.as_str())
            .and_then(|text| retry::asked_wait(text, clock::now()));
        let replayed = header(&response, "idempotent-replayed") == Some("true");
        let text = read(response).await?;
        Ok(judge(status, &text, replayed, asked))
    }
}

impl Verdict {
    /// No answer can accept more than was sent.
    fn bounded(self, sent: u64) -> Self {
        match self {
            Self::Taken {
                accepted,
                replayed,
                rejected,
            } => Self::Taken {
                accepted: accepted.min(sent),
                replayed,
                rejected: (accepted < sent).then(|| {
                    rejected.unwrap_or_else(|| "fewer logs were accepted than were sent".to_owned())
                }),
            },
            other => other,
        }
    }
}

fn header<'a>(response: &'a Response, name: &str) -> Option<&'a str> {
    response.headers().get(name)?.to_str().ok()
}

/// The beginning of an answer; the rest is left, and its connection with it.
async fn read(mut response: Response) -> reqwest::Result<Vec<u8>> {
    let mut text = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        text.extend_from_slice(&chunk);
        if text.len() > ANSWER_BYTES {
            break;
        }
    }
    Ok(text)
}

fn judge(status: StatusCode, text: &[u8], replayed: bool, asked: Option<Duration>) -> Verdict {
    let answer: Answer = serde_json::from_slice(text).unwrap_or_default();
    // 202: it is safe there, and the store that was to be waited for is late.
    if matches!(status, StatusCode::OK | StatusCode::ACCEPTED) {
        let Some(accepted) = answer.accepted else {
            let reason = "without a number of accepted logs: is this the right address?";
            return Verdict::Refused {
                reason: format!("{} {reason}", status.as_u16()),
                of_batch: false,
            };
        };
        let rejected = answer.errors.into_iter().next().map(|first| first.reason);
        return Verdict::Taken {
            accepted,
            replayed,
            rejected,
        };
    }
    let said = match answer.message {
        Some(message) => message,
        None => String::from_utf8_lossy(text).into_owned(),
    };
    let reason = match short(&said) {
        said if said.is_empty() => status.to_string(),
        said => format!("{status}: {said}"),
    };
    if retry::is_worth_another_try(status.as_u16()) {
        Verdict::Again { reason, asked }
    } else {
        let of_batch = retry::is_the_batchs_fault(status.as_u16());
        Verdict::Refused { reason, of_batch }
    }
}

/// One line, not too long.
fn short(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    words.join(" ").chars().take(SHOWN).collect()
}

/// What went wrong on the way, in a few words that are the same each time.
fn reason(error: &reqwest::Error) -> String {
    if error.is_timeout() {
        return "no answer in time".to_owned();
    }
    let kind = if error.is_connect() {
        "no connection"
    } else {
        "connection broken"
    };
    let mut root: &dyn Error = error;
    while let Some(source) = root.source() {
        root = source;
    }
    format!("{kind}: {}", short(&root.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(status: u16, text: &str) -> Verdict {
        let status = StatusCode::from_u16(status).unwrap();
        judge(status, text.as_bytes(), false, Some(Duration::from_secs(3))).bounded(10)
    }

    fn taken(accepted: u64, rejected: Option<&str>) -> Verdict {
        Verdict::Taken {
            accepted,
            replayed: false,
            rejected: rejected.map(str::to_owned),
        }
    }

    #[test]
    fn only_what_the_service_says_it_took_is_accepted() {
        assert_eq!(judged(200, r#"{"accepted":10}"#), taken(10, None));
        assert_eq!(judged(200, r#"{"accepted":99}"#), taken(10, None));
        assert_eq!(judged(202, r#"{"accepted":10}"#), taken(10, None));
        let partial = r#"{"accepted":9,"rejected":1,"errors":[{"index":3,"reason":"bad time"}]}"#;
        assert_eq!(judged(200, partial), taken(9, Some("bad time")));
        let silent = Some("fewer logs were accepted than were sent");
        assert_eq!(judged(200, r#"{"accepted":0}"#), taken(0, silent));
        for text in ["", "<html>", "[]", r#"{"status":"success"}"#] {
            let Verdict::Refused {
                reason,
                of_batch: false,
            } = judged(200, text)
            else {
                panic!("{text} was taken for an answer");
            };
            assert!(reason.contains("right address"), "{reason}");
        }
    }

    #[test]
    fn a_refusal_gives_its_reason_in_one_line() {
        let message = r#"{"code":"invalid","message":"the\nbody is bad"}"#;
        let refused = |reason: &str, of_batch| Verdict::Refused {
            reason: reason.to_owned(),
            of_batch,
        };
        assert_eq!(
            judged(400, message),
            refused("400 Bad Request: the body is bad", true)
        );
        assert_eq!(judged(404, ""), refused("404 Not Found", false));
        assert_eq!(judged(302, "moved"), refused("302 Found: moved", false));
        assert_eq!(judged(204, ""), refused("204 No Content", false));
    }

    #[test]
    fn what_may_pass_is_tried_again_when_the_service_asks_for_it() {
        let again = Verdict::Again {
            reason: "503 Service Unavailable: later".to_owned(),
            asked: Some(Duration::from_secs(3)),
        };
        assert_eq!(judged(503, r#"{"message":"later"}"#), again);
        for status in [408, 429, 500, 504] {
            assert!(matches!(judged(status, ""), Verdict::Again { .. }));
        }
    }
}
