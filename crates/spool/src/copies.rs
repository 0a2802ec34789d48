//! Which files of a spool a copy of it has that is made while it is in use.

use super::{hint, recovery, segment};

/// Whether a file belongs into a copy. The hint does not: it may tell of what was done since the copy was begun, and a spool
/// without one is delivered again, which changes nothing. Nor does the mark of an orderly stop, and what is being made.
pub fn is_copied(name: &str) -> bool {
    ![hint::NAME, recovery::CLEAN_STOP].contains(&name) && !name.ends_with(segment::UNFINISHED)
}
