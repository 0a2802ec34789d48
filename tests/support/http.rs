//! Plain requests to the service, and what it answers.

use std::time::Duration;

use reqwest::header::HeaderMap;
use serde_json::Value;

use super::service::Service;

/// An answer, read to its end.
#[derive(Debug)]
pub(crate) struct Reply {
    /// The status code.
    pub(crate) status: u16,
    /// The headers.
    pub(crate) headers: HeaderMap,
    /// The body.
    pub(crate) body: Vec<u8>,
}

impl Reply {
    /// The body as JSON.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("{error} in {}: {}", self.status, self.text()))
    }

    /// The body as text.
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The value of a header.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// Checks that this query was refused, with this code and a message that begins so.
    #[track_caller]
    pub(crate) fn assert_refused(&self, query: &str, code: &str, said: &str) {
        assert_eq!(self.status, 400, "{query}");
        let told = self.json();
        assert_eq!(told["code"], code, "{told}");
        assert!(
            told["message"].as_str().unwrap().starts_with(said),
            "{told}"
        );
    }
}

/// A client which leaves the machine's proxy settings alone and never hangs for good.
pub(super) fn client() -> reqwest::Client {
    let client = client_builder().build();
    client.expect("a client without TLS needs nothing")
}

/// The same, not built yet. It speaks TLS to nobody.
pub(crate) fn client_builder() -> reqwest::ClientBuilder {
    let tls = program::tls::unused().expect("a configuration without files");
    reqwest::Client::builder()
        .tls_backend_preconfigured(tls)
        .no_proxy()
        .timeout(Duration::from_secs(120))
}

impl Service {
    /// GETs a page; panics without an answer.
    pub(crate) async fn get(&self, path: &str) -> Reply {
        self.try_get(path).await.expect("an answer")
    }

    /// POSTs a body; panics without an answer.
    pub(crate) async fn post(
        &self,
        path: &str,
        content_type: &str,
        body: impl Into<Vec<u8>>,
    ) -> Reply {
        self.post_with(path, &[("content-type", content_type)], body)
            .await
    }

    /// POSTs a body with these headers and no others; panics without an answer.
    pub(crate) async fn post_with(
        &self,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Vec<u8>>,
    ) -> Reply {
        self.try_post_with(path, headers, body)
            .await
            .expect("an answer")
    }

    /// POSTs an array of logs.
    pub(crate) async fn batch(&self, logs: &Value) -> Reply {
        self.post("/logs/batch", "application/json", logs.to_string())
            .await
    }

    /// What the service says about its own state.
    pub(crate) async fn health(&self) -> Value {
        self.get("/health").await.json()
    }

    /// GETs a page of a service which may die meanwhile.
    pub(crate) async fn try_get(&self, path: &str) -> reqwest::Result<Reply> {
        read(self.http().get(self.url(path))).await
    }

    /// POSTs to a service which may die meanwhile.
    ///
    /// Batches are acknowledged when they are stored, unless the path says otherwise: most tests
    /// look at once at what is stored.
    pub(crate) async fn try_post_with(
        &self,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Vec<u8>>,
    ) -> reqwest::Result<Reply> {
        let mut url = self.url(path);
        if path.starts_with("/logs/batch") && !path.contains("ack=") {
            url.push(if path.contains('?') { '&' } else { '?' });
            url.push_str("ack=stored");
        }
        let request = self.http().post(url).body(body.into());
        let with_headers = headers.iter().fold(request, |request, (name, value)| {
            request.header(*name, *value)
        });
        read(with_headers).await
    }
}

async fn read(request: reqwest::RequestBuilder) -> reqwest::Result<Reply> {
    let response = request.send().await?;
    Ok(Reply {
        status: response.status().as_u16(),
        headers: response.headers().clone(),
        body: response.bytes().await?.to_vec(),
    })
}
