//! Requests by address, method and status, and how long they took: what is around every address counts them.
//!
//! An address is told by its row in the router's table and never as it was asked for, a method and a status that no
//! answer here has as `other`: so what is kept is bounded, whatever is sent, and counting takes no lock.

mod metered;

pub(super) use metered::Meter;

use super::methods;
use crate::access::protocol::Protocol;
use axum::http::StatusCode;
use logs::durations::{DurationCounts, Durations};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// With a place for those that are not known.
const METHODS: usize = methods::COUNT + 1;
/// As they are told.
const STATUSES: [u16; 20] = [
    200, 201, 202, 204, 400, 401, 403, 404, 405, 406, 408, 409, 413, 415, 421, 422, 429, 500, 503,
    504,
];
/// Behind them: any other one.
const OTHER_STATUS: usize = STATUSES.len();
/// And the end of a request whose sender left before it was answered.
const LEFT: usize = STATUSES.len() + 1;
const ENDS: usize = STATUSES.len() + 2;

/// The counts of all addresses, since the start.
#[derive(Debug)]
pub struct Requests {
    addresses: Vec<Arc<OfAddress>>,
}

/// Those of one address.
#[derive(Debug)]
pub(super) struct OfAddress {
    /// Its path, as the router has it.
    pub(super) path: String,
    pub(super) protocol: Protocol,
    ended: [[AtomicU64; ENDS]; METHODS],
    took: Durations,
}

/// How a request ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    Answered(StatusCode),
    /// Whoever asked left before that.
    Left,
}

/// Requests of one method that ended in one way.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Ended {
    pub(super) method: &'static str,
    /// The status, `other`, or `none` for those who left.
    pub(super) status: String,
    pub(super) requests: u64,
}

impl Requests {
    pub(super) fn new(addresses: impl Iterator<Item = (String, Protocol)>) -> Self {
        let of = |(path, protocol)| OfAddress {
            path,
            protocol,
            ended: Default::default(),
            took: Durations::default(),
        };
        Self {
            addresses: addresses.map(of).map(Arc::new).collect(),
        }
    }

    /// In the order that they were given in.
    pub(super) fn addresses(&self) -> &[Arc<OfAddress>] {
        &self.addresses
    }
}

impl OfAddress {
    pub(super) fn count(&self, method: usize, end: End, took: Duration) {
        let place = match end {
            End::Answered(status) => {
                let status = status.as_u16();
                let known = STATUSES.binary_search(&status);
                known.unwrap_or(OTHER_STATUS)
            }
            End::Left => LEFT,
        };
        let ended = self.ended.get(method).and_then(|ends| ends.get(place));
        if let Some(count) = ended {
            count.fetch_add(1, Ordering::Relaxed);
        }
        self.took.add(took);
    }

    /// Those that there were.
    pub(super) fn ended(&self) -> Vec<Ended> {
        let mut all = Vec::new();
        for (method, ends) in self.ended.iter().enumerate() {
            let method = methods::name_at(method).unwrap_or("other");
            for (place, count) in ends.iter().enumerate() {
                let requests = count.load(Ordering::Relaxed);
                if requests > 0 {
                    let status = status_at(place);
                    all.push(Ended {
                        method,
                        status,
                        requests,
                    });
                }
            }
        }
        all
    }

    pub(super) fn took(&self) -> DurationCounts {
        self.took.snapshot()
    }
}

fn status_at(place: usize) -> String {
    match (STATUSES.get(place), place) {
        (Some(status), _) => status.to_string(),
        (None, LEFT) => "none".to_owned(),
        (None, _) => "other".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::Method;

    #[test]
    fn whatever_is_asked_and_answered_is_one_of_so_many() {
        assert!(STATUSES.is_sorted());
        let requests = Requests::new([("/logs/{id}".to_owned(), Protocol::Native)].into_iter());
        let [address] = requests.addresses() else {
            panic!("there is one");
        };
        let methods = ["GET", "other", "BREW", "X-MADE-UP"];
        for method in methods.map(|name| name.parse::<Method>().unwrap()) {
            let place = methods::place_of(&method);
            for status in 100..=999 {
                let status = StatusCode::from_u16(status).unwrap();
                address.count(place, End::Answered(status), Duration::ZERO);
            }
            address.count(place, End::Left, Duration::ZERO);
        }
        let told = address.ended();
        assert_eq!(told.len(), 2 * ENDS);
        let all: u64 = told.iter().map(|ended| ended.requests).sum();
        assert_eq!((all, address.took().count()), (4 * 901, 4 * 901));
        let of = |method: &str, status: &str| {
            let found = told
                .iter()
                .find(|end| end.method == method && end.status == status);
            found.map(|end| end.requests)
        };
        assert_eq!(of("GET", "200"), Some(1));
        assert_eq!(of("GET", "other"), Some(900 - STATUSES.len() as u64));
        assert_eq!(of("other", "503"), Some(3));
        assert_eq!(of("other", "none"), Some(3));
    }
}
