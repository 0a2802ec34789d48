//! Bytes that are not what was written: told, and never a panic or a wrong record.

use super::*;
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
        is_of_integers: section.is_of_integers,
        has_arrays: section.has_arrays,
    };
    let (section, stored) = Packer::new().unwrap().pack(contents, bytes);
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

#[test]
fn a_block_of_a_later_version_says_which_program_reads_it() {
    let fields = Fields {
        severity: 0,
        level: None,
        message: String::new(),
        attributes: None,
        received: 0,
    };
    let mut head = block(&Records::from([(RecordId::MIN, fields)])).head;
    head[8] = 2;
    let said = Head::read(&head).unwrap_err().to_string();
    assert!(
        said.contains("format version 2") && said.contains("newer aggregator"),
        "{said}"
    );
}
