//! Fourier transforms of lines in shared memory, and products of complex numbers.

use super::group::{fits, groups, spread, UNITS};
use super::{empty, operand, value};
use crate::storage::Value;
use cubecl::prelude::*;

/// Numbers of the lines of a group; the longest line.
const LENGTH: usize = 1024;

/// The lines of a transform, in its operand and in its result: line (o, m, i) begins at o `outer` + m `middle` + i.
#[derive(Clone, Copy)]
pub(crate) struct Lines {
    /// Number of lines, and the sizes of m and i.
    pub count: usize,
    pub middle: usize,
    pub inner: usize,
    /// Numbers of a line, the first of which are those of operand and result; the others are zero or not needed.
    pub length: usize,
    pub from: Side,
    pub to: Side,
    /// 1 where exponents are positive, else -1.
    pub sign: f64,
    /// The position that counts as the last one plus one, in operand and result: 0, or for centred ones more.
    pub zero: usize,
    pub scale: f64,
    /// Factor of the numbers of a half spectrum but the first and the middle one.
    pub inside: f64,
}

/// Where the numbers of lines are in memory.
#[derive(Clone, Copy)]
pub(crate) struct Side {
    pub outer: usize,
    pub middle: usize,
    /// From a number to the next one, and from a real to its imaginary part.
    pub step: usize,
    pub imaginary: usize,
    /// Numbers of a line in memory.
    pub count: usize,
    /// Whether imaginary parts are not stored.
    pub real: bool,
}

/// Of a number `at` of a half spectrum of lines of `length`: `inside`, but 1 for the first and the middle one.
#[cube]
fn share(at: u32, length: u32, inside: f32) -> f32 {
    let mut v = inside;
    if at == 0u32 || 2u32 * at == length {
        v = 1.0f32;
    }
    v
}

/// y_k = scale sum_n x_n e^(sign 2 pi i k n / N) of each line, by stages (Stockham 1966, doi:10.1145/1464182.1464209):
/// after factors with product L, place k N / L + m has sum_t x_(t N / L + m) e^(sign 2 pi i k t / L).
#[cube(launch)]
#[allow(clippy::manual_is_multiple_of)] // which kernels cannot call
fn lines_kernel(
    x: &[f32],
    circle: &[f32],
    y: &mut [f32],
    count: u32,
    together: u32,
    middle: u32,
    inner: u32,
    length: u32,
    from_outer: u32,
    from_middle: u32,
    from_step: u32,
    from_imaginary: u32,
    from_count: u32,
    to_outer: u32,
    to_middle: u32,
    to_step: u32,
    to_imaginary: u32,
    to_count: u32,
    zero: u32,
    sign: f32,
    scale: f32,
    inside: f32,
    #[comptime] real: bool,
    #[comptime] to_real: bool,
    #[comptime] across: bool,
) {
    let first = CUBE_POS as u32 * together;
    if first >= count {
        terminate!();
    }
    let mut re = Shared::<[f32]>::new_slice(2048usize);
    let mut im = Shared::<[f32]>::new_slice(2048usize);
    let all = together * length;
    let mut t = UNIT_POS;
    while t < all {
        // Neighbouring units read neighbours in memory.
        let mut line = t / length;
        let mut n = t % length;
        if comptime!(across) {
            line = t % together;
            n = t / together;
        }
        // Excess lines repeat the last one.
        let l = min(first + line, count - 1u32);
        let mut a = 0.0f32;
        let mut b = 0.0f32;
        if n < from_count {
            let start = l / (middle * inner) * from_outer + l / inner % middle * from_middle + l % inner;
            let at = start + n * from_step;
            a = x[at as usize];
            if comptime!(!real) {
                b = x[(at + from_imaginary) as usize];
            }
            if comptime!(to_real) {
                let w = share(n, length, inside);
                a *= w;
                b *= w;
            }
        }
        let place = (line * length + (n + zero) % length) as usize;
        re[place] = a;
        im[place] = b;
        t += UNITS;
    }
    sync_cube();
    let mut span = 1u32;
    let mut here = 0u32;
    while span < length {
        let rest = length / span;
        let mut radix = length / span;
        if rest % 4u32 == 0u32 {
            radix = 4u32;
        } else if rest % 2u32 == 0u32 {
            radix = 2u32;
        } else if rest % 3u32 == 0u32 {
            radix = 3u32;
        } else if rest % 5u32 == 0u32 {
            radix = 5u32;
        } else if rest % 7u32 == 0u32 {
            radix = 7u32;
        }
        let apart = rest / radix;
        t = UNIT_POS;
        while t < all {
            let e = t % length;
            let (k, m) = (e / apart, e % apart);
            let start = here + t - e + k % span * rest + m;
            let turn = k * apart;
            let mut a = 0.0f32;
            let mut b = 0.0f32;
            let mut angle = 0u32;
            for q in 0..radix {
                let at = (start + q * apart) as usize;
                let (u, v) = (re[at], im[at]);
                let c = circle[(2u32 * angle) as usize];
                let s = sign * circle[(2u32 * angle + 1u32) as usize];
                a += c * u - s * v;
                b += c * v + s * u;
                angle = (angle + turn) % length;
            }
            let to = (1024u32 - here + t) as usize;
            re[to] = a;
            im[to] = b;
            t += UNITS;
        }
        here = 1024u32 - here;
        span *= radix;
        sync_cube();
    }
    t = UNIT_POS;
    while t < all {
        let mut line = t / length;
        let mut n = t % length;
        if comptime!(across) {
            line = t % together;
            n = t / together;
        }
        let l = first + line;
        if l < count && n < to_count {
            let place = (here + line * length + (n + zero) % length) as usize;
            let start = l / (middle * inner) * to_outer + l / inner % middle * to_middle + l % inner;
            let at = start + n * to_step;
            let mut w = 1.0f32;
            if comptime!(real) {
                w = share(n, length, inside);
            }
            w *= scale;
            y[at as usize] = w * re[place];
            if comptime!(!to_real) {
                y[(at + to_imaginary) as usize] = w * im[place];
            }
        }
        t += UNITS;
    }
}

/// Whether the kernel takes lines of a length.
pub(crate) fn takes(length: usize) -> bool {
    length <= LENGTH
}

/// The transforms of the lines of x as a tensor of a shape, for cosines and sines [length, 2] of a circle; `None` on
/// the cpu.
pub(crate) fn transform(x: &Value, circle: &Value, s: &Lines, shape: &[usize]) -> Option<Value> {
    let (x, circle) = (operand(x).filter(fits)?, operand(circle)?);
    let y = empty(&x, shape);
    if !fits(&y) {
        return None;
    }
    let together = (LENGTH / s.length).min(s.count);
    let (cubes, dim) = groups(s.count.div_ceil(together));
    lines_kernel::launch(
        &x.client.clone(),
        cubes,
        dim,
        x.into_buffer_arg(),
        circle.into_buffer_arg(),
        y.clone().into_buffer_arg(),
        s.count as u32,
        together as u32,
        s.middle as u32,
        s.inner as u32,
        s.length as u32,
        s.from.outer as u32,
        s.from.middle as u32,
        s.from.step as u32,
        s.from.imaginary as u32,
        s.from.count as u32,
        s.to.outer as u32,
        s.to.middle as u32,
        s.to.step as u32,
        s.to.imaginary as u32,
        s.to.count as u32,
        s.zero as u32,
        s.sign as f32,
        s.scale as f32,
        s.inside as f32,
        s.from.real,
        s.to.real,
        s.middle * s.inner > 1,
    );
    Some(value(y))
}

/// The smaller operand is repeated.
#[cube(launch)]
fn product_kernel(a: &[f32], b: &[f32], y: &mut [f32], of_a: u32, of_b: u32, count: u32, sign: f32) {
    let i = CUBE_POS as u32 * UNITS + UNIT_POS;
    if i >= count {
        terminate!();
    }
    let (j, k) = ((2u32 * (i % of_a)) as usize, (2u32 * (i % of_b)) as usize);
    let (p, q) = (a[j], a[j + 1usize]);
    let (r, s) = (b[k], sign * b[k + 1usize]);
    let to = (2u32 * i) as usize;
    y[to] = p * r - q * s;
    y[to + 1usize] = p * s + q * r;
}

/// a b, or a conj(b), of complex numbers of a shape, in which an operand with fewer numbers is repeated; `None` on the
/// cpu.
pub(crate) fn product(a: &Value, b: &Value, conjugate: bool, shape: &[usize]) -> Option<Value> {
    let (a, b) = (operand(a).filter(fits)?, operand(b).filter(fits)?);
    let y = empty(&a, shape);
    if !fits(&y) {
        return None;
    }
    let [of_a, of_b, count] = [&a, &b, &y].map(|t| t.meta.num_elements() / 2);
    let (cubes, dim) = spread(count);
    product_kernel::launch(
        &a.client.clone(),
        cubes,
        dim,
        a.into_buffer_arg(),
        b.into_buffer_arg(),
        y.clone().into_buffer_arg(),
        of_a as u32,
        of_b as u32,
        count as u32,
        if conjugate { -1.0 } else { 1.0 },
    );
    Some(value(y))
}
