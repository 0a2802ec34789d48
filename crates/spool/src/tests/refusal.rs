//! What a start makes of a damaged spool: it refuses and changes nothing, or, when it is told to,
//! keeps all that is intact.

use super::fixture::{LARGE, Numbered, bounds};
use super::model::Model;
use super::opened::{Opened, open};
use super::random::Random;
use super::simulated_disk::SimulatedDisk;
use crate::segment::name;
use crate::{ConsumeError, Damage, Portion, SpoolError, offline};

pub(super) const ALL: Portion = Portion {
    documents: usize::MAX,
    bytes: usize::MAX,
};

pub(super) fn drained(opened: &mut Opened) -> Result<Numbered, (Numbered, Damage)> {
    let mut taken = Numbered::new();
    loop {
        match opened.source.next_now(ALL) {
            Ok(batches) if batches.is_empty() => return Ok(taken),
            Ok(batches) => taken.extend(batches.iter().map(|one| (one.seq, one.batch.id))),
            Err(ConsumeError::Damaged(damage)) => return Err((taken, damage)),
            Err(error) => panic!("{error}"),
        }
    }
}

pub(super) fn opened(disk: &SimulatedDisk, recover: bool) -> Result<Opened, SpoolError> {
    open(disk, bounds(LARGE), 77, recover)
}

/// A start refuses and changes nothing; with `--spool-recover` it keeps all of `intact`, and the
/// damaged file as it was; after that the spool is as good as any.
#[track_caller]
pub(super) fn refused_and_recovered(
    disk: &SimulatedDisk,
    segment: u64,
    offset: usize,
    intact: &Numbered,
) {
    let before = disk.contents();
    let error = opened(disk, false).err().expect("it opened");
    let SpoolError::Damaged(damages) = error else {
        panic!("{error}");
    };
    let places: Vec<_> = damages
        .iter()
        .map(|one| (one.segment, one.offset))
        .collect();
    assert_eq!(places, [(segment, offset as u64)], "{damages:?}");
    assert_eq!(disk.contents(), before);
    verified(disk, 1);

    let mut recovered = opened(disk, true).unwrap();
    assert_eq!(drained(&mut recovered).as_ref(), Ok(intact));
    let file = name(segment);
    let aside = &disk.contents()[&file.replace(".seg", ".damaged")];
    assert_eq!(aside, &before[&file]);
    goes_on(disk, recovered, intact);
}

/// What is appended now comes behind what is there, also after another start.
pub(super) fn goes_on(disk: &SimulatedDisk, mut opened_before: Opened, intact: &Numbered) {
    let (_, batches) = Model::default().send(1, &mut Random::new(9));
    let id = batches[0].id;
    let seq = *opened_before.append(batches)[0].as_ref().unwrap();
    drop(opened_before);
    let mut all = intact.clone();
    all.push((seq, id));
    assert_eq!(drained(&mut opened(disk, false).unwrap()), Ok(all));
    verified(disk, 0);
}

/// What `verify` says; neither it nor `dump` changes anything.
#[track_caller]
pub(super) fn verified(disk: &SimulatedDisk, damages: usize) {
    let before = disk.contents();
    let report = offline::verify(disk).unwrap();
    assert_eq!(report.damages.len(), damages, "{:?}", report.damages);
    offline::dump(disk, |_, _| Ok(())).unwrap();
    assert_eq!(disk.contents(), before);
}
