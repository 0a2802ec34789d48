//! How much is in a block.

/// What is in the columns of a block, before it is packed.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Held {
    /// Bytes of texts: messages, levels, values, and of each shape once the names.
    pub(super) text: usize,
    /// Values of attributes.
    pub(super) values: usize,
}

impl Held {
    /// Bytes that a value takes beside its text, about.
    const VALUE: usize = 8;

    pub(super) fn with(self, other: Self) -> Self {
        Self {
            text: self.text.saturating_add(other.text),
            values: self.values.saturating_add(other.values),
        }
    }

    pub(super) fn bytes(self) -> usize {
        let values = self.values.saturating_mul(Self::VALUE);
        self.text.saturating_add(values)
    }
}
