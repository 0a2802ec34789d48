//! What the workers of the read lane are asked, and what they answer.

use crate::accounting::shares::Owner;
use crate::breaker::calls::Operation;
use crate::breaker::guard::{CallError, Guard};
use crate::worker::Handler;
use async_trait::async_trait;
use query::Query;
use query::buckets::Buckets;
use record::id::RecordId;
use std::sync::Arc;
use std::time::Duration;
use store::counts::Counts;
use store::facets::{Facets, FacetsLimit, FacetsStep};
use store::figures::StoreSize;
use store::page_reply::PageReply;
use store::{PageLimit, Store, StoreError};

/// How much longer than the store's own deadline its answer is waited for: a store that is well says
/// in that time that the question takes too long, and only a store that is silent counts as failed.
const ANSWER_TIME: Duration = Duration::from_millis(500);

/// One call of the store.
pub(super) struct ReadJob {
    query: Arc<Query>,
    after: Option<RecordId>,
    wanted: Wanted,
    owner: Owner,
}

enum Wanted {
    Page(PageLimit),
    /// By these buckets, in about this time.
    Counts(Arc<Buckets>, Duration),
    /// Into these.
    Facets(Box<Facets>, FacetsLimit),
    /// What all takes, whatever the query.
    Size,
}

impl Wanted {
    fn operation(&self) -> Operation {
        match self {
            Self::Page(_) => Operation::Page,
            Self::Counts(..) => Operation::Counts,
            Self::Facets(..) => Operation::Facets,
            Self::Size => Operation::Size,
        }
    }
}

/// What the store says to it: of the kind that was wanted.
pub(super) enum ReadReply {
    Page(PageReply),
    /// `None` where pages tell them sooner.
    Counts(Option<Counts>),
    Facets(Box<FacetsStep>),
    /// `None` where the store cannot tell.
    Size(Option<StoreSize>),
}

impl ReadJob {
    /// The next page.
    pub(super) fn page(query: Arc<Query>, after: Option<RecordId>, limit: PageLimit) -> Self {
        Self {
            query,
            after,
            wanted: Wanted::Page(limit),
            owner: None,
        }
    }

    /// The counts of the next records.
    pub(super) fn counts(
        query: Arc<Query>,
        after: Option<RecordId>,
        buckets: Arc<Buckets>,
        time: Duration,
    ) -> Self {
        Self {
            query,
            after,
            wanted: Wanted::Counts(buckets, time),
            owner: None,
        }
    }

    /// The values of the next records, counted into `facets`.
    pub(super) fn facets(
        query: Arc<Query>,
        after: Option<RecordId>,
        facets: Facets,
        limit: FacetsLimit,
    ) -> Self {
        Self {
            query,
            after,
            wanted: Wanted::Facets(Box::new(facets), limit),
            owner: None,
        }
    }

    /// What the store takes on disk.
    pub(super) fn size() -> Self {
        Self {
            query: Arc::default(),
            after: None,
            wanted: Wanted::Size,
            owner: None,
        }
    }

    /// The same, as somebody's.
    pub(super) fn of(self, owner: Owner) -> Self {
        Self { owner, ..self }
    }

    async fn ask(self, store: &dyn Store, deadline: Duration) -> Result<ReadReply, StoreError> {
        let (query, after) = (&self.query, self.after);
        match self.wanted {
            Wanted::Page(limit) => {
                let found = store.page(query, after, limit, deadline).await;
                found.map(ReadReply::Page)
            }
            Wanted::Counts(buckets, time) => {
                let counts = store.counts(query, after, &buckets, time, deadline).await;
                counts.map(ReadReply::Counts)
            }
            Wanted::Facets(facets, limit) => {
                let step = store.facets(query, after, *facets, limit, deadline).await;
                step.map(|step| ReadReply::Facets(Box::new(step)))
            }
            Wanted::Size => store.size(deadline).await.map(ReadReply::Size),
        }
    }
}

impl ReadReply {
    /// What was found for a page, if one was asked for.
    pub(super) fn found(self) -> Option<PageReply> {
        match self {
            Self::Page(found) => Some(found),
            Self::Counts(_) | Self::Facets(_) | Self::Size(_) => None,
        }
    }

    /// The counts, if the store could tell them. Nothing else may have been asked for.
    pub(super) fn counts(self) -> Result<Option<Counts>, ()> {
        match self {
            Self::Counts(counts) => Ok(counts),
            Self::Page(_) | Self::Facets(_) | Self::Size(_) => Err(()),
        }
    }

    /// What a step of counting values came to, if that was asked for.
    pub(super) fn facets(self) -> Option<FacetsStep> {
        match self {
            Self::Facets(step) => Some(*step),
            Self::Page(_) | Self::Counts(_) | Self::Size(_) => None,
        }
    }

    /// What the store takes on disk, if it could tell. Nothing else may have been asked for.
    pub(super) fn size(self) -> Result<Option<StoreSize>, ()> {
        match self {
            Self::Size(size) => Ok(size),
            Self::Page(_) | Self::Counts(_) | Self::Facets(_) => Err(()),
        }
    }
}

/// What the workers of the read lane do.
pub(super) struct Reader {
    pub(super) store: Arc<dyn Store>,
    pub(super) guard: Guard,
}

#[async_trait]
impl Handler for Reader {
    type Job = ReadJob;
    type Output = ReadReply;
    type Error = CallError;

    fn owner(question: &ReadJob) -> Owner {
        question.owner.clone()
    }

    async fn run(&self, question: ReadJob, deadline: Duration) -> Result<ReadReply, CallError> {
        let store = Arc::clone(&self.store);
        let asked = question.wanted.operation();
        let read = async move { question.ask(&*store, deadline).await };
        let deadline = deadline + ANSWER_TIME;
        self.guard.call(deadline, asked, read).await
    }
}
