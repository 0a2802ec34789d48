//! Structures that were met before, as a tree of their parts: a document that has one of them is read along it, and
//! nothing is written down to find out which one it has.

use super::{Part, parts};
use record::bson_reader::Value;

/// Parts of all structures together; what would need more is found by the structure itself.
const MOST_NODES: usize = 4_096;
/// Parts that are tried at a place.
const MOST_TRIED: usize = 8;

/// BSON's type bytes of values that most records have.
const DOUBLE: u8 = 0x01;
const STRING: u8 = 0x02;
const DOCUMENT: u8 = 0x03;
const BOOLEAN: u8 = 0x08;
const INT32: u8 = 0x10;
const INT64: u8 = 0x12;

/// The tree.
#[derive(Debug)]
pub(crate) struct KnownStructures(Vec<Node>);

/// What comes behind the parts above it.
#[derive(Debug, Default)]
struct Node {
    kind: Kind,
    /// The name with the byte behind it.
    name: Vec<u8>,
    /// What may come behind it: the first of its children, each of which has the next one.
    child: Option<usize>,
    sibling: Option<usize>,
    /// The shape of the structure that ends here.
    shape: Option<u16>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Kind {
    #[default]
    Value,
    Open,
    Close,
}

impl Default for KnownStructures {
    fn default() -> Self {
        Self(vec![Node::default()])
    }
}

impl KnownStructures {
    pub(crate) fn clear(&mut self) {
        self.0.truncate(1);
        if let Some(root) = self.0.first_mut() {
            *root = Node::default();
        }
    }

    /// A structure has this shape. Bytes of memory that it takes, about.
    pub(crate) fn learn(&mut self, structure: &[u8], shape: u16) -> usize {
        let (mut node, mut bytes) = (0, 0);
        for part in parts(structure) {
            let (kind, name) = match part {
                Part::Value(name) => (Kind::Value, name),
                Part::Open(name) => (Kind::Open, name),
                Part::Close => (Kind::Close, &[][..]),
            };
            let is_it =
                |node: &Node| node.kind == kind && node.name.strip_suffix(&[0]) == Some(name);
            let known = self
                .children(node)
                .find(|child| self.0.get(*child).is_some_and(is_it));
            node = if let Some(known) = known {
                known
            } else {
                let child = self.0.len();
                let sibling = self.0.get(node).and_then(|node| node.child);
                match self.0.get_mut(node) {
                    Some(node) if child < MOST_NODES => node.child = Some(child),
                    _ => return bytes,
                }
                let name = [name, &[0]].concat();
                bytes += name.len() + size_of::<Node>();
                self.0.push(Node {
                    kind,
                    name,
                    sibling,
                    ..Node::default()
                });
                child
            };
        }
        if let Some(node) = self.0.get_mut(node) {
            node.shape = Some(shape);
        }
        bytes
    }

    fn children(&self, node: usize) -> impl Iterator<Item = usize> {
        let first = self.0.get(node).and_then(|node| node.child);
        std::iter::successors(first, |child| self.0.get(*child)?.sibling)
    }

    /// The shape of a document that has one of the structures. `each` takes the values in their order, and says whether
    /// they are values of ours. `None` also of documents with values that few records have.
    pub(super) fn shape_of<'a>(
        &self,
        document: &'a [u8],
        each: &mut impl FnMut(Value<'a>) -> Option<()>,
    ) -> Option<u16> {
        let end = self.members(document, 0, each)?;
        self.0.get(end)?.shape
    }

    /// The node behind all members of a document.
    fn members<'a>(
        &self,
        document: &'a [u8],
        mut node: usize,
        each: &mut impl FnMut(Value<'a>) -> Option<()>,
    ) -> Option<usize> {
        let mut rest = text_of(document)?
            .1
            .is_empty()
            .then_some(document.get(4..)?)?;
        loop {
            let (kind, named) = rest.split_first()?;
            if *kind == 0 {
                return named.is_empty().then_some(node);
            }
            let wanted = match *kind {
                DOCUMENT => Kind::Open,
                _ => Kind::Value,
            };
            let mut children = self.children(node).take(MOST_TRIED);
            let (next, behind) = children.find_map(|child| {
                let node = self.0.get(child)?;
                let behind = named.strip_prefix(node.name.as_slice())?;
                (node.kind == wanted).then_some((child, behind))
            })?;
            if wanted == Kind::Value {
                let (value, behind) = value(*kind, behind)?;
                each(value)?;
                (node, rest) = (next, behind);
                continue;
            }
            let (inner, behind) = text_of(behind)?;
            let last = self.members(inner, next, each)?;
            let mut children = self.children(last).take(MOST_TRIED);
            let is_end = |child: &usize| {
                self.0
                    .get(*child)
                    .is_some_and(|node| node.kind == Kind::Close)
            };
            (node, rest) = (children.find(is_end)?, behind);
        }
    }
}

/// A document of the length that it says, and what stands behind it.
fn text_of(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let length = i32::from_le_bytes(*bytes.first_chunk()?);
    bytes.split_at_checked(usize::try_from(length).ok()?)
}

/// A value, and what stands behind it.
#[inline]
fn value(kind: u8, bytes: &[u8]) -> Option<(Value<'_>, &[u8])> {
    Some(match kind {
        STRING => {
            let (length, rest) = bytes.split_first_chunk()?;
            let length = usize::try_from(i32::from_le_bytes(*length)).ok()?;
            let (text, rest) = rest.split_at_checked(length)?;
            (Value::String(text.strip_suffix(&[0])?), rest)
        }
        INT32 => {
            let (number, rest) = bytes.split_first_chunk()?;
            (Value::Integer(i32::from_le_bytes(*number).into()), rest)
        }
        INT64 => {
            let (number, rest) = bytes.split_first_chunk()?;
            (Value::Integer(i64::from_le_bytes(*number)), rest)
        }
        DOUBLE => {
            let (number, rest) = bytes.split_first_chunk()?;
            (Value::Double(f64::from_le_bytes(*number)), rest)
        }
        BOOLEAN => match bytes.split_first()? {
            (truth @ (0 | 1), rest) => (Value::Boolean(*truth == 1), rest),
            _ => return None,
        },
        _ => return None,
    })
}

#[cfg(test)]
mod tests;
