//! Ids sort as they should and are read as they are shown.

use super::*;
use proptest::prelude::*;

proptest! {
    #[test]
    fn ids_sort_by_time_and_within_a_batch_by_position(
        a in any::<(i64, u32)>(), b in any::<(i64, u32)>()
    ) {
        let batch = BatchId::keyed("k", b"body");
        let id = |(nanos, position)| RecordId::new(Timestamp::from_nanos(nanos), batch, position);
        prop_assert_eq!(id(a).cmp(&id(b)), a.cmp(&b));
        prop_assert_eq!((id(a).time().nanos(), id(a).position()), a);
        prop_assert_eq!(id(a).batch(), batch);
        prop_assert!(RecordId::first_at(id(a).time()) <= id(a));
        prop_assert!(RecordId::last_at(id(a).time()) >= id(a));
        prop_assert_eq!(RecordId::last_at(id(a).time()).time(), id(a).time());
    }
}

#[test]
fn an_id_is_read_as_it_is_shown_and_follows_its_predecessor() {
    let id = RecordId::new(Timestamp::from_nanos(5), BatchId::from_bytes([0; 8]), 0);
    assert_eq!(RecordId::parse(&id.to_string()), Some(id));
    let before = id.predecessor().unwrap();
    assert!(before < id);
    assert_eq!(before.time().nanos(), 4);
    assert!(before.to_string().ends_with(&"f".repeat(38)));
    assert_eq!(RecordId::MIN.predecessor(), None);
    for wrong in ["", "12", &"g".repeat(40), &"+1".repeat(20), &"0".repeat(42)] {
        assert_eq!(RecordId::parse(wrong), None, "{wrong}");
    }
}

#[test]
fn an_id_is_shown_as_hexadecimal_digits() {
    assert_eq!(RecordId::MAX.to_string(), "f".repeat(54));
    let id = RecordId::new(
        Timestamp::from_nanos(0),
        BatchId::from_bytes([0xab; 8]),
        258,
    );
    assert_eq!(id.to_string(), "8000000000000000abababababababab00000102");
    let id = id.with_order(SendOrder::from_bytes([1, 2, 3, 4, 5, 6, 7]));
    assert_eq!(
        id.to_string(),
        "800000000000000001020304050607abababababababab00000102"
    );
    assert_eq!(RecordId::parse(&id.to_string()), Some(id));
}

#[test]
fn an_id_of_format_1_is_the_same_record_without_an_order() {
    let id = RecordId::new(Timestamp::from_nanos(5), BatchId::from_bytes([3; 8]), 9);
    assert_eq!(id.order(), SendOrder::NONE);
    assert_eq!(RecordId::from_slice(&id.plain()), Some(id));
    let ordered = id.with_order(SendOrder::from_bytes([1; 7]));
    assert_eq!(ordered.plain(), id.plain());
    assert_eq!((ordered.batch(), ordered.position()), (id.batch(), 9));
    for length in [0, 8, 19, 21, 26, 28] {
        assert_eq!(RecordId::from_slice(&vec![0; length]), None, "{length}");
    }
}

#[test]
fn a_record_of_the_spool_is_known_under_its_id_and_under_what_stores_keep_of_it() {
    let id = RecordId::new(Timestamp::from_nanos(5), BatchId::from_bytes([3; 8]), 9);
    let with = |order| id.with_order(SendOrder::from_bytes(order));
    let stored = |id: RecordId| id.as_stored().collect::<Vec<_>>();
    assert_eq!(stored(id), [id]);
    let whole = with([0, 0, 1, 0, 0, 0, 9]);
    let pure = with([0, 0, 1, 0, 0, 0, 0]);
    assert_eq!(stored(whole), [whole, pure, id]);
    assert_eq!(stored(pure), [pure, id]);
    let delayed = with([0, 0, 0, 0, 0, 0, 9]);
    assert_eq!(stored(delayed), [delayed, id]);
}

#[test]
fn ids_of_one_time_sort_by_their_order_whatever_their_batch_is() {
    let id = |batch, order| {
        let batch = BatchId::from_bytes([batch; 8]);
        RecordId::new(Timestamp::from_nanos(5), batch, 0).with_order(SendOrder::from_bytes(order))
    };
    assert!(id(9, [0, 0, 1, 0, 0, 0, 9]) < id(1, [0, 0, 2, 0, 0, 0, 1]));
    assert!(id(9, [0, 0, 1, 0, 0, 0, 1]) < id(1, [0, 0, 1, 0, 0, 0, 2]));
}
