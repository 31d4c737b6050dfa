//! Sums of squared differences of neighbours along an axis, and their gradient, in one pass each.

use super::parallel::{each, uninit, Shared, CHUNK, MIN_PARALLEL_SIZE};
use super::sums::run_sums;
use crate::allocation::zeros;

/// An array [rows, outer, n, inner], whose neighbours along n are `inner` elements apart.
#[derive(Debug, Clone, Copy)]
pub(crate) struct VariationShape {
    pub rows: usize,
    pub outer: usize,
    pub n: usize,
    pub inner: usize,
}

impl VariationShape {
    /// Elements of a block [n, inner].
    fn block(&self) -> usize {
        self.n * self.inner
    }
    /// Blocks per task, and tasks per block.
    fn division(&self) -> (usize, usize) {
        ((CHUNK / self.block().max(1)).max(1), self.block().div_ceil(CHUNK).max(1))
    }
}

/// The sum of each row.
pub(crate) fn sums(x: &[f32], s: VariationShape) -> Vec<f32> {
    let (block, differences) = (s.block(), (s.n.max(1) - 1) * s.inner);
    let (blocks_per_task, chunks) = s.division();
    let tasks = s.outer.div_ceil(blocks_per_task) * chunks;
    let mut parts = zeros::<f64>(s.rows * tasks);
    let out = Shared::new(&mut parts);
    each(s.rows * tasks, x.len() >= MIN_PARALLEL_SIZE, |task| {
        let (row, rest) = (task / tasks, task % tasks);
        let range = rest % chunks * CHUNK..(rest % chunks * CHUNK + CHUNK).min(differences);
        let blocks = (row * s.outer..(row + 1) * s.outer).skip(rest / chunks * blocks_per_task).take(blocks_per_task);
        let mut sum = 0.0;
        for k in blocks.filter(|_| !range.is_empty()) {
            let x = &x[k * block..][..block];
            sum += run_sums([&x[range.clone()], &x[s.inner..][range.clone()]], &|[a, b]| (b - a) * (b - a));
        }
        // SAFETY: tasks write disjoint elements.
        unsafe { *out.at(task) = sum };
    });
    parts.chunks_exact(tasks).map(|parts| parts.iter().sum::<f64>() as f32).collect()
}

/// The gradient, for the gradients g [rows] of the sums: 2 g (2 x - previous neighbour - next neighbour).
pub(crate) fn gradient(x: &[f32], g: &[f32], s: VariationShape) -> Vec<f32> {
    let block = s.block();
    let (blocks_per_task, chunks) = s.division();
    let blocks = s.rows * s.outer;
    // SAFETY: tasks write disjoint ranges that cover the result.
    let mut out = unsafe { uninit(x.len()) };
    let to = Shared::new(&mut out);
    each(blocks.div_ceil(blocks_per_task) * chunks, x.len() >= MIN_PARALLEL_SIZE, |task| {
        let range = task % chunks * CHUNK..(task % chunks * CHUNK + CHUNK).min(block);
        for k in (task / chunks * blocks_per_task..blocks).take(blocks_per_task) {
            let (x, scale) = (&x[k * block..][..block], 2.0 * g[k / s.outer]);
            // SAFETY: tasks have disjoint ranges of a block.
            let to = unsafe { std::slice::from_raw_parts_mut(to.at(k * block + range.start), range.len()) };
            block_gradient(x, range.start, s.inner, scale, to);
        }
    });
    out
}

/// The gradient in the elements of a block from `from` on; neighbours are `stride` apart.
fn block_gradient(x: &[f32], from: usize, stride: usize, scale: f32, to: &mut [f32]) {
    if x.len() == stride {
        to.fill(0.0);
        return;
    }
    // The first elements have no previous neighbour, the last ones no next neighbour.
    let end = from + to.len();
    let (low, high) = (stride.clamp(from, end), (x.len() - stride).clamp(from, end));
    for i in from..low {
        to[i - from] = scale * (x[i] - x[i + stride]);
    }
    if low < high {
        let (before, here, after) = (&x[low - stride..high - stride], &x[low..high], &x[low + stride..high + stride]);
        for (i, to) in to[low - from..high - from].iter_mut().enumerate() {
            *to = scale * ((here[i] - before[i]) - (after[i] - here[i]));
        }
    }
    for i in high.max(low)..end {
        to[i - from] = scale * (x[i] - x[i - stride]);
    }
}
