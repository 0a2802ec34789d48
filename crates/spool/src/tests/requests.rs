//! Requests of several batches: all of one or none, wherever the machine stops.

use super::fixture::{Contents, LARGE, Numbered, bounds};
use super::model::Model;
use super::opened::{Opened, open};
use super::random::Random;
use super::refusal::drained;
use super::simulated_disk::{End, SimulatedDisk};
use crate::bounds::{AppendError, Bounds};
use record::batch::Batch;
use record::id::BatchId;

fn requests(sizes: &[usize]) -> Vec<Vec<Batch>> {
    let (mut model, mut random) = (Model::default(), Random::new(5));
    let of_size = |size: &usize| model.send(*size, &mut random).1;
    sizes.iter().map(of_size).collect()
}

fn ids(requests: &[Vec<Batch>]) -> Vec<BatchId> {
    requests.iter().flatten().map(|batch| batch.id).collect()
}

fn there(disk: &SimulatedDisk) -> Numbered {
    let mut opened: Opened = open(disk, bounds(LARGE), 3, false).unwrap();
    drained(&mut opened).unwrap()
}

#[test]
fn a_request_that_has_no_room_leaves_nothing_and_those_beside_it_are_taken() {
    let disk = SimulatedDisk::with_contents(&Contents::new());
    let tight = Bounds {
        max_bytes: 4000,
        ..bounds(LARGE)
    };
    let mut opened = open(&disk, tight, 1, false).unwrap();
    let sent = requests(&[2, 60, 3]);
    let expected = [ids(&sent[..1]), ids(&sent[2..])].concat();
    let answers = opened.append_requests(sent);
    let refused = |answer: &Result<u64, AppendError>| answer.is_err();
    assert!(answers[2..62].iter().all(refused), "{answers:?}");
    let taken: Vec<u64> = answers.into_iter().flatten().collect();
    assert_eq!(taken, [1, 2, 3, 4, 5]);
    drop(opened);
    let found = there(&disk).into_iter().map(|(_, id)| id);
    assert_eq!(found.collect::<Vec<_>>(), expected);
}

#[test]
fn of_a_request_all_batches_are_there_or_none_wherever_the_machine_stops() {
    let (mut all, mut none) = (0, 0);
    for end in [End::Kill, End::PowerCut] {
        for stop in 0..40 {
            let disk = SimulatedDisk::with_contents(&Contents::new());
            let mut opened = open(&disk, bounds(LARGE), 1, false).unwrap();
            disk.stop_after(Some(stop));
            let sent = requests(&[50]);
            let expected = ids(&sent);
            let answers = opened.append_requests(sent);
            let acknowledged = answers.iter().all(Result::is_ok);
            drop(opened);
            disk.end(end);
            let found: Vec<_> = there(&disk).into_iter().map(|(_, id)| id).collect();
            if found.is_empty() {
                assert!(!acknowledged, "{stop} {end:?}");
                none += 1;
            } else {
                assert_eq!(found, expected, "{stop} {end:?}");
                all += 1;
            }
        }
    }
    assert!(all > 5 && none > 1, "{all} {none}");
}
