//! Products of matrices. Those of small ones that the cache holds, C = A B or C += A B, as the convolutions make them:
//! A by two strides, one value at a time; B and C by rows, in vectors. Nothing is packed here: callers lay out B in
//! rows of whole vectors; where neighbouring values of A are far apart, they lay out A in strips too ([`strips`]),
//! because its cache lines would evict each other. Those of large ones are in [`matmul`].

// Indices instead of iterators with closures: closures are compiled without the instruction set of the enclosing
// function.
#![allow(clippy::needless_range_loop)]

use crate::kernel::parallel::{each, Aligned, Shared, MIN_PARALLEL_STRIDED};
use crate::kernel::simd::{rows, InstructionSet, Simd};

pub(crate) mod matmul;
mod operand;
pub mod shifted;
#[cfg(target_arch = "wasm32")]
mod wasm;

pub use operand::{Left, Out, Right};
#[cfg(target_arch = "wasm32")]
use wasm::block;

/// A matrix of `depth` columns with elements `of(i, j)` in strips: `rows(isa)` contiguous values of a column, followed
/// by those of the next column.
pub fn strips(
    isa: InstructionSet,
    [count, depth]: [usize; 2],
    of: impl Fn(usize, usize) -> f32 + Send + Sync,
) -> Aligned {
    let rows = rows(isa);
    let mut all = Aligned::zeros(count.next_multiple_of(rows) * depth);
    let to = Shared::new(all.all());
    each(count.div_ceil(rows), count * depth > MIN_PARALLEL_STRIDED, |k| {
        // SAFETY: each task writes its own strip.
        let strip = unsafe { std::slice::from_raw_parts_mut(to.at(k * rows * depth), rows * depth) };
        for (j, to) in strip.chunks_exact_mut(rows).enumerate() {
            for (i, to) in to.iter_mut().enumerate().take(count - k * rows) {
                *to = of(k * rows + i, j);
            }
        }
    });
    all
}

/// M rows by W vectors of the result, in registers.
#[cfg(not(target_arch = "wasm32"))]
#[inline(always)]
unsafe fn block<S: Simd, const M: usize, const W: usize>(depth: usize, a: Left, b: Right, c: Out) {
    let mut sums = [[S::splat(0.0); W]; M];
    // One base per three rows: base, base + row and base + 2 row are addressing modes, which cost nothing.
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
    c.store::<S, M, W>(sums);
}

/// All rows of W vectors.
#[inline(always)]
unsafe fn strip<S: Simd, const W: usize>(rows: usize, depth: usize, a: Left, b: Right, c: Out) {
    let mut i = 0;
    macro_rules! take {
        ($m:literal) => {
            while rows - i >= $m {
                let (a, c) = (a.from(i, S::ROWS), c.from(i));
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
