//! The service that is asked: its address, its answers and its refusals.

use super::failure::Failure;
use crate::cli::sanitize;
use crate::cli::service::{self, Asked, ClientArgs, Refusal, UrlArgs, innermost};
use reqwest::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderName, RETRY_AFTER, TRANSFER_ENCODING};
use reqwest::{Client, RequestBuilder, Response, StatusCode, Url};
use std::time::Duration;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// A machine that is gone without a word is noticed, however long an answer is silent.
const KEEP_ALIVE: Duration = Duration::from_secs(15);
/// More than any refusal and any two sides of neighbours have.
const LARGEST_WHOLE: usize = 64 * 1024 * 1024;
const NEXT_CURSOR: &str = "x-next-cursor";
const SEARCH_COMPLETE: &str = "x-search-complete";

/// A service somewhere.
#[derive(Debug)]
pub(in crate::cli) struct ServiceClient {
    client: Client,
    base: Url,
    timeout: Duration,
}

/// An answer that has begun.
#[derive(Debug)]
pub(in crate::cli) struct Answer(Response);

impl ServiceClient {
    /// The service at a URL.
    pub(in crate::cli) fn at(args: &UrlArgs, timeout: Duration) -> Result<Self, Failure> {
        Self::new(Asked::at(&args.url)?, &args.client, timeout)
    }

    /// The service that is asked; an answer has to begin within `timeout`.
    pub(in crate::cli) fn new(
        asked: Asked,
        args: &ClientArgs,
        timeout: Duration,
    ) -> Result<Self, Failure> {
        let client = service::client(args, &asked)?
            .connect_timeout(timeout.min(CONNECT_TIMEOUT))
            .tcp_keepalive(KEEP_ALIVE)
            .build()
            .map_err(|error| Failure::Start(innermost(&error)))?;
        Ok(Self {
            client,
            base: asked.url,
            timeout,
        })
    }

    /// Asks, and gives the answer if it is one of this type.
    pub(in crate::cli) async fn get(
        &self,
        path: &str,
        query: &str,
        content_type: &str,
    ) -> Result<Answer, Failure> {
        let mut url = service::below(&self.base, path);
        url.set_query(Some(query));
        self.ask(self.client.get(url), content_type).await
    }

    /// Asks for something to be done, and gives the answer if it is one of this type.
    pub(in crate::cli) async fn post(
        &self,
        path: &str,
        query: &str,
        content_type: &str,
    ) -> Result<Answer, Failure> {
        let mut url = service::below(&self.base, path);
        url.set_query(Some(query).filter(|query| !query.is_empty()));
        self.ask(self.client.post(url), content_type).await
    }

    async fn ask(&self, request: RequestBuilder, content_type: &str) -> Result<Answer, Failure> {
        let request = request.send();
        let response = match tokio::time::timeout(self.timeout, request).await {
            Err(_) => return Err(self.silent()),
            Ok(Err(error)) if error.is_timeout() => return Err(self.silent()),
            Ok(Err(error)) => {
                return Err(Failure::Away {
                    url: self.name(),
                    reason: innermost(&error),
                });
            }
            Ok(Ok(response)) => response,
        };
        if ![StatusCode::OK, StatusCode::ACCEPTED].contains(&response.status()) {
            return Err(self.refusal(response).await);
        }
        if !header(&response, CONTENT_TYPE).is_some_and(|told| told.starts_with(content_type)) {
            return Err(self.foreign());
        }
        Ok(Answer(response))
    }

    async fn refusal(&self, response: Response) -> Failure {
        let status = response.status();
        let wait = header(&response, RETRY_AFTER).map(sanitize::line);
        let body = self.whole(Answer(response)).await.unwrap_or_default();
        let Some(Refusal { code, message }) = Refusal::parse(&body) else {
            return self.status(status, String::new());
        };
        match status {
            StatusCode::BAD_REQUEST => Failure::Refused { message, code },
            StatusCode::SERVICE_UNAVAILABLE => Failure::Unavailable {
                message,
                code,
                wait,
            },
            _ => self.status(status, format!(": {message} ({code})")),
        }
    }

    /// All of an answer that is short.
    pub(in crate::cli) async fn whole(&self, answer: Answer) -> Result<Vec<u8>, Failure> {
        self.whole_within(answer, LARGEST_WHOLE).await
    }

    /// All of an answer that has so many bytes at most.
    pub(in crate::cli) async fn whole_within(
        &self,
        mut answer: Answer,
        most: usize,
    ) -> Result<Vec<u8>, Failure> {
        let read = async {
            let mut body = Vec::new();
            while let Some(chunk) = answer.chunk().await? {
                body.extend_from_slice(&chunk);
                if body.len() > most {
                    return Err(self.foreign());
                }
            }
            Ok(body)
        };
        let read = tokio::time::timeout(self.timeout, read).await;
        read.unwrap_or_else(|_| Err(self.silent()))
    }

    /// What answers is no aggregator.
    pub(in crate::cli) fn foreign(&self) -> Failure {
        Failure::Foreign(self.name())
    }

    fn name(&self) -> String {
        sanitize::line(self.base.as_str().trim_end_matches('/'))
    }

    fn silent(&self) -> Failure {
        Failure::Silent {
            url: self.name(),
            timeout: self.timeout,
        }
    }

    fn status(&self, status: StatusCode, said: String) -> Failure {
        Failure::Status {
            url: self.name(),
            status: status.to_string(),
            said,
        }
    }
}

impl Answer {
    /// What comes next; `None` at the end.
    pub(in crate::cli) async fn chunk(&mut self) -> Result<Option<bytes::Bytes>, Failure> {
        let chunk = self.0.chunk().await;
        chunk.map_err(|error| Failure::BrokenOff(innermost(&error)))
    }

    /// Where the next page starts, when there is one.
    pub(in crate::cli) fn next_cursor(&self) -> Option<String> {
        header(&self.0, HeaderName::from_static(NEXT_CURSOR)).map(str::to_owned)
    }

    /// Whether all was looked for that this answer could hold.
    pub(in crate::cli) fn is_complete(&self) -> bool {
        header(&self.0, HeaderName::from_static(SEARCH_COMPLETE)) != Some("false")
    }

    /// Whether its end can be told from the end of the connection.
    pub(in crate::cli) fn has_end(&self) -> bool {
        header(&self.0, CONTENT_LENGTH).is_some() || header(&self.0, TRANSFER_ENCODING).is_some()
    }
}

fn header(response: &Response, name: HeaderName) -> Option<&str> {
    response.headers().get(name)?.to_str().ok()
}
