//! What was refused goes back under the heads that it had.

use super::*;
use crate::deliver::dead_letters::{DeadLetterBounds, LetterId, ReasonCode};
use crate::deliver::portion::{Part, Prepared};
use crate::deliver::scripted::{Answer, Fixture, batch, start};
use record::fault::MAX_DOCUMENT_BYTES;
use spool::disk::Folder;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use store::Refused;

fn picky() -> (Arc<AtomicBool>, Fixture) {
    let picky = Arc::new(AtomicBool::new(true));
    let refuses = Arc::clone(&picky);
    let place = start(move |messages| {
        let bad = messages.iter().position(|text| text.starts_with("bad"));
        match bad.filter(|_| refuses.load(Ordering::Relaxed)) {
            Some(bad) => Answer::Refuse(bad),
            None => Answer::Take,
        }
    });
    (picky, place)
}

async fn put_back(place: &Fixture) -> usize {
    let delivery = &place.delivery;
    let admission = Admission::new(1 << 20);
    let (letters, spool) = (&delivery.dead_letters, &delivery.spool);
    let replayed = replay(letters, spool, &admission, &Choice::All).await;
    replayed.unwrap().records
}

#[tokio::test]
async fn each_batch_comes_back_as_one_under_its_own_head_with_what_was_undated() {
    let (_, mut place) = picky();
    let sent = [
        batch("a", &["good", "bad"], false),
        batch("b", &["bad"], true),
    ];
    let origins = sent.each_ref().map(Batch::origin);
    for batch in sent {
        place.deliver(vec![batch]).await;
    }
    assert_eq!(place.set_aside().await.len(), 2);
    assert_eq!(put_back(&place).await, 2);
    assert!(place.set_aside().await.is_empty());
    let mut spooled = place.next().await;
    spooled.sort_by_key(|spooled| {
        origins
            .iter()
            .position(|own| *own == spooled.batch.origin())
    });
    let came: Vec<_> = spooled
        .iter()
        .map(|spooled| spooled.batch.origin())
        .collect();
    assert_eq!(came, origins);
    assert_eq!(spooled[0].batch.undated(), [0]);
    assert!(spooled[1].batch.undated().is_empty());
    assert!(
        spooled
            .iter()
            .all(|spooled| spooled.batch.documents.len() == 1)
    );
}

#[tokio::test]
async fn what_is_refused_again_after_a_replay_is_kept_again() {
    let (picky, mut place) = picky();
    place.deliver(vec![batch("a", &["bad"], true)]).await;
    assert_eq!(put_back(&place).await, 1);
    let portion = place.next().await;
    place.delivery.deliver(portion).await;
    assert_eq!(place.set_aside().await.len(), 1);
    picky.store(false, Ordering::Relaxed);
    assert_eq!(put_back(&place).await, 1);
    let portion = place.next().await;
    place.delivery.deliver(portion).await;
    assert!(place.set_aside().await.is_empty());
    let counts = place.accounting.snapshot();
    assert_eq!((counts.stored, counts.waiting), (1, 0));
}

#[tokio::test]
async fn what_is_too_large_to_be_stored_is_left_aside_and_counted() {
    let (_, mut place) = picky();
    place.deliver(vec![batch("a", &["bad"], true)]).await;
    let mut large = place.set_aside().await.remove(0);
    let folder = tempfile::tempdir().unwrap();
    let bounds = DeadLetterBounds {
        max_bytes: 1 << 30,
        min_free_disk: 0,
    };
    let disk = Arc::new(Folder::create(folder.path()).unwrap());
    let letters = Arc::new(DeadLetters::open(disk, bounds).unwrap());
    letters.add(vec![large.clone()]).await.unwrap();
    let document = [large.document, vec![0; MAX_DOCUMENT_BYTES]].concat();
    for position in [7, 8] {
        (large.position, large.document) = (position, document.clone());
        let kept = letters.keep_apart(vec![large.clone()], Ipv4Addr::LOCALHOST.into());
        assert!(kept.await.unwrap().is_some());
    }
    // No room for any of them is asked for.
    let admission = Admission::new(1 << 20);
    for records in [1, 0] {
        let spool = &place.delivery.spool;
        let replayed = replay(&letters, spool, &admission, &Choice::All).await;
        let expected = Replayed {
            records,
            left_aside: 2,
            not_found: 0,
        };
        assert_eq!(replayed.unwrap(), expected);
    }
    assert_eq!(letters.snapshot().records, 2);
}

#[tokio::test]
async fn records_of_an_earlier_version_go_one_by_one() {
    let (_, mut place) = picky();
    place
        .deliver(vec![batch("a", &["bad", "good"], true)])
        .await;
    place.deliver(vec![batch("b", &["bad"], true)]).await;
    let mut letters = place.set_aside().await;
    letters[1].origin = letters[0].origin;
    letters[1].position = 9;
    assert_eq!(batches(&letters).unwrap().len(), 1);
    for letter in &mut letters {
        letter.alone = true;
    }
    assert_eq!(batches(&letters).unwrap().len(), 2);
}

#[tokio::test]
async fn a_replay_that_is_cut_short_leaves_what_it_did_not_put_back() {
    let (_, mut place) = picky();
    place.deliver(vec![batch("a", &["bad"], true)]).await;
    let delivery = Arc::clone(&place.delivery);
    let admission = Admission::new(1 << 20);
    {
        let (letters, spool) = (&delivery.dead_letters, &delivery.spool);
        let replaying = replay(letters, spool, &admission, &Choice::All);
        let mut replaying = std::pin::pin!(replaying);
        // Until it waits for the spool.
        while !place.set_aside().await.is_empty() {
            let left = std::future::poll_fn(|context| {
                std::task::Poll::Ready(replaying.as_mut().poll(context).is_pending())
            });
            assert!(left.await, "it was not cut short");
        }
    }
    assert_eq!(place.set_aside().await.len(), 1);
    assert_eq!(put_back(&place).await, 1);
}

#[tokio::test]
async fn what_an_earlier_version_took_is_known_as_such_wherever_it_goes_when_it_is_refused() {
    let (_, mut place) = picky();
    let letters = Arc::clone(&place.delivery.dead_letters);
    place
        .deliver(vec![batch("a", &["good", "bad"], false)])
        .await;
    assert!(!letters.holds_earlier());
    let old = batch("b", &["bad", "good"], false).of_earlier_version();
    place.deliver(vec![old]).await;
    let earlier =
        |letters: Vec<DeadLetter>| letters.iter().map(|one| one.earlier).collect::<Vec<_>>();
    assert_eq!(earlier(place.set_aside().await), [false, true]);
    assert!(letters.holds_earlier());

    assert_eq!(put_back(&place).await, 2);
    assert!(!letters.holds_earlier());
    let spooled = place.next().await;
    let kept = spooled.iter().map(|one| one.batch.is_of_earlier_version());
    assert_eq!(kept.filter(|earlier| *earlier).count(), 1);

    // Without room for it, it waits in the spool.
    let portion = Prepared::new(spooled, Vec::new());
    let refused = |part: &Part| Refused {
        position: part.range.start,
        reason: "bad".to_owned(),
    };
    for part in &portion.parts {
        let deferred = portion.deferred(part, &[refused(part)]).unwrap();
        let is_old = part.origin.id == batch("b", &["bad"], false).id;
        assert_eq!(deferred.is_of_earlier_version(), is_old);
    }
}

#[tokio::test]
async fn what_is_chosen_goes_back_and_everything_else_stays_as_it_was() {
    let mut place = start(|messages| {
        let places = 0..messages.len();
        let bad = places.filter(|place| messages[*place].starts_with("bad"));
        Answer::Judge(Vec::new(), bad.collect())
    });
    for key in ["a", "b"] {
        let sent = batch(key, &["bad 1", "good", "bad 2"], false);
        place.deliver(vec![sent]).await;
    }
    let kept = place.set_aside().await;
    assert_eq!(kept.len(), 4);
    let delivery = Arc::clone(&place.delivery);
    let (letters, spool) = (&delivery.dead_letters, &delivery.spool);
    let admission = Admission::new(1 << 20);
    let unknown = LetterId::parse(&"0".repeat(32)).unwrap();
    let choice = Choice::Ids([kept[1].id(), unknown].into());
    let replayed = replay(letters, spool, &admission, &choice).await.unwrap();
    let expected = Replayed {
        records: 1,
        left_aside: 0,
        not_found: 1,
    };
    assert_eq!(replayed, expected);
    let mut others = kept.clone();
    let chosen = others.remove(1);
    assert_eq!(place.set_aside().await, others);
    let spooled = place.next().await;
    assert_eq!(spooled.len(), 1);
    assert_eq!(spooled[0].batch.origin(), chosen.origin);
    assert_eq!(spooled[0].batch.documents.encoded(), chosen.document);
    assert_eq!(spooled[0].batch.undated(), [0]);
    // Refused again, it is kept again.
    delivery.deliver(spooled).await;
    assert_eq!(place.set_aside().await.len(), 4);

    let of_another = Choice::Reason(ReasonCode::Panicked);
    let replayed = replay(letters, spool, &admission, &of_another).await;
    assert_eq!(replayed.unwrap(), Replayed::default());
    let all = Choice::Reason(ReasonCode::Refused);
    let replayed = replay(letters, spool, &admission, &all).await;
    assert_eq!(replayed.unwrap().records, 4);
    assert!(place.set_aside().await.is_empty());
}
