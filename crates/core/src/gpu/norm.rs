//! Batch and group norm. What shares mean and variance is a segment: a channel of all images, or neighbouring channels
//! of one image. Long segments are divided into parts of one group of units each; a later launch adds the parts.

mod kernels;

use super::group::{fits, groups, parts, PARTS};
use super::{empty, operand, value};
use crate::storage::Value;
use adjoint_backend::gpu::{part_of, CubeTensor};
use kernels::{input_kernel, moments_kernel, normalise_kernel, sums_kernel, totals_kernel, SegmentsLaunch};

/// Numbers between the beginnings of lists in one tensor, so that each begins where a device can begin a tensor.
const ALIGNED: usize = 64;

/// The operands of a norm but its input.
pub(crate) struct Norm<'a> {
    /// [batch, channels, pixels]
    pub planes: [usize; 3],
    /// Groups of the channels of an image; `None` for batch norm.
    pub groups: Option<usize>,
    /// One number per channel.
    pub weight: Option<&'a Value>,
    /// One number per channel.
    pub bias: Option<&'a Value>,
    pub epsilon: f64,
    /// Slope of the activation below zero: 1 for none. Group norm has none.
    pub slope: f64,
}

/// Mean and variance of each segment, and its bias, as lists in one tensor.
#[derive(Clone)]
pub(crate) struct Used {
    lists: CubeTensor,
    segments: usize,
}

impl Used {
    /// Mean and variance.
    pub fn moments(&self) -> [Value; 2] {
        [0, 1].map(|i| list(&self.lists, i, self.segments))
    }
}

/// Memory for `count` lists.
pub(super) fn lists(like: &CubeTensor, count: usize, length: usize) -> CubeTensor {
    empty(like, &[count * length.next_multiple_of(ALIGNED)])
}

/// One of them.
pub(super) fn list(lists: &CubeTensor, i: usize, length: usize) -> Value {
    value(part_of(lists, i, length.next_multiple_of(ALIGNED), length))
}

/// Where the values of the segments are: `inner` neighbours each, again after `stride`.
struct Layout {
    segments: usize,
    length: usize,
    inner: usize,
    stride: usize,
}

impl Layout {
    /// Parts of a segment, and values of a part.
    fn parts(&self) -> (usize, usize) {
        parts(self.length, PARTS)
    }
    /// Parts of all segments.
    fn count(&self) -> usize {
        self.segments * self.parts().0
    }
    fn launch(&self) -> SegmentsLaunch {
        let (parts, part) = self.parts();
        let [inner, stride, length] = [self.inner, self.stride, self.length].map(|n| n as u32);
        SegmentsLaunch::new(inner, stride, length, parts as u32, part as u32, self.count() as u32)
    }
}

impl Norm<'_> {
    fn layout(&self) -> Layout {
        let [batch, channels, pixels] = self.planes;
        match self.groups {
            None => Layout { segments: channels, length: batch * pixels, inner: pixels, stride: channels * pixels },
            Some(count) => {
                let length = channels / count * pixels;
                Layout { segments: batch * count, length, inner: length, stride: 0 }
            }
        }
    }
    /// Segments that have the channels of an image, and channels of a segment.
    fn channels(&self) -> (usize, usize) {
        match self.groups {
            None => (self.planes[1], 1),
            Some(count) => (count, self.planes[1] / count),
        }
    }
    /// Values of a segment after which its channel changes.
    fn run(&self) -> usize {
        match self.groups {
            None => self.planes[0] * self.planes[2],
            Some(_) => self.planes[2],
        }
    }
}

/// The numbers of a channel, or any tensor where there are none.
pub(super) fn or_any(t: Option<&Value>, any: &CubeTensor) -> Option<CubeTensor> {
    t.map_or_else(|| Some(any.clone()), operand)
}

/// The sums that `totals_kernel` takes, as gradients of weight and bias; `partial` has two sums for each part.
pub(super) fn totals(partial: &CubeTensor, channels: usize, images: usize, sums: usize) -> [Value; 2] {
    let out = lists(partial, 2, channels);
    let apart = channels.next_multiple_of(ALIGNED);
    let (count, dim) = groups(channels);
    totals_kernel::launch(
        &partial.client,
        count,
        dim,
        partial.clone().into_buffer_arg(),
        out.clone().into_buffer_arg(),
        channels as u32,
        images as u32,
        sums as u32,
        apart as u32,
    );
    [0, 1].map(|i| list(&out, i, channels))
}

/// The normalised values and the moments used, which are those of the segments where none are given; `None` on the cpu.
pub(crate) fn forward(norm: &Norm, x: &Value, given: Option<[&Value; 2]>) -> Option<(Value, Used)> {
    let x = operand(x).filter(fits)?;
    let (weight, bias) = (or_any(norm.weight, &x)?, or_any(norm.bias, &x)?);
    let divided = norm.layout();
    let ((parts, part), count) = (divided.parts(), divided.count());
    let (segments, length, (cubes, dim)) = (divided.segments, divided.length, groups(count));
    let (means, variances, known, known_part, first) = match given {
        Some([mean, variance]) => (operand(mean)?, operand(variance)?, 1, length, 0),
        None => {
            let partial = empty(&x, &[2 * count]);
            moments_kernel::launch(
                &x.client,
                cubes.clone(),
                dim,
                x.clone().into_buffer_arg(),
                partial.clone().into_buffer_arg(),
                divided.launch(),
            );
            (partial.clone(), partial, parts, part, count)
        }
    };
    let (y, used) = (empty(&x, &norm.planes), lists(&x, 3, segments));
    let (images, channels) = norm.channels();
    normalise_kernel::launch(
        &x.client.clone(),
        cubes,
        dim,
        x.into_buffer_arg(),
        means.into_buffer_arg(),
        variances.into_buffer_arg(),
        weight.into_buffer_arg(),
        bias.into_buffer_arg(),
        y.clone().into_buffer_arg(),
        used.clone().into_buffer_arg(),
        divided.launch(),
        known as u32,
        known_part as u32,
        first as u32,
        images as u32,
        channels as u32,
        norm.run() as u32,
        segments.next_multiple_of(ALIGNED) as u32,
        norm.epsilon as f32,
        norm.slope as f32,
        norm.weight.is_some(),
        norm.bias.is_some(),
    );
    Some((value(y), Used { lists: used, segments }))
}

/// Gradients in x, where `needed`, and in weight and bias, from the gradient g of the result. `fixed`: the moments were
/// given.
pub(crate) fn gradient(
    norm: &Norm,
    x: &Value,
    g: &Value,
    used: &Used,
    fixed: bool,
    needed: bool,
) -> Option<(Option<Value>, [Value; 2])> {
    let (x, g) = (operand(x)?, operand(g)?);
    let weight = or_any(norm.weight, &x)?;
    let divided = norm.layout();
    let (segments, length) = (divided.segments, divided.length);
    let [batch, channels, pixels] = norm.planes;
    // Sums are of each channel of each image where weights differ within a segment.
    let (rows, shared) = match norm.groups {
        None => (norm.layout(), 1),
        Some(count) => {
            let rows = Layout { segments: batch * channels, length: pixels, inner: pixels, stride: 0 };
            (rows, channels / count)
        }
    };
    let apart = segments.next_multiple_of(ALIGNED);
    let sums = rows.parts().0;
    let partial = empty(&x, &[2 * rows.count()]);
    let (cubes, dim) = groups(rows.count());
    sums_kernel::launch(
        &x.client,
        cubes,
        dim,
        x.clone().into_buffer_arg(),
        g.clone().into_buffer_arg(),
        used.lists.clone().into_buffer_arg(),
        weight.clone().into_buffer_arg(),
        partial.clone().into_buffer_arg(),
        rows.launch(),
        shared as u32,
        channels as u32,
        apart as u32,
        norm.epsilon as f32,
        norm.slope as f32,
        norm.weight.is_some(),
    );
    let images = if norm.groups.is_none() { 1 } else { batch };
    if !needed {
        return Some((None, totals(&partial, channels, images, sums)));
    }
    let (dx, out) = (empty(&x, &norm.planes), lists(&x, 2, segments));
    let (cubes, dim) = groups(divided.count());
    let (repeated, each) = norm.channels();
    input_kernel::launch(
        &x.client.clone(),
        cubes,
        dim,
        x.into_buffer_arg(),
        g.into_buffer_arg(),
        used.lists.clone().into_buffer_arg(),
        weight.into_buffer_arg(),
        partial.clone().into_buffer_arg(),
        dx.clone().into_buffer_arg(),
        out.clone().into_buffer_arg(),
        divided.launch(),
        sums as u32,
        rows.count() as u32,
        repeated as u32,
        each as u32,
        norm.run() as u32,
        apart as u32,
        norm.epsilon as f32,
        norm.slope as f32,
        if fixed { 0.0 } else { 1.0 / length as f32 },
        norm.weight.is_some(),
        norm.groups.is_none(),
    );
    let lists = match norm.groups {
        None => [0, 1].map(|i| list(&out, i, channels)),
        Some(_) => totals(&partial, channels, images, sums),
    };
    Some((Some(value(dx)), lists))
}
