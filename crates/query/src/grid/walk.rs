//! From edge to edge, over changes of the clock.

use crate::zone::{Period, Zone};

const HOUR: i128 = 3_600_000_000_000;
/// Clocks are less than that before or behind UTC.
const FURTHEST: i128 = 26 * HOUR;

/// Whether buckets of this length begin wherever the clock shows a multiple, also when it shows it again.
pub(super) fn begins_wherever(length: i128) -> bool {
    length <= HOUR
}

/// The edges from one on, in nanoseconds since 1970.
pub(super) struct Walk<'a> {
    zone: &'a Zone,
    length: i128,
    shift: i128,
    edge: i128,
    /// That of the edge.
    period: Period,
    /// Of a bucket that begins only once, how many multiples its edge is from 1970 on the clock; `None`
    /// for buckets that begin wherever the clock shows a multiple.
    number: Option<i128>,
}

impl<'a> Walk<'a> {
    /// Begins with the last edge that is not behind `time`.
    pub(super) fn begin(zone: &'a Zone, length: i128, shift: i128, time: i128) -> Self {
        let mut walk = Self {
            zone,
            length,
            shift,
            edge: time,
            period: zone.period(time),
            number: None,
        };
        match begins_wherever(length) {
            true => walk.begin_wherever(),
            false => walk.begin_once(time),
        }
        walk
    }

    /// Where it is.
    pub(super) fn edge(&self) -> i128 {
        self.edge
    }

    /// Goes to the next edge.
    pub(super) fn step(&mut self) {
        match self.number {
            Some(number) => self.step_once(number),
            None => self.step_wherever(),
        }
    }

    fn begin_once(&mut self, time: i128) {
        let number = self.number_at(time, self.period.ahead);
        let shown = self.shown_by(number);
        self.move_to(shown - FURTHEST);
        self.reach(shown);
        self.number = Some(number);
        // The clock may have shown later times before it was put back.
        loop {
            let (edge, period, number) = (self.edge, self.period, self.number);
            self.step();
            if self.edge > time {
                (self.edge, self.period, self.number) = (edge, period, number);
                return;
            }
        }
    }

    /// The next bucket with any time in it: a clock can leave out a whole day.
    fn step_once(&mut self, mut number: i128) {
        let before = self.edge;
        while self.edge == before {
            number += 1;
            self.reach(self.shown_by(number));
        }
        self.number = Some(number);
    }

    /// Goes to where the clock first shows this time or a later one.
    fn reach(&mut self, shown: i128) {
        loop {
            let at = self.edge.max(shown - self.period.ahead);
            match self.period.end {
                Some(end) if at >= end => self.move_to(end),
                _ => {
                    self.edge = at;
                    return;
                }
            }
        }
    }

    fn begin_wherever(&mut self) {
        loop {
            let number = self.number_at(self.edge, self.period.ahead);
            let multiple = self.shown_by(number) - self.period.ahead;
            match self.period.begin {
                Some(begin) if multiple < begin => {
                    self.edge = begin;
                    if self.is_edge(begin) {
                        return;
                    }
                    self.move_to(begin - 1);
                }
                _ => {
                    self.edge = multiple;
                    return;
                }
            }
        }
    }

    fn step_wherever(&mut self) {
        loop {
            let number = self.number_at(self.edge, self.period.ahead);
            let next = self.shown_by(number + 1) - self.period.ahead;
            match self.period.end {
                Some(end) if next >= end => {
                    self.move_to(end);
                    if self.is_edge(end) {
                        return;
                    }
                }
                _ => {
                    self.edge = next;
                    return;
                }
            }
        }
    }

    /// Whether a bucket begins where the clock is changed, which is here: it shows a multiple then, or
    /// something of another bucket than just before.
    fn is_edge(&self, change: i128) -> bool {
        let number = self.number_at(change, self.period.ahead);
        let before = self.zone.period(change - 1).ahead;
        self.shown_by(number) - self.period.ahead == change
            || self.number_at(change - 1, before) != number
    }

    fn move_to(&mut self, time: i128) {
        self.edge = time;
        self.period = self.zone.period(time);
    }

    /// The number of the bucket that the clock shows.
    fn number_at(&self, time: i128, ahead: i128) -> i128 {
        (time + ahead - self.shift).div_euclid(self.length)
    }

    /// What the clock shows where this bucket begins.
    fn shown_by(&self, number: i128) -> i128 {
        number * self.length + self.shift
    }
}
