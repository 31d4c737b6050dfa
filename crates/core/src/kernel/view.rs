//! Strided float32 tensors on the CPU (broadcast, sliced, permuted), and one pass over several of them.

#![allow(clippy::needless_range_loop)] // as in gemm.rs

use super::axes::merge_axes;
use super::parallel::{each, uninit, Shared, CHUNK, MIN_PARALLEL_SIZE};
use super::value::tensor;
use crate::tensor::{physical, Value};
use burn::backend::flex::{FlexTensor, Layout};
use burn::backend::{BackendTensor, DispatchTensor, DispatchTensorKind};
use burn::tensor::DType;

/// A tensor's values and where they stand.
pub(crate) struct View(FlexTensor);

impl View {
    /// `None` on other devices and types.
    pub fn of(value: &Value) -> Option<Self> {
        match &value.kind {
            DispatchTensorKind::Flex(BackendTensor::Float(t)) if t.dtype() == DType::F32 => Some(Self(t.clone())),
            _ => None,
        }
    }
    /// Distances between neighbours along the axes of `shape`, to which this is broadcast: 0 where it is repeated.
    fn steps(&self, shape: &[usize]) -> Vec<isize> {
        let layout = self.0.layout();
        let mut steps = vec![0; shape.len()];
        for ((to, &n), &step) in
            steps.iter_mut().rev().zip(layout.shape().iter().rev()).zip(layout.strides().iter().rev())
        {
            *to = if n == 1 { 0 } else { step };
        }
        steps
    }
    fn first(&self) -> *const f32 {
        self.0.storage::<f32>().as_ptr().wrapping_add(self.0.layout().start_offset())
    }
}

/// f of the values at each position of `shape`, to which all tensors are broadcast; `None` where one is not for the
/// CPU's kernels.
pub(crate) fn map<const K: usize>(
    tensors: [&Value; K],
    shape: &[usize],
    f: impl Fn([f32; K]) -> f32 + Sync,
) -> Option<Value> {
    // SAFETY: the places are inside of the tensors.
    lines(tensors, shape, &|to, at, steps| unsafe { line(to, at, steps, &f) })
}

/// Fills a line from places in K tensors on, from which neighbours are so many steps apart. Behind a reference, so that
/// the walk is compiled once.
pub(crate) type Line<'a, const K: usize> = dyn Fn(&mut [f32], [*const f32; K], [isize; K]) + Sync + 'a;

/// What `fill` writes along the lines of `shape`, to which all tensors are broadcast; `None` where one is not for the
/// CPU's kernels. Where all of them repeat one value, so does the result, and one value is written.
pub(crate) fn lines<const K: usize>(tensors: [&Value; K], shape: &[usize], fill: &Line<K>) -> Option<Value> {
    let mut views: [Option<View>; K] = tensors.map(View::of);
    if views.iter().any(Option::is_none) {
        return None;
    }
    let views = views.each_mut().map(Option::take);
    let steps: [Vec<isize>; K] = views.each_ref().map(|v| v.as_ref().map(|v| v.steps(shape)).unwrap_or_default());
    let first =
        views.each_ref().map(|v| Shared::from_pointer(v.as_ref().map_or(std::ptr::null(), View::first).cast_mut()));
    let total: usize = shape.iter().product();
    if total == 0 {
        return Some(tensor(Vec::new(), shape));
    }
    let mut axes = merge_axes(shape, steps.each_ref().map(Vec::as_slice));
    if axes.iter().all(|(_, steps)| steps.iter().all(|&s| s == 0)) {
        let mut one = [0.0];
        fill(&mut one, first.map(|p| p.at(0).cast_const()), [0; K]);
        return Some(repeated(one[0], shape));
    }
    let (n, steps) = axes.pop()?;
    let (middle, down) = axes.pop().unwrap_or((1, [0; K]));
    // SAFETY: each task writes its values, and they cover everything.
    let mut out = unsafe { uninit(total) };
    let to = Shared::new(&mut out);
    let rows = total / n;
    let (cuts, per_chunk) = (n.div_ceil(CHUNK), (CHUNK / n).max(1));
    // Some tensor's neighbours lie side by side along the other axis.
    let turned = middle >= 8 && (0..K).any(|k| down[k] == 1 && !matches!(steps[k], 0 | 1));
    each(rows.div_ceil(per_chunk) * cuts, total >= MIN_PARALLEL_SIZE, |task| {
        let from = task % cuts * CHUNK;
        let count = CHUNK.min(n - from);
        let mut outer = [0; K];
        let (mut row, end) = (task / cuts * per_chunk, rows.min((task / cuts + 1) * per_chunk));
        while row < end {
            let inner = row % middle;
            if inner == 0 || row % per_chunk == 0 {
                outer = [0; K];
                let mut rest = row / middle;
                for (size, steps) in axes.iter().rev() {
                    let i = (rest % size) as isize;
                    outer = std::array::from_fn(|k| outer[k] + i * steps[k]);
                    rest /= size;
                }
            }
            let at: [*const f32; K] = std::array::from_fn(|k| {
                first[k]
                    .at(0)
                    .wrapping_offset(outer[k] + inner as isize * down[k] + from as isize * steps[k])
                    .cast_const()
            });
            // SAFETY: this range of these rows is this task's, and the layouts of the tensors are inside of their
            // memory.
            if turned {
                let some = TURNED[0].min(middle - inner).min(end - row);
                unsafe { turn(to.at(row * n + from), [some, count, n], at, [down, steps], fill) };
                row += some;
            } else {
                fill(unsafe { std::slice::from_raw_parts_mut(to.at(row * n + from), count) }, at, steps);
                row += 1;
            }
        }
    });
    Some(tensor(out, shape))
}

/// Rows and columns of a tile.
const TURNED: [usize; 2] = [64, 16];

/// Some rows of `count` values, `n` apart, filled down their columns in tiles: what is read lies side by side.
///
/// # Safety
/// The rows may be written, and from each place on lie the values that [down, right] steps reach.
unsafe fn turn<const K: usize>(
    to: *mut f32,
    [rows, count, n]: [usize; 3],
    at: [*const f32; K],
    [down, right]: [[isize; K]; 2],
    fill: &Line<K>,
) {
    let mut tile = [0.0f32; TURNED[0] * TURNED[1]];
    for first in (0..count).step_by(TURNED[1]) {
        let columns = TURNED[1].min(count - first);
        for (j, column) in tile.chunks_exact_mut(rows).take(columns).enumerate() {
            fill(column, std::array::from_fn(|k| at[k].wrapping_offset((first + j) as isize * right[k])), down);
        }
        for i in 0..rows {
            let row = to.add(i * n + first);
            for j in 0..columns {
                *row.add(j) = tile[j * rows + i];
            }
        }
    }
}

/// f along a line. Neighbours and repeated values are told from others, so that the compiler makes vectors of them.
///
/// # Safety
/// From each place on lie as many values as `to` has, a step apart.
#[inline(always)]
unsafe fn line<const K: usize>(to: &mut [f32], at: [*const f32; K], steps: [isize; K], f: &impl Fn([f32; K]) -> f32) {
    let count = to.len();
    if steps == [1; K] {
        let from = at.map(|p| std::slice::from_raw_parts(p, count));
        for i in 0..count {
            to[i] = f(from.map(|x| *x.get_unchecked(i)));
        }
    } else if steps.iter().enumerate().all(|(k, &s)| s == isize::from(k + 1 < K)) {
        let last = *at[K - 1];
        for (i, to) in to.iter_mut().enumerate() {
            *to = f(std::array::from_fn(|k| if k + 1 < K { *at[k].add(i) } else { last }));
        }
    } else if K == 2 && steps[0] == 0 && steps[1] == 1 {
        let mut values = at.map(|p| *p);
        for (to, &b) in to.iter_mut().zip(std::slice::from_raw_parts(at[1], count)) {
            values[1] = b;
            *to = f(values);
        }
    } else {
        for (i, to) in to.iter_mut().enumerate() {
            *to = f(std::array::from_fn(|k| *at[k].offset(i as isize * steps[k])));
        }
    }
}

/// A tensor of `shape` that repeats one value without taking memory for it.
fn repeated(v: f32, shape: &[usize]) -> Value {
    let one = tensor(vec![v], &vec![1; shape.len()]);
    if shape.iter().all(|&n| n == 1) {
        return one;
    }
    match one.kind {
        DispatchTensorKind::Flex(BackendTensor::Float(t)) => {
            let t = t.with_layout(Layout::new(physical(shape), vec![0; shape.len()], 0));
            DispatchTensor { kind: DispatchTensorKind::Flex(BackendTensor::Float(t)), autodiff: Default::default() }
        }
        _ => one,
    }
}
