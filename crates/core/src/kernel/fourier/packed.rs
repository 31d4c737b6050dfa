//! Images of even width, two neighbours in a row as one complex number: z_n = x_2n + i x_(2n+1), rows of half the width
//! N = W / 2.
//!
//! With E and O the transforms of the even and the odd pixels of a row, Z_l = E_l + i O_l and, as both are transforms
//! of real numbers, conj(Z_(N-l)) = E_l - i O_l. The transform of the row is X_l = E_l + w O_l with w = e^(-i a),
//! a = pi l / N, and X_(N-l) = conj(E_l - w O_l). X_0 and X_N are real: they are kept as one number X_0 + i X_N, and
//! the columns of these N numbers are transformed. Column 0 is then C = A + i B, with the transforms A and B of real
//! columns: A_k = (C_k + conj(C_-k)) / 2, B_k = (C_k - conj(C_-k)) / 2i.

use super::block::Block;
use super::half::{ImageSize, RealFft};
use super::lanes::{on_lanes, scaled, times, FftElement, Lanes};
use super::layout::numbers;
use super::lines::Lines;
use super::plan::Fft1d;
use super::radix::{load, store};
use crate::kernel::parallel::{each, Shared};
use num_complex::Complex;

/// Transforms of rows and of columns.
pub(super) struct Packed<T> {
    size: ImageSize,
    parallel: bool,
    /// Forward; `run_back` is the inverse.
    rows: Fft1d<T>,
    columns: Fft1d<T>,
}

impl<T: FftElement> Packed<T> {
    /// For images of even width; with `parallel`, the work on each image is divided among threads.
    pub fn new(size: ImageSize, parallel: bool) -> Self {
        let n = size.width / 2;
        let rows = Fft1d::new(n, false, size.height);
        Self { size, parallel, rows, columns: Fft1d::new(size.height, false, n) }
    }

    /// Values between the rows of an image, which has N numbers in a row.
    fn image_stride(&self) -> usize {
        self.size.width
    }

    /// Values between the rows of a half spectrum.
    fn spectrum_stride(&self) -> usize {
        2 * self.size.half()
    }

    /// Gathers rows, calls `f`, and scatters them; rows are `strides` values apart.
    fn each_rows(&self, from: Shared<T>, to: Shared<T>, strides: [usize; 2], f: impl Fn(&mut Block<T>) + Send + Sync) {
        let (n, height, lanes) = (self.size.width / 2, self.size.height, self.rows.lanes);
        each(height.div_ceil(lanes), self.parallel, |task| {
            let (first, mut block) = (task * lanes, self.rows.block(n));
            let rows =
                |at: Shared<T>, stride| Lines::rows(at.offset(first * stride), n, stride, lanes.min(height - first));
            // SAFETY: tasks have disjoint rows.
            unsafe { rows(from, strides[0]).gather(&mut block, 0) };
            f(&mut block);
            // SAFETY: as above.
            unsafe { rows(to, strides[1]).scatter(&block, 0) };
        });
    }

    /// Likewise columns; `f` has the number of the first one and how many there are.
    fn each_columns(
        &self,
        from: Shared<T>,
        to: Shared<T>,
        strides: [usize; 2],
        f: impl Fn(&mut Block<T>, usize, usize) + Send + Sync,
    ) {
        let (n, height, lanes) = (self.size.width / 2, self.size.height, self.columns.lanes);
        each(n.div_ceil(lanes), self.parallel, |task| {
            let (first, mut block) = (task * lanes, self.columns.block(height));
            let count = lanes.min(n - first);
            let columns = |at: Shared<T>, stride| Lines::columns(at.offset(2 * first), height, stride, count);
            // SAFETY: tasks have disjoint columns.
            unsafe { columns(from, strides[0]).gather(&mut block, 0) };
            f(&mut block, first, count);
            // SAFETY: as above.
            unsafe { columns(to, strides[1]).scatter(&block, 0) };
        });
    }

    /// Transforms the rows of an image, times `scale`, and all numbers but the first also times `inner`.
    fn forward_rows(&self, x: &[T], to: Shared<T>, stride: usize, scale: f64, inner: f64) {
        let factors = [scale, 0.5 * scale * inner].map(T::of);
        self.each_rows(Shared::reading(x), to, [self.image_stride(), stride], |block| {
            self.rows.run(block);
            self.unpack(block, factors, -T::one());
        });
    }

    /// Transforms rows back to those of an image, likewise.
    fn inverse_rows(&self, image: Shared<T>, scale: f64, inner: f64) {
        let factors = [scale, 0.5 * scale * inner].map(T::of);
        self.each_rows(image, image, [self.image_stride(); 2], |block| {
            self.unpack(block, factors, T::one());
            self.rows.run_back(block);
        });
    }

    fn unpack(&self, block: &mut Block<T>, factors: [T; 2], sign: T) {
        // SAFETY: a block has N numbers.
        unsafe { unpack(block.isa(), block.lanes(), block.now(), self.rows.half_circle(), self.rows.n, factors, sign) };
    }

    /// Filters x with a half spectrum, or with its conjugate. As in `image`, only the real part of the result counts.
    pub fn filter(&self, x: &[T], response: &[Complex<T>], conjugate: bool, to: &mut [T]) {
        let (height, half) = (self.size.height, self.size.half());
        let to = Shared::new(to);
        let r = numbers(Shared::reading(response));
        let sign = if conjugate { -T::one() } else { T::one() };
        self.forward_rows(x, to, self.image_stride(), 1.0 / self.size.pixels() as f64, 1.0);
        self.each_columns(to, to, [self.image_stride(); 2], |block, first, count| {
            self.columns.run(block);
            let edges = if first == 0 { edge_columns(block, height) } else { Vec::new() };
            let (stride, at) = (self.spectrum_stride(), r.at(2 * first));
            // SAFETY: the response has as many columns.
            unsafe { respond(block.isa(), block.lanes(), block.now(), at, [height, stride, count], sign) };
            if first == 0 {
                let factor = |i: usize| Complex::new(response[i].re, sign * response[i].im);
                let filtered = |k: usize| [edges[k][0] * factor(k * half), edges[k][1] * factor(k * half + half - 1)];
                set_edge_columns(block, height, filtered);
            }
            self.columns.run_back(block);
        });
        self.inverse_rows(to, 1.0, 2.0);
    }
}

/// A_k and B_k of column 0.
fn edge_columns<T: FftElement>(block: &Block<T>, height: usize) -> Vec<[Complex<T>; 2]> {
    let half = T::of(0.5);
    let columns = |k: usize| {
        let (p, q) = (block.number(k), block.number((height - k) % height).conj());
        let (sum, difference) = ((p + q) * half, (p - q) * half);
        [sum, Complex::new(difference.im, -difference.re)]
    };
    (0..height).map(columns).collect()
}

/// Column 0 for A and B, of which only what transforms to real numbers counts: (A_k + conj(A_-k)) / 2.
fn set_edge_columns<T: FftElement>(block: &mut Block<T>, height: usize, edges: impl Fn(usize) -> [Complex<T>; 2]) {
    let half = T::of(0.5);
    for k in 0..height {
        let ([a, b], [c, d]) = (edges(k), edges((height - k) % height));
        let (a, b) = ((a + c.conj()) * half, (b + d.conj()) * half);
        block.set_number(k, Complex::new(a.re - b.im, a.im + b.re));
    }
}

on_lanes!(
    /// Z_0, ..., Z_(n-1) to X_0 + i X_N, X_1, ..., X_(n-1) if `sign` is -1, the inverse if it is 1; the first number
    /// is multiplied by the first factor, all others by the second.
    ///
    /// With S = Z_l + conj(Z_(N-l)), D = Z_l - conj(Z_(N-l)) and R = i e^(sign i a) D, 2 X_l = S + sign R and
    /// 2 X_(N-l) = conj(S - sign R); the inverse likewise without the factor 2.
    fn unpack(z: *mut T, circle: &[T], n: usize, factors: [T; 2], sign: T) = unpack_body
);

#[inline(always)]
unsafe fn unpack_body<T: FftElement, L: Lanes<T>>(z: *mut T, circle: &[T], n: usize, factors: [T; 2], sign: T) {
    let parts = [0, L::N];
    let (edge, inside) = (L::splat(factors[0]), L::splat(factors[1]));
    let first = load::<T, L>(z, 0, parts);
    let first = [L::add(first[0], first[1]), L::sub(first[0], first[1])];
    store::<T, L>(z, 0, scaled::<T, L>(first, edge), parts);
    for l in 1..=n / 2 {
        let (cos, sin) = (circle[2 * l], circle[2 * l + 1]);
        let (p, q) = (load::<T, L>(z, l, parts), load::<T, L>(z, n - l, parts));
        let s = [L::add(p[0], q[0]), L::sub(p[1], q[1])];
        let d = [L::sub(p[0], q[0]), L::add(p[1], q[1])];
        // sign i e^(sign i a) = -sin a + sign i cos a
        let r = times::<T, L>(d, [L::splat(-sin), L::splat(sign * cos), L::splat(-sign * cos)]);
        store::<T, L>(z, l, scaled::<T, L>([L::add(s[0], r[0]), L::add(s[1], r[1])], inside), parts);
        store::<T, L>(z, n - l, scaled::<T, L>([L::sub(s[0], r[0]), L::sub(r[1], s[1])], inside), parts);
    }
}

on_lanes!(
    /// Multiplies `count` neighbouring columns by those of a response, whose imaginary parts are multiplied by `sign`.
    fn respond(block: *mut T, response: *mut T, size: [usize; 3], sign: T) = respond_body
);

#[inline(always)]
unsafe fn respond_body<T: FftElement, L: Lanes<T>>(
    block: *mut T,
    response: *mut T,
    [height, stride, count]: [usize; 3],
    sign: T,
) {
    let parts = [0, L::N];
    let mut own = [T::zero(); 32];
    for k in 0..height {
        let mut at = response.add(k * stride);
        if count < L::N {
            // A vector would reach beyond the response.
            std::ptr::copy_nonoverlapping(at, own.as_mut_ptr(), 2 * count);
            at = own.as_mut_ptr();
        }
        let [re, im] = L::load_pairs(at);
        let (plus, minus) = (L::mul(im, L::splat(sign)), L::mul(im, L::splat(-sign)));
        let v = load::<T, L>(block, k, parts);
        store::<T, L>(block, k, times::<T, L>(v, [re, plus, minus]), parts);
    }
}

impl<T: FftElement> RealFft<T> for Packed<T> {
    fn spectrum(&self, x: &[T], to: &mut [Complex<T>], scale: f64, inner: f64) {
        let (height, half) = (self.size.height, self.size.half());
        let to = Shared::new(to);
        let out = numbers(to);
        self.forward_rows(x, out, self.spectrum_stride(), scale, inner);
        self.each_columns(out, out, [self.spectrum_stride(); 2], |block, first, _| {
            self.columns.run(block);
            if first == 0 {
                for (k, [a, b]) in edge_columns(block, height).into_iter().enumerate() {
                    block.set_number(k, a);
                    // SAFETY: no other task has column N.
                    unsafe { *to.at(k * half + half - 1) = b };
                }
            }
        });
    }

    fn image(&self, s: &[Complex<T>], to: &mut [T], scale: f64, inner: f64) {
        let (height, half) = (self.size.height, self.size.half());
        let to = Shared::new(to);
        let strides = [self.spectrum_stride(), self.image_stride()];
        self.each_columns(numbers(Shared::reading(s)), to, strides, |block, first, _| {
            if first == 0 {
                set_edge_columns(block, height, |k| [s[k * half], s[k * half + half - 1]]);
            }
            self.columns.run_back(block);
        });
        self.inverse_rows(to, scale, inner);
    }
}
