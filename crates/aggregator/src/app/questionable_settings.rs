//! What the start says of settings that can be used, but hardly mean what they do.

use crate::config::{Backend, Config};
use crate::deliver::dead_letters::LEAST_BYTES;

/// Says it in the log.
pub(super) fn warn(config: &Config, backend: &Backend) {
    if let (Some(_), Backend::MongoDb(_)) = (config.store.layout, backend) {
        tracing::warn!("LAYOUT has no effect: it is of the embedded store, and MONGODB_URI is set");
    }
    let http = &config.http;
    if http.allow_anonymous && http.tokens_file().is_some() {
        tracing::warn!("ALLOW_ANONYMOUS has no effect: TOKENS_FILE says who may");
    }
    if http.partial_batches == Some(true) {
        tracing::warn!(
            "PARTIAL_BATCHES=true has no effect: what is sent is taken, unless the sender or STRICT_BATCHES asks for all or nothing"
        );
    }
    let (bytes, least) = (config.spool.rejected_max_bytes, LEAST_BYTES);
    if bytes < least {
        tracing::warn!(
            bytes,
            least,
            "REJECTED_MAX_BYTES has no room for any record that is too large to be stored: batches with one get 503, however often they are sent"
        );
    }
}
