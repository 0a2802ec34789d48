//! A sum over records in no order, by which it is known that two stores hold the same ones, to the byte that a reader
//! gets.

use record::id::RecordId;

/// The sum, and over how many.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct RecordSum {
    pub(crate) records: u64,
    sum: u128,
}

/// What is summed of a record.
pub(crate) struct Summed<'a> {
    pub(crate) id: RecordId,
    pub(crate) severity: u8,
    pub(crate) level: Option<&'a str>,
    pub(crate) message: &'a str,
    /// As JSON.
    pub(crate) attributes: Option<&'a [u8]>,
    /// In milliseconds since 1970.
    pub(crate) received_at: i64,
}

impl RecordSum {
    /// That which [`RecordSum::bytes`] were of.
    pub(crate) fn from_parts(records: u64, bytes: [u8; 16]) -> Self {
        Self {
            records,
            sum: u128::from_be_bytes(bytes),
        }
    }

    pub(crate) fn bytes(&self) -> [u8; 16] {
        self.sum.to_be_bytes()
    }

    pub(crate) fn add(&mut self, record: &Summed<'_>) {
        let level = record.level.map(str::as_bytes);
        let message = Some(record.message.as_bytes());
        let mut hasher = blake3::Hasher::new();
        hasher.update(record.id.as_bytes());
        hasher.update(&record.received_at.to_be_bytes());
        hasher.update(&[record.severity]);
        for text in [level, message, record.attributes] {
            // No text is as long as one that is not there.
            let length = text.map_or(u64::MAX, |text| text.len() as u64);
            hasher.update(&length.to_be_bytes());
            hasher.update(text.unwrap_or_default());
        }
        let mut hash = [0; 16];
        hasher.finalize_xof().fill(&mut hash);
        self.records += 1;
        self.sum = self.sum.wrapping_add(u128::from_be_bytes(hash));
    }

    pub(crate) fn join(&mut self, other: Self) {
        self.records += other.records;
        self.sum = self.sum.wrapping_add(other.sum);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use logs::Timestamp;
    use record::id::BatchId;

    fn record(message: &str) -> Summed<'_> {
        let batch = BatchId::from_bytes([7; 8]);
        Summed {
            id: RecordId::new(Timestamp::from_nanos(1), batch, 2),
            severity: 9,
            level: Some("INFO"),
            message,
            attributes: None,
            received_at: 3,
        }
    }

    fn sum(records: &[Summed<'_>]) -> RecordSum {
        let mut sum = RecordSum::default();
        for record in records {
            sum.add(record);
        }
        sum
    }

    #[test]
    fn the_order_is_nothing_to_it_and_each_part_of_a_record_is_something() {
        let whole = sum(&[record("one"), record("two")]);
        assert_eq!(sum(&[record("two"), record("one")]), whole);
        let mut joined = sum(&[record("two")]);
        joined.join(sum(&[record("one")]));
        assert_eq!(joined, whole);
        assert_eq!(RecordSum::from_parts(2, whole.bytes()), whole);
        let changed: [fn(&mut Summed<'_>); 6] = [
            |record| record.id = RecordId::MIN,
            |record| record.severity = 10,
            |record| record.level = None,
            |record| record.message = "on",
            |record| record.attributes = Some(b""),
            |record| record.received_at = 4,
        ];
        for change in changed {
            let mut other = record("one");
            change(&mut other);
            assert_ne!(sum(&[other]), sum(&[record("one")]));
        }
        // What one text loses the next does not get.
        let mut moved = record("INFOone");
        moved.level = Some("");
        assert_ne!(sum(&[moved]), sum(&[record("one")]));
        assert_ne!(sum(&[record("one"), record("one")]), sum(&[record("one")]));
    }
}
