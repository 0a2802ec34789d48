//! The aggregator takes batches of logs over HTTP, keeps them in MongoDB or in SQLite, and gives
//! them back. A batch is acknowledged once it is safe, and a record is never stored twice.
//!
//! # The way of the data
//!
//! ```text
//!  POST /logs/batch                                    GET /logs/retrieve
//!    http::ingest ── http::body, wire, admission         http::retrieve ── query
//!        │                                                   │
//!    intake ── write lane (worker)                       retrieval ── read lane (worker), page by page
//!        │                                                   │
//!    store::guard ── breaker                             store::guard ── breaker
//!        │                                                   │
//!    Store::insert ───────── store::mongo | store::sqlite ───────── Store::page
//! ```
//!
//! One direction: nothing below [`http`] knows axum. [`wire`], [`query`], [`breaker`], [`batch`],
//! [`document`] and [`record_id`] are pure: no clock, no I/O, no tokio.
//!
//! # The rooms
//!
//! | to add | touch |
//! |---|---|
//! | a wire format | a file in `wire/`, a row of its table |
//! | a query filter | [`query`] |
//! | a store | a file in `store/` that keeps [`store::Store`], a case in [`app`] |
//! | an address | a file in `http/`, a line of its router |
//! | a setting | [`config`] |

pub mod admission;
pub mod app;
pub mod attributes;
pub mod batch;
pub mod breaker;
pub mod bson_writer;
pub mod clock;
pub mod config;
pub mod document;
pub mod http;
pub mod intake;
pub mod probe;
pub mod query;
pub mod record_id;
pub mod retrieval;
pub mod shutdown;
pub mod store;
pub mod telemetry;
pub mod wire;
pub mod worker;
