//! A place to go back to: what was read of a body that turns out to be something else is forgotten.

use super::BatchBuilder;
use super::content_key::SentTimes;
use super::too_large::TooLargeMark;
use crate::notice::NoticeCounts;

/// Where a builder stood, to go back there.
#[derive(Debug, Clone, Copy)]
pub struct Mark {
    documents: usize,
    undated: usize,
    listed_rejects: usize,
    rejects: u64,
    listed_notices: usize,
    notices: NoticeCounts,
    too_large: TooLargeMark,
    times: SentTimes,
    position: u32,
}

impl BatchBuilder {
    /// Where it stands.
    pub fn mark(&self) -> Mark {
        Mark {
            documents: self.batch.documents.len(),
            undated: self.batch.undated.len(),
            listed_rejects: self.rejects.listed.len(),
            rejects: self.rejects.count,
            listed_notices: self.notices.listed.len(),
            notices: self.notices.counts,
            too_large: self.too_large.mark(),
            times: self.times,
            position: self.position,
        }
    }

    /// Forgets every record since `mark`, as if none of them had come.
    pub fn rewind(&mut self, mark: &Mark) {
        self.batch.documents.truncate(mark.documents);
        self.batch.undated.truncate(mark.undated);
        self.rejects.listed.truncate(mark.listed_rejects);
        self.rejects.count = mark.rejects;
        self.notices.rewind(mark.listed_notices, mark.notices);
        self.too_large.rewind(mark.too_large);
        self.times = mark.times;
        self.position = mark.position;
    }
}
