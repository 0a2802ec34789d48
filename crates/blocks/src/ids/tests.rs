use super::*;
use proptest::prelude::*;
use std::collections::BTreeMap;

fn read(writer: &IdsWriter) -> Result<Ids, Damaged> {
    let (mut times, mut tails) = (Vec::new(), Vec::new());
    writer.write_times(&mut times);
    writer.write_tails(&mut tails);
    let times = Times::read(Input::new(&times), writer.ids.len())?;
    Ids::read(Input::new(&tails), &times)
}

fn writer(ids: &BTreeMap<RecordId, i64>) -> IdsWriter {
    let mut writer = IdsWriter::default();
    for (id, received) in ids {
        writer.push(*id, *received);
    }
    writer
}

/// Ids as batches have them, of a door that takes them.
fn batches() -> impl Strategy<Value = BTreeMap<RecordId, i64>> {
    let record = (0_i64..5_000_000_000, 0_u32..20);
    let batch = (
        any::<[u8; 8]>(),
        any::<u32>(),
        0_i64..3,
        prop::collection::vec(record, 1..8),
    );
    prop::collection::vec(batch, 1..5).prop_map(|batches| {
        let mut ids = BTreeMap::new();
        for (batch, delay, received, records) in batches {
            let greatest = records
                .iter()
                .map(|(time, _)| *time)
                .max()
                .unwrap_or_default();
            for (time, position) in records {
                let reach = u32::try_from((greatest - time) / 1_000_000).unwrap();
                let id = RecordId::new(
                    Timestamp::from_nanos(time),
                    BatchId::from_bytes(batch),
                    position,
                );
                ids.insert(id.with_order(SendOrder::new(reach, delay)), received);
            }
        }
        ids
    })
}

proptest! {
    #[test]
    fn any_ids_come_back(ids: BTreeMap<(i64, [u8; 7], [u8; 8], u32), i64>) {
        let ids: BTreeMap<RecordId, i64> = ids
            .into_iter()
            .map(|((time, order, batch, position), received)| {
                let id = RecordId::new(Timestamp::from_nanos(time), BatchId::from_bytes(batch), position);
                (id.with_order(SendOrder::from_bytes(order)), received)
            })
            .collect();
        prop_assume!(!ids.is_empty());
        let read = read(&writer(&ids)).unwrap();
        prop_assert_eq!(read.as_slice(), ids.keys().copied().collect::<Vec<_>>());
        prop_assert_eq!(read.received, ids.into_values().collect::<Vec<_>>());
    }

    #[test]
    fn of_what_follows_from_the_batch_nothing_is_kept(ids in batches()) {
        let mut writer = writer(&ids);
        prop_assert_eq!(read(&writer).unwrap().ids, ids.keys().copied().collect::<Vec<_>>());
        let (batches, of) = writer.batches();
        for (id, place) in writer.ids.iter().zip(of) {
            prop_assert_eq!(batches[place].reach(id.time()), id.order().reach());
        }
        writer.ids.reverse();
        prop_assert!(writer.ids.len() < 2 || read(&writer).is_err());
    }
}
