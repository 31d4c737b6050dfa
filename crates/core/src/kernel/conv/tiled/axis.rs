//! One axis of a convolution as a sum of shifts: the result at q is a sum over taps of a plane of the source, each with
//! step 1, at q + shift.

use crate::kernel::conv::shape::ConvShape;

/// An axis of a pass, or one phase of its results: result q is a sum over `taps`, and belongs at `to + q to_step`.
#[derive(Clone)]
pub struct Axis {
    /// Number of results.
    pub count: usize,
    /// Place of the first result, and distance of the others.
    pub to: usize,
    pub to_step: usize,
    /// Number of the tap in the filter, its plane, its shift.
    pub taps: Vec<[usize; 3]>,
    /// Planes: position q of the plane is the source's `origin + phase + q step`, zero outside of it.
    pub phases: Vec<usize>,
    pub origin: isize,
    pub step: usize,
    /// Size of the source.
    pub size: usize,
}

impl Axis {
    /// The largest shift.
    pub fn reach(&self) -> usize {
        self.taps.iter().map(|t| t[2]).max().unwrap_or(0)
    }

    /// Whether it reads the same values as `first` does, for results that lie `r` further.
    pub fn follows(&self, first: &Self, r: usize) -> bool {
        let shifts = |axis: &Self| axis.taps.iter().map(|t| [t[1], t[2]]).collect::<Vec<_>>();
        self.count == first.count
            && self.to == first.to + r
            && self.origin == first.origin
            && !self.taps.is_empty()
            && shifts(self) == shifts(first)
    }

    /// The convolution: y[q] = sum_u w[u] x[q s + u d - p], where u d = s t + r is shift t of the plane of phase r.
    pub fn forward(s: &ConvShape, i: usize) -> Self {
        let (stride, dilation) = (s.stride[i], s.dilation[i]);
        let mut phases: Vec<usize> = Vec::new();
        let taps = (0..s.kernel[i])
            .map(|u| {
                let phase = u * dilation % stride;
                let plane = phases.iter().position(|&p| p == phase).unwrap_or(phases.len());
                if plane == phases.len() {
                    phases.push(phase);
                }
                [u, plane, u * dilation / stride]
            })
            .collect();
        let origin = -(s.padding[i] as isize);
        Self { count: s.out[i], to: 0, to_step: 1, taps, phases, origin, step: stride, size: s.size[i] }
    }

    /// Its adjoint at the pixels q s + r - p for a phase r: dx[q s + r - p] = sum over u d = s t + r of w[u] g[q - t].
    pub fn backward(s: &ConvShape, i: usize, r: usize) -> Self {
        let (stride, dilation, padding) = (s.stride[i], s.dilation[i], s.padding[i]);
        let of_phase = (0..s.kernel[i]).filter(|u| u * dilation % stride == r);
        let shifts: Vec<[usize; 2]> = of_phase.map(|u| [u, u * dilation / stride]).collect();
        let reach = shifts.iter().map(|t| t[1]).max().unwrap_or(0);
        let first = padding.saturating_sub(r).div_ceil(stride);
        let to = first * stride + r - padding;
        Self {
            count: s.size[i].saturating_sub(to).div_ceil(stride),
            to,
            to_step: stride,
            taps: shifts.iter().map(|&[u, t]| [u, 0, reach - t]).collect(),
            phases: vec![0],
            origin: first as isize - reach as isize,
            step: 1,
            size: s.out[i],
        }
    }
}
