//! Sums of squared differences of neighbours along an axis of float32 values of the CPU, and their gradient, in
//! one pass each.

use super::map::run_sums;
use super::parallel::{each, uninit, Shared, CHUNK, MIN_PARALLEL_SIZE};
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
    /// Blocks of a task, and tasks of a block.
    fn cut(&self) -> (usize, usize) {
        ((CHUNK / self.block().max(1)).max(1), self.block().div_ceil(CHUNK).max(1))
    }
}

/// The sum of each row, as a tensor of `shape`; `None` where x is not for the CPU's kernels.
pub(crate) fn sums(x: &Value, s: Sizes, shape: &[usize]) -> Option<Value> {
    let x = Floats::of(x)?;
    let (block, differences) = (s.block(), (s.n.max(1) - 1) * s.inner);
    let (per_chunk, cuts) = s.cut();
    let tasks = s.outer.div_ceil(per_chunk) * cuts;
    let mut parts = vec![0.0f64; s.rows * tasks];
    let out = Shared::new(&mut parts);
    each(s.rows * tasks, x.len() >= MIN_PARALLEL_SIZE, |task| {
        let (row, rest) = (task / tasks, task % tasks);
        let range = rest % cuts * CHUNK..(rest % cuts * CHUNK + CHUNK).min(differences);
        let blocks = (row * s.outer..(row + 1) * s.outer).skip(rest / cuts * per_chunk).take(per_chunk);
        let mut sum = 0.0;
        for k in blocks.filter(|_| !range.is_empty()) {
            let x = &x[k * block..][..block];
            sum += run_sums([&x[range.clone()], &x[s.inner..][range.clone()]], &|[a, b]| (b - a) * (b - a));
        }
        // SAFETY: each task has a place of its own.
        unsafe { *out.at(task) = sum };
    });
    Some(tensor(parts.chunks_exact(tasks).map(|parts| parts.iter().sum::<f64>() as f32).collect(), shape))
}

/// The gradient, for the gradients g [rows] of the sums: 2 g (2 x - what lies before - what lies after), as a tensor of
/// `shape`; `None` as in `sums`.
pub(crate) fn gradient(x: &Value, g: &Value, s: Sizes, shape: &[usize]) -> Option<Value> {
    let (x, g) = (Floats::of(x)?, Floats::of(g)?);
    let block = s.block();
    let (per_chunk, cuts) = s.cut();
    let blocks = s.rows * s.outer;
    // SAFETY: each task writes its values, and they cover everything.
    let mut out = unsafe { uninit(x.len()) };
    let to = Shared::new(&mut out);
    each(blocks.div_ceil(per_chunk) * cuts, x.len() >= MIN_PARALLEL_SIZE, |task| {
        let range = task % cuts * CHUNK..(task % cuts * CHUNK + CHUNK).min(block);
        for k in (task / cuts * per_chunk..blocks).take(per_chunk) {
            let (x, scale) = (&x[k * block..][..block], 2.0 * g[k / s.outer]);
            // SAFETY: this range of the block is this task's.
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
