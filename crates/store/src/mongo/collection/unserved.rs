//! Documents in the collection that no search finds: those of others, and those with an id like ours
//! that are no records. They are left alone, and counted so that an operator is told.

use super::Target;
use crate::StoreError;
use crate::mongo::insert::early_deadline_millis;
use crate::mongo::reply::{first_batch, number};
use logs::clock::Clock;
use logs::counted;
use mongodb::Database;
use mongodb::bson::spec::BinarySubtype;
use mongodb::bson::{Binary, Bson, Document, doc};
use record::id::IdFormat;
use std::collections::BTreeMap;
use std::time::Duration;

/// How long is looked.
const TIME: Duration = Duration::from_secs(2);
/// Documents with ids of another kind are counted up to here, at each end of the collection.
const COUNTED: usize = 1_000;
/// Documents that are looked at in one step.
const STEP: i64 = 20_000;
/// By which an operator knows these commands.
const COMMENT: &str = "aggregator: what is not served";

/// What is not served.
#[derive(Debug, Default, PartialEq, Eq)]
struct Unserved {
    /// Documents with an id of another kind, by that kind.
    others: BTreeMap<&'static str, u64>,
    /// There may be more of them.
    others_are_more: bool,
    /// Documents with an id like ours, and no text as message.
    without_message: u64,
    /// There may be more of them.
    without_message_are_more: bool,
}

/// What is not served, in sentences; what could not be counted in the time for it is not told.
pub(in crate::mongo) async fn count(
    database: &Database,
    target: &Target,
    format: IdFormat,
    clock: &dyn Clock,
) -> Vec<String> {
    let looking = Looking {
        database,
        target,
        bytes: format.id_bytes(),
        clock,
        until: clock.elapsed() + TIME,
    };
    let mut unserved = Unserved::default();
    if let Err(error) = looking.count(&mut unserved).await {
        tracing::debug!(%error, "what is not served could not be counted to its end");
    }
    unserved.told(&target.collection)
}

struct Looking<'a> {
    database: &'a Database,
    target: &'a Target,
    /// In an id of ours.
    bytes: usize,
    clock: &'a dyn Clock,
    until: Duration,
}

/// From where on, and up to where, ids have not been looked at.
struct Rest {
    from: (&'static str, Binary),
    to: (&'static str, Binary),
}

impl Looking<'_> {
    async fn count(&self, unserved: &mut Unserved) -> Result<(), StoreError> {
        // All ids of ours have one length, so they stand together, and the others before and behind.
        for order in [1, -1] {
            let ids = self.ids(order).await?;
            let others = ids.iter().take_while(|id| !self.is_ours(id));
            let count = others.clone().count();
            for id in others {
                *unserved.others.entry(kind_of(id)).or_default() += 1;
            }
            unserved.others_are_more |= count > COUNTED;
            // Behind more of others than are counted there may be some of ours.
            let has_none_of_ours = order == 1 && count == ids.len() && count <= COUNTED;
            if has_none_of_ours {
                return Ok(());
            }
        }
        self.count_without_message(unserved).await
    }

    /// From both ends in turns, since what others wrote may be old or new.
    async fn count_without_message(&self, unserved: &mut Unserved) -> Result<(), StoreError> {
        let bound = |byte: u8| Binary {
            subtype: BinarySubtype::Generic,
            bytes: vec![byte; self.bytes],
        };
        let mut rest = Rest {
            from: ("$gte", bound(0x00)),
            to: ("$lte", bound(0xff)),
        };
        unserved.without_message_are_more = true;
        for order in [-1, 1].into_iter().cycle() {
            let step = self.step(&rest, order).await?;
            let number = |name| {
                step.as_ref()
                    .and_then(|step| number(step, name))
                    .unwrap_or(0)
            };
            unserved.without_message += number("unserved");
            let last = step.as_ref().and_then(|step| step.get("last"));
            match last {
                Some(Bson::Binary(last)) if number("seen") == STEP.unsigned_abs() => match order {
                    1 => rest.from = ("$gt", last.clone()),
                    _ => rest.to = ("$lt", last.clone()),
                },
                _ => break,
            }
        }
        unserved.without_message_are_more = false;
        Ok(())
    }

    /// What the next documents of ours come to; `None` when there are none.
    async fn step(&self, rest: &Rest, order: i32) -> Result<Option<Document>, StoreError> {
        let ids = doc! { rest.from.0: rest.from.1.clone(), rest.to.0: rest.to.1.clone() };
        let is_record = doc! { "$eq": [{ "$type": "$message" }, "string"] };
        let found = self
            .aggregate([
                doc! { "$match": { "_id": ids } },
                doc! { "$sort": { "_id": order } },
                doc! { "$limit": STEP },
                doc! { "$group": {
                    "_id": Bson::Null,
                    "seen": { "$sum": 1 },
                    "unserved": { "$sum": { "$cond": [is_record, 0, 1] } },
                    "last": { "$last": "$_id" },
                } },
            ])
            .await?;
        Ok(found.into_iter().next())
    }

    /// The first ids in this order.
    async fn ids(&self, order: i32) -> Result<Vec<Bson>, StoreError> {
        let limit = i64::try_from(COUNTED + 1).unwrap_or(i64::MAX);
        let found = self
            .aggregate([
                doc! { "$sort": { "_id": order } },
                doc! { "$limit": limit },
                doc! { "$project": { "_id": 1 } },
            ])
            .await?;
        let id = |mut document: Document| document.remove("_id").unwrap_or(Bson::Null);
        Ok(found.into_iter().map(id).collect())
    }

    async fn aggregate<const STAGES: usize>(
        &self,
        pipeline: [Document; STAGES],
    ) -> Result<Vec<Document>, StoreError> {
        let left = self.until.saturating_sub(self.clock.elapsed());
        if left.is_zero() {
            return Err(StoreError::QueryTooSlow);
        }
        let command = doc! {
            "aggregate": &self.target.collection,
            "pipeline": pipeline.to_vec(),
            "cursor": { "batchSize": i64::try_from(COUNTED + 1).unwrap_or(i64::MAX) },
            "maxTimeMS": early_deadline_millis(left),
            "comment": COMMENT,
        };
        let reply = self.database.run_command(command).await?;
        let batch = first_batch(&reply).unwrap_or_default().iter();
        Ok(batch.filter_map(Bson::as_document).cloned().collect())
    }

    fn is_ours(&self, id: &Bson) -> bool {
        matches!(id, Bson::Binary(id) if id.subtype == BinarySubtype::Generic && id.bytes.len() == self.bytes)
    }
}

/// What the server calls the kind of an id.
fn kind_of(id: &Bson) -> &'static str {
    match id {
        Bson::ObjectId(_) => "ObjectId",
        Bson::String(_) => "string",
        Bson::Int32(_) | Bson::Int64(_) | Bson::Double(_) | Bson::Decimal128(_) => "number",
        Bson::Binary(binary) if binary.subtype == BinarySubtype::Uuid => "UUID",
        Bson::Binary(_) => "binary of another length",
        Bson::Document(_) => "object",
        Bson::DateTime(_) => "date",
        _ => "something else",
    }
}

impl Unserved {
    fn told(&self, collection: &str) -> Vec<String> {
        let number = |count: u64, are_more: bool| {
            let at_least = if are_more { "at least " } else { "" };
            let documents = counted(count, "document", "documents");
            let verb = if count == 1 {
                ["was", "has"]
            } else {
                ["were", "have"]
            };
            (format!("{at_least}{documents} in {collection}"), verb)
        };
        let mut told = Vec::new();
        let others = self.others.values().sum();
        if others > 0 {
            let (documents, [were, _]) = number(others, self.others_are_more);
            let kinds = self
                .others
                .iter()
                .map(|(kind, count)| format!("{count} {kind}"));
            let kinds = kinds.collect::<Vec<_>>().join(", ");
            told.push(format!(
                "{documents} {were} written by something else (by _id: {kinds}): left alone and not served; send what is to be \
                 served to POST /logs/batch, or set MONGODB_COLLECTION to a collection of its own"
            ));
        }
        if self.without_message > 0 {
            let are_more = self.without_message_are_more;
            let (documents, [_, have]) = number(self.without_message, are_more);
            told.push(format!(
                "{documents} {have} an id like ours and no text as message: left alone and not served; what is no record \
                 belongs into another collection"
            ));
        }
        told
    }
}

#[cfg(test)]
mod tests;
