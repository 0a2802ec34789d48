//! The attributes of a log: which service, on which host, for which request.

use super::template::{hex, millis, number, path, pick};
use rand::{Rng, RngExt as _};
use serde::Serialize;

const METHODS: &[&str] = &["GET", "GET", "GET", "POST", "PUT", "DELETE"];
const STATUS: &[u16] = &[200, 200, 200, 200, 201, 204, 304, 400, 404, 500, 503];
const REGIONS: &[&str] = &["eu-central-1", "eu-west-1", "us-east-1"];
/// Instances of each service.
const HOSTS: u32 = 4;

/// The attributes of a log.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Attributes<'a> {
    service: &'static str,
    host: &'a str,
    trace_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    http: Option<Http<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cloud: Option<Cloud>,
}

/// The request that was served.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Http<'a> {
    method: &'static str,
    path: &'a str,
    status: u16,
    duration_ms: u32,
}

/// Where the service runs.
#[derive(Debug, Serialize)]
struct Cloud {
    region: &'static str,
    spot: bool,
}

/// Buffers for the texts of a log; each log reuses their memory.
#[derive(Debug, Default)]
pub(super) struct Scratch {
    message: String,
    host: String,
    trace_id: String,
    path: String,
}

impl Scratch {
    /// Empty room for the next message.
    pub(super) fn clear_message(&mut self) -> &mut String {
        self.message.clear();
        &mut self.message
    }

    /// The message as it was written last, and attributes for a log of this service. One log in two
    /// belongs to a request, and one in eight tells the region.
    pub(super) fn fill(
        &mut self,
        random: &mut impl Rng,
        service: &'static str,
    ) -> (&str, Attributes<'_>) {
        self.host.clear();
        self.host.push_str(service);
        self.host.push('-');
        number(&mut self.host, random.random_range(1..=HOSTS));
        self.trace_id.clear();
        hex(random, &mut self.trace_id);
        let kind = random.random_range(0..8_u32);
        let served = kind < 4;
        if served {
            self.path.clear();
            path(random, &mut self.path);
        }
        let attributes = Attributes {
            service,
            host: &self.host,
            trace_id: &self.trace_id,
            http: served.then(|| Http {
                method: pick(random, METHODS),
                path: &self.path,
                status: status(random),
                duration_ms: millis(random),
            }),
            cloud: (kind == 7).then(|| Cloud {
                region: pick(random, REGIONS),
                spot: random.random_range(0..2_u32) == 0,
            }),
        };
        (&self.message, attributes)
    }
}

fn status(random: &mut impl Rng) -> u16 {
    let count = u32::try_from(STATUS.len()).unwrap_or(1);
    let index = random.random_range(0..count);
    STATUS.get(index as usize).copied().unwrap_or(200)
}
