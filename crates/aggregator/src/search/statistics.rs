//! What the store holds, in numbers: how much, from when to when, how many records a day, and of which services.
//!
//! Bounded in time, and in memory whatever the records hold: newest first, so that where time is over before all is
//! counted, the last days are known.

use crate::accounting::shares::Owner;
use crate::search::histogram::{Histogram, counted_up_to};
use crate::search::outermost::outermost;
use crate::search::retrieval::{NotBegun, PageError, Retrieval, StreamPermit};
use crate::search::steps::Steps;
use logs::Timestamp;
use logs::clock::Clock;
use query::buckets::Buckets;
use query::reach::{BoundQuery, Reach};
use query::{Order, Query};
use record::id::RecordId;
use serde::Serialize;
use std::sync::Arc;
use std::time::Duration;
use store::facets::{Facet, Field};
use store::figures::StoreSize;

/// Days that are told one by one, with today.
pub const DAYS: u16 = 30;
/// Values of a service that are told.
pub const SERVICES: usize = 20;
/// Where senders say which service a record is of.
const SERVICE_FIELDS: [&str; 2] = ["service", "resource.service.name"];
const NEWEST_FIRST: Order = Order::Descending;

/// All that was found out; what was not is missing.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct StoreStatistics {
    /// Where the store can tell.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bytes: Option<StoreSize>,
    /// The time of the first record, if there is any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub oldest: Option<Timestamp>,
    /// That of the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub newest: Option<Timestamp>,
    /// Records by their time.
    #[serde(flatten)]
    pub growth: Option<Growth>,
    /// Records by their service.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub services: Option<Services>,
}

/// Records by their time.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Growth {
    /// All that were counted.
    pub records: u64,
    /// Whether these are all that there are.
    pub complete: bool,
    /// How far counting has come, from the newest on, when it is not complete.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub counted_up_to: Option<Timestamp>,
    /// Before the days.
    pub earlier: u64,
    /// The last days of UTC, up to today.
    pub days: Vec<Day>,
    /// Behind them: by the records' times.
    pub later: u64,
}

/// Records of one day.
#[derive(Debug, Serialize)]
pub struct Day {
    /// Such as 2024-10-08.
    pub day: String,
    /// Those that were counted.
    pub records: u64,
    /// Told only when something of it was not counted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub complete: Option<bool>,
}

/// Records by their service.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Services {
    /// Whether all records were looked at.
    pub complete: bool,
    /// How far looking has come, from the newest on, when it is not complete.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub counted_up_to: Option<Timestamp>,
    /// Records that were looked at.
    pub records: u64,
    /// What they say of their service, where any does.
    pub fields: Vec<Facet>,
}

/// Why not all was found out.
#[derive(Debug)]
pub enum NotAll {
    /// Nothing was asked.
    NotBegun(NotBegun),
    /// The store could not tell.
    Failed(PageError),
}

/// Whoever asks for it, and how long it may take.
pub struct Asked<'a> {
    /// The way to the store.
    pub retrieval: &'a Arc<Retrieval>,
    /// Time.
    pub clock: &'a Arc<dyn Clock>,
    /// Whose question it is.
    pub owner: Owner,
    /// For all of it, about.
    pub time: Duration,
}

impl Asked<'_> {
    /// Finds out what there is to know of all records, one after another.
    ///
    /// # Errors
    /// [`NotAll`]; what was found out before stays.
    pub async fn gather(&self, into: &mut StoreStatistics) -> Result<(), NotAll> {
        let begun = self
            .retrieval
            .permit(self.owner.clone(), &all(NEWEST_FIRST));
        let permit = begun.map_err(NotAll::NotBegun)?;
        self.gather_with(permit, into).await.map_err(NotAll::Failed)
    }

    async fn gather_with(
        &self,
        permit: StreamPermit,
        into: &mut StoreStatistics,
    ) -> Result<(), PageError> {
        into.bytes = self.retrieval.size(&self.owner).await?;
        // Half of the time for the counts, and what is left for the services.
        let whole = Steps::begin(self.clock, self.time);
        let steps = Steps::begin(self.clock, self.time / 2);
        let permit = self.range(permit, &steps, into).await?;
        let (growth, permit) = self.growth(permit, steps).await?;
        into.growth = Some(growth);
        into.services = Some(self.services(permit, whole).await?);
        Ok(())
    }

    async fn range(
        &self,
        permit: StreamPermit,
        steps: &Steps,
        into: &mut StoreStatistics,
    ) -> Result<StreamPermit, PageError> {
        let ends = [Order::Ascending, NEWEST_FIRST].map(all);
        let [first, last] = ends;
        let (oldest, permit) = outermost(self.retrieval, first, steps, permit).await?;
        into.oldest = oldest;
        let (newest, permit) = outermost(self.retrieval, last, steps, permit).await?;
        into.newest = newest;
        Ok(permit)
    }

    async fn growth(
        &self,
        permit: StreamPermit,
        mut steps: Steps,
    ) -> Result<(Growth, StreamPermit), PageError> {
        let buckets = Arc::new(Buckets::of_last_days(self.clock.now(), DAYS));
        let mut histogram = Histogram::new(Arc::clone(&buckets));
        let mut counting = self.retrieval.counting(permit, all(NEWEST_FIRST), buckets);
        while steps
            .goes_on(counting.step(&mut histogram, steps.left()).await)
            .await?
        {}
        let growth = Growth::new(&histogram, steps.reached());
        Ok((growth, counting.into_permit()))
    }

    async fn services(
        &self,
        permit: StreamPermit,
        mut steps: Steps,
    ) -> Result<Services, PageError> {
        let fields = SERVICE_FIELDS.map(|key| Field::Attribute(key.to_owned()));
        let (question, fields) = (all(NEWEST_FIRST), Some(fields.into()));
        let mut facets = self.retrieval.faceting(permit, question, fields);
        while steps.goes_on(facets.step(steps.left()).await).await? {}
        let reached = steps.reached();
        let mut fields = facets.top(SERVICE_FIELDS.len(), SERVICES);
        fields.retain(|facet| !facet.is_empty());
        Ok(Services {
            complete: reached.is_none(),
            counted_up_to: reached.map(|record| counted_up_to(record, NEWEST_FIRST)),
            records: facets.records(),
            fields,
        })
    }
}

/// Every record: whoever asks may know of all.
fn all(order: Order) -> BoundQuery {
    Reach::EVERYTHING.bind(Query {
        order,
        ..Query::default()
    })
}

impl Growth {
    /// Of buckets for the [last days](Buckets::of_last_days), counted as far as `reached`.
    fn new(histogram: &Histogram, reached: Option<RecordId>) -> Self {
        let mut days: Vec<Day> = histogram
            .rows()
            .map(|(bucket, counts)| {
                let is_counted =
                    reached.is_none_or(|record| bucket.is_passed(record, NEWEST_FIRST));
                let start = bucket.first.to_string();
                let day = start.split('T').next().unwrap_or_default();
                Day {
                    day: day.to_owned(),
                    records: counts.total(),
                    complete: (!is_counted).then_some(false),
                }
            })
            .collect();
        let later = days.pop().map_or(0, |later| later.records);
        let earlier = if days.is_empty() {
            0
        } else {
            days.remove(0).records
        };
        Self {
            records: histogram.total().total(),
            complete: reached.is_none(),
            counted_up_to: reached.map(|record| counted_up_to(record, NEWEST_FIRST)),
            earlier,
            days,
            later,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn time(text: &str) -> Timestamp {
        Timestamp::parse(text).unwrap()
    }

    fn growth(reached: Option<&str>) -> Growth {
        let buckets = Buckets::of_last_days(time("2024-03-01T12:00:00Z"), 3);
        let mut histogram = Histogram::new(Arc::new(buckets));
        for (text, records) in [
            ("2023-01-01", 5),
            ("2024-02-28T00:00:00Z", 1),
            ("2024-03-01T23:59:59Z", 2),
            ("2031-01-01", 3),
        ] {
            let text = if text.contains('T') {
                text.to_owned()
            } else {
                format!("{text}T00:00:00Z")
            };
            histogram.add(time(&text), 9, records);
        }
        Growth::new(
            &histogram,
            reached.map(|text| RecordId::first_at(time(text))),
        )
    }

    #[test]
    fn the_last_days_are_told_one_by_one_and_what_is_before_and_behind_them_in_a_sum() {
        let told = serde_json::to_value(growth(None)).unwrap();
        let expected = serde_json::json!({
            "records": 11, "complete": true, "earlier": 5, "later": 3,
            "days": [
                {"day": "2024-02-28", "records": 1},
                {"day": "2024-02-29", "records": 0},
                {"day": "2024-03-01", "records": 2},
            ],
        });
        assert_eq!(told, expected);
    }

    #[test]
    fn where_time_was_over_it_is_told_how_far_counting_has_come_and_which_days_lack_something() {
        let told = growth(Some("2024-02-29T07:00:00Z"));
        assert!(!told.complete);
        assert_eq!(told.counted_up_to, Some(time("2024-02-29T07:00:00Z")));
        let complete: Vec<_> = told.days.iter().map(|day| day.complete).collect();
        assert_eq!(complete, [Some(false), Some(false), None]);
    }
}
