//! The operands of a matrix product in memory.

use crate::kernel::simd::Simd;

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

impl Out {
    /// The matrix from row `i` on.
    #[inline(always)]
    pub fn from(self, i: usize) -> Self {
        Self { at: self.at.wrapping_add(i * self.row), ..self }
    }

    /// Writes M rows by W vectors, or adds them to what is there.
    ///
    /// # Safety
    /// The matrix has these rows and columns.
    #[inline(always)]
    pub unsafe fn store<S: Simd, const M: usize, const W: usize>(self, sums: [[S::V; W]; M]) {
        for (i, row) in sums.into_iter().enumerate() {
            for (j, sum) in row.into_iter().enumerate() {
                let p = self.at.add(i * self.row + j * S::N);
                S::store(p, if self.add { S::add(S::load(p), sum) } else { sum });
            }
        }
    }
}
