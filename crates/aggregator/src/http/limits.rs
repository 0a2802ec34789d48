//! The bounds and times of requests. They may change while the service runs: each request has those of its beginning.

use crate::config::HttpConfig;
use std::time::Duration;

/// Bounds and times of requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// A body as it is sent, in bytes.
    pub body_bytes: usize,
    /// From a whole body to the answer.
    pub request_timeout: Duration,
    /// How long records are looked for when a limited number is asked for, and how long they are counted.
    pub query_max_time: Duration,
    /// For the head of a request, and from there to the end of its body.
    pub body_timeout: Duration,
}

impl From<&HttpConfig> for Limits {
    fn from(http: &HttpConfig) -> Self {
        Self {
            body_bytes: http.max_body_bytes,
            request_timeout: http.request_timeout,
            query_max_time: http.query_max_time,
            body_timeout: http.body_timeout,
        }
    }
}
