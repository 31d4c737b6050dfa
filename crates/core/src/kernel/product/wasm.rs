//! The micro-kernel of the matrix product in the form that WebAssembly engines compile well.
//!
//! - It is a function of its own: in a large function V8 spills the accumulators of the loop to the stack.
//! - A load has its offset in the instruction only if the compiler sees one pointer and a constant.
//! - V8 hoists all loads of a basic block to its start. So the loop may end after each step, and the loads and
//!   accumulators of one step fit the sixteen registers of x86: four rows of two vectors do.

use super::operand::{Left, Out, Right};
use crate::kernel::simd::Simd;

/// Unrolled steps per loop iteration.
const STEPS: usize = 4;

/// M rows by W vectors of the result; one stride of `a` must be 1.
#[inline(always)]
pub unsafe fn block<S: Simd, const M: usize, const W: usize>(depth: usize, a: Left, b: Right, c: Out) {
    if a.column == 1 {
        sums::<S, M, W, false>(depth, a.at, a.row, b.at, b.row, c.at, c.row, c.add);
    } else {
        sums::<S, M, W, true>(depth, a.at, a.column, b.at, b.row, c.at, c.row, c.add);
    }
}

/// With `DOWN` the columns of `a` are contiguous and `stride` apart, otherwise its rows are.
// Scalars instead of structs, which would be passed through memory.
#[allow(clippy::too_many_arguments)]
#[inline(never)]
#[cfg_attr(feature = "relaxed-simd", target_feature(enable = "simd128,relaxed-simd"))]
unsafe fn sums<S: Simd, const M: usize, const W: usize, const DOWN: bool>(
    depth: usize,
    a: *const f32,
    stride: usize,
    mut right: *const f32,
    next: usize,
    c: *mut f32,
    row: usize,
    add: bool,
) {
    let mut sums = [[S::splat(0.0); W]; M];
    let mut down = a;
    let mut rows = [a; M];
    for i in 1..M {
        rows[i] = a.add(i * stride);
    }
    let mut left = depth;
    'all: while left > 0 {
        for step in 0..STEPS {
            let mut v = [S::splat(0.0); W];
            for j in 0..W {
                v[j] = S::load(right.add(j * S::N));
            }
            for i in 0..M {
                let x = S::splat(if DOWN { *down.add(i) } else { *rows[i].add(step) });
                for j in 0..W {
                    sums[i][j] = S::fma(x, v[j], sums[i][j]);
                }
            }
            left -= 1;
            if left == 0 {
                break 'all;
            }
            right = right.add(next);
            down = down.add(stride);
        }
        for pointer in &mut rows {
            *pointer = pointer.add(STEPS);
        }
    }
    Out { at: c, row, add }.store::<S, M, W>(sums);
}
