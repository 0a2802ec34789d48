//! The attributes of one record after another as JSON text: what records have in common is made ready once.

use super::Rows;
use crate::leaf::push_quoted;
use crate::values::JsonValues;

/// Writes the attributes of a block's records.
#[derive(Debug)]
pub struct AttributesWriter<'a> {
    rows: &'a Rows<'a>,
    /// About how many records are asked for.
    asked: usize,
    /// By the numbers of shapes, as they come to be met.
    shapes: Vec<Option<ReadyShape<'a>>>,
    columns: Vec<Option<JsonValues<'a>>>,
}

#[derive(Debug)]
struct ReadyShape<'a> {
    /// The column of each value, behind the text that stands before it.
    parts: Vec<(&'a str, usize)>,
    /// What stands behind the last value.
    end: &'a str,
}

impl<'a> AttributesWriter<'a> {
    /// Of a block of which about so many records are asked for.
    pub fn new(rows: &'a Rows<'a>, asked: usize) -> Self {
        Self {
            rows,
            asked,
            shapes: (0..rows.shapes.different()).map(|_| None).collect(),
            columns: rows.attributes.iter().map(|_| None).collect(),
        }
    }

    /// Appends what [`Rows::write_attributes`] gives of the record at a place, if it has any attributes.
    pub fn push(&mut self, place: usize, out: &mut String) -> bool {
        let number = self.rows.shapes.of_record(place);
        if self.shapes.get(number).is_none_or(Option::is_none) && !self.make_ready(number) {
            return false;
        }
        let Some(Some(shape)) = self.shapes.get(number) else {
            return false;
        };
        for (text, column) in &shape.parts {
            out.push_str(text);
            let values = self.columns.get(*column).and_then(Option::as_ref);
            let attribute = self.rows.attributes.get(*column);
            let own = attribute.and_then(|attribute| attribute.place_of(place));
            match values.zip(own) {
                Some((values, own)) => values.push(own, out),
                None => push_quoted("", out),
            }
        }
        out.push_str(shape.end);
        true
    }

    /// Makes a shape ready, and the columns that it names. Whether records of it have attributes.
    fn make_ready(&mut self, number: usize) -> bool {
        let (rows, asked) = (self.rows, self.asked);
        let Some(shape) = rows.shapes.shape(number) else {
            return false;
        };
        let Some(mut pieces) = rows.shapes.pieces(shape) else {
            return false;
        };
        let mut parts = Vec::with_capacity(shape.columns.len());
        for column in shape.columns.iter().copied().map(usize::from) {
            parts.push((pieces.next().unwrap_or_default(), column));
            if let Some(ready @ None) = self.columns.get_mut(column) {
                let attribute = rows.attributes.get(column);
                *ready = attribute.map(|own| JsonValues::new(&own.values, asked));
            }
        }
        let end = pieces.next().unwrap_or_default();
        if let Some(ready) = self.shapes.get_mut(number) {
            *ready = Some(ReadyShape { parts, end });
        }
        true
    }
}
