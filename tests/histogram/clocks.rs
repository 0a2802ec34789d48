//! Buckets on the clocks of people, and shifted ones.

use super::histogram;
use crate::support::service::Service;
use crate::support::stores::on_each_store;
use crate::support::traffic::drained;
use serde_json::{Value, json};

/// A record every ten minutes over the days around both changes of the clock in Berlin in 2024.
async fn filled(service: &Service) {
    for day in ["2024-03-30", "2024-03-31", "2024-10-26", "2024-10-27"] {
        let record = |number: u32| {
            let (hour, minute) = (number / 6, number % 6 * 10);
            let time = format!("{day}T{hour:02}:{minute:02}:00Z");
            json!({"timestamp": time, "level": "INFO", "message": "m", "service": "a"})
        };
        let records: Vec<Value> = (0..144).map(record).collect();
        assert_eq!(service.batch(&json!(records)).await.status, 200);
    }
    drained(service).await;
}

/// The buckets by where they begin, without the year, and how many records they hold.
fn told(answer: &Value) -> Vec<(String, u64, bool)> {
    let buckets = answer["buckets"].as_array().unwrap();
    let told = buckets.iter().map(|bucket| {
        let start = bucket["start"].as_str().unwrap();
        let start = start.replace("2024-", "").replace(":00:00Z", "");
        let is_cut = bucket.get("partial").is_some();
        (start, bucket["count"].as_u64().unwrap(), is_cut)
    });
    told.collect()
}

fn expected(rows: &[(&str, u64, bool)]) -> Vec<(String, u64, bool)> {
    let rows = rows.iter();
    rows.map(|(start, count, is_cut)| ((*start).to_owned(), *count, *is_cut))
        .collect()
}

on_each_store!(
    a_day_is_that_of_the_zone_also_when_it_has_23_or_25_hours,
    async |service| {
        filled(&service).await;
        // What the store counts, and what the service reads.
        for filter in ["", "&order=desc", "&attr.service=a", "&q=m&order=desc"] {
            let spring = "startTime=2024-03-30T00:00:00Z&endTime=2024-04-01T00:00:00Z";
            let answer = histogram(
                &service,
                &format!("{spring}&interval=1d&timeZone=europe/berlin{filter}"),
            )
            .await;
            assert_eq!(answer["timeZone"], "Europe/Berlin", "{answer}");
            assert_eq!(
                told(&answer),
                expected(&[
                    ("03-30T00", 23 * 6, true),
                    ("03-30T23", 23 * 6, false),
                    ("03-31T22", 2 * 6, true),
                ]),
                "{filter}"
            );
            let autumn = "startTime=2024-10-26T22:00:00Z&endTime=2024-10-27T23:00:00Z";
            let answer = histogram(
                &service,
                &format!("{autumn}&interval=1d&timeZone=Europe/Berlin{filter}"),
            )
            .await;
            assert_eq!(
                told(&answer),
                expected(&[("10-26T22", 25 * 6, false)]),
                "{filter}"
            );
            let six = format!("{autumn}&interval=1d&timeZone=Europe/Berlin&offset=6h{filter}");
            let answer = histogram(&service, &six).await;
            assert_eq!(answer["offset"], "6h", "{answer}");
            assert_eq!(
                told(&answer),
                expected(&[("10-26T22", 7 * 6, true), ("10-27T05", 18 * 6, true)]),
                "{filter}"
            );
        }
    }
);

on_each_store!(
    an_hour_that_comes_twice_is_two_buckets_and_half_hours_have_their_own,
    async |service| {
        filled(&service).await;
        let night = "startTime=2024-10-27T00:00:00Z&endTime=2024-10-27T03:00:00Z";
        let hours = histogram(
            &service,
            &format!("{night}&interval=1h&timeZone=Europe/Berlin"),
        )
        .await;
        let single = [
            ("10-27T00", 6, false),
            ("10-27T01", 6, false),
            ("10-27T02", 6, false),
        ];
        assert_eq!(told(&hours), expected(&single));
        let longer = histogram(
            &service,
            &format!("{night}&interval=2h&timeZone=Europe/Berlin"),
        )
        .await;
        assert_eq!(told(&longer), expected(&[("10-27T00", 18, false)]));
        let kolkata = histogram(
            &service,
            &format!("{night}&interval=1h&timeZone=Asia/Kolkata"),
        )
        .await;
        assert_eq!(
            told(&kolkata),
            expected(&[
                ("10-27T00", 3, true),
                ("10-27T00:30:00Z", 6, false),
                ("10-27T01:30:00Z", 6, false),
                ("10-27T02:30:00Z", 3, true),
            ])
        );
        let shifted = histogram(&service, &format!("{night}&interval=1h&offset=-30m")).await;
        assert_eq!(told(&shifted), told(&kolkata));
        // Whole buckets where no end is asked for; the round length is one of the zone, too.
        let all = histogram(&service, "timeZone=Europe/Berlin").await;
        assert_eq!(all["interval"], "5d");
        assert_eq!(all["records"], 4 * 144);
        assert!(all["startTime"].as_str().unwrap().ends_with("T23:00:00Z"));
        assert!(all["endTime"].as_str().unwrap().ends_with(":00:00Z"));
    }
);

on_each_store!(
    a_zone_or_an_offset_that_cannot_be_read_is_named,
    async |service| {
        for (query, code, said) in [
            (
                "timeZone=Europe/Atlantis",
                "invalid_time_zone",
                "timeZone is no time zone that is known: expected a name such as Europe/Berlin",
            ),
            ("timeZone=", "invalid_parameter", "timeZone is empty"),
            (
                "offset=soon",
                "invalid_offset",
                "offset is no length of time",
            ),
            (
                "startTime=2024-10-26&endTime=2024-10-28&interval=10s&timeZone=Europe/Berlin",
                "too_many_buckets",
                "17280 buckets of 10s are more than 10000",
            ),
        ] {
            let reply = service.get(&format!("/logs/histogram?{query}")).await;
            reply.assert_refused(query, code, said);
        }
    }
);
