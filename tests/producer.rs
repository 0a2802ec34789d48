//! The producer: what is stored, what it does in trouble, how it stops, what it says.

mod delivery;
mod kill_everything;
mod kill_loop;
mod settings;
mod spool;
mod stopping;
mod summary;
mod trouble;
