//! Why a measurement could not be made. A run that was made and whose accounts do not add up is no
//! failure but a run with a fault: see [`crate::report::Run`].

use std::io;

/// The end of a measurement.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// The system said no.
    #[error("{what}: {source}")]
    Io {
        /// What was tried.
        what: String,
        /// The system's reason.
        source: io::Error,
    },
    /// The MongoDB driver.
    #[error("MongoDB: {0}")]
    MongoDb(#[from] mongodb::error::Error),
    /// SQLite.
    #[error("SQLite: {0}")]
    Sqlite(#[from] rusqlite::Error),
    /// The embedded store's own way of making its file.
    #[error(transparent)]
    Schema(#[from] store::database_file::FileError),
    /// A request that nobody answered.
    #[error("HTTP: {0}")]
    Http(#[from] reqwest::Error),
    /// Something that should be JSON.
    #[error("JSON: {0}")]
    Json(#[from] serde_json::Error),
    /// Something that should be BSON.
    #[error("BSON: {0}")]
    Bson(#[from] bson::error::Error),
    /// Anything else, in a sentence.
    #[error("{0}")]
    Told(String),
}

impl Failure {
    /// A sentence.
    pub(crate) fn told(text: impl Into<String>) -> Self {
        Self::Told(text.into())
    }
}

/// Says what was tried when the system said no.
pub(crate) trait During<T> {
    /// `what` is a path or a few words.
    fn during(self, what: impl std::fmt::Display) -> Result<T, Failure>;
}

impl<T, E: Into<io::Error>> During<T> for Result<T, E> {
    fn during(self, what: impl std::fmt::Display) -> Result<T, Failure> {
        self.map_err(|source| Failure::Io {
            what: what.to_string(),
            source: source.into(),
        })
    }
}
