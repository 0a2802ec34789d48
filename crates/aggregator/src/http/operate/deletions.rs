//! `POST /logs/delete`, `GET /logs/delete`, `GET /logs/delete/{id}` and `POST /logs/delete/{id}/cancel`: records are
//! deleted on purpose, by jobs.

use crate::http::error::ApiError;
use crate::http::read::parameter_error::ParameterError;
use crate::http::services::Services;
use crate::retention::deletion::{BadQuestion, Counted, Question, Told, WaitsFor};
use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, RawQuery, State};
use axum::http::{StatusCode, Uri, header};
use axum::response::{IntoResponse as _, Response};
use logs::Timestamp;
use query::{QueryError, once, pairs};
use serde::Serialize;
use serde_json::json;
use std::sync::Arc;

/// Aggregators that one job leaves out.
const MOST_WITHOUT: usize = 100;
/// What may be said here besides the filters.
const OWN_PARAMETERS: &str = "dryRun, all and without";

/// A job as answers have it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Deletion {
    id: String,
    state: &'static str,
    filters: Vec<String>,
    started_at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    finished_at: Option<String>,
    removed: u64,
    dead_letters: u64,
    unreadable_dead_letters: u64,
    undecided: u64,
    waits_for: Vec<Awaited>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    without: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<String>,
    does_not_reach: Vec<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Awaited {
    id: String,
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_seen: Option<String>,
    what: String,
}

/// What is asked for.
#[derive(Debug)]
struct Asked {
    question: Question,
    dry_run: bool,
    without: Vec<String>,
}

/// Begins a job, or counts what one would be about.
pub(in crate::http) async fn begin(
    State(services): State<Arc<Services>>,
    RawQuery(query): RawQuery,
) -> Result<Response, ApiError> {
    let asked = asked(query.as_deref().unwrap_or_default(), services.clock.now())?;
    if asked.dry_run {
        let time = services.limits().query_max_time;
        let counted = services.deletions.count(&asked.question, time).await?;
        return Ok(Json(told_counted(&services, counted)).into_response());
    }
    // Its own task: whoever asked may leave, and the job is begun or is not.
    let all = Arc::clone(&services);
    let begun = tokio::spawn(async move {
        let (question, without) = (asked.question, asked.without);
        all.deletions.begin(question, without).await
    });
    let told = begun.await.map_err(|_| ApiError::internal())??;
    let location = format!("/logs/delete/{}", told.job.id);
    let answer = json!({
        "status": "accepted",
        "message": format!("Records are going to be deleted: GET {location} tells how far that is"),
        "instance": services.instance.as_str(),
        "deletion": deletion(&services, told),
    });
    Ok((
        StatusCode::ACCEPTED,
        [(header::LOCATION, location)],
        Json(answer),
    )
        .into_response())
}

/// All that are known, the newest first.
pub(in crate::http) async fn list(State(services): State<Arc<Services>>) -> Response {
    let all = services.deletions.all().into_iter();
    let all: Vec<Deletion> = all.map(|told| deletion(&services, told)).collect();
    let instance = services.instance.as_str();
    Json(json!({
        "instance": instance,
        "aggregator": services.deletions.id(),
        "deletions": all,
    }))
    .into_response()
}

/// One of them.
pub(in crate::http) async fn one(
    State(services): State<Arc<Services>>,
    uri: Uri,
    id: Result<Path<String>, PathRejection>,
) -> Result<Response, ApiError> {
    let Ok(Path(id)) = id else {
        return Err(ApiError::not_found(uri.path(), &services.addresses));
    };
    let told = services.deletions.one(&id);
    let told = told.ok_or_else(|| ApiError::unknown_deletion(&services.instance))?;
    Ok(Json(deletion(&services, told)).into_response())
}

/// Ends one that waits still.
pub(in crate::http) async fn cancel(
    State(services): State<Arc<Services>>,
    uri: Uri,
    id: Result<Path<String>, PathRejection>,
) -> Result<Response, ApiError> {
    let Ok(Path(id)) = id else {
        return Err(ApiError::not_found(uri.path(), &services.addresses));
    };
    let cancelled = services.deletions.cancel(&id).await;
    let told = cancelled.ok_or_else(|| ApiError::unknown_deletion(&services.instance))??;
    Ok(Json(json!({
        "status": "success",
        "message": "The deletion is ended: nothing was removed from the store",
        "instance": services.instance.as_str(),
        "deletion": deletion(&services, told),
    }))
    .into_response())
}

fn told_counted(services: &Services, counted: Counted) -> serde_json::Value {
    json!({
        "instance": services.instance.as_str(),
        "matching": counted.matching,
        "complete": counted.complete,
        "deadLetters": counted.letters,
        "unreadableDeadLetters": counted.unreadable,
        "waiting": counted.waiting,
        "doesNotReach": not_reached(services, &[]),
    })
}

fn deletion(services: &Services, told: Told) -> Deletion {
    let Told {
        job,
        waits_for,
        problem,
    } = told;
    let time = |nanos| Timestamp::from_nanos(nanos).to_string();
    Deletion {
        id: job.id,
        state: job.state.name(),
        filters: job.filters,
        started_at: time(job.began),
        finished_at: job.ended.map(time),
        removed: job.removed,
        dead_letters: job.letters,
        unreadable_dead_letters: job.unreadable,
        undecided: job.undecided,
        waits_for: waits_for.into_iter().map(awaited).collect(),
        does_not_reach: not_reached(services, &job.without),
        without: job.without,
        problem: job.reason.or(problem),
    }
}

fn awaited(waits_for: WaitsFor) -> Awaited {
    Awaited {
        id: waits_for.id,
        name: waits_for.name,
        last_seen: waits_for.seen.map(|seen| seen.to_string()),
        what: waits_for.what,
    }
}

/// What stays, wherever it is.
fn not_reached(services: &Services, without: &[String]) -> Vec<String> {
    let mut all = vec![
        "backups and exports, and what was read before".to_owned(),
        "files that were set aside as damaged: *.damaged in the data folder".to_owned(),
    ];
    if services.store.status().kind == "mongodb" {
        let oplog = "MongoDB's oplog, its journal and the free room in its files, until they are written anew";
        all.push(oplog.to_owned());
    } else {
        let between = "where the store's file is larger than 64 MiB, room between the records in it: VACUUM clears it while the service is stopped";
        all.push(between.to_owned());
    }
    if !without.is_empty() {
        let names = without.join(", ");
        all.push(format!(
            "what is in the spools and among the refused records of aggregators that were left out: {names}"
        ));
    }
    all
}

/// What is not known is refused: whoever means some should not lose others.
fn asked(text: &str, now: Timestamp) -> Result<Asked, ApiError> {
    let read = || -> Result<_, QueryError> {
        let [mut dry_run, mut all] = [const { None }; 2];
        let (mut without, mut filters) = (Vec::new(), Vec::new());
        for (name, value) in pairs(text)? {
            match name.as_ref() {
                "dryRun" => once("dryRun", &mut dry_run, &value)?,
                "all" => once("all", &mut all, &value)?,
                "without" if value.is_empty() => return Err(QueryError::Empty("without")),
                "without" => without.push(value.into_owned()),
                _ => filters.push((name, value)),
            }
        }
        Ok((dry_run, all, without, filters))
    };
    let (dry_run, all, without, filters) = read().map_err(ParameterError::from)?;
    if without.len() > MOST_WITHOUT {
        let message = format!("without is given more than {MOST_WITHOUT} times");
        return Err(ApiError::bad_request("invalid_parameter", message));
    }
    let mut text = form_urlencoded::Serializer::new(String::new());
    text.extend_pairs(&filters);
    let all = truth("all", all.as_deref())?;
    let question = Question::of(text.finish(), now, all).map_err(|error| match error {
        BadQuestion::Query(QueryError::Unknown(name)) => ParameterError::Unknown {
            name,
            own: OWN_PARAMETERS,
        }
        .into(),
        BadQuestion::Query(error) => ParameterError::from(error).into(),
        BadQuestion::NoFilter => ApiError::bad_request("no_filter", error.to_string()),
        BadQuestion::AllAndFilters => ApiError::bad_request("invalid_parameter", error.to_string()),
    })?;
    Ok(Asked {
        question,
        dry_run: truth("dryRun", dry_run.as_deref())?,
        without,
    })
}

fn truth(name: &str, value: Option<&str>) -> Result<bool, ApiError> {
    match value {
        None | Some("false") => Ok(false),
        Some("true") => Ok(true),
        Some(_) => {
            let message = format!("{name} is neither true nor false");
            Err(ApiError::bad_request("invalid_parameter", message))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_nanos(1_728_345_600_000_000_000);

    #[test]
    fn what_is_meant_is_said_in_full_or_refused() {
        for (text, code) in [
            ("", "no_filter"),
            ("all=false", "no_filter"),
            ("dryRun=true", "no_filter"),
            ("all=true&q=x", "invalid_parameter"),
            ("all=yes", "invalid_parameter"),
            ("q=x&dryRun=1", "invalid_parameter"),
            ("q=x&dryRun=true&dryRun=true", "repeated_parameter"),
            ("q=x&without=", "invalid_parameter"),
            ("q=x&limit=1", "unknown_parameter"),
            ("q=x&order=desc", "unknown_parameter"),
            ("q=", "invalid_parameter"),
            ("startTime=never", "invalid_time"),
        ] {
            let error = asked(text, NOW).unwrap_err();
            assert_eq!(error.code(), code, "{text}: {}", error.message());
        }
        let meant = asked("q=x&without=a&without=b&dryRun=true", NOW).unwrap();
        assert!(meant.dry_run);
        assert_eq!(meant.without, ["a", "b"]);
        assert!(!asked("all=true", NOW).unwrap().dry_run);
        let unknown = asked("sort=asc", NOW).unwrap_err();
        let known = format!("known are {}, {OWN_PARAMETERS}", query::FILTERS);
        assert!(unknown.message().contains(&known), "{}", unknown.message());
    }
}
