//! A request that brings records: its head, its body and who sent it. Handlers of protocols take it as it is,
//! so that what all of them need of a head is read in one way.

use super::{encoding, receive};
use crate::access::protocol::Protocol;
use crate::access::{Caller, Sender};
use crate::http::asker::forwarded_for;
use crate::http::error::ApiError;
use crate::http::listener::Ends;
use crate::http::services::Services;
use crate::ingest::batch_key::{BatchKey, Scope};
use crate::ingest::compression::Encoding;
use crate::ingest::decode::{BodyForm, BodyTerms, Decode};
use crate::ingest::intake::{Durability, Receipt};
use axum::Extension;
use axum::RequestExt as _;
use axum::body::Body;
use axum::extract::rejection::ExtensionRejection;
use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, HeaderName, Uri, header};
use std::borrow::Cow;
use std::sync::Arc;
use wire::GivenAttributes;

/// The request.
pub(in crate::http) struct Sent {
    pub(super) services: Arc<Services>,
    pub(super) uri: Uri,
    pub(super) headers: HeaderMap,
    pub(super) body: Body,
    pub(super) sender: Sender,
}

impl FromRequest<Arc<Services>> for Sent {
    type Rejection = ExtensionRejection;

    async fn from_request(
        mut request: Request,
        services: &Arc<Services>,
    ) -> Result<Self, ExtensionRejection> {
        let Extension(Ends { peer, .. }) = request.extract_parts().await?;
        let Extension(caller): Extension<Caller> = request.extract_parts().await?;
        let Extension(protocol): Extension<Protocol> = request.extract_parts().await?;
        let (head, body) = request.into_parts();
        let named = forwarded_for(&head.headers);
        let sender = Sender {
            protocol,
            address: services.access.proxies().sender(peer, named.flatten()),
            token: caller.token().map(Arc::clone),
        };
        Ok(Self {
            sender,
            services: Arc::clone(services),
            uri: head.uri,
            headers: head.headers,
            body,
        })
    }
}

impl Sent {
    /// Has it taken as its protocol has it. Every handler takes it so: what its sender is told instead is noted here,
    /// whatever has refused it.
    pub(super) async fn taken_by<T, F>(self, take: impl FnOnce(Self) -> F) -> Result<T, ApiError>
    where
        F: Future<Output = Result<T, ApiError>>,
    {
        let (services, sender) = (Arc::clone(&self.services), self.sender.clone());
        let taken = take(self).await;
        taken.inspect_err(|error| {
            let books = services.intake.books();
            books.refused(&sender, error.code(), error.message());
        })
    }

    /// The text of a header; empty when there is none.
    pub(super) fn text(&self, name: HeaderName) -> Cow<'_, str> {
        let value = self.headers.get(name);
        value.map_or_else(Cow::default, |value| {
            String::from_utf8_lossy(value.as_bytes())
        })
    }

    /// What its Content-Type says.
    pub(super) fn content_type(&self) -> Cow<'_, str> {
        self.text(header::CONTENT_TYPE)
    }

    /// The encoding that it names.
    pub(super) fn encoding(&self) -> Result<Encoding, ApiError> {
        encoding(&self.headers)
    }

    /// The parameters of its address.
    pub(super) fn query(&self) -> &str {
        self.uri.query().unwrap_or_default()
    }

    /// What tells it from all requests in other protocols and of other senders.
    pub(super) fn scope(&self, protocol: &str) -> Scope {
        Scope::new(protocol, self.sender.address)
    }

    /// Those of these parameters that its address has become attributes of its records, and so parts of its
    /// scope: of each, the first that is not empty.
    pub(super) fn given(
        &self,
        parameters: &[&'static str],
        mut scope: Scope,
    ) -> (GivenAttributes, Scope) {
        let mut given = GivenAttributes::default();
        for name in parameters {
            let mut pairs = form_urlencoded::parse(self.query().as_bytes());
            let found = pairs.find(|(other, value)| other == name && !value.is_empty());
            if let Some((_, value)) = found {
                given.add(name, &value);
                scope = scope.with(name).with(&value);
            }
        }
        (given, scope)
    }

    /// Reads its body and takes it, as a protocol does that has no keys of its own and no strict senders.
    pub(super) async fn take<T: Send + 'static>(
        self,
        decode: Box<Decode<T>>,
        form: BodyForm,
        encoding: Encoding,
        scope: Scope,
    ) -> Result<Receipt<T>, ApiError> {
        let terms = BodyTerms {
            decode,
            form,
            encoding,
            key: BatchKey::Content(scope),
            strict: Some(false),
        };
        self.receive(terms, Durability::Spooled).await
    }

    /// Reads its body and takes it.
    pub(super) async fn receive<T: Send + 'static>(
        self,
        terms: BodyTerms<T>,
        wanted: Durability,
    ) -> Result<Receipt<T>, ApiError> {
        let sent = (self.body, self.sender);
        receive(&self.services, &self.headers, sent, terms, wanted).await
    }
}
