//! Parts of values in protobuf that are kept as text: what is nested too deeply, and what is too much.

use super::body::json_text;
use super::protobuf_value::{Fault, Values, check_size, document, key_value};
use super::shared::without_nul;
use crate::protobuf::{Fields, text};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use record::bson_writer::BsonWriter;
use record::fault::MAX_DEPTH;
use record::notice::Notice;

/// How deep a part that is nested too deeply is made to JSON text, from the start; what lies deeper is kept
/// as it is encoded. Libraries for protobuf take no message that is nested a hundred deep, and a value in
/// another one is two or three messages.
const DEEPEST: usize = 2 * MAX_DEPTH;

impl Values<'_> {
    /// The JSON text of what is nested too deeply.
    pub(super) fn deep(&mut self, message: &[u8], depth: usize) -> Result<String, Fault> {
        self.unusual.tell(Notice::TooDeep);
        if self.deepest == DEEPEST {
            return Ok(STANDARD.encode(message));
        }
        self.text(|values, writer| values.write(writer, "", message, depth))
    }

    pub(super) fn rest_of_array(
        &mut self,
        rest: Fields<'_>,
        depth: usize,
    ) -> Result<String, Fault> {
        self.text(|values, writer| {
            let (mark, mut rest) = (writer.open_array(""), rest);
            while let Some(value) = rest.next_bytes(1)? {
                check_size(writer)?;
                // Its elements' names are not looked at.
                values.write(writer, "", value, depth)?;
            }
            writer.close(mark);
            Ok(())
        })
    }

    pub(super) fn rest_of_object(
        &mut self,
        rest: Fields<'_>,
        number: u32,
        depth: usize,
    ) -> Result<String, Fault> {
        self.text(|values, writer| {
            let (mark, mut rest) = (writer.open_document(""), rest);
            while let Some(attribute) = rest.next_bytes(number)? {
                check_size(writer)?;
                let (key, value) = key_value(attribute)?;
                let name = without_nul(text(key, values.unusual), values.unusual);
                values.write(writer, &name, value, depth)?;
            }
            writer.close(mark);
            Ok(())
        })
    }

    /// The JSON text of a value that is written under the name "".
    fn text(
        &mut self,
        write: impl FnOnce(&mut Values<'_>, &mut BsonWriter<'_>) -> Result<(), Fault>,
    ) -> Result<String, Fault> {
        let mut deeper = Values {
            unusual: self.unusual,
            deepest: DEEPEST,
        };
        let document = document(|writer| write(&mut deeper, writer))?;
        Ok(json_text(&document, ""))
    }
}
