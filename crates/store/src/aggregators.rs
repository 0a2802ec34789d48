//! Aggregators that store in one place: which there are, and what each has to do before records are deleted on purpose.
//!
//! Each says now and then that it is there. Whoever deletes leaves a request; each answers it when nothing that it
//! had taken by then is in its spool or among its refused records any more. One that is away may hold some: it is waited for.

use super::StoreError;
use async_trait::async_trait;
use logs::Timestamp;
use std::time::Duration;

/// One of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Present {
    /// That of its spool, which nobody else has.
    pub id: String,
    /// What it is called.
    pub name: String,
}

/// What is to be deleted on purpose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// That of the deletion.
    pub id: String,
    /// Which records, for those who understand it.
    pub records: String,
}

/// One of them, as another sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// Which.
    pub who: Present,
    /// When it was there last, by the store's clock.
    pub at: Option<Timestamp>,
    /// How many of its refused records it has removed for the request that is asked for, once it has answered that.
    pub answer: Option<u64>,
}

/// What they know of one another.
#[async_trait]
pub trait Aggregators: Send + Sync + 'static {
    /// Says that one is there; the requests that it has not answered yet.
    async fn is_here(&self, who: &Present, deadline: Duration) -> Result<Vec<Request>, StoreError>;

    /// One has nothing left of what it had taken, and does not come again.
    async fn leaves(&self, who: &Present, deadline: Duration) -> Result<(), StoreError>;

    /// Leaves a request for the others.
    async fn ask(&self, request: &Request, deadline: Duration) -> Result<(), StoreError>;

    /// Answers a request.
    async fn answer(
        &self,
        who: &Present,
        request: &str,
        letters: u64,
        deadline: Duration,
    ) -> Result<(), StoreError>;

    /// All that there are, each with its answer.
    async fn seen(&self, request: &str, deadline: Duration) -> Result<Vec<Seen>, StoreError>;

    /// Takes a request away.
    async fn close(&self, request: &str, deadline: Duration) -> Result<(), StoreError>;
}
