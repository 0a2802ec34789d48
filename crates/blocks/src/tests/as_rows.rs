//! What comes back is what rows give back.

use super::*;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_500))]
    #[test]
    fn what_comes_back_is_what_rows_give_back(records in records()) {
        let opened = Opened::read(&block(&records)).unwrap();
        let expected = as_rows(&records);
        prop_assert_eq!(opened.head.records, records.len());
        prop_assert_eq!(Some(&opened.head.first), records.keys().next());
        prop_assert_eq!(Some(&opened.head.last), records.keys().next_back());
        for (severity, count) in &opened.head.severities {
            let of_it = records.values().filter(|fields| fields.severity == *severity);
            prop_assert_eq!(of_it.count() as u64, *count);
        }
        let counted: u64 = opened.head.severities.iter().map(|(_, count)| count).sum();
        prop_assert_eq!(counted, records.len() as u64);
        prop_assert_eq!(opened.given(), expected);
    }

    #[test]
    fn blocks_that_are_merged_are_the_block_that_was_written_at_once(
        records in prop::collection::vec(records(), 1..4)
    ) {
        let mut all = Records::new();
        let mut blocks = Vec::new();
        for mut part in records {
            part.retain(|id, _| !all.contains_key(id));
            if !part.is_empty() {
                blocks.push(Opened::read(&block(&part)).unwrap());
                all.append(&mut part);
            }
        }
        let once = Opened::read(&merged(&blocks)).unwrap();
        prop_assert_eq!(once.given(), as_rows(&all));
        // And again, since what was read from a block must not be less than what was written.
        let twice = Opened::read(&merged(&[once])).unwrap();
        prop_assert_eq!(twice.given(), as_rows(&all));
    }

    #[test]
    fn a_merge_that_goes_on_in_another_block_gives_the_same_records(
        records in prop::collection::vec(records(), 1..4), most in 1_usize..9
    ) {
        let mut all = Records::new();
        let mut blocks = Vec::new();
        for mut part in records {
            part.retain(|id, _| !all.contains_key(id));
            if !part.is_empty() {
                blocks.push(Opened::read(&block(&part)).unwrap());
                all.append(&mut part);
            }
        }
        let merged = merged_by(&blocks, |records| records >= most);
        prop_assert_eq!(merged.len(), all.len().div_ceil(most));
        let given = merged.iter().flat_map(|block| Opened::read(block).unwrap().given());
        prop_assert_eq!(given.collect::<Vec<_>>(), as_rows(&all));
    }
}
