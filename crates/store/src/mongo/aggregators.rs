//! The aggregators that store in one collection: a document for each in `_aggregators`, and one for each request in
//! `_deletions`, which has the answers.

use super::Shared;
use super::bounded::bounded;
use super::client::on_primary;
use super::delete::refusal;
use super::error::is_unauthorized;
use super::insert::early_deadline_millis;
use crate::StoreError;
use crate::aggregators::{Aggregators, Present, Request, Seen};
use async_trait::async_trait;
use futures_util::TryStreamExt as _;
use logs::Timestamp;
use logs::clock::Clock;
use mongodb::Database;
use mongodb::bson::{Document, doc};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

/// More than there are at any time of either.
const MOST: i64 = 10_000;

/// Those on one server.
pub(super) struct OnServer {
    shared: Arc<Shared>,
    clock: Arc<dyn Clock>,
}

impl OnServer {
    pub(super) fn new(shared: Arc<Shared>, clock: Arc<dyn Clock>) -> Self {
        Self { shared, clock }
    }

    async fn ready(&self, deadline: Duration) -> Result<(Database, Duration), StoreError> {
        self.shared.keeper.ready().await?;
        let database = self.shared.writes().await?;
        Ok((database, deadline.saturating_sub(self.clock.elapsed())))
    }

    /// Runs a command that writes, durably on a majority.
    async fn write(&self, mut command: Document, deadline: Duration) -> Result<(), StoreError> {
        let (database, left) = self.ready(deadline).await?;
        let millis = early_deadline_millis(left);
        command.insert(
            "writeConcern",
            doc! { "w": "majority", "j": true, "wtimeout": millis },
        );
        command.insert("maxTimeMS", millis);
        let writing = async {
            match database.run_command(command).await {
                Ok(reply) => Ok(reply),
                Err(error) if is_unauthorized(&error) => {
                    Err(StoreError::Rejected(error.to_string()))
                }
                Err(error) => Err(error.into()),
            }
        };
        let reply = bounded(left, writing).await;
        let reply = reply.map_err(|error| error.scrub(&self.shared.target.address))?;
        refusal(&reply).map_or(Ok(()), |reason| Err(StoreError::Unavailable(reason)))
    }

    async fn all(
        &self,
        collection: String,
        filter: Document,
        deadline: Duration,
    ) -> Result<Vec<Document>, StoreError> {
        let (database, left) = self.ready(deadline).await?;
        let reading = async {
            let collection = database.collection::<Document>(&collection);
            let found = collection.find(filter).limit(MOST).max_time(left);
            let found = found.selection_criteria(on_primary()).await?;
            Ok::<_, StoreError>(found.try_collect().await?)
        };
        let read = bounded(left, reading).await;
        read.map_err(|error: StoreError| error.scrub(&self.shared.target.address))
    }
}

#[async_trait]
impl Aggregators for OnServer {
    async fn is_here(&self, who: &Present, deadline: Duration) -> Result<Vec<Request>, StoreError> {
        let update = doc! {
            "q": { "_id": &who.id },
            "u": { "$set": { "name": &who.name }, "$currentDate": { "at": true } },
            "upsert": true,
        };
        let aggregators = self.shared.target.aggregators();
        self.write(
            doc! { "update": aggregators, "updates": [update] },
            deadline,
        )
        .await?;
        let unanswered = doc! { "answers.id": { "$ne": &who.id } };
        let deletions = self.shared.target.deletions();
        let requests = self.all(deletions, unanswered, deadline).await?;
        let text = |request: &Document, name| request.get_str(name).ok().map(str::to_owned);
        let read = |request: &Document| {
            Some(Request {
                id: text(request, "_id")?,
                records: text(request, "records")?,
            })
        };
        Ok(requests.iter().filter_map(read).collect())
    }

    async fn leaves(&self, who: &Present, deadline: Duration) -> Result<(), StoreError> {
        let delete = doc! { "q": { "_id": &who.id }, "limit": 1 };
        let aggregators = self.shared.target.aggregators();
        let command = doc! { "delete": aggregators, "deletes": [delete] };
        self.write(command, deadline).await
    }

    async fn ask(&self, request: &Request, deadline: Duration) -> Result<(), StoreError> {
        // It may have been left before, and answered: then it stays.
        let update = doc! {
            "q": { "_id": &request.id },
            "u": {
                "$setOnInsert": { "records": &request.records, "answers": [] },
                "$currentDate": { "at": true },
            },
            "upsert": true,
        };
        let deletions = self.shared.target.deletions();
        self.write(doc! { "update": deletions, "updates": [update] }, deadline)
            .await
    }

    async fn answer(
        &self,
        who: &Present,
        request: &str,
        letters: u64,
        deadline: Duration,
    ) -> Result<(), StoreError> {
        let letters = i64::try_from(letters).unwrap_or(i64::MAX);
        let update = doc! {
            "q": { "_id": request, "answers.id": { "$ne": &who.id } },
            "u": { "$push": { "answers": { "id": &who.id, "letters": letters } } },
        };
        let deletions = self.shared.target.deletions();
        self.write(doc! { "update": deletions, "updates": [update] }, deadline)
            .await
    }

    async fn seen(&self, request: &str, deadline: Duration) -> Result<Vec<Seen>, StoreError> {
        let deletions = self.shared.target.deletions();
        let asked = self.all(deletions, doc! { "_id": request }, deadline);
        let asked = asked.await?.into_iter().next().unwrap_or_default();
        let answers: HashMap<&str, u64> = asked
            .get_array("answers")
            .into_iter()
            .flatten()
            .filter_map(|answer| {
                let answer = answer.as_document()?;
                let letters = answer.get_i64("letters").ok()?;
                Some((answer.get_str("id").ok()?, u64::try_from(letters).ok()?))
            })
            .collect();
        let aggregators = self.shared.target.aggregators();
        let all = self.all(aggregators, doc! {}, deadline).await?;
        let seen = |one: &Document| {
            let id = one.get_str("_id").ok()?;
            let at = one.get_datetime("at").ok();
            let millis = at.map(|at| at.timestamp_millis().saturating_mul(1_000_000));
            Some(Seen {
                who: Present {
                    id: id.to_owned(),
                    name: one.get_str("name").unwrap_or_default().to_owned(),
                },
                at: millis.map(Timestamp::from_nanos),
                answer: answers.get(id).copied(),
            })
        };
        Ok(all.iter().filter_map(seen).collect())
    }

    async fn close(&self, request: &str, deadline: Duration) -> Result<(), StoreError> {
        let delete = doc! { "q": { "_id": request }, "limit": 1 };
        let deletions = self.shared.target.deletions();
        self.write(doc! { "delete": deletions, "deletes": [delete] }, deadline)
            .await
    }
}
