//! What an earlier version took, in a life: as long as any of it can be handed out again, the spool says so.

use super::Life;
use crate::tests::model::Earlier;
use crate::tests::opened::Opened;

impl Life<'_> {
    /// The spool may say too long that it holds any, and never too short.
    pub(super) fn look_for_earlier(&mut self, opened: &Opened) -> Result<(), String> {
        let holds = opened.spool.holds_earlier();
        self.tally.held_earlier += u64::from(holds);
        let over = self.model.earlier.over;
        self.model.looked_for_earlier(holds)?;
        let Earlier {
            over: is_over,
            before,
            ..
        } = self.model.earlier;
        self.tally.ended_earlier += u64::from(is_over && !over && before > 0);
        Ok(())
    }

    /// The store may refuse what is done, and then it is set aside before that is noted.
    pub(super) fn set_aside(&mut self, seq: u64) {
        if self.random.once_in(6) && self.model.is_earlier(seq) {
            self.model.earlier.aside = true;
        }
    }

    /// What was aside may have been put back with what was appended, if all of that was acknowledged.
    pub(super) fn put_back(&mut self, acknowledged: bool) {
        if acknowledged && self.random.once_in(3) {
            self.model.earlier.aside = false;
        }
    }
}
