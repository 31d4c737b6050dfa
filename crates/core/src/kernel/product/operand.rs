//! The operands of a matrix product in memory.

/// The left matrix: element (i, j) at `at + i row + j column`, where `row` or `column` is 1; with `strip`, the rows are
/// in strips of `ROWS` that are `strip` values apart.
#[derive(Clone, Copy)]
pub struct Left {
    pub at: *const f32,
    pub row: usize,
    pub column: usize,
    pub strip: Option<usize>,
}

impl Left {
    /// The matrix from row `i` on, in strips of `rows`.
    #[inline(always)]
    pub fn from(self, i: usize, rows: usize) -> Self {
        let at = match self.strip {
            None => i * self.row,
            Some(strip) => i / rows * strip + i % rows,
        };
        Self { at: self.at.wrapping_add(at), ..self }
    }
}

/// The right matrix, rows of vectors in panels of `VECS` vectors: element (i, j) of panel p at
/// `at + p panel + i row + j`.
#[derive(Clone, Copy)]
pub struct Right {
    pub at: *const f32,
    pub row: usize,
    pub panel: usize,
}

/// The result: element (i, j) at `at + i row + j`.
#[derive(Clone, Copy)]
pub struct Out {
    pub at: *mut f32,
    pub row: usize,
    /// Whether to add to the values that are there.
    pub add: bool,
}
