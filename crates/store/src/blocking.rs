//! Work that a thread of the runtime is not to be held up by.

use crate::StoreError;

/// Runs blocking work on a thread for such; a panic there goes on here.
pub(super) async fn blocking<T: Send + 'static, E: Into<StoreError> + Send + 'static>(
    work: impl FnOnce() -> Result<T, E> + Send + 'static,
) -> Result<T, StoreError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result.map_err(Into::into),
        Err(failed) if failed.is_panic() => std::panic::resume_unwind(failed.into_panic()),
        Err(_) => Err(StoreError::Unavailable(
            "the service is stopping".to_owned(),
        )),
    }
}
