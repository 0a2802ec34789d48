//! A document, as a removal looks at it.

use bson::RawDocument;
use query::Candidate;
use record::attributes;
use record::document::StoredDocument;

/// What of a document says whether it goes; its attributes are written into `json`. `None` when it is none that can be
/// read.
pub fn candidate<'a>(document: &'a RawDocument, json: &'a mut Vec<u8>) -> Option<Candidate<'a>> {
    let stored = StoredDocument::read(document)?;
    if let Some(members) = stored.attributes {
        attributes::write_json(members, json).ok()?;
    }
    let json = std::str::from_utf8(json).ok()?;
    Some(Candidate {
        id: stored.id,
        severity: stored.severity,
        level: stored.level,
        message: stored.message,
        attributes: stored.attributes.map(|_| json),
    })
}
