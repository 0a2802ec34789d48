//! One attempt to send: the request, and the reading of its answer.

use super::answer::{Outcome, Received, short};
use super::endpoint::Endpoint;
use super::retry;
use crate::clock;
use crate::payload::Payload;
use reqwest::header::{AUTHORIZATION, CONTENT_ENCODING, CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use reqwest::{Client, Response};
use rustls::ClientConfig;
use std::error::Error;
use std::time::Duration;

/// More of an answer is not read; the service's own are much shorter.
const ANSWER_BYTES: usize = 64 * 1024;
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// Sends payloads over connections that are kept.
#[derive(Debug, Clone)]
pub struct HttpClient {
    client: Client,
    endpoint: Endpoint,
    /// As a header has it.
    token: Option<HeaderValue>,
}

impl HttpClient {
    /// A client that has this token, if the service wants one, and speaks TLS so; `timeout` is for a whole request.
    ///
    /// # Errors
    /// When the system gives no means for a client.
    pub fn new(
        endpoint: Endpoint,
        token: Option<String>,
        tls: ClientConfig,
        timeout: Duration,
        connections: usize,
    ) -> reqwest::Result<Self> {
        let client = Client::builder()
            .tls_backend_preconfigured(tls)
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            // Retries are counted by us: none is to be made in secret.
            .retry(reqwest::retry::never())
            .timeout(timeout)
            .connect_timeout(timeout.min(CONNECT_TIMEOUT))
            .pool_max_idle_per_host(connections)
            .tcp_nodelay(true)
            .build()?;
        let token = token.and_then(|token| HeaderValue::try_from(format!("Bearer {token}")).ok());
        let token = token.map(|mut token| {
            token.set_sensitive(true);
            token
        });
        Ok(Self {
            client,
            endpoint,
            token,
        })
    }

    /// Sends a payload once under this key.
    pub async fn attempt(&self, key: &str, payload: &Payload) -> Outcome {
        let mut request = self
            .client
            .post(self.endpoint.url().clone())
            .header(CONTENT_TYPE, HeaderValue::from_static("application/json"))
            .header("idempotency-key", key)
            .body(payload.bytes.clone());
        if let Some(token) = &self.token {
            request = request.header(AUTHORIZATION, token);
        }
        if payload.gzip {
            request = request.header(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        }
        match self.request(request).await {
            Ok(received) => received.outcome(payload.logs),
            Err(error) => Outcome::Retry {
                reason: describe(&error),
                retry_after: None,
            },
        }
    }

    async fn request(&self, request: reqwest::RequestBuilder) -> reqwest::Result<Received> {
        let response = request.send().await?;
        let status = response.status();
        let retry_after = header(&response, RETRY_AFTER.as_str())
            .and_then(|text| retry::parse_retry_after(text, clock::now()));
        let replayed = header(&response, "idempotent-replayed") == Some("true");
        Ok(Received {
            status,
            text: read(response).await?,
            replayed,
            retry_after,
        })
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
    if let Some(told) = program::tls::told(error) {
        return format!("{kind}: {}", short(&told));
    }
    let mut root: &dyn Error = error;
    while let Some(source) = root.source() {
        root = source;
    }
    format!("{kind}: {}", short(&root.to_string()))
}
