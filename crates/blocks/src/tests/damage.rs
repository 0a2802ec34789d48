//! Bytes that are not what was written: told, and never a panic or a wrong record.

use super::*;
use crate::damaged::Damaged;
use crate::examination::{Examined, Part, examine};
use crate::head::Summary;
use crate::input::Input;
use crate::section::Contents;

fn parts(block: &mut Block) -> Vec<&mut Vec<u8>> {
    let mut parts = vec![&mut block.head, &mut block.filter];
    parts.extend(&mut block.columns);
    parts
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(6))]
    #[test]
    fn each_bit_that_flips_is_found(records in prop::collection::btree_map(id(), fields(), 1..5)) {
        let mut block = block(&records);
        prop_assert!(Opened::read(&block).is_ok());
        for part in 0..parts(&mut block).len() {
            let bits = 8 * parts(&mut block)[part].len();
            for bit in 0..bits {
                parts(&mut block)[part][bit / 8] ^= 1 << (bit % 8);
                prop_assert!(Opened::read(&block).is_err(), "part {part}, bit {bit}");
                parts(&mut block)[part][bit / 8] ^= 1 << (bit % 8);
            }
        }
    }
}

fn examined(block: &Block) -> Examined {
    let columns = block.columns.concat();
    let unpacker = &mut Unpacker::new().unwrap();
    examine(&block.head, Some(&block.filter), Some(&columns), unpacker)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(6))]
    #[test]
    fn an_examination_tells_the_part_whose_bit_has_flipped_and_whose_records_there_were(records in prop::collection::btree_map(id(), fields(), 1..5)) {
        let mut block = block(&records);
        let ids: Vec<RecordId> = records.keys().copied().collect();
        let whole = examined(&block);
        prop_assert_eq!(&whole.faults, &[]);
        prop_assert!(whole.ids.unwrap().as_slice() == ids);
        let head = Head::read(&block.head).unwrap();
        for part in 0..parts(&mut block).len() {
            let bits = 8 * parts(&mut block)[part].len();
            for bit in (0..bits).step_by(5) {
                parts(&mut block)[part][bit / 8] ^= 1 << (bit % 8);
                let found = examined(&block);
                let expected = match part {
                    0 => Part::Head,
                    1 => Part::Filter,
                    column => Part::Column(head.sections[column - 2].column.clone()),
                };
                let told: Vec<&Part> = found.faults.iter().map(|fault| &fault.part).collect();
                prop_assert_eq!(told, &[&expected]);
                match expected {
                    Part::Head | Part::Column(Column::Times | Column::Tails) => prop_assert!(found.ids.is_none()),
                    _ => prop_assert!(found.ids.unwrap().as_slice() == ids),
                }
                parts(&mut block)[part][bit / 8] ^= 1 << (bit % 8);
            }
        }
        // A place more is no block either.
        block.columns.push(vec![0]);
        prop_assert_eq!(&examined(&block).faults[0].part, &Part::Records);
        block.columns.truncate(2);
        prop_assert!(!examined(&block).faults.is_empty());
    }
}

/// The block with bytes of one column changed under its checksum, as a fault of a writer would.
fn changed(block: &Block, column: usize, changes: &[(usize, u8)]) -> Option<Block> {
    let head = Head::read(&block.head).unwrap();
    let section = head.sections.get(column)?;
    let mut bytes = section
        .unpack(&block.columns[column], &mut Unpacker::new().unwrap())
        .unwrap();
    let length = bytes.len();
    for (place, byte) in changes {
        *bytes.get_mut(place % length.max(1))? = *byte;
    }
    let contents = Contents {
        column: section.column.clone(),
        values: section.values,
        integers: section.integers,
        has_arrays: section.has_arrays,
    };
    let (section, stored) = Packer::new().unwrap().pack(contents, &bytes);
    let (mut head, mut block) = (head, block.clone());
    head.sections[column] = section;
    block.head = head.write();
    block.columns[column] = stored;
    Some(block)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3_000))]
    #[test]
    fn no_contents_whatever_panic(
        records in records(),
        column in 0_usize..12,
        changes in prop::collection::vec((any::<usize>(), any::<u8>()), 1..4),
    ) {
        if let Some(changed) = changed(&block(&records), column, &changes)
            && let Ok(opened) = Opened::read(&changed)
        {
            prop_assert_eq!(opened.head.records, records.len());
            let rows = opened.rows();
            for place in 0..records.len() {
                rows.write_attributes(place, &mut Vec::new());
                prop_assert!(rows.id(place).is_some());
            }
        }
    }

    #[test]
    fn no_directory_whatever_panics(
        records in records(),
        changes in prop::collection::vec((any::<usize>(), any::<u8>()), 1..3),
        numbers in (0_usize..12, 0_u8..6, 0_usize..30),
        filter in prop::collection::vec(any::<u8>(), 0..96),
    ) {
        let one = block(&records);
        let mut head = Head::read(&one.head).unwrap();
        let (place, kind, number) = numbers;
        let place = place % head.sections.len();
        let section = &mut head.sections[place];
        match kind {
            0 => section.values = number,
            1 => section.bytes = section.bytes.saturating_add_signed(number.cast_signed() - 15),
            2 => section.stored = section.stored.saturating_add_signed(number.cast_signed() - 15),
            3 => section.has_arrays = !section.has_arrays,
            4 => {
                section.integers = match section.integers {
                    None => Some((0, number.cast_signed() as i64)),
                    Some((least, greatest)) => Some((least.wrapping_add(1), greatest)),
                }
            }
            _ => section.column = Column::Attribute("b".to_owned()),
        }
        let mut bytes = one.head.clone();
        // Behind the magic, before the checksum.
        let length = bytes.len() - 12;
        for (place, byte) in changes {
            bytes[8 + place % length] = byte;
        }
        resealed(&mut bytes);
        head.filter = crate::head::FilterEntry::of(&filter);
        for head in [bytes, head.write()] {
            let changed = Block { head, filter: filter.clone(), ..one.clone() };
            let Ok(head) = Head::read(&changed.head) else { continue };
            if let Ok(filter) = head.filter(&filter) {
                filter.may_have(number as u64);
            }
            let changed = Block { head: changed.head, ..one.clone() };
            if let Ok(opened) = Opened::read(&changed) {
                opened.given();
            }
        }
    }

    #[test]
    fn no_bytes_are_read_as_a_head_but_those_of_one(bytes: Vec<u8>, records in records()) {
        prop_assert!(Head::read(&bytes).is_err());
        let mut head = block(&records).head;
        let length = head.len();
        head.extend_from_slice(&bytes);
        prop_assert!(bytes.is_empty() || Head::read(&head).is_err());
        head.truncate(bytes.len() % length);
        prop_assert!(Head::read(&head).is_err());
        drop(crate::section::Section::read(&mut Input::new(&bytes), 9));
    }
}

/// With the checksums that it would have, of the summary and of the head.
fn resealed(head: &mut [u8]) {
    let fields = usize::from(u16::from_le_bytes([head[10], head[11]]));
    for end in [12 + fields, head.len() - 4] {
        if let Some((covered, [a, b, c, d, ..])) = head.split_at_mut_checked(end) {
            [*a, *b, *c, *d] = crc32c::crc32c(covered).to_le_bytes();
        }
    }
}

#[test]
fn a_block_of_a_later_version_says_which_program_reads_it() {
    let fields = Fields::default();
    let mut head = block(&Records::from([(RecordId::MIN, fields)])).head;
    head[8] = 2;
    // What is only damaged is not taken for a later version.
    assert_eq!(Head::read(&head), Err(Damaged::Checksum("summary")));
    resealed(&mut head);
    let said = Head::read(&head).unwrap_err().to_string();
    assert!(
        said.contains("format version 2") && said.contains("newer aggregator"),
        "{said}"
    );
    assert_eq!(Summary::read(&head).unwrap_err().to_string(), said);
}

#[test]
fn a_summary_takes_few_bytes() {
    let severities = [5, 9, 9, 13, 17].map(|severity| Fields {
        severity,
        message: "x".repeat(100_000),
        ..Fields::default()
    });
    let id = |number| {
        RecordId::new(
            Timestamp::from_nanos(number),
            BatchId::from_bytes([1; 8]),
            0,
        )
    };
    let records: Records = (0..).map(id).zip(severities).collect();
    let head = Head::read(&block(&records).head).unwrap();
    assert_eq!(head.text, 500_000 + 5 * (2 + 8) - (2 + 8));
    assert!(head.summary.encode().len() <= 96);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn a_summary_is_read_by_itself_and_at_the_front_of_a_head(records in records(), bit: prop::sample::Index) {
        let head = block(&records).head;
        let read = Head::read(&head).unwrap();
        prop_assert_eq!(Summary::read(&head), Ok(read.summary.clone()));
        let mut alone = read.summary.encode();
        prop_assert!(head.starts_with(&alone));
        prop_assert_eq!(Summary::read(&alone), Ok(read.summary));
        let bit = bit.index(8 * alone.len());
        prop_assert!(Summary::read(&alone[..bit / 8]).is_err());
        alone[bit / 8] ^= 1 << (bit % 8);
        prop_assert!(Summary::read(&alone).is_err());
    }

    #[test]
    fn the_parts_of_another_block_are_told_apart(records in records(), others in records()) {
        let (one, other) = (block(&records), block(&others));
        let head = Head::read(&one.head).unwrap();
        let is_another = one.filter != other.filter;
        prop_assert_eq!(head.filter(&other.filter).is_err(), is_another);
        prop_assert_eq!(head.filter(&[0; 4]), Err(Damaged::Checksum("filter")));
        prop_assert_eq!(head.filter_bytes(), one.filter.len());
    }

    #[test]
    fn a_head_that_says_something_else_than_its_columns_is_told(records in records()) {
        let one = block(&records);
        let head = Head::read(&one.head).unwrap();
        let mut changed = vec![head.clone(); 6];
        changed[0].summary.first = RecordId::MIN;
        changed[1].summary.last = RecordId::from_slice(&[0xff; 27]).unwrap();
        changed[2].summary.severities[0].0 += 31;
        changed[3].summary.severities[0].1 += 1;
        changed[4].sections.swap_remove(0);
        changed[5].summary.bytes += 1;
        for changed in changed.iter().skip(3) {
            // The head alone tells.
            prop_assert!(Head::read(&changed.write()).is_err());
        }
        for changed in changed.into_iter().filter(|changed| *changed != head) {
            let block = Block { head: changed.write(), ..one.clone() };
            prop_assert!(Opened::read(&block).is_err());
        }
    }
}

#[test]
fn a_flag_or_a_version_that_is_not_known_is_refused() {
    let fields = Fields::default();
    let head = block(&Records::from([(RecordId::MIN, fields)])).head;
    let mut unknown = head.clone();
    unknown[8] = 0;
    resealed(&mut unknown);
    assert_eq!(
        Head::read(&unknown),
        Err(Damaged::Impossible("a version that never was"))
    );
    // The first column, of times, has its kind and flags behind how many there are.
    let places = head.windows(2).position(|pair| pair == [5, 1]).unwrap();
    let mut unknown = head;
    unknown[places + 2] |= 8;
    resealed(&mut unknown);
    assert_eq!(
        Head::read(&unknown),
        Err(Damaged::Impossible("a flag that is not known"))
    );
}
