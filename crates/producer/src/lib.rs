//! The producer makes random, realistic logs and sends them to the aggregator.

pub mod config;
pub mod levels;
pub mod target;
pub mod telemetry;
