//! How the names of a database and a collection are read; each refusal is one sentence.

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
