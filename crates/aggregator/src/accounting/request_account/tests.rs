//! What one request brings is told alike of all records and of its sender, however it ends.

use super::*;
use crate::access::protocol::Protocol;
use logs::Timestamp;
use logs::clock::SystemClock;
use record::batch::BatchBuilder;
use record::id::BatchId;
use record::notice::Notice;
use spool::Accounts as _;
use std::net::Ipv4Addr;
use std::time::Duration;

fn books() -> Books {
    Books {
        records: Arc::default(),
        senders: Arc::default(),
        clock: Arc::new(SystemClock::start()),
    }
}

fn open(books: &Books, bytes: usize) -> RequestAccount {
    let sender = Sender {
        protocol: Protocol::Loki,
        address: Ipv4Addr::LOCALHOST.into(),
        token: None,
    };
    books.open(&sender, bytes)
}

/// Of one record.
fn notices() -> NoticeCounts {
    let id = BatchId::keyed("k", b"");
    let mut builder = BatchBuilder::new(id, None, Timestamp::from_nanos(0), usize::MAX);
    builder.record(None, None, "one", |_| Ok(()));
    builder.tell(Notice::NotJson);
    builder.take_notices().counts
}

/// Both tell of the same records; what they tell.
fn brought(books: &Books) -> Brought {
    let (by_protocol, counts) = (books.senders.by_protocol(), books.records.snapshot());
    let brought = by_protocol[Protocol::Loki as usize];
    let all = |brought: &Brought| brought.records().map(|(.., count)| count).sum::<u64>();
    assert_eq!(all(&brought), counts.received);
    assert_eq!(by_protocol.iter().map(all).sum::<u64>(), counts.received);
    let rejected = counts.rejected;
    let why = [rejected.invalid, rejected.key_reused, rejected.not_taken];
    assert_eq!(
        (brought.rejected, brought.set_aside),
        (why, rejected.set_aside)
    );
    brought
}

#[test]
fn what_is_accepted_is_counted_once_with_its_body_and_its_notices() {
    let books = books();
    let mut account = open(&books, 100);
    account.rejected(Rejection::Invalid, 2);
    account.tells(Some("no".to_owned()));
    // Three go into the spool; of another batch of four that came before, two do so once more.
    books.records.spooled(5);
    account.accepted(Accepted {
        brought: Brought {
            accepted: 3,
            repeated: 4,
            set_aside: 1,
            ..Brought::default()
        },
        spooled: 5,
        notices: notices(),
    });
    let brought = brought(&books);
    assert_eq!((brought.taken(), brought.rejected), (7, [2, 0, 0]));
    assert_eq!((brought.taken_bytes, brought.rejected_bytes), (100, 0));
    let counts = books.records.snapshot();
    assert_eq!((counts.waiting, counts.already_stored), (5, 2));
    assert_eq!(counts.warnings.not_json, 1);
    let told = &books.senders.snapshot(Duration::ZERO).senders[0];
    assert_eq!((told.requests, told.records, told.bytes), (1, 7, 100));
    assert_eq!(told.warnings, counts.warnings);
    assert_eq!(told.last_told.as_ref().unwrap().example, "no");
}

#[test]
fn what_nobody_ends_is_a_body_that_was_not_taken() {
    let books = books();
    drop(open(&books, 100));
    let account = open(&books, 10);
    account.rejected(Rejection::KeyReused, 4);
    drop(account);
    let account = open(&books, 1);
    // The spool has counted what it was given.
    books.records.not_taken(2);
    account.not_spooled(5, 2);
    drop(account);
    let brought = brought(&books);
    assert_eq!((brought.taken_bytes, brought.rejected_bytes), (0, 111));
    assert_eq!((brought.taken(), brought.rejected), (0, [0, 4, 5]));
    let told = &books.senders.snapshot(Duration::ZERO).senders[0];
    assert_eq!((told.requests, told.records, told.bytes), (0, 0, 0));
}
