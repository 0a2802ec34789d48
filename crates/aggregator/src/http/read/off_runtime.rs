//! Work on one question or one record that may take long: on a thread that nobody else waits for.

use crate::http::error::ApiError;

/// Bytes of a record from which on it is worked on elsewhere.
pub(super) const LARGE_RECORD: usize = 64 * 1024;
/// The same of a query string: one with expressions of some thousand bytes takes tens of milliseconds to
/// read.
const LONG_QUERY: usize = 128;

/// Does the work on a thread that may be held up.
///
/// # Errors
/// When it panicked, or the service is stopping.
pub(super) async fn off_runtime<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, ApiError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|_| ApiError::internal())
}

/// Reads a query string.
///
/// # Errors
/// Those of `read`.
pub(super) async fn read_query<T: Send + 'static, E: Into<ApiError> + Send + 'static>(
    text: Option<String>,
    read: impl FnOnce(&str) -> Result<T, E> + Send + 'static,
) -> Result<T, ApiError> {
    let text = text.unwrap_or_default();
    let parameters = match text.len() > LONG_QUERY {
        true => off_runtime(move || read(&text)).await?,
        false => read(&text),
    };
    parameters.map_err(Into::into)
}
