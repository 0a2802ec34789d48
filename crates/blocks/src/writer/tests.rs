use super::*;
use crate::damaged::Damaged;
use crate::section::Packer;

const FIELDS: Fields<'static> = Fields {
    id: RecordId::MIN,
    severity: 0,
    level: None,
    message: "m",
    received: 0,
};

#[test]
fn a_block_that_nobody_could_read_is_not_given_out() {
    let mut writer = BlockWriter::default();
    writer.add(FIELDS, None, std::iter::empty()).unwrap();
    writer.levels = LevelsWriter::default();
    let level = writer.levels.find(1, Some(&"x".repeat(64 * 1024 * 1024)));
    writer.levels.push(level);
    let finished = writer.finish(&mut Packer::new().unwrap());
    assert_eq!(finished, Err(Damaged::Impossible("more than there can be")));
}

#[test]
fn values_that_have_no_columns_are_refused_before_anything_is_changed() {
    let mut writer = BlockWriter::default();
    let two = [RawLeaf::Integer(1), RawLeaf::Integer(2)];
    for leaves in [&two[..], &[]] {
        let whole = Found::Known(WHOLE_SHAPE);
        let added = writer.add(FIELDS, Some(whole), leaves.iter().copied());
        assert_eq!(added, Err(NotTaken::Damaged));
    }
    assert!(writer.is_empty() && writer.values.is_empty() && writer.held.bytes() == 0);
    writer.add_whole(FIELDS, b"{}").unwrap();
}
