//! The order of a batch's records among others of their times, put into their ids.

use super::{Batch, BatchBuilder};
use crate::document;
use crate::documents::Documents;
use crate::order::{BatchOrder, Taken};
use logs::Timestamp;

impl BatchBuilder {
    /// The same, of records each of which is [told](Self::place) its position and has no order: its id is the
    /// same in whatever batch of this id it comes.
    #[must_use]
    pub fn with_places(mut self) -> Self {
        self.has_places = true;
        self.order = Some(BatchOrder::NONE);
        self
    }

    /// The next record has this position.
    pub fn place(&mut self, position: u32) {
        self.position = position;
    }

    /// Takes it after all that `taken` has seen, when all records have come.
    pub fn take(&mut self, taken: &mut Taken) {
        if self.has_places {
            return;
        }
        self.order = Some(taken.next(self.greatest_time(), self.batch.received_at));
        self.own.take(taken);
    }

    /// What the records that came have in common of their orders.
    pub(super) fn order(&self) -> BatchOrder {
        let alone = || Taken::default().next(self.greatest_time(), self.batch.received_at);
        self.order.unwrap_or_else(alone)
    }

    fn greatest_time(&self) -> Timestamp {
        self.times.greatest.unwrap_or(self.batch.received_at)
    }
}

impl Batch {
    pub(super) fn put_in_order(&mut self, order: BatchOrder) {
        self.put_some_in_order(order, |_| true);
    }

    fn put_some_in_order(&mut self, order: BatchOrder, is_meant: impl Fn(usize) -> bool) {
        let mut undated = self.undated.iter().peekable();
        for position in 0..self.documents.len() {
            let is_undated = undated.next_if_eq(&&position).is_some();
            if is_meant(position)
                && let Some(document) = self.documents.get_mut(position)
            {
                order_document(document, is_undated, order);
            }
        }
    }

    /// The same, of which an earlier version took records.
    #[must_use]
    pub fn of_earlier_version(mut self) -> Self {
        self.of_earlier_version = true;
        self
    }

    /// Whether an earlier version took records of it: they have no order, or one that may be that of a part of
    /// their batch, and not that which a retry of it has.
    pub fn is_of_earlier_version(&self) -> bool {
        self.of_earlier_version
    }

    /// Gives an order to the records that an earlier version took: that which a retry of their batch has now.
    /// Of a part of a batch, as refused records are, it is known only where the part has the greatest time.
    pub fn order_unordered(&mut self) {
        let all = 0..self.documents.len();
        if self.documents.slices(all.clone()).all(document::has_order) {
            return;
        }
        let have_order = self.documents.slices(all).map(document::has_order);
        let have_order: Vec<bool> = have_order.collect();
        let mut bytes = Vec::with_capacity(self.documents.encoded_bytes());
        for document in self.documents.slices(0..self.documents.len()) {
            document::write_ordered(&mut bytes, document);
        }
        let order = BatchOrder::without_delay(self.greatest_time());
        if let Some(documents) = Documents::from_encoded(bytes) {
            self.documents = documents;
            self.put_some_in_order(order, |position| have_order.get(position) == Some(&false));
        }
    }

    /// The greatest time that came with a record.
    pub(super) fn greatest_time(&self) -> Timestamp {
        let all = self.documents.slices(0..self.documents.len()).enumerate();
        let dated = all.filter(|(position, _)| self.undated.binary_search(position).is_err());
        let times = dated.filter_map(|(_, document)| document::time_of(document));
        times.max().unwrap_or(self.received_at)
    }
}

/// Whether an earlier version took any of these.
pub(super) fn is_of_earlier_version(documents: &Documents) -> bool {
    let mut all = documents.slices(0..documents.len());
    all.any(document::is_without_order)
}

pub(super) fn order_document(document: &mut [u8], is_undated: bool, order: BatchOrder) {
    let time = match is_undated {
        true => None,
        false => document::time_of(document),
    };
    document::set_order(document, order.of(time));
}

#[cfg(test)]
mod tests;
