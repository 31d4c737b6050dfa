//! The shape of a picture.

/// Sizes of one picture.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sizes {
    pub channels: usize,
    pub rows: usize,
    pub columns: usize,
}

impl Sizes {
    /// Elements of a channel.
    pub fn plane(self) -> usize {
        self.rows * self.columns
    }
}
