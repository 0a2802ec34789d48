//! Whoever reads, as far as it matters to what he is told.

use crate::access::Caller;
use crate::http::error::ApiError;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use query::reach::Reach;

/// How far his questions reach.
pub(in crate::http) struct Reader(pub(super) Reach);

impl<S: Sync> FromRequestParts<S> for Reader {
    type Rejection = ApiError;

    /// The guard lets in nobody else, and says who was let in: where it has not, nothing is told.
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        let caller = parts.extensions.get::<Caller>();
        let reach = caller.and_then(Caller::reach);
        reach.map(Self).ok_or_else(ApiError::internal)
    }
}
