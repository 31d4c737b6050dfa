//! C = A B or C += A B for small matrices that lie in the cache, as the convolutions need them: A by two strides, one
//! value at a time; B and C by rows, in vectors. Nothing is packed here: callers lay B out so that its rows are full
//! vectors; where a step from value to value is long, they lay A out in strips too ([`strips`]), or the lines of the
//! cache that are read together push each other out.

// Indices, not iterators with closures: those are compiled without the instruction set of the function around them.
#![allow(clippy::needless_range_loop)]

use super::parallel::{each, Aligned, Shared};
use super::simd::{rows, Level, Simd};

#[cfg(target_arch = "wasm32")]
mod wasm;
#[cfg(target_arch = "wasm32")]
use wasm::block;

/// Where a matrix lies: element (i, j) at `at + i row + j column`, of which one is 1; with `strip` the rows are in
/// strips of `ROWS`, which are so far apart.
#[derive(Clone, Copy)]
pub struct Left {
    pub at: *const f32,
    pub row: usize,
    pub column: usize,
    pub strip: Option<usize>,
}

impl Left {
    #[inline(always)]
    fn from(self, i: usize, rows: usize) -> Self {
        let at = match self.strip {
            None => i * self.row,
            Some(strip) => i / rows * strip + i % rows,
        };
        Self { at: self.at.wrapping_add(at), ..self }
    }
}

/// The strips of a matrix of `depth` columns, whose element (i, j) is `of(i, j)`: `rows(level)` values of a column side
/// by side, the next column's behind.
pub fn strips(level: Level, [count, depth]: [usize; 2], of: impl Fn(usize, usize) -> f32 + Send + Sync) -> Aligned {
    let rows = rows(level);
    let mut all = Aligned::zeros(count.next_multiple_of(rows) * depth);
    let to = Shared::new(all.all());
    each(count.div_ceil(rows), count * depth > HEAVY, |k| {
        // SAFETY: each piece has a strip of its own.
        let strip = unsafe { std::slice::from_raw_parts_mut(to.at(k * rows * depth), rows * depth) };
        for i in 0..rows.min(count - k * rows) {
            for j in 0..depth {
                strip[j * rows + i] = of(k * rows + i, j);
            }
        }
    });
    all
}

/// From so many values on, threads pay for strips.
const HEAVY: usize = 1 << 15;

/// Rows of vectors, in panels of `VECS` vectors: element (i, j) of panel p at `at + p panel + i row + j`.
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
    /// Whether to add to what is there.
    pub add: bool,
}

/// M rows by W vectors of the result, in registers.
#[cfg(not(target_arch = "wasm32"))]
#[inline(always)]
unsafe fn block<S: Simd, const M: usize, const W: usize>(depth: usize, a: Left, b: Right, c: Out) {
    let mut sums = [[S::splat(0.0); W]; M];
    // A base for each three rows: their addresses are then base, base + row and base + 2 row, which the processor adds
    // for free.
    let mut bases = [a.at; 4];
    for (i, base) in bases.iter_mut().enumerate() {
        *base = a.at.wrapping_add(3 * i * a.row);
    }
    let mut right = b.at;
    for _ in 0..depth {
        let mut v = [S::splat(0.0); W];
        for j in 0..W {
            v[j] = S::load(right.add(j * S::N));
        }
        for i in 0..M {
            let x = S::splat(*bases[i / 3].add((i % 3) * a.row));
            for j in 0..W {
                sums[i][j] = S::fma(x, v[j], sums[i][j]);
            }
        }
        for base in &mut bases {
            *base = base.wrapping_add(a.column);
        }
        right = right.wrapping_add(b.row);
    }
    for (i, row) in sums.into_iter().enumerate() {
        for (j, sum) in row.into_iter().enumerate() {
            let p = c.at.add(i * c.row + j * S::N);
            S::store(p, if c.add { S::add(S::load(p), sum) } else { sum });
        }
    }
}

/// All rows of W vectors.
#[inline(always)]
unsafe fn strip<S: Simd, const W: usize>(rows: usize, depth: usize, a: Left, b: Right, c: Out) {
    let mut i = 0;
    macro_rules! take {
        ($m:literal) => {
            while rows - i >= $m {
                let (a, c) = (a.from(i, S::ROWS), Out { at: c.at.wrapping_add(i * c.row), ..c });
                block::<S, $m, W>(depth, a, b, c);
                i += $m;
            }
        };
    }
    match S::ROWS {
        12 => {
            take!(12);
            take!(6);
        }
        8 => take!(8),
        6 => take!(6),
        _ => {}
    }
    take!(4);
    take!(2);
    take!(1);
}

/// The product of `rows` by `depth` and `depth` by `vectors * N`.
///
/// # Safety
/// The pointers are valid for those sizes, and `c` overlaps neither operand.
#[inline(always)]
pub unsafe fn product<S: Simd>(rows: usize, depth: usize, vectors: usize, a: Left, b: Right, c: Out) {
    for j in (0..vectors).step_by(S::VECS) {
        let (b, c) =
            (Right { at: b.at.wrapping_add(j / S::VECS * b.panel), ..b }, Out { at: c.at.wrapping_add(j * S::N), ..c });
        if S::VECS == 2 && j + 2 <= vectors {
            strip::<S, 2>(rows, depth, a, b, c);
        } else {
            strip::<S, 1>(rows, depth, a, b, c);
        }
    }
}
