//! The ledger of batches: what makes it that a record is stored once where its id is in no index.
//!
//! Pure: rows in, rows out. It opens no file and knows no SQL.
//!
//! | module | owns |
//! |---|---|
//! | [`have`] | which positions of a batch are stored |
//! | [`row`] | what is remembered of a batch, and what of it is new |
//! | [`remembering`] | which rows may go, and when |
//! | [`spools`] | what is known of the spools that batches came from |
//! | [`old_batches`] | what is known of batches whose records came out of rows |

pub mod have;
pub mod old_batches;
pub mod remembering;
pub mod row;
pub mod spools;

#[cfg(test)]
pub(crate) mod simulation;
