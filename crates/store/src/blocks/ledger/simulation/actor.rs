//! Who works on a folder that was begun with rows: a service, or the command that moves it.

use super::Fault;
use super::moving::{Move, Stepped};
use super::process::Process;
use super::rows::State;
use super::world::World;

/// Once in so many starts, and in so many steps of a service, rows are moved.
const MOVES: [usize; 2] = [12, 150];

pub(super) enum Actor {
    Service(Process),
    Move(Move),
}

impl Actor {
    /// After a crash, or at the beginning.
    pub(super) fn start(world: &mut World) -> Self {
        let rows = world.rows_of_before.as_mut().unwrap();
        let (state, is_refused) = (rows.state, rows.is_moving());
        let is_served = is_refused && world.fault == Fault::ServedWhileMoving;
        if is_refused && !is_served {
            world.met.moving.gone_on += 1;
            return Self::Move(Move::start(world));
        }
        if state != State::Blocks && world.random.once_in(MOVES[0]) {
            return Self::Move(Move::start(world));
        }
        if let Some(rows) = world.rows_of_before.as_mut() {
            rows.earlier &= !world.random.once_in(8);
        }
        Self::Service(Process::start(world))
    }

    pub(super) fn step(&mut self, world: &mut World) {
        let is_blocks = world.is_moved();
        match self {
            Self::Service(_) if !is_blocks && world.random.once_in(MOVES[1]) => {
                *self = Self::Move(Move::start(world));
            }
            Self::Service(process) => process.step(world),
            Self::Move(moving) => {
                if moving.step(world) != Stepped::GoesOn {
                    world.has_room_for_letters |= world.random.once_in(2);
                    *self = Self::Service(Process::start(world));
                }
            }
        }
    }

    /// The service that works on blocks in the end.
    pub(super) fn end(self, world: &mut World) -> Process {
        world.has_room_for_letters = true;
        if let Self::Service(process) = self
            && world.is_moved()
        {
            return process;
        }
        world.refuse_nothing();
        while !world.is_moved() {
            let mut moving = Move::start(world);
            while moving.step(world) == Stepped::GoesOn {}
        }
        Process::start(world)
    }
}

impl World {
    fn is_moved(&self) -> bool {
        let rows = self.rows_of_before.as_ref();
        rows.is_some_and(|rows| rows.state == State::Blocks)
    }
}
