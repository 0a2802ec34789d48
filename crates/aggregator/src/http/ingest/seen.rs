//! What those who operate are to see of senders: that they came, with how much, and what they were told.

use crate::access::Sender;
use crate::accounting::senders::{Name, Taken, When};
use crate::http::error::ApiError;
use crate::http::services::Services;
use crate::ingest::intake::Receipt;
use record::fault::RecordFault;
use std::sync::Arc;

/// A request was taken; its body had so many bytes.
pub(super) fn taken<T>(services: &Services, sender: &Sender, bytes: usize, receipt: &Receipt<T>) {
    let not_taken = receipt.rejects.listed.first();
    let example = not_taken
        .map(|reject| reject.fault.to_string())
        .or_else(|| (!receipt.too_large.is_empty()).then(|| RecordFault::TooLarge.to_string()))
        .or_else(|| Some(receipt.notices.listed.first()?.notice.to_string()));
    let taken = Taken {
        records: receipt.brought.accepted + receipt.brought.repeated,
        bytes: bytes as u64,
        warnings: receipt.notices.counts,
        example,
    };
    services.senders.taken(name(sender), taken, now(services));
}

/// A request was not.
pub(super) fn refused(services: &Services, sender: &Sender, error: &ApiError) {
    let (code, sentence) = (error.code(), error.message());
    let when = now(services);
    services.senders.refused(name(sender), code, sentence, when);
}

fn name(sender: &Sender) -> Name {
    let token = sender.token.as_ref();
    Name {
        protocol: sender.protocol.name(),
        token: token.map(|token| Arc::clone(&token.name)),
    }
}

fn now(services: &Services) -> When {
    When {
        at: services.clock.now(),
        elapsed: services.clock.elapsed(),
    }
}
