//! The way in, whatever protocol a sender speaks: a decoder and a body in, an acknowledged batch out.
//!
//! Takes the terms of a body (its format, compression, key and wishes) and the memory that is held for
//! it; decodes it on the right thread, finds out whether its key came before, makes it durable
//! (what no store can hold among the dead letters), and gives a receipt. It knows no HTTP: heads, addresses
//! and answers are those of the protocols above.

mod acceptance;
pub mod batch_key;
pub mod body_error;
mod charge;
pub mod compression;
pub mod decode;
pub mod idempotency;
pub mod intake;
pub mod intake_error;
pub mod key_recovery;
mod last_taken;
mod own_turn;
