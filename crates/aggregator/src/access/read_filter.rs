//! The filter of a token: what of all records whoever has it may know of.

use super::{Caller, Scope};
use query::reach::{BadFilter, Filter, Reach};
use std::sync::Arc;

/// Why a token has no such filter: a sentence each.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadReadFilter {
    /// What it says.
    #[error("the filter of the token {0:?} cannot be used: {1}")]
    Text(String, BadFilter),
    /// It would bind nothing.
    #[error("the token {0:?} has a filter, which is for what is read, but not the scope read")]
    WithoutRead(String),
    /// What is kept aside are records that no store could take, as their senders gave them: no filter can tell what
    /// they are, and the numbers of those who run the service count all there is.
    #[error(
        "the token {0:?} has a filter and the scope operate, which shows all that is kept aside: give operate to a token of its own"
    )]
    WithOperate(String),
}

/// That of a token with this name and these scopes, if it has one.
///
/// # Errors
/// [`BadReadFilter`]
pub(super) fn of(
    token: &str,
    scopes: &[Scope],
    text: Option<&str>,
) -> Result<Option<Arc<Filter>>, BadReadFilter> {
    let Some(text) = text else {
        return Ok(None);
    };
    if !scopes.contains(&Scope::Read) {
        return Err(BadReadFilter::WithoutRead(token.to_owned()));
    }
    if scopes.contains(&Scope::Operate) {
        return Err(BadReadFilter::WithOperate(token.to_owned()));
    }
    match Filter::parse(text) {
        Ok(filter) => Ok(Some(Arc::new(filter))),
        Err(error) => Err(BadReadFilter::Text(token.to_owned(), error)),
    }
}

impl Caller {
    /// What he may know of what there is to read; `None` for whoever may not read.
    pub fn reach(&self) -> Option<Reach> {
        match self {
            Self::Anyone => Some(Reach::EVERYTHING),
            Self::Stranger => None,
            Self::Token(token) => token
                .is_for(Scope::Read)
                .then(|| Reach::of(token.filter.as_ref())),
        }
    }

    /// Whether he may know of all that there is to read.
    pub fn reads_everything(&self) -> bool {
        self.reach().is_some_and(|reach| reach.is_everything())
    }
}
