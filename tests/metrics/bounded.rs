//! Whatever is sent, there are no more series than the service has addresses, methods and answers.

use super::scrape::{Scrape, labels};
use crate::support::service::Service;
use crate::support::stores::Backend;
use reqwest::Method;
use std::collections::BTreeSet;

/// Asks for so many addresses that are not there, and by methods that nobody has, from `first` on.
async fn ask_oddly(service: &Service, first: usize) {
    for number in first..first + 500 {
        let odd = Method::from_bytes(format!("ODD{number}").as_bytes()).unwrap();
        let paths = [
            format!("/odd/{number}?q={number}"),
            format!("/logs/{number:032x}"),
            format!("/index{number}/_bulk"),
            format!("/logs/batches/{number:016x}"),
        ];
        let path = &paths[number % paths.len()];
        let method = [Method::GET, Method::POST, odd][number % 3].clone();
        let asked = service.http().request(method, service.url(path));
        let asked = asked
            .header("host", "localhost")
            .header("user-agent", number.to_string());
        asked.send().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn by_a_thousand_odd_requests() {
    let service = Backend::Blocks.start("bounded").await;
    Scrape::of(&service).await;
    ask_oddly(&service, 0).await;
    let before = Scrape::of(&service).await;
    ask_oddly(&service, 500).await;
    let after = Scrape::of(&service).await;
    let of = |scrape: &Scrape| {
        let all = scrape
            .0
            .values()
            .flat_map(|family| family.samples.keys().cloned());
        all.collect::<BTreeSet<String>>()
    };
    let new: Vec<String> = of(&after).difference(&of(&before)).cloned().collect();
    assert!(new.len() < 10, "{new:?}");
    let requests = &after.0["aggregator_http_requests_total"].samples;
    for series in requests.keys() {
        assert!(
            !series.contains("odd") && !series.contains("ODD"),
            "{series}"
        );
    }
    let by_odd_methods: f64 = requests
        .iter()
        .filter(|(series, _)| labels(series).contains(&("method", "other")))
        .map(|(_, count)| count)
        .sum();
    assert!(by_odd_methods >= 333.0, "{by_odd_methods}");
    let none = |series: &&String| labels(series).contains(&("route", "none"));
    assert!(requests.keys().any(|series| none(&series)), "{requests:?}");
}
