use super::*;

#[test]
fn what_is_not_served_is_told_with_its_number_and_its_kind() {
    let told = Unserved {
        others: BTreeMap::from([("ObjectId", 3), ("string", 1)]),
        without_message: 1,
        ..Unserved::default()
    };
    let told = told.told("logs");
    assert_eq!(told.len(), 2);
    let others =
        "4 documents in logs were written by something else (by _id: 3 ObjectId, 1 string): ";
    assert!(told[0].starts_with(others), "{told:?}");
    let ours = "1 document in logs has an id like ours and no text as message: ";
    assert!(told[1].starts_with(ours), "{told:?}");
}

#[test]
fn where_not_all_was_looked_at_there_are_at_least_so_many() {
    let told = Unserved {
        others: BTreeMap::from([("string", 1001)]),
        others_are_more: true,
        without_message: 7,
        without_message_are_more: true,
    };
    let told = told.told("logs");
    assert!(told[0].starts_with("at least 1001 documents"), "{told:?}");
    assert!(told[1].starts_with("at least 7 documents"), "{told:?}");
}

#[test]
fn where_all_is_served_nothing_is_told() {
    let unserved = Unserved {
        without_message_are_more: true,
        ..Unserved::default()
    };
    assert!(unserved.told("logs").is_empty());
}
