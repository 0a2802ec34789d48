//! What is of those who run a service, asked for by others.

use super::{far, get, near, open_to_all, post, refused};
use crate::support::service::Service;

const LIST: &str = "/logs/rejected";
const REPLAY: &str = "/logs/rejected/replay";

async fn statuses(service: &Service, base: &str, headers: &[(&str, &str)]) -> [u16; 2] {
    let listed = get(service, base, LIST, headers).await;
    let replayed = post(service, format!("{base}{REPLAY}"), headers, "").await;
    for reply in [&listed, &replayed] {
        if reply.status != 200 {
            let sentence = refused(reply, 403, "local_only");
            let how = "docker compose exec aggregator aggregator rejected";
            assert!(sentence.contains(how), "{sentence}");
        }
    }
    [listed.status, replayed.status]
}

#[tokio::test(flavor = "multi_thread")]
async fn strangers_neither_see_nor_put_back_what_was_refused_and_read_all_else() {
    let service = open_to_all().start().await;
    assert_eq!(statuses(&service, &far(&service), &[]).await, [403; 2]);
    assert_eq!(statuses(&service, &near(&service), &[]).await, [200; 2]);
    let reply = get(&service, &far(&service), "/logs/histogram", &[]).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    let reply = get(&service, &far(&service), "/logs/retrieve", &[]).await;
    assert_eq!(reply.status, 404, "{}", reply.text());
}

#[tokio::test(flavor = "multi_thread")]
async fn behind_a_proxy_on_this_machine_everyone_is_a_stranger() {
    let service = Service::builder().start().await;
    for header in [
        ("x-forwarded-for", "127.0.0.1"),
        ("x-forwarded-proto", "https"),
        ("x-forwarded-host", "localhost"),
        ("forwarded", "for=127.0.0.1"),
        ("via", "1.1 proxy"),
        // All that some proxies are set up to add.
        ("x-real-ip", "127.0.0.1"),
    ] {
        let given = statuses(&service, &near(&service), &[header]).await;
        assert_eq!(given, [403; 2], "{header:?}");
    }
    assert_eq!(statuses(&service, &near(&service), &[]).await, [200; 2]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trusted_proxy_says_who_asks_and_claims_before_its_word_do_not_count() {
    let service = Service::builder().env("TRUSTED_PROXIES", "127.0.0.0/8");
    let service = service.start().await;
    for (headers, expected) in [
        (&[("x-forwarded-for", "127.0.0.1")][..], 200),
        (&[("forwarded", "for=127.0.0.1;proto=https")], 200),
        (&[("x-forwarded-for", "192.0.2.9")], 403),
        (&[("x-forwarded-for", "127.0.0.1, 192.0.2.9")], 403),
        (&[("forwarded", "for=127.0.0.1, for=192.0.2.9")], 403),
        (
            &[
                ("forwarded", "for=127.0.0.1"),
                ("x-forwarded-for", "192.0.2.9"),
            ],
            403,
        ),
        (&[("via", "1.1 proxy")], 403),
    ] {
        let given = statuses(&service, &near(&service), headers).await;
        assert_eq!(given, [expected; 2], "{headers:?}");
    }
}
