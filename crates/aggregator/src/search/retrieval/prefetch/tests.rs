//! What is looked for ahead, and what is kept of it.

use super::*;
use crate::search::retrieval::room::PIECE_BYTES;
use crate::search::retrieval::scripted::{self, empty, last, one_row};
use query::Query;
use query::reach::Reach;

#[tokio::test]
async fn a_search_that_is_broken_off_does_not_look_like_the_end() {
    let (sender, found) = mpsc::channel(1);
    let looking = tokio::spawn(async move {
        sender.send(Ok(Some((one_row(1), None)))).await.unwrap();
        std::future::pending::<()>().await;
    });
    let process = looking.abort_handle();
    let mut ahead = Prefetch {
        found,
        room: None,
        _permit: oneshot::channel().1,
        _looking: AbortOnDropHandle::new(looking),
    };
    assert!(matches!(ahead.next().await, Ok(Some(_))));
    process.abort();
    assert!(matches!(ahead.next().await, Err(JobError::Closed)));
}

#[tokio::test]
async fn the_next_page_is_looked_for_before_it_is_wanted_and_no_other() {
    let (pages, mut asked) = scripted::pages(vec![one_row(1), one_row(2), last(one_row(3))]);
    let mut ahead = Prefetch::start(pages);
    asked.once_more().await;
    assert_eq!(ahead.next().await.unwrap().unwrap().len(), 1);
    asked.once_more().await;
    while ahead.makes_wait() {
        tokio::task::yield_now().await;
    }
    // Turns enough for one more question, if it were asked.
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    assert!(!asked.has_more(), "a third waits for room");
    for _ in 0..2 {
        assert_eq!(ahead.next().await.unwrap().unwrap().len(), 1);
    }
    assert!(matches!(ahead.next().await, Ok(None)));
}

#[tokio::test]
async fn a_page_without_rows_is_passed_over_while_the_last_one_is_written() {
    let (pages, mut asked) = scripted::pages(vec![empty(1), empty(2), one_row(3)]);
    let mut ahead = Prefetch::start(pages);
    for _ in 0..3 {
        asked.once_more().await;
    }
    assert_eq!(ahead.next().await.unwrap().unwrap().len(), 1);
}

/// A page of several pieces, with more behind it.
fn large() -> Page {
    let mut page = one_row(1);
    scripted::add_rows(&mut page, 2..=7, &"x".repeat(PIECE_BYTES / 2));
    page
}

#[tokio::test]
async fn of_a_slow_reader_nothing_is_kept_but_its_pieces_and_the_rest_is_looked_for_again() {
    let script = vec![large(), one_row(9), one_row(5), last(one_row(6))];
    let (pages, mut asked) = scripted::pages(script);
    let retrieval = Arc::clone(&pages.retrieval);
    let answer = retrieval.room().reserved();
    let mut ahead = Prefetch::start(pages);
    for _ in 0..2 {
        asked.once_more().await;
    }
    assert!(retrieval.room().reserved() > answer, "two pages are held");
    while retrieval.room().reserved() > answer {
        tokio::task::yield_now().await;
    }
    assert!(!asked.has_more(), "nothing is looked for meanwhile");
    let mut rows = Vec::new();
    while let Some(page) = ahead.next().await.unwrap() {
        rows.push(page.len());
    }
    assert_eq!(rows, [3, 1, 1]);
}

#[tokio::test]
async fn an_answer_keeps_its_place_to_its_end() {
    let (pages, _asked) = scripted::pages(vec![last(one_row(1))]);
    let retrieval = Arc::clone(&pages.retrieval);
    let mut ahead = Prefetch::start(pages);
    while ahead.next().await.unwrap().is_some() {}
    assert!(
        retrieval
            .permit(None, &Reach::EVERYTHING.bind(Query::default()))
            .is_err(),
        "there is one permit"
    );
    drop(ahead);
    assert!(
        retrieval
            .permit(None, &Reach::EVERYTHING.bind(Query::default()))
            .is_ok()
    );
}

#[tokio::test]
async fn rows_that_are_there_do_not_wait_for_those_that_are_looked_for_ahead() {
    let script = vec![Some(large()), None, Some(last(one_row(5)))];
    let (pages, mut asked) = scripted::pages_or_silence(script);
    let mut ahead = Prefetch::start(pages);
    for _ in 0..2 {
        asked.once_more().await;
    }
    // The reader is slow; what is looked for ahead is never found, and so the rest is looked for alone.
    let read = async {
        tokio::time::sleep(2 * SLOW).await;
        let mut rows = Vec::new();
        while let Some(page) = ahead.next().await.unwrap() {
            rows.push(page.len());
        }
        rows
    };
    let rows = tokio::time::timeout(50 * SLOW, read).await;
    assert_eq!(rows.expect("in time"), [3, 1]);
}
