//! How a single setting's text is read; each refusal is one sentence.

use std::time::Duration;

const TIB: u64 = 1024 * 1024 * 1024 * 1024;

/// A size in bytes, with or without a unit.
pub(super) fn size(text: &str) -> Result<usize, String> {
    let size = disk_size(text)?;
    match usize::try_from(size) {
        Ok(0) | Err(_) => Err("must be at least 1".to_owned()),
        Ok(size) => Ok(size),
    }
}

/// A size in bytes that may be 0.
pub(super) fn disk_size(text: &str) -> Result<u64, String> {
    let size: bytesize::ByteSize = text
        .parse()
        .map_err(|_| "expected a size such as 16MiB or 1048576".to_owned())?;
    match size.as_u64() {
        size if size <= TIB => Ok(size),
        _ => Err("must be at most 1TiB".to_owned()),
    }
}

/// A time span; a plain number is seconds.
pub(crate) fn time(text: &str) -> Result<Duration, String> {
    let seconds = text
        .parse::<f64>()
        .ok()
        .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    let time = match seconds {
        Some(time) => time,
        None => humantime::parse_duration(text)
            .map_err(|_| "expected a time such as 10s, 500ms or 2m".to_owned())?,
    };
    if time < Duration::from_millis(1) || time > Duration::from_secs(24 * 3600) {
        return Err("must be between 1ms and 24h".to_owned());
    }
    Ok(time)
}

pub(super) fn count(text: &str) -> Result<usize, String> {
    match text.parse::<usize>() {
        Ok(count) if (1..=1_000_000).contains(&count) => Ok(count),
        _ => Err("expected a whole number from 1 to 1000000".to_owned()),
    }
}

/// MongoDB's rules: <https://www.mongodb.com/docs/manual/reference/limits/#naming-restrictions>.
pub(super) fn database_name(text: &str) -> Result<String, String> {
    let wrong = text.contains([
        '/', '\\', '.', ' ', '"', '$', '*', '<', '>', ':', '|', '?', '\0',
    ]);
    if text.is_empty() || text.len() > 63 || wrong {
        return Err("MongoDB takes no such name for a database".to_owned());
    }
    Ok(text.to_owned())
}

pub(super) fn collection_name(text: &str) -> Result<String, String> {
    let wrong = text.contains(['$', '\0']) || text.starts_with("system.") || text.starts_with('.');
    if text.is_empty() || text.len() > 120 || wrong {
        return Err("MongoDB takes no such name for a collection".to_owned());
    }
    Ok(text.to_owned())
}
