//! The shape of a convolution, and what follows its sums.

/// Minimum number of multiply-adds for multithreading.
const MIN_PARALLEL_WORK: usize = 1 << 17;

/// Stride, zero padding, dilation and groups of a convolution, and how exact it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Geometry {
    /// Steps of the window.
    pub stride: [usize; 2],
    /// Zeros on both sides.
    pub padding: [usize; 2],
    /// Distance between the taps of the filter.
    pub dilation: [usize; 2],
    /// Independent groups of channels.
    pub groups: usize,
    /// Whether the operands may be rounded where the program allows it: in networks, not in physics.
    pub mixed: bool,
}

impl Geometry {
    /// Pixels that a filter of `kernel` taps covers on axis i.
    pub(crate) fn span(&self, kernel: usize, i: usize) -> usize {
        self.dilation[i].saturating_mul(kernel - 1).saturating_add(1)
    }
    /// Size of the output on axis i; `None` if the filter does not fit.
    pub(crate) fn output(&self, size: usize, kernel: usize, i: usize) -> Option<usize> {
        let (span, padded) = (self.span(kernel, i), size.saturating_add(2 * self.padding[i]));
        (padded >= span).then(|| (padded - span) / self.stride[i] + 1)
    }
    /// Output padding with which the transposed convolution returns to `size` from `output`.
    pub(crate) fn output_padding(&self, size: usize, output: usize, kernel: usize, i: usize) -> usize {
        (size + 2 * self.padding[i]).saturating_sub(self.span(kernel, i) + (output - 1) * self.stride[i])
    }
}

/// The shapes of a convolution: input [batch, channels[0], size], filters `kernel`, output [batch, channels[1], out].
#[derive(Debug, Clone, Copy)]
pub(crate) struct ConvShape {
    pub batch: usize,
    /// Channels of the input and of the output.
    pub channels: [usize; 2],
    /// Height and width of the input.
    pub size: [usize; 2],
    pub kernel: [usize; 2],
    /// Height and width of the output.
    pub out: [usize; 2],
    pub geometry: Geometry,
}

/// The fields of the geometry are read as fields of the shape.
impl std::ops::Deref for ConvShape {
    type Target = Geometry;
    #[inline(always)]
    fn deref(&self) -> &Geometry {
        &self.geometry
    }
}

impl ConvShape {
    /// The convolution from `x` to `y`, both [batch, channels, height, width].
    pub fn new(x: &[usize], y: &[usize], kernel: [usize; 2], geometry: Geometry) -> Self {
        Self { batch: x[0], channels: [x[1], y[1]], size: [x[2], x[3]], kernel, out: [y[2], y[3]], geometry }
    }
    /// Taps of a filter.
    pub fn taps(&self) -> usize {
        self.kernel[0] * self.kernel[1]
    }
    /// Input and output channels of a group.
    pub fn group(&self) -> [usize; 2] {
        self.channels.map(|c| c / self.groups)
    }
    /// Rows of the matrix of windows: input channels of a group times taps.
    pub fn depth(&self) -> usize {
        self.group()[0] * self.taps()
    }
    /// Pixels of an output channel.
    pub fn pixels(&self) -> usize {
        self.out[0] * self.out[1]
    }
    /// Number of multiply-adds.
    pub fn work(&self) -> usize {
        [self.pixels(), self.channels[1], self.depth()].iter().fold(self.batch, |a, &b| a.saturating_mul(b))
    }
    /// Whether the convolution is worth several threads.
    pub fn is_parallel(&self) -> bool {
        self.work() > MIN_PARALLEL_WORK
    }
    /// The range of output positions on `axis` for which tap `tap` reads inside the input.
    #[inline(always)]
    pub fn inside(&self, axis: usize, tap: usize) -> (usize, usize) {
        let (shift, stride) = (tap * self.dilation[axis], self.stride[axis]);
        let first = self.padding[axis].saturating_sub(shift).div_ceil(stride);
        let last = (self.size[axis] + self.padding[axis]).saturating_sub(shift).div_ceil(stride).min(self.out[axis]);
        (first.min(last), last)
    }
    /// The input position that output `at` reads through `tap`, where it is inside.
    #[inline(always)]
    pub fn source(&self, axis: usize, tap: usize, at: usize) -> usize {
        at * self.stride[axis] + tap * self.dilation[axis] - self.padding[axis]
    }
}

/// What is applied to the sums of a convolution: a bias is added, then values below zero are multiplied by a slope (1:
/// no activation, 0: ReLU).
#[derive(Clone, Copy)]
pub(crate) struct Epilogue<'a> {
    pub bias: Option<&'a [f32]>,
    pub slope: f32,
}

impl Epilogue<'_> {
    pub const NONE: Epilogue<'static> = Epilogue { bias: None, slope: 1.0 };

    /// The activation of one value; NaN stays NaN.
    #[inline(always)]
    pub fn activate(self, v: f32) -> f32 {
        if v > 0.0 || self.slope == 1.0 || v.is_nan() {
            v
        } else if self.slope == 0.0 {
            0.0
        } else {
            self.slope * v
        }
    }
}
