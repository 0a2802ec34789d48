use super::*;
use proptest::prelude::*;

fn written(leaves: &[Leaf<'_>]) -> Vec<u8> {
    let mut writer = ValuesWriter::default();
    for leaf in leaves {
        writer.push((*leaf).into());
    }
    let mut out = Vec::new();
    writer.write(&mut out);
    out
}

fn json(leaf: Leaf<'_>) -> String {
    let mut out = Vec::new();
    leaf.write_json(&mut out);
    String::from_utf8(out).unwrap()
}

#[test]
fn each_kind_of_values_has_its_form() {
    let numbers: Vec<Leaf<'_>> = (0..600).map(Leaf::Integer).collect();
    let mixed: Vec<Leaf<'_>> = [Leaf::Text("a"), Leaf::Integer(1), Leaf::Json("[1]")].to_vec();
    for (leaves, form) in [
        (vec![Leaf::Text("a"); 2], DICTIONARY),
        (mixed.repeat(2), DICTIONARY),
        (numbers, INTEGERS),
        (vec![Leaf::Text("00ff"), Leaf::Text("c0de")], HEXADECIMAL),
        (vec![Leaf::Text("00ff"), Leaf::Text("C0de")], TEXTS),
        (vec![Leaf::Text("00ff"), Leaf::Text("c0de00")], TEXTS),
        (vec![Leaf::Text("0f1"), Leaf::Text("0f2")], TEXTS),
        (vec![Leaf::Text(""), Leaf::Text("x")], TEXTS),
        (mixed, MIXED),
    ] {
        let out = written(&leaves);
        assert_eq!(out.last(), Some(&form), "{leaves:?}");
        let read = Values::read(out.clone(), leaves.len()).unwrap();
        for (place, leaf) in leaves.iter().enumerate() {
            assert_eq!(read.get(place), *leaf);
        }
    }
}

#[test]
fn sixteen_digits_take_eight_bytes() {
    let ids: Vec<String> = (0..1_000_u64)
        .map(|id| format!("{:016x}", id.wrapping_mul(0x9e37_79b9_7f4a_7c15)))
        .collect();
    let leaves: Vec<Leaf<'_>> = ids.iter().map(|id| Leaf::Text(id)).collect();
    assert_eq!(written(&leaves).len(), 2 + 8_000);
}

fn leaf() -> impl Strategy<Value = (u8, i64, String)> {
    let text = prop_oneof!["[a-f0-9]{4}", "[ab]", ".{0,6}"];
    (0_u8..3, prop_oneof![any::<i64>(), 0_i64..4], text)
}

fn leaves(parts: &[(u8, i64, String)], kinds: u8) -> Vec<Leaf<'_>> {
    let leaf = |(kind, number, text)| match kind % kinds {
        0 => Leaf::Text(text),
        1 => Leaf::Integer(number),
        _ => Leaf::Json(text),
    };
    parts
        .iter()
        .map(|(kind, number, text)| leaf((kind, *number, text.as_str())))
        .collect()
}

proptest! {
    #[test]
    fn values_come_back_and_are_counted(
        parts in prop::collection::vec(leaf(), 0..40), times in 1_usize..4, kinds in 1_u8..4, every in 1_usize..4
    ) {
        let leaves = leaves(&parts, kinds).repeat(times);
        let out = written(&leaves);
        let values = Values::read(out.clone(), leaves.len()).unwrap();
        prop_assert_eq!(values.len(), leaves.len());
        let texts: Vec<String> = leaves.iter().map(|leaf| json(*leaf)).collect();
        for (place, leaf) in leaves.iter().enumerate() {
            prop_assert_eq!(values.get(place), *leaf);
        }
        let first = texts.first().cloned().unwrap_or_default();
        let fits = values.each_fits(|leaf| json(leaf) == first);
        prop_assert_eq!(fits, texts.iter().map(|text| *text == first).collect::<Vec<_>>());
        let (mut all, mut of_first) = (0, 0);
        values.count(|place| place % every == 0, |leaf, count| {
            all += count;
            of_first += if json(leaf) == first { count } else { 0 };
        });
        prop_assert_eq!(all, leaves.len().div_ceil(every) as u64);
        let expected = texts.iter().step_by(every).filter(|text| **text == first);
        prop_assert_eq!(of_first, expected.count() as u64);
    }

    #[test]
    fn no_bytes_whatever_panic(bytes: Vec<u8>, form in 0_u8..6, count in 0_usize..9) {
        let bytes = [&bytes[..], &[form]].concat();
        if let Ok(values) = Values::read(bytes, count) {
            prop_assert_eq!(values.len(), count);
            for place in (0..=count).chain([usize::MAX]) {
                json(values.get(place));
            }
        }
    }
}
