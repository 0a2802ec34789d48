//! What is logged, by parts of the program.

use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::ParseError;

/// Of the span of a request: whatever is logged within it belongs to one, whichever parts are logged.
pub const REQUEST: &str = "aggregator::request_span";

/// Of the span in which the service's own log is taken to be stored: what is said there is not stored itself.
pub const OF_STORING: &str = "aggregator::own_log_span";

/// Of what is said of records that the store did not take, which may be those of the service's own log.
pub const OF_UNSTORED: &str = "aggregator::deliver::unstored";

/// What is logged by a text as `RUST_LOG` has it.
///
/// # Errors
/// When it is no filter.
pub fn log_filter(text: &str) -> Result<EnvFilter, ParseError> {
    const TLS: &str = "rustls";
    let filter = EnvFilter::builder().parse(text)?;
    let filter = filter.add_directive(format!("{REQUEST}=error").parse()?);
    let filter = filter.add_directive(format!("{OF_STORING}=error").parse()?);
    if text.contains(TLS) {
        return Ok(filter);
    }
    // A client can have it say something as often as it likes; why a handshake failed we say ourselves.
    Ok(filter.add_directive(format!("{TLS}=off").parse()?))
}
