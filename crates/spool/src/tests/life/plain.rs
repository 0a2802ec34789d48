//! Lives of which is known what happens in them, to be broken off at every operation.

use super::Life;
use crate::tests::machine::Faults;
use crate::tests::opened::Opened;

impl Life<'_> {
    /// A life in which everything happens once, without faults, up to where the disk stops.
    pub(in crate::tests) fn live_plainly(mut self) -> Result<(), String> {
        self.bounds.segment_bytes = 400;
        if let Some(mut opened) = self.open()? {
            for _ in 0..5 {
                self.append(&mut opened)?;
                self.hand_out(&mut opened)?;
                self.mark_done(&opened);
                self.tidy(&opened);
            }
            drop(opened.spool.mark_clean());
        }
        Ok(())
    }

    /// A life in which a sync fails at last, as it is told then: the process ends.
    pub(in crate::tests) fn live_until_a_sync_fails(mut self) -> Result<(), String> {
        self.bounds.segment_bytes = self.random.between(200, 2000) as u64;
        if let Some(mut opened) = self.open()? {
            for _ in 0..3 {
                self.append(&mut opened)?;
                self.hand_out(&mut opened)?;
                self.mark_done(&opened);
                self.tidy(&opened);
            }
            self.disk.set_faults(Faults {
                sync_fails: 1,
                ..Faults::default()
            });
            self.append(&mut opened)?;
        }
        Ok(())
    }

    /// A life on a full disk: what waits is handed out, and nothing is taken. Then there is room, or not.
    pub(in crate::tests) fn live_on_a_full_disk(mut self) -> Result<(), String> {
        self.disk.set_faults(Faults::full_disk());
        let room = self.random.once_in(2);
        if let Some(mut opened) = self.open()? {
            if self.append(&mut opened)? {
                return Err("a full disk has taken a batch".to_owned());
            }
            while self.random.once_in(2) && self.hand_out(&mut opened)? > 0 {}
            if self.random.once_in(2) {
                self.drain_as_far_as_it_goes(&mut opened)?;
            }
            if room && !self.disk.has_stopped() {
                self.disk.set_faults(Faults::default());
                self.append(&mut opened)?;
                // Whatever was owed is on disk now.
                self.disk.evict();
                while self.hand_out(&mut opened)? > 0 {}
            }
            drop(opened.spool.mark_clean());
        }
        Ok(())
    }

    /// Everything comes out and is done, on a disk that may be full or stop.
    fn drain_as_far_as_it_goes(&mut self, opened: &mut Opened) -> Result<(), String> {
        while self.hand_out(opened)? > 0 {}
        for one in std::mem::take(&mut self.under_way) {
            self.mark_one_done(opened, &one);
        }
        self.tidy(opened);
        Ok(())
    }

    /// Without faults: everything comes out, and the disk is free again.
    pub(in crate::tests) fn finish(mut self) -> Result<(), String> {
        let mut opened = self.open()?.ok_or("it does not open")?;
        self.goes_on(&mut opened)?;
        self.drain(&mut opened)?;
        match (self.model.unfinished().next(), opened.segments()) {
            (None, 1) => Ok(()),
            (left, segments) => Err(format!("{left:?} is left, in {segments} segments")),
        }
    }

    /// Everything comes out, is done, and is removed, once the disk works.
    pub(super) fn drain(&mut self, opened: &mut Opened) -> Result<(), String> {
        while self.hand_out(opened)? > 0 {}
        for one in std::mem::take(&mut self.under_way) {
            self.mark_one_done(opened, &one);
        }
        opened
            .spool
            .tidy()
            .map_err(|error| format!("tidying: {error}"))?;
        let waiting = opened.waiting();
        match (
            waiting.cursor == waiting.next_seq,
            waiting.batches,
            waiting.records,
        ) {
            (true, 0, 0) => Ok(()),
            _ => Err(format!("everything is done, and there wait {waiting:?}")),
        }
    }
}
