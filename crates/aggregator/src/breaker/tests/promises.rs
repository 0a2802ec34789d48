//! What must hold of the breaker whatever the model says, told from the outside.

use std::time::Duration;

use proptest::prelude::*;
use proptest::test_runner::TestCaseResult;

use super::model::Ticket;
use crate::breaker::{Snapshot, State};

#[derive(Default)]
pub(super) struct Promises {
    pub(super) generation: u64,
    /// Probes that were let in and have not ended, since an operator last intervened.
    probes_out: Vec<Ticket>,
    /// Probes that succeeded in time since the breaker last became half-open.
    good_probes: u32,
    /// When the breaker was last seen open: until when it said it would be.
    shut_until: Duration,
    /// None before the first look, and after an operator intervened.
    last: Option<State>,
}

impl Promises {
    /// An operator changed the state, which sets aside what was promised about the one before.
    pub(super) fn intervened(&mut self) {
        self.probes_out.clear();
        self.shut_until = Duration::ZERO;
        self.last = None;
    }

    pub(super) fn admitted(&mut self, ticket: Ticket, lease: Duration) -> TestCaseResult {
        prop_assert!(ticket.started >= self.shut_until, "open admits nobody");
        if ticket.probe {
            self.probes_out.push(ticket);
            let within_lease = |probe: &&Ticket| ticket.started < probe.started + lease;
            let out = self.probes_out.iter().filter(within_lease).count();
            prop_assert_eq!(out, 1, "one probe at a time");
        }
        Ok(())
    }

    pub(super) fn ended(&mut self, ticket: Ticket, good: bool) {
        self.probes_out
            .retain(|probe| (probe.era, probe.started) != (ticket.era, ticket.started));
        self.good_probes += u32::from(good && ticket.probe && ticket.era == self.generation);
    }

    pub(super) fn seen(
        &mut self,
        generation: u64,
        snapshot: &Snapshot,
        shut_until: Option<Duration>,
        needed: u32,
    ) -> TestCaseResult {
        prop_assert!(generation >= self.generation, "generations only grow");
        if self.last.is_some_and(|last| last != snapshot.state) {
            prop_assert_ne!(
                generation,
                self.generation,
                "every transition is a generation"
            );
        }
        if (self.last, snapshot.state) == (Some(State::HalfOpen), State::Closed) {
            prop_assert!(
                self.good_probes >= needed,
                "closed by {} good probes",
                self.good_probes
            );
        }
        if generation != self.generation {
            self.good_probes = 0;
        }
        if let (State::Open | State::ForcedOpen, Some(until)) = (snapshot.state, shut_until) {
            self.shut_until = until;
        }
        self.last = Some(snapshot.state);
        self.generation = generation;
        Ok(())
    }
}
