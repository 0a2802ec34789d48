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
mod tests {
    use super::super::Gathered;
    use super::*;
    use bson::{Bson, Document, doc};
    use proptest::prelude::*;

    /// What was gathered of a document along the tree, and without it.
    fn both(known: &KnownStructures, document: &Document) -> (Option<u16>, Gathered, Gathered) {
        let bytes = document.to_vec().unwrap();
        let (mut along, mut without) = (Gathered::default(), Gathered::default());
        let shape = along.gather_known(&bytes, known);
        assert!(without.gather(&bytes));
        let leaves =
            |gathered: &Gathered| format!("{:?}", gathered.leaves(&bytes).collect::<Vec<_>>());
        assert!(shape.is_none() || leaves(&along) == leaves(&without));
        (shape, along, without)
    }

    #[test]
    fn a_document_has_the_shape_of_its_structure_and_of_no_other() {
        let documents = [
            doc! {"a": 1, "b": "x"},
            doc! {"b": "x", "a": 1},
            doc! {"a": {"b": 1}, "c": true},
            doc! {"a": {"b": 1, "c": true}},
            doc! {"a": {"b": {"c": 0.5_f64}}},
            doc! {"a": 1},
            doc! {"ab": 1},
            doc! {"": {"": ""}},
        ];
        let mut known = KnownStructures::default();
        for (document, shape) in documents.iter().zip(2..) {
            let (found, _, without) = both(&known, document);
            assert_eq!(found, None, "{document}");
            known.learn(without.structure(), shape);
        }
        for (document, shape) in documents.iter().zip(2..) {
            assert_eq!(both(&known, document).0, Some(shape), "{document}");
        }
        for other in [
            doc! {},
            doc! {"a": [1]},
            doc! {"a": {}},
            doc! {"a": 1, "b": "x", "c": 1},
        ] {
            assert_eq!(both(&known, &other).0, None, "{other}");
        }
        known.clear();
        assert_eq!(both(&known, &documents[0]).0, None);
    }

    #[test]
    fn no_more_structures_are_known_than_there_is_room_for() {
        let mut known = KnownStructures::default();
        for number in 0..10_000 {
            known.learn(
                &[&[1][..], format!("a{number}").as_bytes(), &[0]].concat(),
                2,
            );
        }
        assert_eq!(known.0.len(), MOST_NODES);
    }

    fn value() -> impl Strategy<Value = Bson> {
        let leaf = prop_oneof![
            any::<i32>().prop_map(Bson::from),
            any::<i64>().prop_map(Bson::from),
            any::<bool>().prop_map(Bson::from),
            any::<f64>().prop_map(Bson::from),
            ".{0,3}".prop_map(Bson::from),
            Just(Bson::Null),
        ];
        leaf.prop_recursive(3, 9, 3, |inner| {
            let members = prop::collection::vec(("[ab]{0,2}", inner), 0..3);
            members.prop_map(|members| Bson::from(members.into_iter().collect::<Document>()))
        })
    }

    proptest! {
        #[test]
        fn along_the_tree_the_same_values_and_the_same_structure_are_found(
            documents in prop::collection::vec(prop::collection::vec(("[ab]{0,2}", value()), 0..3), 1..9)
        ) {
            let mut known = KnownStructures::default();
            let mut structures: Vec<Vec<u8>> = Vec::new();
            for members in documents {
                let document: Document = members.into_iter().collect();
                let (found, _, without) = both(&known, &document);
                let place = structures.iter().position(|structure| structure == without.structure());
                if let Some(found) = found {
                    prop_assert_eq!(place, Some(usize::from(found)));
                } else if place.is_none() {
                    known.learn(without.structure(), u16::try_from(structures.len()).unwrap());
                    structures.push(without.structure().to_vec());
                }
            }
        }

        #[test]
        fn no_bytes_whatever_panic(bytes: Vec<u8>, place: prop::sample::Index) {
            let document = doc! {"a": 1, "b": {"c": "text"}}.to_vec().unwrap();
            let mut gathered = Gathered::default();
            assert!(gathered.gather(&document));
            let mut known = KnownStructures::default();
            known.learn(gathered.structure(), 2);
            let mut changed = document.clone();
            let start = place.index(document.len());
            for (byte, other) in changed.iter_mut().skip(start).zip(&bytes) {
                *byte = *other;
            }
            for bytes in [&bytes, &changed] {
                let found = gathered.gather_known(bytes, &known);
                prop_assert!(found.is_none() || Gathered::default().gather(bytes));
            }
        }
    }
}
