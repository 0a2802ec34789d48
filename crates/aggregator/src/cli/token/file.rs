//! The file of tokens as it is changed: what somebody wrote into it beside the tokens stays, and a change is
//! there whole or not at all.

use super::limit_args::LimitArgs;
use super::replacement::Replacement;
use crate::access::Scope;
use crate::access::limits::{
    BURST_SECONDS, BYTES_PER_SECOND, CONCURRENT_QUERIES, RECORDS_PER_SECOND,
};
use crate::access::secret::SecretHash;
use crate::access::tokens::{self, BadTokens, Tokens};
use logs::Timestamp;
use std::fs;
use std::io;
use std::path::PathBuf;
use toml_edit::{Array, ArrayOfTables, DocumentMut, InlineTable, Item, Table, value};

const TOKEN: &str = "token";
const NAME: &str = "name";

/// Why the file is as it was: a sentence each.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// The disk.
    #[error("{file}: {source}")]
    Io {
        /// The file.
        file: String,
        /// The system's reason.
        source: io::Error,
    },
    /// What is in it.
    #[error("{file}: {source}")]
    Content {
        /// The file.
        file: String,
        /// What is wrong.
        source: BadTokens,
    },
    /// What is asked for.
    #[error(transparent)]
    Asked(BadTokens),
    /// What is there is no list that one more could be added to.
    #[error("{0}: the tokens in it are not written as [[token]]: change it by hand")]
    Form(String),
    /// There is none of that name.
    #[error("there is no token {0:?} in {1}")]
    Unknown(String, String),
}

impl FileError {
    pub(super) fn is_usage(&self) -> bool {
        matches!(self, Self::Asked(_))
    }
}

/// What is written of a token.
pub(super) struct Entry<'a> {
    pub(super) name: &'a str,
    pub(super) tenant: Option<&'a str>,
    pub(super) scopes: &'a [Scope],
    pub(super) filter: Option<&'a str>,
    pub(super) limits: LimitArgs,
    pub(super) pins: &'a [(String, String)],
    pub(super) hash: SecretHash,
    pub(super) created: Timestamp,
}

impl Entry<'_> {
    /// As a file has it.
    pub(super) fn text(&self) -> Result<String, FileError> {
        let mut document = DocumentMut::new();
        self.put_into(&mut document)?;
        let text = document.to_string();
        Tokens::parse(&text).map_err(FileError::Asked)?;
        Ok(text)
    }

    fn put_into(&self, document: &mut DocumentMut) -> Result<(), FileError> {
        for name in self.tenant.into_iter().chain([self.name]) {
            tokens::check_name(name).map_err(FileError::Asked)?;
        }
        let mut table = Table::new();
        table.insert(NAME, value(self.name));
        if let Some(tenant) = self.tenant {
            table.insert("tenant", value(tenant));
        }
        let mut scopes = Array::new();
        for (place, scope) in self.scopes.iter().enumerate() {
            if !self.scopes.iter().take(place).any(|other| other == scope) {
                scopes.push(scope.name());
            }
        }
        table.insert("scopes", value(scopes));
        if let Some(filter) = self.filter {
            table.insert("filter", value(filter));
        }
        let LimitArgs {
            records_per_second,
            bytes_per_second,
            burst_seconds,
            concurrent_queries,
        } = self.limits;
        let limits = [
            (RECORDS_PER_SECOND, records_per_second),
            (BYTES_PER_SECOND, bytes_per_second),
            (BURST_SECONDS, burst_seconds),
            (CONCURRENT_QUERIES, concurrent_queries),
        ];
        let limits = limits.into_iter().filter_map(|(name, limit)| {
            let limit = i64::try_from(limit?).unwrap_or(i64::MAX);
            Some((name, limit))
        });
        let limits: InlineTable = limits.collect();
        let pins: InlineTable = self.pins.iter().map(|(name, text)| (name, text)).collect();
        for (name, inner) in [("limits", limits), ("pin", pins)] {
            if !inner.is_empty() {
                table.insert(name, value(inner));
            }
        }
        if let Ok(created) = self.created.to_string().parse::<toml_edit::Datetime>() {
            table.insert("created", value(created));
        }
        table.insert("hash", value(self.hash.to_string()));
        let all = document.entry(TOKEN);
        let all = all.or_insert_with(|| Item::ArrayOfTables(ArrayOfTables::new()));
        let all = all.as_array_of_tables_mut();
        all.ok_or_else(|| FileError::Form(self.name.to_owned()))?
            .push(table);
        Ok(())
    }
}

/// Whether the tokens stand in tables of their own, as they do in all that we write.
fn check_form(document: &DocumentMut, name: impl FnOnce() -> String) -> Result<(), FileError> {
    match document.get(TOKEN).is_none_or(Item::is_array_of_tables) {
        true => Ok(()),
        false => Err(FileError::Form(name())),
    }
}

/// The file.
pub(super) struct TokensFile {
    path: PathBuf,
}

impl TokensFile {
    pub(super) fn at(path: PathBuf) -> Self {
        Self { path }
    }

    /// All that it has.
    pub(super) fn tokens(&self) -> Result<Tokens, FileError> {
        self.parse(&fs::read_to_string(&self.path).map_err(|error| self.failed(error))?)
    }

    /// Adds one; makes the file, if there is none.
    pub(super) fn add(&self, entry: &Entry<'_>) -> Result<(), FileError> {
        self.change(|document| {
            check_form(document, || self.name())?;
            entry.put_into(document)
        })
    }

    /// Removes one.
    pub(super) fn revoke(&self, name: &str) -> Result<(), FileError> {
        self.change(|document| {
            check_form(document, || self.name())?;
            let all = document
                .get_mut(TOKEN)
                .and_then(Item::as_array_of_tables_mut);
            let is_it = |table: &Table| table.get(NAME).and_then(Item::as_str) == Some(name);
            let removed = all.is_some_and(|all| {
                let before = all.len();
                all.retain(|table| !is_it(table));
                all.len() < before
            });
            match removed {
                true => Ok(()),
                false => Err(FileError::Unknown(name.to_owned(), self.name())),
            }
        })
    }

    /// Makes a change. What fails behind the last step leaves it changed: then the folder may be as it was after a
    /// power cut.
    fn change(
        &self,
        change: impl FnOnce(&mut DocumentMut) -> Result<(), FileError>,
    ) -> Result<(), FileError> {
        // Of a link, what it leads to.
        let path = fs::canonicalize(&self.path).unwrap_or_else(|_| self.path.clone());
        let new = Replacement::begin(&path).map_err(|error| self.failed(error))?;
        let text = match fs::read_to_string(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
            read => read.map_err(|error| self.failed(error))?,
        };
        self.parse(&text)?;
        let document = text.parse::<DocumentMut>();
        let mut document = document
            .map_err(|error| self.bad(BadTokens::toml(&text, error.span(), error.message())))?;
        change(&mut document)?;
        let text = document.to_string();
        Tokens::parse(&text).map_err(FileError::Asked)?;
        new.put_in_place(&path, text.as_bytes())
            .map_err(|error| self.failed(error))
    }

    fn parse(&self, text: &str) -> Result<Tokens, FileError> {
        Tokens::parse(text).map_err(|source| self.bad(source))
    }

    fn bad(&self, source: BadTokens) -> FileError {
        FileError::Content {
            file: self.name(),
            source,
        }
    }

    fn failed(&self, source: io::Error) -> FileError {
        FileError::Io {
            file: self.name(),
            source,
        }
    }

    fn name(&self) -> String {
        self.path.display().to_string()
    }
}

#[cfg(test)]
mod tests;
