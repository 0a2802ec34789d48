//! One life of a process in a simulated history: it opens the spool, appends, hands out, marks as
//! done, meets faults, and ends somewhere.

mod earlier;
mod plain;

use super::machine::Faults;
use super::model::{Answer, Model};
use super::opened::{Opened, dumped, open_for};
use super::random::Random;
use super::simulated_disk::SimulatedDisk;
use super::tally::Tally;
use crate::BatchOutcome;
use crate::bounds::{AppendError, Bounds};
use crate::segment::UNFINISHED;
use crate::{ConsumeError, Portion, SpoolError, Spooled};

pub(super) struct Life<'a> {
    disk: &'a SimulatedDisk,
    random: &'a mut Random,
    model: &'a mut Model,
    tally: &'a mut Tally,
    bounds: Bounds,
    under_way: Vec<Spooled>,
    expected: u64,
    poisoned: bool,
}

impl<'a> Life<'a> {
    pub(super) fn new(
        disk: &'a SimulatedDisk,
        random: &'a mut Random,
        model: &'a mut Model,
        tally: &'a mut Tally,
    ) -> Self {
        let bounds = Bounds {
            max_bytes: random.between(6_000, 40_000) as u64,
            min_free_disk: 100,
            // Also larger than the whole spool may be.
            segment_bytes: match random.once_in(8) {
                true => 1 << 20,
                false => random.between(64, 1500) as u64,
            },
        };
        tally.lives += 1;
        Self {
            disk,
            random,
            model,
            tally,
            bounds,
            under_way: Vec::new(),
            expected: 0,
            poisoned: false,
        }
    }

    pub(super) fn live(mut self, last: bool) -> Result<(), String> {
        if self.random.once_in(4) {
            self.disk.set_faults(Faults::random(self.random));
        }
        if !last && self.random.once_in(2) {
            let after = self.random.below(60);
            self.disk.stop_after(Some(after as u64));
        }
        if let Some(mut opened) = self.open()? {
            for _ in 0..self.random.below(20) {
                self.step(&mut opened)?;
                self.look_for_earlier(&opened)?;
            }
            self.goes_on(&mut opened)?;
            self.stop(&mut opened);
        }
        self.tally.stopped += u64::from(self.disk.has_stopped());
        Ok(())
    }

    fn open(&mut self) -> Result<Option<Opened>, String> {
        let disk = self.disk;
        let was_clean = disk.contents().contains_key("clean");
        let faulty = disk.has_faults();
        let full = disk.faults() == Faults::full_disk();
        let (salts, aside) = (self.random.bits(), self.model.earlier.aside);
        match open_for(disk, self.bounds, salts, false, aside) {
            Ok(opened) if !disk.has_stopped() => {
                self.tally.clean_opens += u64::from(was_clean);
                let kept = disk.faults();
                disk.set_faults(Faults::default());
                let recovered = dumped(disk);
                self.tally.recovered += recovered.len() as u64;
                self.tally.torn += u64::from(opened.spool.snapshot().torn_bytes > 0);
                let waiting = opened.waiting();
                self.expected = waiting.cursor;
                self.model.check_recovered(&recovered, &waiting)?;
                self.note_settled(&opened);
                self.look_for_earlier(&opened)?;
                self.tally.owing += u64::from(opened.tail.owes().is_some());
                let (used, there) = (opened.spool.used(), disk.segment_bytes());
                if used != there {
                    return Err(format!("{used} bytes are accounted for, {there} are there"));
                }
                let names = disk.contents();
                // A disk that fails may fail to remove it, too.
                if let Some(name) = names.keys().find(|name| name.ends_with(UNFINISHED))
                    && opened.tail.owes().is_none()
                {
                    return Err(format!("{name} was left"));
                }
                disk.set_faults(kept);
                Ok(Some(opened))
            }
            Err(error) if full && !disk.has_stopped() => {
                Err(format!("a full disk is no reason: {error}"))
            }
            Err(SpoolError::Io(_)) if faulty || disk.has_stopped() => {
                self.tally.failed_opens += 1;
                Ok(None)
            }
            Ok(_) => Ok(None),
            Err(error) => Err(format!("it does not open: {error}")),
        }
    }

    fn note_settled(&mut self, opened: &Opened) {
        if opened.tail.owes().is_none() {
            self.model.settled();
        }
    }

    fn step(&mut self, opened: &mut Opened) -> Result<(), String> {
        if self.random.once_in(10) {
            self.disk.evict();
        }
        match self.random.below(12) {
            0..6 => self.append(opened).map(drop),
            6..8 => self.hand_out(opened).map(drop),
            8..10 => {
                self.mark_done(opened);
                Ok(())
            }
            10 => {
                self.tidy(opened);
                Ok(())
            }
            _ => {
                let faults = match self.random.once_in(3) {
                    true => Faults::random(self.random),
                    false => Faults::default(),
                };
                self.disk.set_faults(faults);
                Ok(())
            }
        }
    }

    /// Whether anything was acknowledged.
    fn append(&mut self, opened: &mut Opened) -> Result<bool, String> {
        let count = self.random.between(1, 4);
        let (first, batches) = self.model.send(count, self.random);
        let segments = opened.segments();
        let poisoned_before = self.poisoned;
        let mut any = false;
        // Some come in one request.
        let answers = match first.is_multiple_of(3) {
            true => opened.append_requests(vec![batches]),
            false => opened.append(batches),
        };
        let all = answers.iter().all(Result::is_ok);
        for (number, answer) in (first..).zip(answers) {
            let answer = match answer {
                Ok(seq) => {
                    self.tally.acknowledged += 1;
                    any = true;
                    Answer::Acknowledged(seq)
                }
                Err(AppendError::Poisoned(_)) if !poisoned_before => {
                    self.poisoned = true;
                    self.tally.unknown += 1;
                    Answer::Unknown
                }
                Err(AppendError::Poisoned(_)) => Answer::Refused,
                Err(error) => {
                    self.tally.refused += 1;
                    self.tally.full += u64::from(matches!(error, AppendError::Full { .. }));
                    Answer::Refused
                }
            };
            self.model.answered(number, answer)?;
        }
        self.put_back(all);
        self.note_settled(opened);
        self.tally.poisoned += u64::from(self.poisoned && !poisoned_before);
        self.tally.rotated += u64::from(opened.segments() > segments);
        Ok(any)
    }

    /// How many batches came out.
    fn hand_out(&mut self, opened: &mut Opened) -> Result<usize, String> {
        let portion = Portion {
            documents: self.random.between(1, 120),
            bytes: self.random.between(1, 6000),
        };
        let batches = match opened.source.next_now(portion) {
            Ok(batches) => batches,
            Err(ConsumeError::Io(_)) if self.disk.has_faults() || self.disk.has_stopped() => {
                return Ok(0);
            }
            // A frame that was in the cache alone has left it.
            Err(ConsumeError::Io(_)) if opened.spool.snapshot().poisoned => {
                self.poisoned = true;
                return Ok(0);
            }
            Err(error) => return Err(format!("the source: {error}")),
        };
        let documents: usize = batches.iter().map(|one| one.batch.documents.len()).sum();
        if batches.len() > 1 && documents > portion.documents {
            return Err(format!("{documents} documents for {portion:?}"));
        }
        for Spooled { seq, batch } in &batches {
            if *seq != self.expected {
                return Err(format!("{seq} came out where {} comes next", self.expected));
            }
            self.model.check(*seq, batch)?;
            self.model.check_earlier(*seq)?;
            self.expected += 1;
        }
        self.tally.handed_out += batches.len() as u64;
        let count = batches.len();
        self.under_way.extend(batches);
        Ok(count)
    }

    /// The store has some of what was handed out; not always the oldest first.
    fn mark_done(&mut self, opened: &Opened) {
        for _ in 0..self.random.between(1, 30) {
            if self.under_way.is_empty() {
                break;
            }
            let most = self.under_way.len().min(3);
            let one = self.under_way.remove(self.random.below(most));
            self.mark_one_done(opened, &one);
        }
        if self.random.once_in(2) {
            self.tidy(opened);
        }
    }

    fn mark_one_done(&mut self, opened: &Opened, one: &Spooled) {
        let outcome = BatchOutcome {
            stored: one.batch.documents.len() as u64,
            ..BatchOutcome::default()
        };
        self.set_aside(one.seq);
        opened.spool.done(one.seq, 1, outcome);
        self.model.done(one.seq);
    }

    fn tidy(&mut self, opened: &Opened) {
        let segments = opened.segments();
        // What cannot be removed now is removed later.
        drop(opened.spool.tidy());
        self.tally.removed += (segments - opened.segments()) as u64;
    }

    /// When the faults have gone, batches are taken again, at the latest when the store has all.
    fn goes_on(&mut self, opened: &mut Opened) -> Result<(), String> {
        if self.disk.has_stopped() || self.random.once_in(3) {
            return Ok(());
        }
        self.disk.set_faults(Faults::default());
        self.disk.stop_after(None);
        if self.poisoned || self.append(opened)? {
            return Ok(());
        }
        let drained = self.drain(opened);
        if self.poisoned {
            return Ok(());
        }
        drained?;
        match self.append(opened)? {
            true => Ok(()),
            false => Err("the disk is in order, and nothing is taken".to_owned()),
        }
    }

    fn stop(&mut self, opened: &mut Opened) {
        if self.random.once_in(4) {
            self.disk.stop_after(Some(self.random.below(4) as u64));
        }
        if self.random.once_in(2) && !self.disk.has_stopped() {
            // As the process does it, also when the spool is poisoned.
            let marked = opened.spool.mark_clean();
            self.tally.clean_stops += u64::from(marked.is_ok());
        }
    }
}
