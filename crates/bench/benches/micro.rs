//! Time of each step, for one record: `cargo bench -p bench --bench micro`.

#![expect(
    clippy::expect_used,
    reason = "a measurement ends when its data is not what it made"
)]

mod cases;

use criterion::{Criterion, criterion_group, criterion_main};

/// A call handles many records; what is shown is the time of one.
#[expect(clippy::disallowed_methods, reason = "a measurement of real time")]
fn steps(criterion: &mut Criterion) {
    for (name, mut case) in cases::all() {
        criterion.bench_function(name, |bencher| {
            bencher.iter_custom(|times| {
                let began = std::time::Instant::now();
                for _ in 0..times {
                    case();
                }
                began.elapsed() / cases::RECORDS
            });
        });
    }
}

criterion_group!(micro, steps);
criterion_main!(micro);
