use super::*;
use crate::leaf::Leaf;
use crate::values::ValuesWriter;
use proptest::prelude::*;
use std::collections::BTreeMap;

fn written(leaves: &[Leaf<'_>]) -> Vec<u8> {
    let mut writer = ValuesWriter::default();
    for leaf in leaves {
        writer.push((*leaf).into());
    }
    let mut out = Vec::new();
    writer.write(&mut out);
    out
}

fn counted(leaves: &[Leaf<'_>], among: Option<&RowSet>, listing: Listing) -> Counted {
    let counting = Counting {
        count: leaves.len(),
        among,
        listing,
    };
    counting.of(&written(leaves)).unwrap()
}

fn text_of(leaf: Leaf<'_>) -> Option<String> {
    match leaf {
        Leaf::Integer(number) => Some(number.to_string()),
        Leaf::Text(text) => Some(text.to_owned()),
        Leaf::Json(json) => (json != "{}").then(|| json.to_owned()),
    }
}

/// Holds what is counted to the values themselves.
fn agrees(leaves: &[Leaf<'_>], among: Option<&RowSet>, listing: Listing) {
    let counted = counted(leaves, among, listing);
    let mut exact: BTreeMap<String, u64> = BTreeMap::new();
    let (mut records, mut too_long) = (0, 0);
    for (place, leaf) in leaves.iter().enumerate() {
        let text = text_of(*leaf).filter(|_| among.is_none_or(|among| among.has(place)));
        records += u64::from(text.is_some());
        match text {
            Some(text) if text.len() > listing.longest => too_long += 1,
            Some(text) => *exact.entry(text).or_default() += 1,
            None => {}
        }
    }
    assert_eq!((counted.records, counted.too_long), (records, too_long));
    let mut told: BTreeMap<String, u64> = BTreeMap::new();
    for (text, records) in counted.told() {
        assert_eq!(told.insert(text.to_owned(), records), None, "{text}");
    }
    let is_all = exact.len() <= listing.most;
    assert_eq!(counted.left_out == 0, is_all || told == exact);
    for (text, records) in &exact {
        match told.get(text) {
            Some(told) => assert_eq!(told, records, "{text}"),
            None => assert!(*records <= counted.left_out, "{text}"),
        }
    }
    assert!(told.keys().all(|text| exact.contains_key(text)));
    assert!(told.len() >= listing.least.min(exact.len()));
}

proptest! {
    #[test]
    fn each_value_is_counted_as_often_as_it_is_there(
        parts in prop::collection::vec((0_u8..4, 0_u16..600, 0_u16..600), 0..900),
        kinds in prop::sample::select(vec![&[0_u8][..], &[1], &[2], &[3], &[4], &[0, 1, 2], &[0, 1, 2, 5, 6]]),
        few: bool, some: Option<u64>, most in 256_usize..400, longest in prop::sample::select(vec![4_usize, 12, 256]),
    ) {
        let texts: Vec<(u8, i64, String)> = parts
            .iter()
            .map(|(kind, number, other)| {
                let kind = kinds[usize::from(*kind) % kinds.len()];
                let number = if few { number % 9 } else { number.min(other) % 600 };
                let text = match kind {
                    3 => format!("{number:016x}"),
                    4 => format!("{number:040x}"),
                    2 => format!("{number}.5"),
                    6 => "{".to_owned(),
                    _ => format!("{number}"),
                };
                (kind, i64::from(number) - 300, text)
            })
            .collect();
        let leaves: Vec<Leaf<'_>> = texts
            .iter()
            .map(|(kind, number, text)| match kind {
                0 => Leaf::Integer(*number),
                2 => Leaf::Json(text),
                5 => Leaf::Json("{}"),
                _ => Leaf::Text(text),
            })
            .collect();
        let among = some.map(|some| {
            RowSet::of((0..leaves.len()).map(|place| some >> (place % 64) & 1 == 1))
        });
        agrees(&leaves, among.as_ref(), Listing { most, least: 20, longest });
    }
}

proptest! {
    #[test]
    fn whatever_bytes_say_no_more_are_counted_than_there_are(
        mut bytes in prop::collection::vec(any::<u8>(), 0..60), form in 0_u8..6, count in 0_usize..9,
    ) {
        bytes.push(form);
        let listing = Listing { most: 3, least: 1, longest: 256 };
        let counting = Counting { count, among: None, listing };
        if let Ok(counted) = counting.of(&bytes) {
            prop_assert!(counted.records <= count as u64);
            prop_assert!(counted.told().map(|(_, records)| records).sum::<u64>() <= counted.records);
        }
    }
}

#[test]
fn of_values_that_are_all_there_once_some_are_told() {
    let ids: Vec<String> = (0..2_000_u64).map(|id| format!("{id:016x}")).collect();
    let leaves: Vec<Leaf<'_>> = ids.iter().map(|id| Leaf::Text(id)).collect();
    let listing = Listing {
        most: 1_000,
        least: 100,
        longest: 256,
    };
    let counted = counted(&leaves, None, listing);
    assert_eq!((counted.records, counted.left_out), (2_000, 1));
    assert_eq!(counted.told().count(), 100);
    assert_eq!(counted.told().next(), Some((ids[0].as_str(), 1)));
}

#[test]
fn an_array_is_no_single_value() {
    let counting = Counting {
        count: 1,
        among: None,
        listing: Listing {
            most: 1,
            least: 1,
            longest: 9,
        },
    };
    assert!(counting.of(&written(&[Leaf::Json("[1]")])).is_err());
}
