use super::*;

fn fault(index: &Document) -> bool {
    fault_of_index("logs", index).is_some()
}

#[test]
fn a_unique_index_is_a_fault_where_two_good_records_could_be_equal_in_it() {
    for index in [
        doc! { "key": { "message": 1 }, "unique": true },
        doc! { "key": { "time": 1, "level": 1 }, "unique": true },
        // All of ours are without it, and so equal.
        doc! { "key": { "order": 1 }, "unique": true },
        doc! { "key": { "attributes.id": 1 }, "unique": true, "sparse": true },
        doc! { "key": { "order": 1, "time": 1 }, "unique": true, "sparse": true },
        doc! { "key": { "message": 1 }, "prepareUnique": true },
        doc! { "key": { "message": 1 }, "unique": true, "hidden": true },
        doc! { "key": { "order": 1 }, "unique": true, "partialFilterExpression": { "level": "INFO" } },
        doc! { "key": { "order": 1 }, "unique": true, "partialFilterExpression": { "time": { "$exists": true } } },
    ] {
        assert!(fault(&index), "{index}");
    }
    for index in [
        doc! { "key": { "message": 1 } },
        doc! { "key": { "message": 1 }, "unique": false },
        doc! { "key": { "_id": 1 }, "unique": true, "clustered": true },
        doc! { "key": { "message": 1, "_id": 1 }, "unique": true },
        doc! { "key": { "order": 1 }, "unique": true, "sparse": true },
        doc! { "key": { "order": 1 }, "unique": true, "partialFilterExpression": { "order": { "$exists": true } } },
        doc! { "key": { "time": 1 }, "expireAfterSeconds": 60 },
    ] {
        assert!(!fault(&index), "{index}");
    }
}

#[test]
fn an_index_that_removes_records_is_told_with_its_time() {
    for seconds in [Bson::Int32(60), Bson::Int64(60), Bson::Double(60.0)] {
        let index = doc! { "name": "old", "key": { "time": 1 }, "expireAfterSeconds": seconds };
        let told = removal_by("logs", &index).unwrap();
        assert!(told.contains("index old of logs"), "{told}");
        assert!(told.contains("60 s older than its time"), "{told}");
    }
    for index in [
        doc! { "key": { "time": 1 } },
        doc! { "key": { "theirs": 1 }, "expireAfterSeconds": 60 },
    ] {
        assert_eq!(removal_by("logs", &index), None);
    }
}

#[test]
fn what_loses_records_or_stores_them_twice_is_told_by_its_kind() {
    let entry = |kind| Entry {
        kind,
        uuid: None,
        clustered: false,
        bare: false,
    };
    assert_eq!(fault_of_kind("logs", entry(Kind::Ordinary)), None);
    for (kind, word) in [
        (Kind::View, "logs is a view"),
        (Kind::Capped, "logs is a capped collection"),
        (Kind::TimeSeries, "logs is a time series"),
    ] {
        let told = fault_of_kind("logs", entry(kind)).unwrap();
        assert!(told.contains(word), "{told}");
        assert!(told.contains("nothing is written to it"), "{told}");
    }
}
