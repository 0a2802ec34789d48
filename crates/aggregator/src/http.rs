//! HTTP: the addresses, and what every answer has in common. Everything that knows axum is here.
//!
//! Takes requests; gives them to `ingest`, `search` and the parts that an operator asks about, and
//! answers. No rule about records, batches or searches is made here.

mod addresses;
mod asker;
mod audit;
mod body;
mod credentials;
mod error;
mod guard;
mod held_place;
mod ingest;
mod json_list;
mod limits;
pub mod listener;
mod methods;
mod negotiation;
mod openapi;
mod operate;
mod page;
mod read;
mod requests;
mod router;
mod services;
mod welcome;

pub use addresses::Addresses;
pub use audit::{Audit, TARGET as AUDIT};
pub use ingest::held_uploads::HeldUploads;
pub use limits::Limits;
pub(crate) use read::retrieve::{Format, Kind};
pub use requests::Requests;
pub use router::{addresses, requests, router};
pub use services::Services;
