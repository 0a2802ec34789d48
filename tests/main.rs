//! The system tests: the real programs over real sockets, on both stores, with a real mongod.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test that cannot go on panics, and one that measures says so; clippy.toml covers only the test functions"
)]

mod access;
mod accounting;
mod addresses;
mod backup;
mod bad_input;
mod batches;
mod configuration;
mod connections;
mod content_key;
mod costly_searches;
mod counting_in_trouble;
mod curl_examples;
mod datadog;
mod deleting;
mod documents;
mod elasticsearch;
mod export_command;
mod facets;
mod filters;
mod formats;
mod gelf;
mod health;
mod histogram;
mod hostile;
mod idempotency;
mod images;
mod import_command;
mod instances;
mod journald;
mod log;
mod loki;
mod manual;
mod metrics;
mod migrate;
mod mongodb_layout;
mod neighbours;
mod network_faults;
mod openapi;
mod operating;
mod order_of_sending;
mod otlp;
mod outage;
mod overload;
mod page;
mod paging;
mod probes;
mod producer;
mod query_command;
mod records;
mod rejected_command;
mod replica_set;
mod retention;
mod rooms;

mod secrets;
mod shutdown;
mod slow_queries;
mod slow_readers;
mod splunk;
mod spool;
mod startup;
mod stats;
mod store_command;
mod store_contract;
mod store_that_takes_nothing;
mod streaming;
mod support;
mod tail;
mod tail_command;
mod taken;
mod tls;
mod tokens;
mod too_large;
mod visible_soon;
