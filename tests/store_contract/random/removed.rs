//! Random records of which some go by random rules: what stays on each store is what a naive filter keeps.

use super::asked::Asked;
use super::{NOW, Opened, Place, RECORDS, SEED, Stores, rows, sample, time};
use crate::store_contract::{ALL, Found, Sample, documents};
use logs::Timestamp;
use query::Query;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;
use rand::{RngExt as _, SeedableRng as _};
use std::sync::Arc;
use std::time::Duration;
use store::removal::{Purpose, Removal, RemovalRule};

/// A rule, and the plainest filter that can be written for it; `None` for all that is left.
type Rule = (Option<Asked>, Option<i64>);

fn rules(random: &mut StdRng) -> Vec<Rule> {
    let before = |random: &mut StdRng| random.random_ratio(4, 5).then(|| time(random));
    let count = random.random_range(0..3);
    let mut rules: Vec<Rule> = (0..count)
        .map(|_| (Some(Asked::of_a_rule(random)), before(random)))
        .collect();
    if rules.is_empty() || random.random_ratio(1, 3) {
        rules.push((None, before(random)));
    }
    rules
}

fn removal(rules: &[Rule], purpose: Purpose) -> Arc<Removal> {
    let rule = |(asked, before): &Rule| {
        let text = asked.as_ref().map(Asked::query_string);
        RemovalRule {
            query: Query::parse(&text.unwrap_or_default(), NOW).unwrap(),
            before: before.map(Timestamp::from_nanos),
        }
    };
    let rules = rules.iter().map(rule).collect();
    Arc::new(Removal { rules, purpose })
}

fn goes(row: &Found, rules: &[Rule]) -> bool {
    let matches = |(asked, _): &&Rule| asked.as_ref().is_none_or(|asked| asked.matches(row));
    let first = rules.iter().find(matches);
    first.is_some_and(|(_, before)| before.is_some_and(|before| row.id.time().nanos() < before))
}

/// Removes with steps of random lengths, after some of which the store is opened anew.
async fn remove(
    opened: &mut Opened,
    place: &Place,
    all: &Arc<Removal>,
    random: &mut StdRng,
) -> u64 {
    let (mut after, mut records) = (None, 0);
    loop {
        let millis = *[0, 0, 2, 1_000].choose(random).unwrap();
        let step = opened.step(all, after, Duration::from_millis(millis)).await;
        records += step.records;
        let Some(next) = step.next else {
            return records;
        };
        assert!(
            after.is_none_or(|after| next > after),
            "each step comes further"
        );
        after = Some(next);
        if random.random_ratio(1, 20) {
            *opened = place.open();
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_random_rules_take_goes_and_all_else_stays_on_each_store() {
    let mut random = StdRng::seed_from_u64(SEED);
    let mut stores = Stores::filled("random_removals", &mut random).await;
    let mut all = std::mem::take(&mut stores.all);
    let (mut some, mut sent) = (0, Vec::new());
    let rounds = std::env::var("RANDOM_REMOVALS").map_or(40, |count| count.parse().unwrap());
    for round in 0..rounds {
        let rules = rules(&mut random);
        let going = all.iter().filter(|row| goes(row, &rules)).count();
        let told = removal(&rules, Purpose::Age);
        let what = format!("round {round} of seed {SEED}: {told:?}");
        for ((name, opened), place) in stores.opened.iter_mut().zip(&stores.places) {
            let count = removal(&rules, Purpose::Count);
            let counted = opened.remove(&count, Duration::from_millis(3)).await;
            assert_eq!(counted.records, going as u64, "{name}, {what}");
            assert_eq!(opened.everything().await.len(), all.len(), "{name}, {what}");
            let gone = remove(opened, place, &removal(&rules, Purpose::Age), &mut random).await;
            assert_eq!(gone, going as u64, "{name}, {what}");
        }
        some += usize::from(going > 0 && going < all.len());
        all.retain(|row| !goes(row, &rules));
        let asked = Asked::random(&mut random);
        let query = Query::parse(&asked.query_string(), NOW).unwrap();
        let expected = |row: &&Found| asked.matches(row);
        let expected: Vec<&Found> = all.iter().filter(expected).collect();
        for (name, opened) in &stores.opened {
            assert!(opened.everything().await == all, "{name}, {what}");
            let mut found = opened.walk(&query, ALL).await;
            if asked.newest_first {
                found.reverse();
            }
            assert!(found.iter().eq(expected.iter().copied()), "{name}, {what}");
        }
        if all.len() < 2 * RECORDS {
            let key = format!("again {round}");
            let samples: Vec<Sample> = (0..4 * RECORDS).map(|_| sample(&mut random)).collect();
            for (name, opened) in &stores.opened {
                let inserted = opened.insert(&documents(&key, &samples)).await;
                assert_eq!(inserted, (samples.len() as u64, 0), "{name}");
            }
            all.extend(rows(&key, &samples));
            all.sort_by_key(|row| row.id);
            sent.push((key, samples));
        }
    }
    assert!(
        some > rounds / 4,
        "of {some} rounds some went and some stayed"
    );
    // Blocks know what was stored, whether it is there yet or not.
    let blocks = &stores.opened[1];
    for (key, samples) in &sent {
        let inserted = blocks.1.insert(&documents(key, samples)).await;
        assert_eq!(inserted, (0, samples.len()), "{}", blocks.0);
    }
}
