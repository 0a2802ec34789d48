//! A structure as the pieces of its JSON text, and the paths of the values between them.

use crate::input::{Input, write_varint};
use crate::structure::{Part, parts};
use record::attributes::write_string;

/// Pieces behind one another, each with its length before it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub(crate) struct Pieces(Vec<u8>);

impl Pieces {
    pub(crate) fn push(&mut self, piece: &[u8]) {
        write_varint(&mut self.0, piece.len() as u64);
        self.0.extend_from_slice(piece);
    }

    pub(super) fn bytes(&self) -> usize {
        self.0.len()
    }

    pub(super) fn each(&self) -> impl Iterator<Item = &[u8]> {
        let mut input = Input::new(&self.0);
        std::iter::from_fn(move || {
            let length = input.count(input.rest().len()).ok()?;
            input.take(length).ok()
        })
    }
}

/// The pieces of a structure and the paths of its values; `None` where its names are no text.
pub(super) fn drawn(structure: &[u8]) -> Option<(Pieces, Vec<String>)> {
    let (mut pieces, mut piece) = (Pieces::default(), b"{".to_vec());
    let (mut paths, mut path) = (Vec::new(), String::new());
    // Where the path of what is open ends; whether a member came before.
    let (mut open, mut is_first) = (Vec::new(), true);
    for part in parts(structure) {
        let (name, is_open) = match part {
            Part::Value(name) => (name, false),
            Part::Open(name) => (name, true),
            Part::Close => {
                piece.push(b'}');
                path.truncate(open.pop()?);
                is_first = false;
                continue;
            }
        };
        let name = std::str::from_utf8(name).ok()?;
        if !is_first {
            piece.push(b',');
        }
        write_string(name, &mut piece);
        piece.push(b':');
        let end = path.len();
        if !open.is_empty() {
            path.push('.');
        }
        path.push_str(name);
        is_first = is_open;
        if is_open {
            piece.push(b'{');
            open.push(end);
        } else {
            pieces.push(&piece);
            piece.clear();
            paths.push(path.clone());
            path.truncate(end);
        }
    }
    piece.push(b'}');
    pieces.push(&piece);
    Some((pieces, paths))
}
