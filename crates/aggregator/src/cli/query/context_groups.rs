//! Matches with their neighbours, as `grep -C` shows them: no record twice, and a separator between
//! two groups that have records between them.

use query::Order;
use record::id::RecordId;

/// A record in the form that it is shown in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) id: RecordId,
    pub(super) json: String,
}

/// What stands around a match, both sides in the order in which they are shown.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Around {
    /// Before it. One more than is shown, where there is one: it tells whether a group ends there.
    pub(super) lead: Vec<Row>,
    /// Behind it.
    pub(super) trail: Vec<Row>,
}

/// What is shown next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Piece<'a> {
    /// There are records between what was before and what follows.
    Separator,
    /// A record that was looked for.
    Match(&'a str),
    /// One of its neighbours.
    Neighbour(&'a str),
}

/// Takes matches in their order and says what is shown.
#[derive(Debug)]
pub(super) struct Groups {
    pub(super) order: Order,
    /// Neighbours on one side.
    pub(super) count: usize,
    /// The last record that was shown.
    last: Option<RecordId>,
    /// Behind the last match: kept until it is known that none of them is a match itself.
    trail: Vec<Row>,
}

impl Groups {
    pub(super) fn new(order: Order, count: usize) -> Self {
        Self {
            order,
            count,
            last: None,
            trail: Vec::new(),
        }
    }

    /// Shows a match with what stands before it.
    pub(super) fn add<E>(
        &mut self,
        found: &Row,
        around: Around,
        mut show: impl FnMut(Piece<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        let trail = std::mem::replace(&mut self.trail, around.trail);
        for row in trail {
            if self.is_before(row.id, found.id) {
                self.last = Some(row.id);
                show(Piece::Neighbour(&row.json))?;
            }
        }
        if let Some(last) = self.last
            && !around.lead.iter().any(|row| !self.is_before(last, row.id))
        {
            show(Piece::Separator)?;
        }
        let more = around.lead.len().saturating_sub(self.count);
        for row in around.lead.iter().skip(more) {
            if self.last.is_none_or(|last| self.is_before(last, row.id)) {
                show(Piece::Neighbour(&row.json))?;
            }
        }
        self.last = Some(found.id);
        show(Piece::Match(&found.json))
    }

    /// Shows what stands behind the last match.
    pub(super) fn finish<E>(
        &mut self,
        mut show: impl FnMut(Piece<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        for row in std::mem::take(&mut self.trail) {
            show(Piece::Neighbour(&row.json))?;
        }
        Ok(())
    }

    fn is_before(&self, one: RecordId, other: RecordId) -> bool {
        match self.order {
            Order::Ascending => one < other,
            Order::Descending => one > other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use logs::Timestamp;
    use proptest::prelude::*;
    use record::id::BatchId;
    use std::convert::Infallible;

    fn row(number: usize) -> Row {
        let time = Timestamp::from_nanos(i64::try_from(number).unwrap());
        Row {
            id: RecordId::new(time, BatchId::keyed("k", b""), 0),
            json: number.to_string(),
        }
    }

    /// What is shown of the records `0..all`, the ones at `found` being looked for.
    fn shown(order: Order, count: usize, all: usize, found: &[usize]) -> String {
        let mut groups = Groups::new(order, count);
        let mut out = Vec::new();
        let mut show = |piece: Piece<'_>| {
            out.push(match piece {
                Piece::Separator => "--".to_owned(),
                Piece::Match(text) => format!("[{text}]"),
                Piece::Neighbour(text) => text.to_owned(),
            });
            Ok::<_, Infallible>(())
        };
        let mut found = found.to_vec();
        if order == Order::Descending {
            found.reverse();
        }
        for place in found {
            let less = |more: usize| (place.saturating_sub(count + more)..place).map(row);
            let greater = |more: usize| (place + 1..all.min(place + 1 + count + more)).map(row);
            let around = match order {
                Order::Ascending => Around {
                    lead: less(1).collect(),
                    trail: greater(0).collect(),
                },
                Order::Descending => Around {
                    lead: greater(1).rev().collect(),
                    trail: less(0).rev().collect(),
                },
            };
            let Ok(()) = groups.add(&row(place), around, &mut show);
        }
        let Ok(()) = groups.finish(&mut show);
        out.join(" ")
    }

    /// The same, said naively.
    fn expected(order: Order, count: usize, all: usize, found: &[usize]) -> String {
        let mut places: Vec<usize> = (0..all)
            .filter(|place| found.iter().any(|match_| match_.abs_diff(*place) <= count))
            .collect();
        if order == Order::Descending {
            places.reverse();
        }
        let mut out = Vec::new();
        let mut last: Option<usize> = None;
        for place in places {
            if last.is_some_and(|last| last.abs_diff(place) > 1) {
                out.push("--".to_owned());
            }
            let is_match = found.contains(&place);
            out.push(if is_match {
                format!("[{place}]")
            } else {
                place.to_string()
            });
            last = Some(place);
        }
        out.join(" ")
    }

    #[test]
    fn groups_that_touch_are_one_and_others_are_parted() {
        let shown = |found: &[usize]| shown(Order::Ascending, 1, 10, found);
        assert_eq!(shown(&[1, 2]), "0 [1] [2] 3");
        assert_eq!(shown(&[1, 4]), "0 [1] 2 3 [4] 5");
        assert_eq!(shown(&[1, 5]), "0 [1] 2 -- 4 [5] 6");
        assert_eq!(shown(&[0, 9]), "[0] 1 -- 8 [9]");
    }

    proptest! {
        #[test]
        fn it_is_what_grep_shows(found in prop::collection::btree_set(0_usize..30, 0..10), count in 1_usize..5, newest_first: bool) {
            let order = if newest_first { Order::Descending } else { Order::Ascending };
            let found: Vec<usize> = found.into_iter().collect();
            prop_assert_eq!(shown(order, count, 30, &found), expected(order, count, 30, &found));
        }
    }
}
