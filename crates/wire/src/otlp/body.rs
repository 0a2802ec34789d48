//! A body that is no text: its JSON text is the message, and of an object its members are attributes, too.

use bson::raw::{RawBsonRef, RawDocument};
use record::attributes;
use std::borrow::Cow;

/// The attribute that a body is which is an object.
pub(super) const BODY: &str = "body";

/// What comes of a body.
#[derive(Debug, Default)]
pub(super) struct Body<'a> {
    pub(super) message: Cow<'a, str>,
    /// The attribute of an object, as BSON.
    pub(super) member: Vec<u8>,
}

impl<'a> Body<'a> {
    /// A text.
    pub(super) fn text(message: Cow<'a, str>) -> Self {
        Self {
            message,
            member: Vec::new(),
        }
    }

    /// Whatever is the only member of a document, under [`BODY`].
    pub(super) fn of_document(mut document: Vec<u8>) -> Self {
        let value = RawDocument::from_bytes(&document)
            .ok()
            .and_then(|document| document.get(BODY).ok().flatten());
        let is_object = match value {
            Some(RawBsonRef::String(text)) => return Self::text(Cow::Owned(text.to_owned())),
            None | Some(RawBsonRef::Null) => return Self::default(),
            Some(RawBsonRef::Document(_)) => true,
            Some(_) => false,
        };
        let message = Cow::Owned(json_text(&document));
        let member = match is_object {
            true => {
                // Its length stands before it, and a byte that ends it behind.
                document.pop();
                document.drain(..4);
                document
            }
            false => Vec::new(),
        };
        Self { message, member }
    }
}

/// The JSON text of the only member of a document.
fn json_text(document: &[u8]) -> String {
    let mut json = Vec::new();
    let written = RawDocument::from_bytes(document)
        .ok()
        .and_then(|document| attributes::write_json(document, &mut json).ok());
    let json = String::from_utf8(json).unwrap_or_default();
    // Around it stand `{"name":` and `}`.
    let value = json.get(BODY.len() + 4..json.len().saturating_sub(1));
    written.and(value).unwrap_or_default().to_owned()
}
