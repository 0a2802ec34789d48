//! The retry policy: which answers are worth another attempt, and how long to wait before it.

use logs::Timestamp;
use rand::{Rng, RngExt as _};
use std::time::Duration;

/// The first wait is between nothing and this.
const FIRST: Duration = Duration::from_millis(200);
/// No wait is longer, unless the server asks for it.
const LONGEST: Duration = Duration::from_secs(30);
/// Not even when the server asks for it.
const LONGEST_ASKED: Duration = Duration::from_secs(600);

/// Whether another attempt with the same batch can end better.
pub fn is_retryable(status: u16) -> bool {
    matches!(status, 408 | 429 | 500..=599)
}

/// How long to wait after an attempt (0 is the first): exponential backoff with full jitter. What the
/// server asked for comes first. Then only a little is added, so that not all senders come at the same
/// moment.
pub fn backoff(attempt: u32, retry_after: Option<Duration>, random: &mut impl Rng) -> Duration {
    match retry_after {
        Some(asked) => asked.min(LONGEST_ASKED) + jitter(FIRST, random),
        None => jitter(longest(attempt), random),
    }
}

fn longest(attempt: u32) -> Duration {
    let factor = 1_u32.checked_shl(attempt).unwrap_or(u32::MAX);
    FIRST.saturating_mul(factor).min(LONGEST)
}

fn jitter(most: Duration, random: &mut impl Rng) -> Duration {
    random.random_range(Duration::ZERO..=most)
}

/// What a `Retry-After` asks for: seconds, or a date.
pub fn parse_retry_after(header: &str, now: Timestamp) -> Option<Duration> {
    let header = header.trim();
    if let Ok(seconds) = header.parse::<u64>() {
        return Some(Duration::from_secs(seconds));
    }
    let date = httpdate::parse_http_date(header).ok()?;
    let date = date.duration_since(std::time::UNIX_EPOCH).ok()?;
    let now = Duration::from_nanos(u64::try_from(now.nanos()).ok()?);
    Some(date.saturating_sub(now))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rand::SeedableRng as _;
    use rand::rngs::ChaCha8Rng;

    #[test]
    fn only_what_may_pass_by_itself_is_tried_again() {
        let again: Vec<u16> = (100..600).filter(|status| is_retryable(*status)).collect();
        let expected: Vec<u16> = [408, 429].into_iter().chain(500..600).collect();
        assert_eq!(again, expected);
    }

    #[test]
    fn a_server_may_ask_in_seconds_or_with_a_date() {
        let now = Timestamp::parse("1994-11-06T08:49:30Z").unwrap();
        for (header, expected) in [
            ("0", Some(0)),
            (" 120 ", Some(120)),
            ("Sun, 06 Nov 1994 08:49:37 GMT", Some(7)),
            ("Sunday, 06-Nov-94 08:49:37 GMT", Some(7)),
            ("Sun, 06 Nov 1994 08:49:00 GMT", Some(0)),
            ("-1", None),
            ("1.5", None),
            ("soon", None),
            ("", None),
        ] {
            let expected = expected.map(Duration::from_secs);
            assert_eq!(parse_retry_after(header, now), expected, "{header}");
        }
    }

    proptest! {
        #[test]
        fn a_wait_stays_within_its_bounds(seed: u64, attempt: u32, asked in proptest::option::of(0_u64..u64::MAX)) {
            let mut random = ChaCha8Rng::seed_from_u64(seed);
            let asked = asked.map(Duration::from_secs);
            let wait = backoff(attempt, asked, &mut random);
            match asked.map(|asked| asked.min(LONGEST_ASKED)) {
                Some(asked) => prop_assert!((asked..=asked + FIRST).contains(&wait)),
                None => prop_assert!(wait <= LONGEST && wait <= FIRST * 2_u32.pow(attempt.min(8))),
            }
        }
    }

    #[test]
    fn waits_are_spread_over_their_whole_range() {
        let mut random = ChaCha8Rng::seed_from_u64(1);
        for (attempt, most) in [(0, 0.2), (3, 1.6), (20, 30.0), (u32::MAX, 30.0)] {
            let waits: Vec<f64> = (0..1000)
                .map(|_| backoff(attempt, None, &mut random).as_secs_f64())
                .collect();
            let mean = waits.iter().sum::<f64>() / 1000.0;
            assert!((mean / most - 0.5).abs() < 0.05, "{attempt}: {mean}");
            assert!(waits.iter().any(|wait| *wait > most * 0.95));
        }
    }
}
