//! What is told of a batch, and what is forgotten.

use super::*;
use crate::access::secret::Secret;
use crate::access::tokens::Tokens;

const NOW: Timestamp = Timestamp::from_nanos(1);

fn id(number: u8) -> BatchId {
    BatchId::from_bytes([number; 8])
}

fn stored(stored: u64) -> BatchOutcome {
    BatchOutcome {
        stored,
        ..BatchOutcome::default()
    }
}

fn aside(count: usize) -> Vec<SetAside> {
    let reason: Arc<str> = "no".into();
    let one = |index| SetAside {
        index,
        reason: Arc::clone(&reason),
    };
    (0..count).map(one).collect()
}

#[tokio::test]
async fn whoever_waits_is_told_and_the_first_outcome_stays() {
    let statuses = BatchStatuses::new(10);
    assert!(statuses.expect(id(1), NOW, 3, None));
    assert_eq!(statuses.of(id(1)), None, "it is not safe yet");
    let waiting = statuses.outcome(id(1)).unwrap();
    statuses.spooled(id(1));
    assert_eq!(statuses.of(id(1)).unwrap().outcome, None);
    statuses.done(id(1), stored(3), Vec::new());
    assert_eq!(waiting.get().await, Some(stored(3)));
    let again = BatchOutcome {
        already_stored: 3,
        ..BatchOutcome::default()
    };
    statuses.done(id(1), again, Vec::new());
    assert_eq!(statuses.of(id(1)).unwrap().outcome, Some(stored(3)));
    let late = statuses.outcome(id(1)).unwrap();
    assert_eq!(late.get().await, Some(stored(3)));
}

#[tokio::test]
async fn the_oldest_are_forgotten_and_whoever_waits_for_one_is_released() {
    let statuses = BatchStatuses::new(2);
    statuses.expect(id(1), NOW, 1, None);
    let waiting = statuses.outcome(id(1)).unwrap();
    statuses.expect(id(2), NOW, 1, None);
    statuses.expect(id(3), NOW, 1, None);
    assert_eq!(waiting.get().await, None);
    assert!(statuses.outcome(id(1)).is_none());
    assert!(
        !statuses.recovered(id(9), NOW, 1, || true),
        "older ones have no room"
    );
    statuses.done(id(1), stored(1), aside(5));
    assert_eq!(statuses.known().listed, 0);
}

#[test]
fn a_batch_that_was_not_taken_is_forgotten_and_leaves_its_place() {
    let statuses = BatchStatuses::new(2);
    for _ in 0..5 {
        assert!(statuses.expect(id(1), NOW, 1, None));
        statuses.not_taken(id(1));
    }
    assert!(
        statuses.recovered(id(2), NOW, 1, || true) && statuses.recovered(id(3), NOW, 1, || true)
    );
    assert!(!statuses.expect(id(3), NOW, 1, None), "it is known");
}

#[test]
fn a_batch_that_was_done_before_it_could_be_remembered_is_not_said_to_wait() {
    let statuses = BatchStatuses::new(2);
    statuses.done(id(1), stored(1), Vec::new());
    assert!(statuses.recovered(id(1), NOW, 1, || false));
    assert_eq!(statuses.of(id(1)), None);
    assert!(statuses.recovered(id(2), NOW, 1, || true));
    assert_eq!(statuses.of(id(2)).unwrap().outcome, None);
}

#[test]
fn a_batch_that_another_request_made_durable_stays() {
    let statuses = BatchStatuses::new(2);
    assert!(statuses.expect(id(1), NOW, 1, None));
    statuses.spooled(id(1));
    statuses.not_taken(id(1));
    assert!(statuses.of(id(1)).is_some());
}

#[test]
fn refused_records_are_named_up_to_a_bound_and_their_room_comes_back() {
    let statuses = BatchStatuses::new(300);
    for number in 0..=200 {
        statuses.expect(id(number), NOW, 200, None);
        statuses.done(id(number), stored(0), aside(200));
    }
    assert_eq!(statuses.of(id(200)).unwrap().set_aside.len(), MAX_LISTED);
    assert_eq!(statuses.known().listed, MAX_LISTED_IN_ALL);
    assert_eq!(statuses.of(id(0)).unwrap().set_aside, []);
    statuses.known().remove(id(0));
    assert_eq!(statuses.known().listed, MAX_LISTED_IN_ALL);
    statuses.known().remove(id(200));
    let known = statuses.known();
    assert_eq!(known.listed, MAX_LISTED_IN_ALL - MAX_LISTED);
    assert_eq!(known.listing.count(), MAX_LISTED_IN_ALL / MAX_LISTED - 1);
}

fn token(tenant: &str) -> Option<Arc<Token>> {
    let hash = Secret::new([1; 32]).hash();
    let text = format!(
        "[[token]]\nname = \"a\"\ntenant = \"{tenant}\"\nhash = \"{hash}\"\nscopes = [\"ingest\"]\n"
    );
    let tokens = Tokens::parse(&text).unwrap();
    tokens.of(Secret::new([1; 32]).show()).cloned()
}

#[test]
fn a_tenant_that_sends_ever_more_makes_its_own_batches_forgotten_and_no_others() {
    let statuses = BatchStatuses::new(100);
    let (bank, shop) = (token("bank"), token("shop"));
    let is_known = |number| statuses.outcome(id(number)).is_some();
    for number in 0..20 {
        statuses.expect(id(number), NOW, 200, bank.clone());
        statuses.done(id(number), stored(0), aside(200));
    }
    for round in 0..100 {
        for number in 100..250 {
            statuses.expect(id(number), NOW, 200, shop.clone());
            statuses.done(id(number), stored(0), aside(200));
        }
        assert!((0..20).all(is_known), "{round}");
        // Neither are the names of its refused records.
        let named =
            (0..20).all(|number| statuses.of(id(number)).unwrap().set_aside.len() == MAX_LISTED);
        assert!(named, "{round}");
    }
    assert!(statuses.known().entries.len() <= 100);
    assert!(statuses.known().listed <= MAX_LISTED_IN_ALL);
}
