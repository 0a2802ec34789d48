//! What requests make the log say again and again: told at once, and then once a minute with the number of the others.

use crate::http::AUDIT;
use logs::clock::Clock;
use logs::notices::Notices;
use std::fmt::{self, Write};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::Arc;
use tracing::field::{Field, Visit};
use tracing::{Event, Level};

/// What was told.
pub(super) struct Repeats {
    told: Notices<u64>,
    clock: Arc<dyn Clock>,
}

impl Repeats {
    pub(super) fn new(clock: Arc<dyn Clock>) -> Self {
        Self {
            told: Notices::default(),
            clock,
        }
    }

    /// How many others like this were not told before it; `None` when this is not told either.
    pub(super) fn note(&self, event: &Event<'_>) -> Option<u64> {
        let metadata = event.metadata();
        // Whoever asks for more levels wants each, and the audit counts for itself.
        if *metadata.level() > Level::WARN || metadata.target() == AUDIT {
            return Some(0);
        }
        let due = self.told.note(kind(event), self.clock.elapsed());
        due.map(|due| due.untold())
    }
}

/// Two are alike that come from the same place and say the same, but for numbers in it.
fn kind(event: &Event<'_>) -> u64 {
    let mut hasher = DefaultHasher::new();
    event.metadata().callsite().hash(&mut hasher);
    event.record(&mut Said(&mut hasher));
    hasher.finish()
}

struct Said<'a>(&'a mut DefaultHasher);

impl Visit for Said<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        field.name().hash(self.0);
        // A value that cannot be shown is like every other such.
        write!(self, "{value:?}").unwrap_or_default();
    }
}

impl Write for Said<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for byte in text.bytes().filter(|byte| !byte.is_ascii_digit()) {
            self.0.write_u8(byte);
        }
        Ok(())
    }
}
