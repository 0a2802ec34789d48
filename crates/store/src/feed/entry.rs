//! How an entry's records are written down (pure).
//!
//! ```text
//! entry     1 | spans, one byte: so many | span, span, … | batch, batch, … to the end
//! span      first of all: its start in nanoseconds since 1970, eight bytes, big endian
//!           | any other: nanoseconds from the end of the span before to its start, less one, varint
//!           | its nanoseconds, less one, varint
//! batch     the eight bytes of its id | bytes of its positions, varint | its positions, as the ledger has them
//! varint    seven bits a byte, the lowest first, the eighth says that another follows; as short as can be
//! ```
//!
//! Spans are in their order and apart, batches in the order of their ids, and none is without positions: so that what was
//! announced has one encoding.

use super::Announced;
use super::spans::MOST_SPANS;
use crate::blocks::ledger::have::Have;
use crate::varint::{read_varint, write_varint};
use logs::Timestamp;
use std::ops::Range;

/// The first byte.
const FORMAT: u8 = 1;

/// An entry's bytes, of batches in the order of their ids, of which each is there once and has positions.
pub(crate) fn encode<'a>(
    batches: impl ExactSizeIterator<Item = (&'a [u8; 8], &'a Have)>,
    spans: &[Range<Timestamp>],
) -> Vec<u8> {
    let spans = spans.get(..MOST_SPANS.min(spans.len())).unwrap_or_default();
    let mut bytes = Vec::with_capacity(2 + 17 * spans.len() + 12 * batches.len());
    let count = u8::try_from(spans.len()).unwrap_or(u8::MAX);
    bytes.extend([FORMAT, count]);
    let mut last: Option<i64> = None;
    for span in spans {
        let (start, end) = (span.start.nanos(), span.end.nanos());
        match last {
            None => bytes.extend(start.to_be_bytes()),
            Some(last) => write_varint(&mut bytes, start.abs_diff(last) - 1),
        }
        write_varint(&mut bytes, end.abs_diff(start) - 1);
        last = Some(end);
    }
    let mut runs = Vec::new();
    for (batch, positions) in batches {
        runs.clear();
        positions.encode_into(&mut runs);
        bytes.extend_from_slice(batch);
        write_varint(&mut bytes, runs.len() as u64);
        bytes.extend_from_slice(&runs);
    }
    bytes
}

/// What has these bytes; `None` when they are no entry's.
pub(crate) fn decode(bytes: &[u8]) -> Option<(Announced, Vec<Range<Timestamp>>)> {
    let ([FORMAT, count], mut rest) = bytes.split_first_chunk()? else {
        return None;
    };
    let count = usize::from(*count);
    if count > MOST_SPANS {
        return None;
    }
    let mut spans = Vec::with_capacity(count);
    let mut last: Option<i64> = None;
    for _ in 0..count {
        let start = match last {
            None => {
                let (start, behind) = rest.split_first_chunk()?;
                rest = behind;
                i64::from_be_bytes(*start)
            }
            Some(last) => further(last, read_varint(&mut rest)?)?,
        };
        let end = further(start, read_varint(&mut rest)?)?;
        spans.push(Timestamp::from_nanos(start)..Timestamp::from_nanos(end));
        last = Some(end);
    }
    let mut announced = Announced::default();
    while !rest.is_empty() {
        let (batch, behind) = rest.split_first_chunk::<8>()?;
        rest = behind;
        let length = usize::try_from(read_varint(&mut rest)?).ok()?;
        let (positions, behind) = rest.split_at_checked(length)?;
        rest = behind;
        let positions = Have::decode(positions).filter(|positions| !positions.is_empty())?;
        let greatest = announced.batches.last_key_value();
        if greatest.is_some_and(|(greatest, _)| greatest >= batch) {
            return None;
        }
        announced.batches.insert(*batch, positions);
    }
    Some((announced, spans))
}

/// So many nanoseconds and one more behind.
fn further(nanos: i64, by: u64) -> Option<i64> {
    nanos.checked_add_unsigned(by.checked_add(1)?)
}

#[cfg(test)]
mod tests {
    use super::super::spans::Spans;
    use super::*;
    use proptest::prelude::*;
    use record::id::BatchId;

    fn announced(batches: &[(u8, Vec<u32>)]) -> Announced {
        let mut announced = Announced::default();
        for (batch, positions) in batches {
            for position in positions {
                announced.add(BatchId::from_bytes([*batch; 8]), *position);
            }
        }
        announced
    }

    fn encode(announced: &Announced, spans: &[Range<Timestamp>]) -> Vec<u8> {
        super::encode(announced.batches.iter(), spans)
    }

    fn spans(times: &[i64]) -> Vec<Range<Timestamp>> {
        let mut spans = Spans::default();
        for nanos in times {
            spans.add(Timestamp::from_nanos(*nanos));
        }
        spans.ranges()
    }

    #[test]
    fn a_batch_of_a_thousand_takes_little_more_than_its_id() {
        let whole = announced(&[(7, (0..1_000).collect())]);
        let bytes = encode(&whole, &spans(&[1, 2]));
        assert_eq!(
            bytes,
            [
                &[1, 1][..],
                &[0, 0, 0, 0, 0, 0, 0, 1, 1],
                &[7; 8],
                &[3, 0, 0xe7, 0x07]
            ]
            .concat()
        );
        assert_eq!(decode(&bytes), Some((whole, spans(&[1, 2]))));
    }

    #[test]
    fn bytes_of_a_later_format_and_cut_ones_are_none() {
        let mut bytes = encode(&announced(&[(7, vec![1])]), &spans(&[1]));
        for length in 0..bytes.len() {
            let cut = &bytes[..length];
            // Without its batch it is an entry that announces nothing.
            assert_eq!(decode(cut).is_some(), length == 11, "{length}");
        }
        bytes[0] = 2;
        assert_eq!(decode(&bytes), None);
    }

    proptest! {
        #[test]
        fn what_was_announced_comes_back(
            batches in prop::collection::vec((any::<u8>(), prop::collection::vec(prop_oneof![0..50_u32, any::<u32>()], 1..20)), 0..20),
            times in prop::collection::vec(any::<i64>(), 0..40),
        ) {
            let (announced, spans) = (announced(&batches), spans(&times));
            let bytes = encode(&announced, &spans);
            prop_assert_eq!(decode(&bytes), Some((announced, spans)));
        }

        #[test]
        fn what_any_bytes_say_has_them_alone(
            head in prop::sample::select(vec![vec![1, 0], vec![1, 1], vec![1, 2], vec![]]),
            tail in prop::collection::vec(prop_oneof![0..3_u8, any::<u8>()], 0..60),
        ) {
            let bytes = [head, tail].concat();
            if let Some((announced, spans)) = decode(&bytes) {
                prop_assert_eq!(encode(&announced, &spans), bytes);
            }
        }

        #[test]
        fn damage_of_an_entry_makes_no_panic(
            batches in prop::collection::vec((any::<u8>(), prop::collection::vec(0..50_u32, 1..20)), 0..20),
            times in prop::collection::vec(any::<i64>(), 0..40),
            place: prop::sample::Index, byte: u8,
        ) {
            let mut bytes = encode(&announced(&batches), &spans(&times));
            let place = place.index(bytes.len());
            bytes[place] = byte;
            if let Some((announced, spans)) = decode(&bytes) {
                prop_assert_eq!(encode(&announced, &spans), bytes);
            }
        }
    }
}
