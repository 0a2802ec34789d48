//! The aggregator takes batches of logs over HTTP, keeps them in MongoDB or in SQLite, and gives
//! them back. A batch is acknowledged once it is safe, and a record is never stored twice.
//!
//! # The way of the data
//!
//! ```text
//!  POST /logs/batch                                    GET /logs/retrieve
//!    http::ingest ── body, wire, admission               http::retrieve ── query
//!        │                                                   │
//!    intake ── spool ── group commit, fsync ──► 200      retrieval ── read lane, page by page
//!        │                                                   │
//!    drain ── write lane (worker pool)                       │
//!        │                                                   │
//!    store::guard ── circuit breaker                     store::guard ── circuit breaker
//!        │                                                   │
//!    Store::insert ───────── MongoDB | SQLite ───────── Store::page
//!        │
//!    spool: done ── finished segments are removed
//! ```
//!
//! Beside the way: [`idempotency`] remembers keys, [`statuses`] what became of batches, and [`accounting`]
//! counts what became of every record.
//!
//! One direction: nothing below [`http`] knows axum. [`wire`], [`query`], [`histogram`], [`facets`], [`cursor`],
//! [`breaker`], [`batch`], [`documents`], [`document`] and [`record_id`] are pure: no clock, no I/O, no tokio.
//!
//! # The rooms
//!
//! | to add | touch |
//! |---|---|
//! | a wire format | a file in `wire/`, a row of its table |
//! | a query filter | a file in `query/`, as [`query`] says, and a flag in `query_command/args.rs` with its line in `query_command/request.rs` |
//! | a rule of durability | `spool/`, whose disk is a seam: [`spool::disk`] |
//! | a store | a file in `store/` that keeps [`store::Store`], a case in [`app`] |
//! | an address | a file in `http/`, a line of its router |
//! | a setting | [`config`] |

pub mod accounting;
pub mod app;
pub mod breaker;
pub mod cli;
pub mod config;
pub mod deliver;
pub mod http;
pub mod ingest;
pub mod search;
pub mod worker;
