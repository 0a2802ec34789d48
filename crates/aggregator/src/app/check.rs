//! What a start finds wrong before it opens anything.

use super::entrance::Entrance;
use super::{StartError, binding, questionable_settings};
use crate::config::Config;

/// Checks settings, and the files that they name, as a start does that opens no data folder and binds no port.
///
/// # Errors
/// [`StartError`], a sentence that says what to change.
pub fn check(config: &Config) -> Result<(), StartError> {
    let backend = config.check()?;
    questionable_settings::warn(config, &backend);
    Entrance::of(config, config.http.max_connections)?;
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    let runtime = runtime.map_err(|source| StartError::Listen {
        address: config.http.listen_addr.to_string(),
        source,
    })?;
    runtime.block_on(binding::addresses(&config.http))?;
    // Without waiting: a name server that does not answer still blocks a thread.
    runtime.shutdown_background();
    Ok(())
}
