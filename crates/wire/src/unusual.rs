//! What is unusual of a record that is being read: of each thing once, however often it comes.

use record::batch::BatchBuilder;
use record::notice::Notice;

/// What is to be told of one record.
#[derive(Debug, Default)]
pub(super) struct Unusual(Vec<Notice>);

impl Unusual {
    /// Takes note of something.
    pub(super) fn tell(&mut self, notice: Notice) {
        let of_its_kind =
            |other: &Notice| std::mem::discriminant(other) == std::mem::discriminant(&notice);
        if !self.0.iter().any(of_its_kind) {
            self.0.push(notice);
        }
    }

    /// Takes note of the same as another.
    pub(super) fn tell_also(&mut self, other: &Self) {
        for notice in &other.0 {
            self.tell(notice.clone());
        }
    }

    /// Tells all of it of the batch's last record.
    pub(super) fn tell_all(&mut self, batch: &mut BatchBuilder) {
        for notice in self.0.drain(..) {
            batch.tell(notice);
        }
    }

    /// The first of it.
    pub(super) fn first(&self) -> Option<&Notice> {
        self.0.first()
    }
}
