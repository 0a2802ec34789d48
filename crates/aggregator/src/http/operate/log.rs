//! `GET /operate/log` and `POST /operate/log`: what is logged, and what is to be for now.

use crate::config::{LogFilter, Logged, NotLogged};
use crate::http::error::ApiError;
use crate::http::services::Services;
use axum::Json;
use axum::extract::{RawQuery, State};
use serde::Serialize;
use std::sync::Arc;
use tracing::Level;

/// Bytes of a filter.
const LONGEST: usize = 1_000;

/// What it has led to.
#[derive(Debug, Serialize)]
pub(in crate::http) struct Answer {
    status: &'static str,
    message: String,
    log: Logged,
}

/// Tells what is logged.
pub(in crate::http) async fn tell(State(services): State<Arc<Services>>) -> Json<Logged> {
    Json(services.log.logged())
}

/// Logs something else from here on.
pub(in crate::http) async fn set(
    State(services): State<Arc<Services>>,
    RawQuery(query): RawQuery,
) -> Result<Json<Answer>, ApiError> {
    let filter = filter(query.as_deref().unwrap_or_default())?;
    let (log, now) = (&services.log, services.clock.now());
    let before = log.logged().filter;
    // By the filter that goes, or else by the one that comes, if either lets it through.
    let tell = || {
        if filter == before {
            return;
        }
        tracing::info!(
            filter,
            before,
            "by an operator, the filter of the log is changed"
        );
    };
    LogFilter::check(&filter).map_err(|error| refused(&error))?;
    let is_told = tracing::enabled!(Level::INFO);
    if is_told {
        tell();
    }
    log.set_for_now(&filter, now)
        .map_err(|error| refused(&error))?;
    if !is_told {
        tell();
    }
    let log = log.logged();
    let message = match log.since {
        Some(_) => format!(
            "The filter of the log is {filter} until the service starts again; it was {before}"
        ),
        None => format!("The filter of the log is {filter}, as RUST_LOG says; it was {before}"),
    };
    Ok(Json(Answer {
        status: "success",
        message,
        log,
    }))
}

fn refused(error: &NotLogged) -> ApiError {
    match error {
        NotLogged::Unreadable { .. } | NotLogged::NoLevel(_) => ApiError::bad_request(
            "invalid_parameter",
            format!("filter cannot be used: {error}"),
        ),
        NotLogged::Ended(_) => ApiError::internal(),
    }
}

/// The one parameter that there is.
fn filter(query: &str) -> Result<String, ApiError> {
    let mut filter = None;
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        match name.as_ref() {
            "filter" if filter.is_some() => {
                let message = "filter is given more than once";
                return Err(ApiError::bad_request("repeated_parameter", message));
            }
            "filter" => filter = Some(value.into_owned()),
            _ => {
                let message = format!("there is no parameter {name:?}: known is filter");
                return Err(ApiError::bad_request("unknown_parameter", message));
            }
        }
    }
    let invalid = |message: String| Err(ApiError::bad_request("invalid_parameter", message));
    match filter {
        None => invalid(
            "filter is missing: a level, or levels by part such as info,spool=debug".to_owned(),
        ),
        Some(filter) if filter.trim().is_empty() => invalid("filter is empty".to_owned()),
        Some(filter) if filter.len() > LONGEST => {
            invalid(format!("filter is longer than {LONGEST} bytes"))
        }
        Some(filter) if filter.bytes().any(|byte| !(b' '..=b'~').contains(&byte)) => {
            invalid("filter has other characters than those of ASCII that can be seen".to_owned())
        }
        Some(filter) => Ok(filter),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_is_given_once_and_nothing_beside_it() {
        assert_eq!(
            filter("filter=info%2Cspool%3Ddebug").unwrap(),
            "info,spool=debug"
        );
        let long = format!("filter={}", "a".repeat(LONGEST + 1));
        for (query, said) in [
            ("", "filter is missing: "),
            ("filter=", "filter is empty"),
            ("filter=info&filter=info", "filter is given more than once"),
            (
                "level=info",
                "there is no parameter \"level\": known is filter",
            ),
            (&long, "filter is longer than 1000 bytes"),
        ] {
            let error = filter(query).unwrap_err();
            assert!(
                error.message().starts_with(said),
                "{query}: {}",
                error.message()
            );
        }
    }
}
