//! What an answer means for the batch, and whether it is the service's own at all.
//!
//! Whatever stands in between (a proxy, a captive portal, another service at that address) answers, too.
//! Only the service's own word takes a batch for accepted, or rejects it for what it is.

use super::retry;
use reqwest::StatusCode;
use serde::Deserialize;
use std::time::Duration;

/// Characters of a reason that are shown.
const SHOWN: usize = 200;
/// The service's codes for a batch that it will never accept, whoever sends it.
const BATCH_AT_FAULT: [&str; 13] = [
    "batch_too_large",
    "body_too_large",
    "decoded_body_too_large",
    "empty_body",
    "idempotency_key_reused",
    "invalid_compression",
    "invalid_idempotency_key",
    "invalid_json",
    "invalid_records",
    "invalid_utf8",
    "not_records",
    "unsupported_encoding",
    "unsupported_media_type",
];
/// The service's code for a body that did not come whole.
const BROKEN_OFF: &str = "broken_body";

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
    /// The batch is not accepted, however often it is sent there.
    Rejected {
        /// Why.
        reason: String,
        /// Whether the service itself says that it is for what the batch is. If not, it may be accepted
        /// at another address, from another sender, or once nobody else answers.
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

/// An answer as it came.
#[derive(Debug)]
pub(super) struct Received {
    pub(super) status: StatusCode,
    /// Its body, or the beginning of a long one.
    pub(super) text: Vec<u8>,
    /// Whether it says that the batch was known.
    pub(super) replayed: bool,
    /// How long it asks to wait.
    pub(super) retry_after: Option<Duration>,
}

/// The service's answers, as far as they are looked at.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Answer {
    status: String,
    accepted: Option<u64>,
    rejected: u64,
    code: String,
    message: Option<String>,
    errors: Vec<Rejection>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Rejection {
    reason: String,
}

impl Received {
    /// What it means for a batch of so many logs.
    pub(super) fn outcome(self, sent: u64) -> Outcome {
        let answer: Answer = serde_json::from_slice(&self.text).unwrap_or_default();
        // 202: it is safe there, and the store that was to be waited for is late.
        if matches!(self.status, StatusCode::OK | StatusCode::ACCEPTED) {
            return self.accepted(answer, sent);
        }
        let is_own = answer.status == "error";
        let said = match answer.message {
            Some(message) => message,
            None => String::from_utf8_lossy(&self.text).into_owned(),
        };
        let reason = match short(&said) {
            said if said.is_empty() => self.status.to_string(),
            said => format!("{}: {said}", self.status),
        };
        let broke_off = is_own && answer.code == BROKEN_OFF;
        if broke_off || retry::is_retryable(self.status.as_u16()) {
            return Outcome::Retry {
                reason,
                retry_after: self.retry_after,
            };
        }
        Outcome::Rejected {
            reason,
            batch_at_fault: is_own && BATCH_AT_FAULT.contains(&answer.code.as_str()),
        }
    }

    /// The service accounts for every log: one answer that does not is another's.
    fn accepted(&self, answer: Answer, sent: u64) -> Outcome {
        let accounted = |accepted: &u64| accepted.checked_add(answer.rejected) == Some(sent);
        let own = answer.accepted.filter(|_| answer.status == "success");
        let Some(logs) = own.filter(accounted) else {
            let reason = "without the number of accepted logs: is this the right address?";
            return Outcome::Rejected {
                reason: format!("{} {reason}", self.status.as_u16()),
                batch_at_fault: false,
            };
        };
        let first = answer.errors.into_iter().next();
        Outcome::Accepted {
            logs,
            replayed: self.replayed,
            rejection: (logs < sent).then(|| match first {
                Some(first) => first.reason,
                None => "fewer logs were accepted than were sent".to_owned(),
            }),
        }
    }
}

/// One line, not too long.
pub(super) fn short(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    words.join(" ").chars().take(SHOWN).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What an answer to ten logs means.
    fn interpreted(status: u16, text: &str) -> Outcome {
        let received = Received {
            status: StatusCode::from_u16(status).unwrap(),
            text: text.as_bytes().to_vec(),
            replayed: false,
            retry_after: Some(Duration::from_secs(3)),
        };
        received.outcome(10)
    }

    fn accepted(logs: u64, rejection: Option<&str>) -> Outcome {
        Outcome::Accepted {
            logs,
            replayed: false,
            rejection: rejection.map(str::to_owned),
        }
    }

    fn refused(reason: &str, batch_at_fault: bool) -> Outcome {
        Outcome::Rejected {
            reason: reason.to_owned(),
            batch_at_fault,
        }
    }

    #[test]
    fn only_what_the_service_says_it_took_is_accepted() {
        let all = r#"{"status":"success","accepted":10}"#;
        assert_eq!(interpreted(200, all), accepted(10, None));
        assert_eq!(interpreted(202, all), accepted(10, None));
        let partial = r#"{"status":"success","accepted":9,"rejected":1,"errors":[{"index":3,"reason":"bad time"}]}"#;
        assert_eq!(interpreted(200, partial), accepted(9, Some("bad time")));
        let silent = r#"{"status":"success","accepted":0,"rejected":10}"#;
        let reason = Some("fewer logs were accepted than were sent");
        assert_eq!(interpreted(200, silent), accepted(0, reason));
        for text in [
            "",
            "<html>Welcome to our network</html>",
            "[]",
            "10",
            r#"{"status":"success"}"#,
            r#"{"accepted":10}"#,
            r#"{"status":"ok","accepted":10}"#,
            // They do not account for what was sent.
            r#"{"status":"success","accepted":0}"#,
            r#"{"status":"success","accepted":99}"#,
            r#"{"status":"success","accepted":18446744073709551615,"rejected":11}"#,
        ] {
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
    fn only_the_service_itself_can_say_that_a_batch_is_at_fault() {
        let own = |code: &str| format!(r#"{{"status":"error","code":"{code}","message":"no"}}"#);
        for code in BATCH_AT_FAULT {
            let outcome = interpreted(400, &own(code));
            assert_eq!(outcome, refused("400 Bad Request: no", true), "{code}");
        }
        for text in [
            "",
            "<html>no</html>",
            r#"{"message":"no"}"#,
            r#"{"code":"invalid_json","message":"no"}"#,
            r#"{"status":"error","message":"no"}"#,
            r#"{"status":400,"code":"invalid_json"}"#,
            // Its own words on something else than the batch, or of another version.
            &own("invalid_parameter"),
            &own("not_found"),
            &own("a_code_to_come"),
        ] {
            for status in [400, 401, 403, 404, 405, 413, 415, 422] {
                let outcome = interpreted(status, text);
                let kept =
                    matches!(&outcome, Outcome::Rejected { batch_at_fault, .. } if !batch_at_fault);
                assert!(kept, "{status} {text}: {outcome:?}");
            }
        }
    }

    #[test]
    fn a_refusal_gives_its_reason_in_one_line() {
        let message = r#"{"status":"error","code":"invalid_json","message":"the\nbody is bad"}"#;
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
        let broke_off = r#"{"status":"error","code":"broken_body","message":"it broke off"}"#;
        assert!(matches!(interpreted(400, broke_off), Outcome::Retry { .. }));
    }
}
