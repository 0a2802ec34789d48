use super::*;
use crate::structure::Gathered;
use bson::{Bson, Document, doc};
use proptest::prelude::*;

/// What was gathered of a document along the tree, and without it.
fn both(known: &KnownStructures, document: &Document) -> (Option<u16>, Gathered, Gathered) {
    let bytes = document.to_vec().unwrap();
    let (mut along, mut without) = (Gathered::default(), Gathered::default());
    let shape = along.gather_known(&bytes, known);
    assert!(without.gather(&bytes));
    let leaves = |gathered: &Gathered| format!("{:?}", gathered.leaves(&bytes).collect::<Vec<_>>());
    assert!(shape.is_none() || leaves(&along) == leaves(&without));
    (shape, along, without)
}

#[test]
fn a_document_has_the_shape_of_its_structure_and_of_no_other() {
    let documents = [
        doc! {"a": 1, "b": "x"},
        doc! {"b": "x", "a": 1},
        doc! {"a": {"b": 1}, "c": true},
        doc! {"a": {"b": 1, "c": true}},
        doc! {"a": {"b": {"c": 0.5_f64}}},
        doc! {"a": 1},
        doc! {"ab": 1},
        doc! {"": {"": ""}},
    ];
    let mut known = KnownStructures::default();
    for (document, shape) in documents.iter().zip(2..) {
        let (found, _, without) = both(&known, document);
        assert_eq!(found, None, "{document}");
        known.learn(without.structure(), shape);
    }
    for (document, shape) in documents.iter().zip(2..) {
        assert_eq!(both(&known, document).0, Some(shape), "{document}");
    }
    for other in [
        doc! {},
        doc! {"a": [1]},
        doc! {"a": {}},
        doc! {"a": 1, "b": "x", "c": 1},
    ] {
        assert_eq!(both(&known, &other).0, None, "{other}");
    }
    known.clear();
    assert_eq!(both(&known, &documents[0]).0, None);
}

#[test]
fn no_more_structures_are_known_than_there_is_room_for() {
    let mut known = KnownStructures::default();
    for number in 0..10_000 {
        known.learn(
            &[&[1][..], format!("a{number}").as_bytes(), &[0]].concat(),
            2,
        );
    }
    assert_eq!(known.0.len(), MOST_NODES);
}

fn value() -> impl Strategy<Value = Bson> {
    let leaf = prop_oneof![
        any::<i32>().prop_map(Bson::from),
        any::<i64>().prop_map(Bson::from),
        any::<bool>().prop_map(Bson::from),
        any::<f64>().prop_map(Bson::from),
        ".{0,3}".prop_map(Bson::from),
        Just(Bson::Null),
    ];
    leaf.prop_recursive(3, 9, 3, |inner| {
        let members = prop::collection::vec(("[ab]{0,2}", inner), 0..3);
        members.prop_map(|members| Bson::from(members.into_iter().collect::<Document>()))
    })
}

proptest! {
    #[test]
    fn along_the_tree_the_same_values_and_the_same_structure_are_found(
        documents in prop::collection::vec(prop::collection::vec(("[ab]{0,2}", value()), 0..3), 1..9)
    ) {
        let mut known = KnownStructures::default();
        let mut structures: Vec<Vec<u8>> = Vec::new();
        for members in documents {
            let document: Document = members.into_iter().collect();
            let (found, _, without) = both(&known, &document);
            let place = structures.iter().position(|structure| structure == without.structure());
            if let Some(found) = found {
                prop_assert_eq!(place, Some(usize::from(found)));
            } else if place.is_none() {
                known.learn(without.structure(), u16::try_from(structures.len()).unwrap());
                structures.push(without.structure().to_vec());
            }
        }
    }

    #[test]
    fn no_bytes_whatever_panic(bytes: Vec<u8>, place: prop::sample::Index) {
        let document = doc! {"a": 1, "b": {"c": "text"}}.to_vec().unwrap();
        let mut gathered = Gathered::default();
        assert!(gathered.gather(&document));
        let mut known = KnownStructures::default();
        known.learn(gathered.structure(), 2);
        let mut changed = document.clone();
        let start = place.index(document.len());
        for (byte, other) in changed.iter_mut().skip(start).zip(&bytes) {
            *byte = *other;
        }
        for bytes in [&bytes, &changed] {
            let found = gathered.gather_known(bytes, &known);
            prop_assert!(found.is_none() || Gathered::default().gather(bytes));
        }
    }
}
