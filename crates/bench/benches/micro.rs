//! Time of each step, for a thousand records: `cargo bench -p bench --bench micro`.

#![expect(
    clippy::expect_used,
    reason = "a measurement ends when its data is not what it made"
)]

mod cases;

use divan::Bencher;
use divan::counter::ItemsCount;

fn main() {
    divan::main();
}

/// What is shown as items are records.
#[divan::bench(args = cases::NAMES)]
fn steps(bencher: Bencher<'_, '_>, name: &str) {
    let case = cases::all().into_iter().find(|(other, _)| *other == name);
    let (_, case) = case.expect("a case for each name");
    bencher
        .counter(ItemsCount::new(cases::RECORDS))
        .bench_local(case);
}
