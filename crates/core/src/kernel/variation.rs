//! Sums of squared differences of neighbours along an axis of float32 values of the processor, and their gradient, in
//! one pass each.

use super::map::run_sums;
use super::parallel::{each, unwritten, Shared, HEAVY, PIECE};
use super::value::{tensor, Floats};
use crate::tensor::Value;

/// An array [rows, outer, n, inner], whose neighbours along n are `inner` values apart.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sizes {
    pub rows: usize,
    pub outer: usize,
    pub n: usize,
    pub inner: usize,
}

impl Sizes {
    /// Values in which neighbours lie at a fixed distance.
    fn block(&self) -> usize {
        self.n * self.inner
    }
    /// Blocks of a piece, and pieces of a block.
    fn cut(&self) -> (usize, usize) {
        ((PIECE / self.block().max(1)).max(1), self.block().div_ceil(PIECE).max(1))
    }
}

/// The sum of each row, as a tensor of `shape`; `None` where x is not for the processor's kernels.
pub(crate) fn sums(x: &Value, s: Sizes, shape: &[usize]) -> Option<Value> {
    let x = Floats::of(x)?;
    let (block, differences) = (s.block(), (s.n.max(1) - 1) * s.inner);
    let (together, cuts) = s.cut();
    let pieces = s.outer.div_ceil(together) * cuts;
    let mut parts = vec![0.0f64; s.rows * pieces];
    let out = Shared::new(&mut parts);
    each(s.rows * pieces, x.len() >= HEAVY, |piece| {
        let (row, rest) = (piece / pieces, piece % pieces);
        let range = rest % cuts * PIECE..(rest % cuts * PIECE + PIECE).min(differences);
        let blocks = (row * s.outer..(row + 1) * s.outer).skip(rest / cuts * together).take(together);
        let mut sum = 0.0;
        for k in blocks.filter(|_| !range.is_empty()) {
            let x = &x[k * block..][..block];
            sum += run_sums([&x[range.clone()], &x[s.inner..][range.clone()]], &|[a, b]| (b - a) * (b - a));
        }
        // SAFETY: each piece has a place of its own.
        unsafe { *out.at(piece) = sum };
    });
    Some(tensor(parts.chunks_exact(pieces).map(|parts| parts.iter().sum::<f64>() as f32).collect(), shape))
}

/// The gradient, for the gradients g [rows] of the sums: 2 g (2 x - what lies before - what lies after), as a tensor of
/// `shape`; `None` as in `sums`.
pub(crate) fn gradient(x: &Value, g: &Value, s: Sizes, shape: &[usize]) -> Option<Value> {
    let (x, g) = (Floats::of(x)?, Floats::of(g)?);
    let block = s.block();
    let (together, cuts) = s.cut();
    let blocks = s.rows * s.outer;
    // SAFETY: each piece writes its values, and they cover everything.
    let mut out = unsafe { unwritten(x.len()) };
    let to = Shared::new(&mut out);
    each(blocks.div_ceil(together) * cuts, x.len() >= HEAVY, |piece| {
        let range = piece % cuts * PIECE..(piece % cuts * PIECE + PIECE).min(block);
        for k in (piece / cuts * together..blocks).take(together) {
            let (x, scale) = (&x[k * block..][..block], 2.0 * g[k / s.outer]);
            // SAFETY: this range of the block is this piece's.
            let to = unsafe { std::slice::from_raw_parts_mut(to.at(k * block + range.start), range.len()) };
            line(x, range.start, s.inner, scale, to);
        }
    });
    Some(tensor(out, shape))
}

/// The gradient at the places of a block from `from` on.
fn line(x: &[f32], from: usize, step: usize, scale: f32, to: &mut [f32]) {
    if x.len() == step {
        to.fill(0.0);
        return;
    }
    // The first places have nothing before them, the last ones nothing after them.
    let end = from + to.len();
    let (low, high) = (step.clamp(from, end), (x.len() - step).clamp(from, end));
    for i in from..low {
        to[i - from] = scale * (x[i] - x[i + step]);
    }
    if low < high {
        let (before, here, after) = (&x[low - step..high - step], &x[low..high], &x[low + step..high + step]);
        for (i, to) in to[low - from..high - from].iter_mut().enumerate() {
            *to = scale * ((here[i] - before[i]) - (after[i] - here[i]));
        }
    }
    for i in high.max(low)..end {
        to[i - from] = scale * (x[i] - x[i - step]);
    }
}
