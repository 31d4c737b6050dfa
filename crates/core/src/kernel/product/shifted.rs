//! C = A B or C += A B where the rows of B, or those of A, begin anywhere in memory: the windows of an image are its
//! pixels from different places on, and nothing is copied.

use super::Out;
use crate::kernel::simd::Simd;

/// M rows by W vectors of A B: column k of A is at `a + k ROWS`, vector j of row k of B at `b + rows[k] + j next`.
#[cfg_attr(not(target_arch = "wasm32"), inline(always))]
// A function of its own: see wasm.rs.
#[cfg_attr(target_arch = "wasm32", inline(never))]
#[cfg_attr(feature = "relaxed-simd", target_feature(enable = "simd128,relaxed-simd"))]
unsafe fn right_block<S: Simd, const M: usize, const W: usize>(
    rows: &[usize],
    a: *const f32,
    (b, next): (*const f32, usize),
    c: Out,
) {
    let mut sums = [[S::splat(0.0); W]; M];
    let mut a = a;
    for &row in rows {
        let right = b.add(row);
        let mut v = [S::splat(0.0); W];
        for j in 0..W {
            v[j] = S::load(right.add(j * next));
        }
        for i in 0..M {
            let x = S::splat(*a.add(i));
            for j in 0..W {
                sums[i][j] = S::fma(x, v[j], sums[i][j]);
            }
        }
        a = a.wrapping_add(S::ROWS);
    }
    c.store::<S, M, W>(sums);
}

/// M rows by W vectors of A B: row i of A begins at `a + rows[i]` and is read in `lines` of `length` values that are
/// `pitch` apart; the rows of B follow each other at distance VECS N.
#[cfg_attr(not(target_arch = "wasm32"), inline(always))]
#[cfg_attr(target_arch = "wasm32", inline(never))]
#[cfg_attr(feature = "relaxed-simd", target_feature(enable = "simd128,relaxed-simd"))]
unsafe fn left_block<S: Simd, const M: usize, const W: usize>(
    rows: *const usize,
    [lines, length, pitch]: [usize; 3],
    a: *const f32,
    b: *const f32,
    c: Out,
) {
    let mut sums = [[S::splat(0.0); W]; M];
    let mut right = b;
    for line in 0..lines {
        let mut left = [a; M];
        for i in 0..M {
            left[i] = a.add(*rows.add(i) + line * pitch);
        }
        for k in 0..length {
            let mut v = [S::splat(0.0); W];
            for j in 0..W {
                v[j] = S::load(right.add(j * S::N));
            }
            for i in 0..M {
                let x = S::splat(*left[i].add(k));
                for j in 0..W {
                    sums[i][j] = S::fma(x, v[j], sums[i][j]);
                }
            }
            right = right.wrapping_add(S::VECS * S::N);
        }
    }
    c.store::<S, M, W>(sums);
}

/// Calls `$block::<S, M, W>` for `$count` rows from `$i` on, as many at a time as registers hold.
macro_rules! rows {
    ($count:expr, $i:ident, $wide:expr, $block:ident($($arg:expr),*)) => {
        let mut $i = 0;
        macro_rules! take {
            ($m:literal) => {
                while $count - $i >= $m {
                    if S::VECS == 2 && $wide {
                        $block::<S, $m, 2>($($arg),*);
                    } else {
                        $block::<S, $m, 1>($($arg),*);
                    }
                    $i += $m;
                }
            };
        }
        match S::ROWS {
            12 => {
                take!(12);
                take!(8);
            }
            8 => take!(8),
            6 => take!(6),
            _ => {}
        }
        take!(4);
        take!(2);
        take!(1);
    };
}

/// At most ROWS rows of one vector, or of two, the second of which is read from `next` on: see [`right_block`].
///
/// # Safety
/// The pointers are valid for the operands, and `c` overlaps neither.
#[inline(always)]
pub unsafe fn right<S: Simd>(count: usize, rows: &[usize], a: *const f32, b: *const f32, next: Option<usize>, c: Out) {
    let b = (b, next.unwrap_or(0));
    rows!(count, i, next.is_some(), right_block(rows, a.add(i), b, c.from(i)));
}

/// All `rows` of the left operand; see [`left_block`].
///
/// # Safety
/// As for [`right`].
#[inline(always)]
pub unsafe fn left<S: Simd>(rows: &[usize], wide: bool, lines: [usize; 3], a: *const f32, b: *const f32, c: Out) {
    let (count, rows) = (rows.len(), rows.as_ptr());
    rows!(count, i, wide, left_block(rows.add(i), lines, a, b, c.from(i)));
}
