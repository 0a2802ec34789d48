//! A model of senders whose clocks tell whole seconds: what they send one after another is read in that
//! order, whatever the records' batches are called.

use crate::batch::BatchBuilder;
use crate::document;
use crate::id::{BatchId, IdFormat, KeyDigest, RecordId};
use crate::order::Taken;
use logs::Timestamp;
use proptest::prelude::*;

const SECOND: i64 = 1_000_000_000;

/// A request of a sender that sends the next one when this is answered.
#[derive(Debug, Clone)]
struct Request {
    /// How far each record's second lies behind the one before; mostly none.
    steps: Vec<u8>,
    /// From its last record until it is taken, in ms.
    wait: u32,
    keyed: bool,
    /// What its batch's id is made of.
    name: u64,
}

fn request() -> impl Strategy<Value = Request> {
    let steps = prop::collection::vec(prop_oneof![4 => Just(0_u8), 1 => 1..3_u8], 1..12);
    (steps, 0..3_000_u32, any::<bool>(), any::<u64>()).prop_map(|(steps, wait, keyed, name)| {
        Request {
            steps,
            wait,
            keyed,
            name,
        }
    })
}

/// What is stored of a request, and the greatest second in it.
struct Stored {
    ids: Vec<RecordId>,
    greatest: i64,
    keyed: bool,
}

/// Stores requests one after another, each of them `tries` times; a retry is taken later.
fn store(requests: &[Request], tries: u32) -> Vec<Stored> {
    let (mut second, mut taken) = (1_700_000_000, Taken::default());
    let mut all = Vec::new();
    for request in requests {
        let mut stored: Option<Stored> = None;
        let first = second;
        for attempt in 0..tries {
            second = first;
            let id = BatchId::keyed(&request.name.to_string(), b"");
            let key = request.keyed.then(|| KeyDigest::of("key"));
            let times: Vec<i64> = request
                .steps
                .iter()
                .map(|step| {
                    second += i64::from(*step);
                    second
                })
                .collect();
            let wait = i64::from(request.wait) * 1_000_000 + i64::from(attempt) * 40 * SECOND;
            let received_at = Timestamp::from_nanos(second * SECOND + wait);
            let mut builder = BatchBuilder::new(id, key, received_at, usize::MAX);
            for time in times {
                builder.record(Some(Timestamp::from_nanos(time * SECOND)), None, "", |_| {
                    Ok(())
                });
            }
            builder.take(&mut taken);
            let batch = builder.finish().0;
            let ids: Vec<RecordId> = batch
                .documents
                .slices(0..request.steps.len())
                .map(|one| {
                    let mut bytes = Vec::new();
                    document::write_as(&mut bytes, one, IdFormat::Ordered, request.keyed);
                    document::encoded_id(&bytes).unwrap()
                })
                .collect();
            if let Some(stored) = stored.as_ref().filter(|_| request.keyed) {
                assert_eq!(stored.ids, ids, "a retry stores nothing new");
            }
            stored.get_or_insert(Stored {
                ids,
                greatest: second,
                keyed: request.keyed,
            });
        }
        all.extend(stored);
    }
    all
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn no_two_requests_are_turned_round_but_keyed_ones_with_the_same_greatest_second(
        requests in prop::collection::vec(request(), 1..20), tries in 1..3_u32
    ) {
        let stored = store(&requests, tries);
        for (place, earlier) in stored.iter().enumerate() {
            prop_assert!(earlier.ids.is_sorted(), "records of a request stay in their order");
            for later in &stored[place + 1..] {
                let can_tell = earlier.greatest < later.greatest || !earlier.keyed && !later.keyed;
                if can_tell {
                    prop_assert!(earlier.ids.last() < later.ids.first());
                }
            }
        }
    }
}
