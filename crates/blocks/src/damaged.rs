//! Why bytes are no block, or no part of one.

/// What was read is not what a writer wrote.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Damaged {
    /// It does not begin as a block does.
    #[error("this is no block")]
    NotABlock,
    /// A later version wrote it.
    #[error(
        "the block has format version {found}, and this version knows {known}: use a newer aggregator"
    )]
    Newer {
        /// The version that it has.
        found: u16,
        /// The last that is known.
        known: u16,
    },
    /// A checksum does not fit what it stands for.
    #[error("the checksum of a block's {0} does not fit")]
    Checksum(&'static str),
    /// It ends too early, or goes on where it should end.
    #[error("a block's part is too short or too long")]
    Length,
    /// The checksum fits, and what it says cannot be: a fault of the writer.
    #[error("a block says what cannot be: {0}")]
    Impossible(&'static str),
}
