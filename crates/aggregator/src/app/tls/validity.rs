//! How long a certificate lasts still. Pure.

use logs::Timestamp;

const DAY: i64 = 24 * 3600 * 1_000_000_000;
/// What whoever renews certificates by hand needs.
const SOON: i64 = 14 * DAY;

/// How it stands with a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    Good,
    EndsSoon,
    Ended,
}

impl Standing {
    /// Of one that ends then, where that is known.
    pub(super) fn at(now: Timestamp, ends: Option<Timestamp>) -> Self {
        match ends.map(|ends| ends.nanos().saturating_sub(now.nanos())) {
            Some(..=0) => Self::Ended,
            Some(..=SOON) => Self::EndsSoon,
            _ => Self::Good,
        }
    }

    /// What is to be said of it.
    pub(super) fn sentence(self, ends: Timestamp) -> Option<String> {
        match self {
            Self::Good => None,
            Self::EndsSoon => Some(format!(
                "the certificate in TLS_CERT_FILE ends at {ends}: within 14 days"
            )),
            Self::Ended => Some(format!(
                "the certificate in TLS_CERT_FILE has ended at {ends}: clients believe it no more"
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_certificate_is_told_of_from_fourteen_days_before_its_end_on() {
        let at = |days: i64, nanos: i64| Timestamp::from_nanos(days * DAY + nanos);
        let ends = at(100, 0);
        for (now, expected) in [
            (at(0, 0), Standing::Good),
            (at(86, -1), Standing::Good),
            (at(86, 0), Standing::EndsSoon),
            (at(100, -1), Standing::EndsSoon),
            (at(100, 0), Standing::Ended),
            (Timestamp::from_nanos(i64::MAX), Standing::Ended),
        ] {
            assert_eq!(Standing::at(now, Some(ends)), expected, "{now}");
        }
        assert_eq!(Standing::at(ends, None), Standing::Good);
        let forever = Timestamp::from_nanos(i64::MAX);
        assert_eq!(Standing::at(at(-1, 0), Some(forever)), Standing::Good);
        let told = Standing::EndsSoon.sentence(ends).unwrap();
        assert!(told.contains("1970-04-11T00:00:00"), "{told}");
    }
}
