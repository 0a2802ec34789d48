//! The format of a collection's ids: what its mark says, without one what its documents say, and
//! what a new collection gets.
//!
//! All ids of a collection are written alike, by every aggregator: binary values sort by their
//! length first, so records with ids of the other length would be stored and never found.

mod new_collection;

use super::contents::{first, is_empty};
use super::found::Found;
use super::{Target, code, code_of};
use crate::StoreError;
use logs::Timestamp;
use mongodb::Database;
use mongodb::bson::spec::{BinarySubtype, ElementType};
use mongodb::bson::{Binary, Bson, DateTime, Document, doc};
use record::id::IdFormat;

/// The last version that we know.
const NEWEST: i64 = 2;
/// The document that is the mark.
const MARK: &str = "format";

const LOST: &str = "records with ids of another length would be stored and never found";
const CURE: &str = "the guide's chapter on MongoDB says how to mend it";

/// What the mark says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mark {
    Says(IdFormat),
    Absent,
    /// It does not tell the format.
    Silent(Silence),
}

/// Why a mark does not tell the format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Silence {
    /// The user may not read it, if it is there.
    Forbidden,
    /// It has no version.
    NoVersion,
    /// Its version is of this type, and no whole number.
    NoWholeNumber(ElementType),
    /// No version of the service writes this one.
    NoSuchVersion(i64),
}

/// What the ids of the documents say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Ids {
    has_plain: bool,
    has_ordered: bool,
    /// There are no documents at all, as far as may be known.
    is_empty: bool,
}

/// Why the format is not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Doubt {
    /// There are ids of both lengths.
    Mixed,
    /// The mark says one thing, and the documents another.
    Contradiction { marked: IdFormat, found: IdFormat },
    /// The mark does not tell it, and no document does.
    Unknown(Silence),
}

/// The format that ids of this collection are written in; marks a collection that has no mark.
/// `held` is the format in which this service may be writing to it already.
pub(super) async fn of_collection(
    database: &Database,
    target: &Target,
    found: Option<&Found>,
    held: Option<IdFormat>,
    now: Timestamp,
) -> Result<IdFormat, StoreError> {
    let mut mark = read_mark(database, target).await?;
    if mark == Mark::Absent {
        let ids = Ids::look(database, target, found).await?;
        let new = (target.new_format)();
        let format = ids.to_be_marked(held, new);
        let format = format.map_err(|doubt| doubt.told(target))?;
        write_mark(database, target, format, held, now).await?;
        // What others marked meanwhile holds for us, too.
        mark = read_mark(database, target).await?;
        if let Mark::Says(marked) = mark
            && (ids.is_empty, held, new) == (true, None, IdFormat::Plain)
        {
            new_collection::tell(&target.collection, marked);
        }
    }
    let ids = Ids::look(database, target, found).await?;
    decide(mark, ids, held).map_err(|doubt| doubt.told(target))
}

/// The format, from all that is known.
fn decide(mark: Mark, ids: Ids, held: Option<IdFormat>) -> Result<IdFormat, Doubt> {
    let found = ids.only()?;
    match (mark, found) {
        (Mark::Says(marked), Some(found)) if marked != found => {
            Err(Doubt::Contradiction { marked, found })
        }
        (Mark::Says(marked), _) => Ok(marked),
        (_, Some(found)) => Ok(found),
        (Mark::Absent, None) => Ok(held.unwrap_or(IdFormat::Plain)),
        (Mark::Silent(silence), None) => held.ok_or(Doubt::Unknown(silence)),
    }
}

impl Ids {
    async fn look(
        database: &Database,
        target: &Target,
        found: Option<&Found>,
    ) -> Result<Self, StoreError> {
        let mut names = vec![target.collection.clone()];
        // What was set aside is put back.
        names.extend(
            found
                .and_then(|found| found.set_aside)
                .map(|_| target.set_aside()),
        );
        let mut ids = Self {
            has_plain: false,
            has_ordered: false,
            is_empty: true,
        };
        for name in names {
            ids.has_plain |= holds(database, &name, IdFormat::Plain).await? == Some(true);
            ids.has_ordered |= holds(database, &name, IdFormat::Ordered).await? == Some(true);
            let is_empty = is_empty(database, &name).await;
            ids.is_empty &= known(is_empty)?.unwrap_or(false);
        }
        Ok(ids)
    }

    /// The one format that there is, if any.
    fn only(self) -> Result<Option<IdFormat>, Doubt> {
        match (self.has_plain, self.has_ordered) {
            (false, false) => Ok(None),
            (true, false) => Ok(Some(IdFormat::Plain)),
            (false, true) => Ok(Some(IdFormat::Ordered)),
            (true, true) => Err(Doubt::Mixed),
        }
    }

    /// What a collection without a mark is marked with. `new` is for one that is not there yet, or holds nothing.
    fn to_be_marked(self, held: Option<IdFormat>, new: IdFormat) -> Result<IdFormat, Doubt> {
        let new = if self.is_empty { new } else { IdFormat::Plain };
        Ok(self.only()?.or(held).unwrap_or(new))
    }
}

/// Whether there is a document with an id of this format; `None` when the user may not ask.
async fn holds(
    database: &Database,
    collection: &str,
    format: IdFormat,
) -> Result<Option<bool>, StoreError> {
    let bound = |byte: u8| Binary {
        subtype: BinarySubtype::Generic,
        bytes: vec![byte; format.id_bytes()],
    };
    let ids = doc! { "_id": { "$gte": bound(0x00), "$lte": bound(0xff) } };
    let found = first(database, collection, ids).await;
    known(found.map(|found| found.is_some()))
}

/// What the user may not ask is not known.
fn known<T>(answer: Result<T, mongodb::error::Error>) -> Result<Option<T>, StoreError> {
    match answer {
        Ok(answer) => Ok(Some(answer)),
        Err(error) if code_of(&error) == Some(code::UNAUTHORIZED) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

async fn read_mark(database: &Database, target: &Target) -> Result<Mark, StoreError> {
    let found = first(database, &target.meta(), doc! { "_id": MARK }).await;
    Ok(match known(found)? {
        None => Mark::Silent(Silence::Forbidden),
        Some(None) => Mark::Absent,
        Some(Some(mark)) => match version_in(&mark) {
            Ok(1) => Mark::Says(IdFormat::Plain),
            Ok(2) => Mark::Says(IdFormat::Ordered),
            Ok(found) if found > NEWEST => {
                let known = NEWEST;
                return Err(StoreError::NewerFormat { found, known });
            }
            Ok(other) => Mark::Silent(Silence::NoSuchVersion(other)),
            Err(silence) => Mark::Silent(silence),
        },
    })
}

/// Any whole number: who restores a mark by hand may have written another kind of it.
fn version_in(mark: &Document) -> Result<i64, Silence> {
    let version = mark.get("version").ok_or(Silence::NoVersion)?;
    let whole = match version {
        Bson::Int32(version) => Some((*version).into()),
        Bson::Int64(version) => Some(*version),
        Bson::Double(version) => version.to_string().parse().ok(),
        Bson::Decimal128(version) => version.to_string().parse().ok(),
        _ => None,
    };
    whole.ok_or(Silence::NoWholeNumber(version.element_type()))
}

async fn write_mark(
    database: &Database,
    target: &Target,
    format: IdFormat,
    held: Option<IdFormat>,
    now: Timestamp,
) -> Result<(), StoreError> {
    let meta = target.meta();
    let created_at = DateTime::from_millis(now.millis());
    let mark = doc! {
        "update": &meta,
        "updates": [{
            "q": { "_id": MARK },
            "u": { "$setOnInsert": { "version": version_of(format), "created_at": created_at } },
            "upsert": true,
        }],
        "writeConcern": { "w": "majority", "j": true },
    };
    let Err(error) = database.run_command(mark).await else {
        return Ok(());
    };
    if code_of(&error) != Some(code::UNAUTHORIZED) {
        return Err(error.into());
    }
    // Once, and not at every look.
    if held.is_none() {
        tracing::warn!(%error, "the user may not write the format version to {meta}");
    }
    Ok(())
}

fn version_of(format: IdFormat) -> i32 {
    match format {
        IdFormat::Plain => 1,
        IdFormat::Ordered => 2,
    }
}

impl Doubt {
    fn told(self, target: &Target) -> StoreError {
        let (logs, meta) = (&target.collection, target.meta());
        StoreError::Unsuitable(match self {
            Self::Mixed => format!(
                "the collection {logs} holds ids of both formats, of 20 bytes and of 27: {LOST}, so nothing is written to \
                 it; {CURE}"
            ),
            Self::Contradiction { marked, found } => format!(
                "{meta} says that the ids of {logs} have format {} ({} bytes), and it holds ids of {} bytes: {LOST}, so \
                 nothing is written to it; {CURE}",
                version_of(marked),
                marked.id_bytes(),
                found.id_bytes()
            ),
            Self::Unknown(silence) => format!(
                "the format of the ids of {logs} is not known, because {} and no record that the user may read tells it: \
                 {LOST}, so nothing is written to it; {}",
                silence.told(&meta),
                silence.cure(&meta),
            ),
        })
    }
}

impl Silence {
    fn told(self, meta: &str) -> String {
        match self {
            Self::Forbidden => format!("the user may not read {meta}"),
            Self::NoVersion => format!("the mark in {meta} has no version"),
            Self::NoWholeNumber(kind) => {
                format!("the version of the mark in {meta} is no whole number ({kind:?})")
            }
            Self::NoSuchVersion(version) => {
                format!("the version of the mark in {meta} is {version}, which there is none of")
            }
        }
    }

    fn cure(self, meta: &str) -> String {
        match self {
            Self::Forbidden => {
                format!("let the user find in {meta} (and insert and update, to mark it)")
            }
            Self::NoVersion | Self::NoWholeNumber(_) | Self::NoSuchVersion(_) => CURE.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests;
