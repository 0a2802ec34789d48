//! Reading page by page: in order, within bounds, nothing skipped and nothing twice.

use std::ops::Range;
use std::time::Duration;

use logs::Timestamp;
use query::{LevelFilter, Order, Query};
use store::PageLimit;

use super::{ALL, Found, Place, Sample, contract, documents, found, rows, series};

fn between(nanos: Range<i64>) -> Query {
    Query {
        start: Some(Timestamp::from_nanos(nanos.start)),
        end: Some(Timestamp::from_nanos(nanos.end)),
        ..Query::default()
    }
}

fn of_level(text: &str) -> Query {
    Query {
        levels: Some(LevelFilter::new(text).unwrap()),
        ..Query::default()
    }
}

fn of_rows(rows: usize) -> PageLimit {
    PageLimit { rows, ..ALL }
}

fn messages(rows: &[Found]) -> Vec<&str> {
    rows.iter().map(|row| row.message.as_str()).collect()
}

contract!(
    rows_come_in_the_order_of_time_whatever_the_order_of_writing,
    async |place| {
        let opened = place.open();
        let mut samples = series(200);
        samples.reverse();
        opened.insert(&documents("late", &samples[100..])).await;
        opened.insert(&documents("early", &samples[..100])).await;
        let kept = opened.everything().await;
        let expected: Vec<String> = (0..200).map(|number| format!("message {number}")).collect();
        assert_eq!(messages(&kept), expected);
    }
);

contract!(
    records_of_one_time_keep_their_order_in_the_batch,
    async |place| {
        let opened = place.open();
        let samples: Vec<Sample> = (0..300)
            .map(|number| Sample::at(1, "INFO", number.to_string()))
            .collect();
        opened.insert(&documents("tie", &samples)).await;
        assert_eq!(
            opened.walk(&Query::default(), of_rows(7)).await,
            rows("tie", &samples)
        );
    }
);

contract!(the_newest_come_first_when_asked_for, async |place| {
    let opened = place.open();
    let samples: Vec<Sample> = (0..300)
        .map(|number| {
            Sample::at(
                number / 50,
                ["INFO", "WARN"][usize::from(number % 7 == 0)],
                "m",
            )
        })
        .collect();
    opened.insert(&documents("newest", &samples)).await;
    for level in ["", "info", "warn", "fatal"] {
        let oldest_first = opened.walk(&of_level(level), ALL).await;
        let newest = Query {
            order: Order::Descending,
            ..of_level(level)
        };
        let mut newest_first = opened.walk(&newest, of_rows(7)).await;
        newest_first.reverse();
        assert!(newest_first == oldest_first, "{level}");
    }
});

contract!(
    a_search_that_finds_nothing_is_many_small_pages,
    async |place| {
        let opened = place.open();
        opened.insert(&documents("search", &series(20_000))).await;
        let limit = PageLimit {
            time: Duration::ZERO,
            ..ALL
        };
        for text in [
            "logLevel=absent",
            "q=nobody-said-this",
            "attr.service=none",
            "regex=^no",
        ] {
            let query = Query::parse(text, Timestamp::from_nanos(0)).unwrap();
            let first = opened.page(&query, None, limit).await;
            assert!(first.is_empty(), "{text}");
            if matches!(place, Place::Blocks(_)) && text == "logLevel=absent" {
                // What is known of blocks without looking into them is enough.
                assert_eq!(first.next, None, "{text}");
                continue;
            }
            let next = first.next.expect("there is more to be looked at");
            let passed = next.time().nanos() / 1_000_000;
            assert!(passed < 15_000, "{text}: {passed} records in no time");
            assert_eq!(opened.walk(&query, limit).await, [], "{text}");
        }
    }
);

contract!(a_page_goes_on_behind_an_id, async |place| {
    let opened = place.open();
    let samples = series(10);
    opened.insert(&documents("on", &samples)).await;
    let all = rows("on", &samples);
    for (position, row) in all.iter().enumerate() {
        let page = opened.page(&Query::default(), Some(row.id), ALL).await;
        assert_eq!(found(&page), all[position + 1..]);
        assert_eq!(page.next, None);
    }
});

contract!(next_is_there_whenever_a_row_is_left, async |place| {
    let opened = place.open();
    let samples = series(10);
    opened.insert(&documents("next", &samples)).await;
    let all = rows("next", &samples);
    for limit in 1..12 {
        let page = opened.page(&Query::default(), None, of_rows(limit)).await;
        assert_eq!(page.len(), limit.min(10));
        match limit {
            1..10 => assert_eq!(page.next, Some(all[limit - 1].id)),
            // The store has looked at as many as it may: it cannot know that these were all.
            10 => assert!(page.next.is_none_or(|next| next == all[9].id)),
            _ => assert_eq!(page.next, None),
        }
    }
    let beyond = opened.page(&Query::default(), Some(all[9].id), ALL).await;
    assert!(beyond.is_empty() && beyond.next.is_none());
});

contract!(an_empty_store_has_one_empty_page, async |place| {
    let opened = place.open();
    for query in [
        Query::default(),
        of_level("WARN"),
        of_level("audit"),
        between(0..1),
    ] {
        let page = opened.page(&query, None, of_rows(1)).await;
        assert!(page.is_empty() && page.next.is_none(), "{query:?}");
    }
});

contract!(
    a_page_ends_with_the_row_that_passes_its_bytes,
    async |place| {
        let opened = place.open();
        let samples: Vec<Sample> = (0..20)
            .map(|number| Sample::at(number, "INFO", "x".repeat(1_000)))
            .collect();
        opened.insert(&documents("bytes", &samples)).await;
        let limit = |bytes| PageLimit { bytes, ..ALL };
        for (bytes, expected) in [(1, 1), (1_000, 1), (5_000, 5), (5_021, 6), (1 << 20, 20)] {
            let page = opened.page(&Query::default(), None, limit(bytes)).await;
            assert_eq!(page.len(), expected, "{bytes} bytes");
            assert_eq!(page.next.is_some(), expected < 20, "{bytes} bytes");
        }
        let kept = opened.walk(&Query::default(), limit(2_500)).await;
        assert_eq!(kept, rows("bytes", &samples));
    }
);

contract!(
    more_than_the_store_gives_at_once_is_all_found,
    async |place| {
        let opened = place.open();
        // MongoDB ends a reply at 16 MiB, whatever is asked for.
        let samples: Vec<Sample> = (0..20)
            .map(|number| Sample::at(number, "INFO", "x".repeat(1 << 20)))
            .collect();
        let large = documents("large", &samples);
        for half in [0..10, 10..20] {
            opened.insert_range(&large, half).await;
        }
        let kept = opened.everything().await;
        assert!(kept == rows("large", &samples), "{} rows", kept.len());
    }
);

contract!(bounds_are_exact_to_the_nanosecond, async |place| {
    let opened = place.open();
    let base = 1_728_345_600_123_456_789;
    let samples: Vec<Sample> = (0..5)
        .map(|step| Sample::at(base + step, "WARN", step.to_string()))
        .collect();
    opened.insert(&documents("nanos", &samples)).await;
    for levels in [None, Some(LevelFilter::new("warning").unwrap())] {
        for (start, end) in [
            (0, 5),
            (1, 4),
            (2, 3),
            (2, 2),
            (4, 9),
            (-3, 1),
            (-3, 0),
            (5, 9),
        ] {
            let query = Query {
                levels: levels.clone(),
                ..between(base + start..base + end)
            };
            let expected: Vec<String> = (start.max(0)..end.min(5))
                .map(|step| step.to_string())
                .collect();
            let kept = opened.walk(&query, ALL).await;
            assert_eq!(messages(&kept), expected, "{start}..{end} {levels:?}");
        }
    }
});

contract!(a_known_level_finds_every_spelling_of_it, async |place| {
    let opened = place.open();
    let spellings = [
        "WARN", "warning", " Wrn ", "INFO", "notice", "err", "CRITICAL", "panic", "emerg", "trace",
        "dbg", "AUDIT", "audit ", "Audits", "", "情報", "ÄRGER",
    ];
    let mut samples: Vec<Sample> = (0..)
        .zip(spellings)
        .map(|(nanos, level)| Sample::at(nanos, level, level))
        .collect();
    samples.push(Sample {
        level: None,
        ..Sample::at(99, "", "no level")
    });
    opened.insert(&documents("levels", &samples)).await;
    for (asked, expected) in [
        ("warn", vec!["WARN", "warning", " Wrn "]),
        ("Information", vec!["INFO", "notice"]),
        ("ERROR", vec!["err", "CRITICAL", "panic"]),
        ("fatal", vec!["emerg"]),
        ("trace", vec!["trace"]),
        ("debug", vec!["dbg"]),
        ("audit", vec!["AUDIT", "audit "]),
        ("ärger", vec!["ÄRGER"]),
        ("情報", vec!["情報"]),
        ("absent", vec![]),
    ] {
        for rows in [1, 2, 100] {
            let kept = opened.walk(&of_level(asked), of_rows(rows)).await;
            assert_eq!(messages(&kept), expected, "{asked} by {rows}");
            assert!(
                kept.iter()
                    .all(|row| row.level.as_deref() == Some(&*row.message))
            );
        }
    }
});

contract!(records_at_both_ends_of_time_are_found, async |place| {
    let opened = place.open();
    let ends = [
        i64::MIN,
        i64::MIN + 1,
        -1,
        0,
        i64::MAX - (1 << 56),
        i64::MAX - 1,
        i64::MAX,
    ];
    let samples = ends.map(|nanos| Sample::at(nanos, "ERROR", nanos.to_string()));
    opened.insert(&documents("ends", &samples)).await;
    let all = rows("ends", &samples);
    let open_end = |nanos| Query {
        start: Some(Timestamp::from_nanos(nanos)),
        ..Query::default()
    };
    for limit in [ALL, of_rows(1)] {
        assert_eq!(opened.walk(&Query::default(), limit).await, all);
        assert_eq!(opened.walk(&of_level("error"), limit).await, all);
        assert_eq!(opened.walk(&open_end(i64::MAX), limit).await, all[6..]);
        let whole = between(i64::MIN..i64::MAX);
        assert_eq!(
            opened.walk(&whole, limit).await,
            all[..6],
            "the end is exclusive"
        );
        let before = between(i64::MIN..i64::MIN);
        assert_eq!(opened.walk(&before, limit).await, []);
    }
});

contract!(
    pages_skip_and_repeat_nothing_while_others_write,
    async |place| {
        let opened = place.open();
        let samples = series(3_000);
        opened.insert(&documents("reader", &samples)).await;
        let before = opened.everything().await;
        let writer = opened.clone();
        let writing = tokio::spawn(async move {
            for round in 0..60_i64 {
                let others: Vec<Sample> = (0..50_i64)
                    .map(|number| {
                        let nanos = (round * 50 + (number * 37) % 3_000) * 1_000_000;
                        Sample::at(nanos, "INFO", "meanwhile")
                    })
                    .collect();
                writer
                    .insert(&documents(&format!("other {round}"), &others))
                    .await;
            }
        });
        let mut walks = 0;
        while walks < 2 || !writing.is_finished() {
            let mut seen = opened.walk(&Query::default(), of_rows(97)).await;
            assert!(
                seen.is_sorted_by(|a, b| a.id < b.id),
                "in order and none twice"
            );
            seen.retain(|row| row.message != "meanwhile");
            assert!(seen == before, "{} of {} rows", seen.len(), before.len());
            walks += 1;
        }
        writing.await.unwrap();
        let everything = opened.everything().await;
        assert_eq!(everything.len(), 6_000);
        assert_eq!(
            opened.walk(&Query::default(), of_rows(97)).await,
            everything
        );
    }
);
