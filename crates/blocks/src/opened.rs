//! A block all of whose columns are read, for whoever wants every record of it.

use crate::damaged::Damaged;
use crate::head::Head;
use crate::ids::Ids;
use crate::levels::Levels;
use crate::rows::{AttributeColumn, Rows};
use crate::section::{Column, Unpacker};
use crate::shapes::Shapes;
use crate::texts::Texts;

/// The columns of a block, and its head.
#[derive(Debug)]
pub struct Opened {
    pub(crate) head: Head,
    pub(crate) ids: Ids,
    pub(crate) levels: Levels,
    pub(crate) messages: Texts,
    pub(crate) shapes: Shapes,
    pub(crate) attributes: Vec<AttributeColumn>,
}

impl Opened {
    /// Reads all columns, which stand in the order of the head's sections.
    ///
    /// # Errors
    /// [`Damaged`] when any of them is something else than what was written.
    pub fn read(
        head: Head,
        columns: &[impl AsRef<[u8]>],
        unpacker: &mut Unpacker,
    ) -> Result<Self, Damaged> {
        let missing = Damaged::Impossible("a column is missing");
        let at = |place: usize| columns.get(place).map(AsRef::as_ref).ok_or(missing);
        let stored = |column: &Column| at(head.place(column).ok_or(missing)?);
        let times = head.times(stored(&Column::Times)?, unpacker)?;
        let shapes = head.shapes(stored(&Column::Shapes)?, unpacker)?;
        let mut attributes = Vec::new();
        for (place, _) in head.attributes() {
            attributes.push(head.attribute(place, at(place)?, &shapes, unpacker)?);
        }
        Ok(Self {
            ids: head.ids(&times, stored(&Column::Tails)?, unpacker)?,
            levels: head.levels(stored(&Column::Levels)?, unpacker)?,
            messages: head.messages(stored(&Column::Messages)?, unpacker)?,
            shapes,
            attributes,
            head,
        })
    }

    /// All records.
    ///
    /// # Errors
    /// As [`Rows::new`].
    pub fn rows(&self) -> Result<Rows<'_>, Damaged> {
        let columns = (&self.ids, &self.levels, &self.messages);
        Rows::new(&self.head, columns, &self.shapes, self.attributes.clone())
    }
}
