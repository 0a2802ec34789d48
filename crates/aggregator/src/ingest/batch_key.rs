//! By what a request that comes again is known: the client's own key, or one that is made of what was sent.

use record::batch::BatchBuilder;
use record::id::{BatchId, KeyDigest, Tenant, client_key, content_key};
use std::net::IpAddr;

/// The key of a request.
#[derive(Debug, Clone)]
pub enum BatchKey {
    /// It has none: each request is a batch of its own.
    None,
    /// The client's own.
    Client(String),
    /// None: each of its records is known by itself, by its place in the sequence that this id stands for; all of
    /// them are of one run of places.
    Places(BatchId, u32),
    /// Made of what was sent, where the times of its records let it hold; else none.
    Content(Scope),
}

/// All that becomes part of a request's records from outside its body, and who sent it: two requests that
/// differ in any of it are two, whatever their bodies are.
#[derive(Debug, Clone)]
pub struct Scope([u8; 32]);

impl Scope {
    /// Of a request in this protocol from this sender.
    pub fn new(protocol: &str, sender: IpAddr) -> Self {
        let start = Self([0; 32]);
        start.with(protocol).with(&sender.to_string())
    }

    /// With one more part of it. Parts do not run into one another, and their order counts.
    #[must_use]
    pub fn with(self, part: &str) -> Self {
        let mut hasher = blake3::Hasher::new();
        hasher.update(&self.0);
        hasher.update(part.as_bytes());
        Self(*hasher.finalize().as_bytes())
    }
}

impl BatchKey {
    /// A builder for the batch of a tenant, if there are any, in a body, decompressed.
    pub(super) fn builder(
        &self,
        body: &[u8],
        tenant: Option<Tenant>,
        received_at: logs::Timestamp,
        max_bytes: usize,
    ) -> BatchBuilder {
        let builder = self.builder_of_all(body, received_at, max_bytes);
        match tenant {
            Some(tenant) => builder.of_tenant(tenant),
            None => builder,
        }
    }

    fn builder_of_all(
        &self,
        body: &[u8],
        received_at: logs::Timestamp,
        max_bytes: usize,
    ) -> BatchBuilder {
        let (id, key) = match self {
            Self::None => (fresh(received_at, body), None),
            Self::Client(key) => {
                let (key, id) = client_key(key, body);
                (id, Some(key))
            }
            Self::Places(id, run) => {
                let key = Some(KeyDigest::of_places(*run));
                return BatchBuilder::new(*id, key, received_at, max_bytes).with_places();
            }
            Self::Content(scope) => {
                let (key, id) = content_key(&scope.0, body);
                let builder = BatchBuilder::new(id, None, received_at, max_bytes);
                return builder.with_content_key(key);
            }
        };
        BatchBuilder::new(id, key, received_at, max_bytes)
    }
}

/// The id of a batch without a key.
pub(super) fn fresh(received_at: logs::Timestamp, body: &[u8]) -> BatchId {
    BatchId::fresh(rand::random(), received_at, body)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;

    #[test]
    fn requests_that_differ_in_anything_outside_their_bodies_have_different_scopes() {
        let sender = IpAddr::from(Ipv4Addr::LOCALHOST);
        let other = IpAddr::from(Ipv4Addr::UNSPECIFIED);
        let scopes = [
            Scope::new("loki", sender),
            Scope::new("gelf", sender),
            Scope::new("loki", other),
            Scope::new("loki", sender).with("a"),
            Scope::new("loki", sender).with("a").with("b"),
            Scope::new("loki", sender).with("ab"),
            Scope::new("loki", sender).with("b").with("a"),
        ];
        let digests = scopes.map(|scope| scope.0);
        let different: std::collections::HashSet<_> = digests.iter().collect();
        assert_eq!(different.len(), digests.len());
    }
}
