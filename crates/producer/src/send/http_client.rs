//! One attempt to send: the request, and what its answer means.

use super::endpoint::Endpoint;
use super::retry;
use crate::clock;
use crate::payload::Payload;
use reqwest::header::{CONTENT_ENCODING, CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use reqwest::{Client, Response, StatusCode};
use serde::Deserialize;
use std::error::Error;
use std::time::Duration;

/// More of an answer is not read; the service's own are much shorter.
const ANSWER_BYTES: usize = 64 * 1024;
/// Characters of an answer that is no JSON which are shown.
const SHOWN: usize = 200;
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// What came of an attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The service has the batch.
    Accepted {
        /// Logs that it accepted.
        logs: u64,
        /// Whether it had them already, from an earlier attempt.
        replayed: bool,
        /// Why it did not accept the others, if there are any.
        rejection: Option<String>,
    },
    /// The service does not accept the batch, however often it is sent there.
    Rejected {
        /// Why.
        reason: String,
        /// Whether that is for what the batch is. If not, it may be accepted at another address, or from
        /// another sender.
        batch_at_fault: bool,
    },
    /// Another attempt may be accepted.
    Retry {
        /// What went wrong.
        reason: String,
        /// How long the service asks to wait.
        retry_after: Option<Duration>,
    },
}

/// Sends payloads over connections that are kept.
#[derive(Debug, Clone)]
pub struct HttpClient {
    client: Client,
    endpoint: Endpoint,
}

/// The service's answers, as far as they are looked at.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Answer {
    accepted: Option<u64>,
    message: Option<String>,
    errors: Vec<Rejection>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Rejection {
    reason: String,
}

impl HttpClient {
    /// A client; `timeout` is for a whole request.
    ///
    /// # Errors
    /// When the system gives no means for a client.
    pub fn new(endpoint: Endpoint, timeout: Duration, connections: usize) -> reqwest::Result<Self> {
        let client = Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            // Retries are counted by us: none is to be made in secret.
            .retry(reqwest::retry::never())
            .timeout(timeout)
            .connect_timeout(timeout.min(CONNECT_TIMEOUT))
            .pool_max_idle_per_host(connections)
            .tcp_nodelay(true)
            .build()?;
        Ok(Self { client, endpoint })
    }

    /// Sends a payload once under this key.
    pub async fn attempt(&self, key: &str, payload: &Payload) -> Outcome {
        let mut request = self
            .client
            .post(self.endpoint.url().clone())
            .header(CONTENT_TYPE, HeaderValue::from_static("application/json"))
            .header("idempotency-key", key)
            .body(payload.bytes.clone());
        if payload.gzip {
            request = request.header(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        }
        match self.request(request).await {
            Ok(outcome) => outcome.bounded(payload.logs),
            Err(error) => Outcome::Retry {
                reason: describe(&error),
                retry_after: None,
            },
        }
    }

    async fn request(&self, request: reqwest::RequestBuilder) -> reqwest::Result<Outcome> {
        let response = request.send().await?;
        let status = response.status();
        let retry_after = header(&response, RETRY_AFTER.as_str())
            .and_then(|text| retry::parse_retry_after(text, clock::now()));
        let replayed = header(&response, "idempotent-replayed") == Some("true");
        let text = read(response).await?;
        Ok(interpret(status, &text, replayed, retry_after))
    }
}

impl Outcome {
    /// No answer can accept more than was sent, and one that accepts less has a reason.
    fn bounded(self, sent: u64) -> Self {
        match self {
            Self::Accepted {
                logs,
                replayed,
                rejection,
            } => Self::Accepted {
                logs: logs.min(sent),
                replayed,
                rejection: (logs < sent).then(|| {
                    rejection
                        .unwrap_or_else(|| "fewer logs were accepted than were sent".to_owned())
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

/// What an answer means for the batch.
fn interpret(
    status: StatusCode,
    text: &[u8],
    replayed: bool,
    retry_after: Option<Duration>,
) -> Outcome {
    let answer: Answer = serde_json::from_slice(text).unwrap_or_default();
    // 202: it is safe there, and the store that was to be waited for is late.
    if matches!(status, StatusCode::OK | StatusCode::ACCEPTED) {
        let Some(accepted) = answer.accepted else {
            let reason = "without a number of accepted logs: is this the right address?";
            return Outcome::Rejected {
                reason: format!("{} {reason}", status.as_u16()),
                batch_at_fault: false,
            };
        };
        let rejection = answer.errors.into_iter().next().map(|first| first.reason);
        return Outcome::Accepted {
            logs: accepted,
            replayed,
            rejection,
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
    if retry::is_retryable(status.as_u16()) {
        Outcome::Retry {
            reason,
            retry_after,
        }
    } else {
        let batch_at_fault = retry::is_batch_at_fault(status.as_u16());
        Outcome::Rejected {
            reason,
            batch_at_fault,
        }
    }
}

/// One line, not too long.
fn short(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    words.join(" ").chars().take(SHOWN).collect()
}

/// What went wrong with the connection, in a few words that are the same each time.
fn describe(error: &reqwest::Error) -> String {
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

    fn interpreted(status: u16, text: &str) -> Outcome {
        let status = StatusCode::from_u16(status).unwrap();
        interpret(status, text.as_bytes(), false, Some(Duration::from_secs(3))).bounded(10)
    }

    fn accepted(logs: u64, rejection: Option<&str>) -> Outcome {
        Outcome::Accepted {
            logs,
            replayed: false,
            rejection: rejection.map(str::to_owned),
        }
    }

    #[test]
    fn only_what_the_service_says_it_took_is_accepted() {
        assert_eq!(interpreted(200, r#"{"accepted":10}"#), accepted(10, None));
        assert_eq!(interpreted(200, r#"{"accepted":99}"#), accepted(10, None));
        assert_eq!(interpreted(202, r#"{"accepted":10}"#), accepted(10, None));
        let partial = r#"{"accepted":9,"rejected":1,"errors":[{"index":3,"reason":"bad time"}]}"#;
        assert_eq!(interpreted(200, partial), accepted(9, Some("bad time")));
        let silent = Some("fewer logs were accepted than were sent");
        assert_eq!(interpreted(200, r#"{"accepted":0}"#), accepted(0, silent));
        for text in ["", "<html>", "[]", r#"{"status":"success"}"#] {
            let Outcome::Rejected {
                reason,
                batch_at_fault: false,
            } = interpreted(200, text)
            else {
                panic!("{text} was taken for an answer");
            };
            assert!(reason.contains("right address"), "{reason}");
        }
    }

    #[test]
    fn a_refusal_gives_its_reason_in_one_line() {
        let message = r#"{"code":"invalid","message":"the\nbody is bad"}"#;
        let refused = |reason: &str, batch_at_fault| Outcome::Rejected {
            reason: reason.to_owned(),
            batch_at_fault,
        };
        assert_eq!(
            interpreted(400, message),
            refused("400 Bad Request: the body is bad", true)
        );
        assert_eq!(interpreted(404, ""), refused("404 Not Found", false));
        assert_eq!(
            interpreted(302, "moved"),
            refused("302 Found: moved", false)
        );
        assert_eq!(interpreted(204, ""), refused("204 No Content", false));
    }

    #[test]
    fn what_may_pass_is_tried_again_when_the_service_asks_for_it() {
        let again = Outcome::Retry {
            reason: "503 Service Unavailable: later".to_owned(),
            retry_after: Some(Duration::from_secs(3)),
        };
        assert_eq!(interpreted(503, r#"{"message":"later"}"#), again);
        for status in [408, 429, 500, 504] {
            assert!(matches!(interpreted(status, ""), Outcome::Retry { .. }));
        }
    }
}
