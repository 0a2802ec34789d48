//! The aggregator takes batches of logs over HTTP, keeps them in MongoDB or in SQLite, and gives
//! them back. A batch is acknowledged once it is safe, and a record is never stored twice.
//!
//! # The way of the data
//!
//! ```text
//!  POST /logs/batch                                    GET /logs/retrieve
//!    http::ingest ── head, body                          http::read ── parameters
//!        │                                                   │
//!    ingest ── decode, keys                              search ── page by page
//!        │                                                   │
//!    ::spool ── group commit, fsync ──► 200                  │
//!        │                                                   │
//!    deliver ── drain, delivery                              │
//!        │                                                   │
//!    worker ── write lane                                worker ── read lane
//!        │                                                   │
//!    breaker ── around the call                          breaker ── around the call
//!        │                                                   │
//!    Store::insert ───────── MongoDB | SQLite ───────── Store::page
//!        │
//!    ::spool: done ── finished segments are removed
//! ```
//!
//! # The rooms
//!
//! From the top; each may name those below it and none above, which `tests/rooms.rs` watches over.
//! The first lines of each say what it owns, takes and gives, and what it must not know.
//!
//! | room | owns |
//! |---|---|
//! | [`cli`] | the command line |
//! | [`app`] | the composition of the service, its start and its stop |
//! | [`http`] | addresses, and all that knows axum |
//! | [`search`] | the way of a question |
//! | [`ingest`] | the way in, whatever the protocol |
//! | [`retention`] | what is removed, and when |
//! | [`deliver`] | the way from the spool to the store |
//! | [`worker`], [`breaker`] | the pool and the breaker that both ways pass |
//! | [`accounting`] | memory under way, the fate of every record, the status of batches |
//! | [`access`] | who may ask for what |
//! | [`config`] | settings |
//!
//! Below them stand crates of their own: [`store`], [`spool`], [`wire`], [`query`],
//! [`record`], [`program`] and [`logs`].
//!
//! | to add | touch |
//! |---|---|
//! | a wire format | a file in `crates/wire/src`, a row in its `formats.rs` |
//! | a protocol | a file in `http/ingest`, a row in `http/router.rs`, its decoder in `crates/wire` |
//! | a query filter | a file in `crates/query/src`, as its `lib.rs` says; a flag in `cli/query/args.rs` with its line in `cli/query/request.rs` |
//! | a rule of durability | `crates/spool`, whose disk is a seam: [`spool::disk`] |
//! | a store | a file in `crates/store/src` that keeps [`store::Store`], a case in `app/wiring.rs` |
//! | an address to read from | a file in `http/read`, a row in `http/router.rs` with what it needs, from which `/` and a 404 name it |
//! | a command | a file in `cli/` with its own flags, a row in `cli/arguments.rs` |
//! | a setting | [`config`], a row in `guide/settings.md` |

pub mod access;
pub mod accounting;
pub mod app;
pub mod breaker;
pub mod cli;
pub mod config;
pub mod deliver;
pub mod http;
pub mod ingest;
pub mod retention;
pub mod search;
pub mod worker;
