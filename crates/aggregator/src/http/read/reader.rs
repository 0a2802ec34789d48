//! Whoever reads, as far as it matters to what he is told.

use crate::access::Caller;
use crate::accounting::shares::Owner;
use crate::http::error::ApiError;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use query::reach::Reach;
use std::sync::Arc;

/// His questions.
pub(in crate::http) struct Reader {
    /// How far they reach.
    pub(super) reach: Reach,
    /// Whose they are, where there are tokens.
    pub(super) owner: Owner,
}

impl<S: Sync> FromRequestParts<S> for Reader {
    type Rejection = ApiError;

    /// The guard lets in nobody else, and says who was let in: where it has not, nothing is told.
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        let caller = parts.extensions.get::<Caller>();
        let owner = caller.and_then(Caller::token);
        let owner = owner.map(|token| Arc::clone(&token.name));
        let reach = caller.and_then(Caller::reach);
        let reader = reach.map(|reach| Self { reach, owner });
        reader.ok_or_else(ApiError::internal)
    }
}
