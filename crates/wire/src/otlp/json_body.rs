//! The body of a record in JSON.

use super::body::{BODY, Body};
use super::json::{Json, Stop};
use super::json_value::{Usual, check_size};
use super::value_kind::Kind;
use record::bson_writer::BsonWriter;
use record::fault::MAX_DOCUMENT_BYTES;
use std::borrow::Cow;

impl<'t> Json<'t> {
    /// A body: a text is the message as it is, and so is what is larger than a record may be.
    pub(super) fn body(&mut self) -> Result<Body<'t>, Stop> {
        if self.next()? == b'"' {
            return self.string().map(Body::text);
        }
        let start = self.scanner.place();
        if let Some(Usual::Text(text)) = self.usual() {
            return Ok(Body::text(text));
        }
        self.go_to(start);
        if let Some(text) = self.text_body()? {
            return Ok(Body::text(text));
        }
        self.go_to(start);
        match self.body_document() {
            Err(Stop::TooLarge) => {
                self.go_to(start);
                self.raw().map(|raw| Body::text(Cow::Borrowed(raw)))
            }
            document => Ok(Body::of_document(document?)),
        }
    }

    /// A document whose only member is a body.
    fn body_document(&mut self) -> Result<Vec<u8>, Stop> {
        let start = self.scanner.place();
        if self.text().len() - start > MAX_DOCUMENT_BYTES {
            let is_large = self.raw()?.len() > MAX_DOCUMENT_BYTES;
            self.go_to(start);
            if is_large {
                return Err(Stop::TooLarge);
            }
        }
        let mut document = Vec::new();
        let mut writer = BsonWriter::new(&mut document);
        let mark = writer.open();
        self.write(&mut writer, BODY, 0)?;
        check_size(&writer)?;
        writer.close(mark);
        Ok(document)
    }

    /// The text of a body that is nothing else.
    fn text_body(&mut self) -> Result<Option<Cow<'t, str>>, Stop> {
        if self.next()? != b'{' || !self.open(b'{', b'}')? {
            return Ok(None);
        }
        if Kind::of(&self.name()?) != Some(Kind::Text) || self.next()? != b'"' {
            return Ok(None);
        }
        let text = self.string()?;
        Ok((!self.more(b'}')?).then_some(text))
    }
}
