//! The list of the addresses that there are, as answers show it. Pure: the router's table makes it.

use serde::Serialize;
use std::fmt;

/// An address, in the words of whoever asks it.
#[derive(Debug, Clone, Copy, Serialize)]
pub(super) struct Address {
    /// The method that it takes.
    pub(super) method: &'static str,
    /// Its path; what stands in braces varies.
    pub(super) path: &'static str,
    /// What it is for, in a few words.
    pub(super) about: &'static str,
}

/// All of them, in the order of the router's table.
#[derive(Debug, Clone, Serialize)]
#[serde(transparent)]
pub struct Addresses(Vec<Address>);

impl Addresses {
    pub(super) fn new(addresses: Vec<Address>) -> Self {
        Self(addresses)
    }
}

/// In one line: `GET /, POST /logs/batch and GET /health`.
impl fmt::Display for Addresses {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let last = self.0.len().saturating_sub(1);
        for (position, Address { method, path, .. }) in self.0.iter().enumerate() {
            let before = match position {
                0 => "",
                position if position == last => " and ",
                _ => ", ",
            };
            write!(out, "{before}{method} {path}")?;
        }
        Ok(())
    }
}
