//! Elements that change their places along an axis: cut, padded, shifted, reversed, or repeated.

/// What lies beyond the ends of an axis.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Border {
    /// One value.
    Constant,
    /// The elements reflected at the outer ones.
    Reflect,
    /// The outer elements.
    Replicate,
    /// The elements again.
    Circular,
}

/// Position k of the result is position floor((step k + offset) / divide) of the source, at most one length beyond its
/// ends unless the border is constant or replicated. `divide` is 1 where the step is negative or the offset.
#[derive(Clone, Copy, Debug)]
#[cfg_attr(not(feature = "gpu"), allow(dead_code))] // which kernels for GPUs read
pub(crate) struct Move {
    /// Lengths of the source and of the result.
    pub source: usize,
    pub result: usize,
    pub step: isize,
    pub offset: isize,
    pub divide: usize,
    pub border: Border,
}

impl Move {
    /// Every element in its place.
    pub const NONE: Self = Self { source: 1, result: 1, step: 1, offset: 0, divide: 1, border: Border::Constant };

    /// So many elements before the first and after the last; negative numbers cut.
    pub fn padded(source: usize, before: isize, after: isize, border: Border) -> Self {
        let result = (source as isize + before + after) as usize;
        Self { source, result, step: 1, offset: -before, divide: 1, border }
    }
}
