//! A time before which no batch was received that was appended and is still to be handed out.

use logs::Timestamp;

/// It may lie before the oldest of them, until as many again were handed out: the times are not kept one
/// by one, since any number of batches may wait on disk.
#[derive(Debug, Default)]
pub(super) struct OldestAhead {
    /// Of batches below `turn`, and of those from there on.
    oldest: (Option<Timestamp>, Option<Timestamp>),
    turn: u64,
}

impl OldestAhead {
    /// A batch was appended.
    pub(super) fn appended(&mut self, seq: u64, received_at: Timestamp) {
        let (below, above) = &mut self.oldest;
        let oldest = if seq < self.turn { below } else { above };
        *oldest = Some(oldest.map_or(received_at, |oldest| oldest.min(received_at)));
    }

    /// Everything below `cursor` was handed out, and what is from `next_seq` on is not appended yet.
    pub(super) fn handed_out(&mut self, cursor: u64, next_seq: u64) {
        if cursor >= self.turn {
            self.oldest = (self.oldest.1.take(), None);
            self.turn = next_seq;
        }
        if cursor >= next_seq {
            self.oldest = (None, None);
        }
    }

    /// The time, if any such batch is known.
    pub(super) fn get(&self) -> Option<Timestamp> {
        let (below, above) = self.oldest;
        below.into_iter().chain(above).min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_batch_that_is_still_to_be_handed_out_is_older_and_none_is_remembered_for_ever() {
        let times = [50, 60, 3, 70, 80, 90, 100, 110, 120, 130];
        let time = |seq: u64| Timestamp::from_nanos(times[usize::try_from(seq).unwrap() % 10]);
        // So many are appended before one is handed out, and two behind them at last.
        for backlog in 1..25 {
            let (mut ahead, mut cursor) = (OldestAhead::default(), 0);
            let mut told = Vec::new();
            for seq in 0..60 {
                ahead.appended(seq, if seq < 10 { time(seq) } else { time(9) });
                if seq >= backlog {
                    cursor += 1;
                    ahead.handed_out(cursor, seq + 1);
                }
                let waiting = (cursor..=seq).map(|seq| if seq < 10 { time(seq) } else { time(9) });
                assert!(ahead.get() <= waiting.min(), "{backlog} {seq}");
                told.push(ahead.get());
            }
            assert_eq!(told[59], Some(time(9)), "{backlog}");
            ahead.handed_out(60, 60);
            assert_eq!(ahead.get(), None);
        }
    }
}
