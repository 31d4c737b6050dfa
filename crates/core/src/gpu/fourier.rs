//! Fourier transforms of lines in shared memory, and products of complex numbers.

use super::group::{fits, groups, UNITS};
use super::{empty, operand, units, value};
use crate::storage::Value;
use adjoint_backend::gpu::CubeTensor;
use cubecl::prelude::*;

/// Numbers of the lines of a group; the longest line of a launch.
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

/// Where numbers are in memory, as `Side`: number n of part p of a line is number E = n `every` + p `apart` of the
/// whole line, in place E - `zero` modulo its length.
#[derive(CubeType, CubeLaunch)]
struct Places {
    outer: u32,
    middle: u32,
    step: u32,
    imaginary: u32,
    count: u32,
    every: u32,
    apart: u32,
    zero: u32,
}

/// Lines of a launch, those of a group of units, and the sizes of m and i and of the parts of lines, of which each is a
/// line of `length` numbers.
#[derive(CubeType, CubeLaunch)]
struct Sizes {
    count: u32,
    together: u32,
    middle: u32,
    parts: u32,
    inner: u32,
    length: u32,
    /// Numbers of a whole line.
    total: u32,
}

/// What a launch does beside its transforms; compiled into the kernel.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
struct Task {
    /// Imaginary parts are not read, or not written.
    from_real: bool,
    to_real: bool,
    /// Numbers of a half spectrum have weights, before or after.
    weigh_first: bool,
    weigh_last: bool,
    /// Neighbouring units read, or write, numbers of neighbouring lines.
    read_across: bool,
    write_across: bool,
    /// Number k of part p is turned by k p parts of the circle.
    turn: bool,
}

/// The place of a number in its line, and of the line.
#[derive(CubeType)]
struct Spot {
    line: u32,
    n: u32,
    part: u32,
    place: u32,
    at: u32,
}

#[cube]
fn spot(t: u32, first: u32, s: &Sizes, p: &Places, #[comptime] across: bool) -> Spot {
    let mut line = t / s.length;
    let mut n = t % s.length;
    if comptime!(across) {
        line = t % s.together;
        n = t / s.together;
    }
    // Excess lines repeat the last one.
    let l = min(first + line, s.count - 1u32);
    let (i, rest) = (l % s.inner, l / s.inner);
    let (part, rest) = (rest % s.parts, rest / s.parts);
    let place = (n * p.every + part * p.apart + s.total - p.zero) % s.total;
    let start = rest / s.middle * p.outer + rest % s.middle * p.middle + i;
    Spot { line, n, part, place, at: start + place * p.step }
}

/// y_k = scale sum_n x_n e^(sign 2 pi i k n / N) of each line, by stages (Stockham 1966, doi:10.1145/1464182.1464209):
/// after factors with product L, place k N / L + m has sum_t x_(t N / L + m) e^(sign 2 pi i k t / L).
#[cube(launch)]
#[allow(clippy::manual_is_multiple_of)] // which kernels cannot call
fn lines_kernel(
    x: &[f32],
    circle: &[f32],
    y: &mut [f32],
    s: Sizes,
    from: Places,
    to: Places,
    sign: f32,
    scale: f32,
    inside: f32,
    #[comptime] task: Task,
) {
    let first = CUBE_POS as u32 * s.together;
    if first >= s.count {
        terminate!();
    }
    let length = s.length;
    let mut re = Shared::<[f32]>::new_slice(2048usize);
    let mut im = Shared::<[f32]>::new_slice(2048usize);
    let all = s.together * length;
    let mut t = UNIT_POS;
    while t < all {
        let spot = spot(t, first, &s, &from, comptime!(task.read_across));
        let mut a = 0.0f32;
        let mut b = 0.0f32;
        if spot.place < from.count {
            a = x[spot.at as usize];
            if comptime!(!task.from_real) {
                b = x[(spot.at + from.imaginary) as usize];
            }
            if comptime!(task.weigh_first) {
                let w = share(spot.place, s.total, inside);
                a *= w;
                b *= w;
            }
        }
        let to = (spot.line * length + spot.n) as usize;
        re[to] = a;
        im[to] = b;
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
            // The circle of the whole line.
            let every = s.total / length;
            let mut a = 0.0f32;
            let mut b = 0.0f32;
            let mut angle = 0u32;
            for q in 0..radix {
                let at = (start + q * apart) as usize;
                let (u, v) = (re[at], im[at]);
                let c = circle[(2u32 * angle * every) as usize];
                let s = sign * circle[(2u32 * angle * every + 1u32) as usize];
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
        let spot = spot(t, first, &s, &to, comptime!(task.write_across));
        if first + spot.line < s.count && spot.place < to.count {
            let from = (here + spot.line * length + spot.n) as usize;
            let mut a = scale * re[from];
            let mut b = scale * im[from];
            if comptime!(task.turn) {
                let angle = (2u32 * (spot.n * spot.part % s.total)) as usize;
                let (cos, sin) = (circle[angle], sign * circle[angle + 1usize]);
                let turned = cos * a - sin * b;
                b = cos * b + sin * a;
                a = turned;
            }
            if comptime!(task.weigh_last) {
                let w = share(spot.place, s.total, inside);
                a *= w;
                b *= w;
            }
            y[spot.at as usize] = a;
            if comptime!(!task.to_real) {
                y[(spot.at + to.imaginary) as usize] = b;
            }
        }
        t += UNITS;
    }
}

/// Whether the kernel takes lines of a length: at once, or as two launches of the factors of the length.
pub(crate) fn takes(length: usize) -> bool {
    length <= LENGTH || factors(length).is_some()
}

/// Two factors of a length that are as near each other as can be, the larger one first.
fn factors(length: usize) -> Option<[usize; 2]> {
    let root = (1..=LENGTH).rev().find(|&n| n * n <= length)?;
    let small = (2..=root).rev().find(|&n| length.is_multiple_of(n))?;
    (length / small <= LENGTH).then_some([length / small, small])
}

impl Side {
    fn places(&self, [every, apart]: [usize; 2], zero: usize) -> PlacesLaunch {
        let [outer, middle, step, imaginary] = [self.outer, self.middle, self.step, self.imaginary].map(|n| n as u32);
        PlacesLaunch::new(outer, middle, step, imaginary, self.count as u32, every as u32, apart as u32, zero as u32)
    }
}

/// The transforms of the lines of x as a tensor of a shape, for cosines and sines [length, 2] of a circle; `None` on
/// the cpu.
///
/// Long lines of N = N1 N2 numbers take two launches (Bailey 1990, doi:10.1007/BF00162341): transforms of N1 numbers,
/// N2 apart, number k1 of the n2-th of which is turned by n2 k1 / N of a circle, and then, for each k1, of N2 numbers,
/// of which number k2 is number k1 + N1 k2 of the result.
pub(crate) fn transform(x: &Value, circle: &Value, s: &Lines, shape: &[usize]) -> Option<Value> {
    let (x, circle) = (operand(x).filter(fits)?, operand(circle)?);
    let y = empty(&x, shape);
    if !fits(&y) {
        return None;
    }
    let across = s.middle * s.inner > 1;
    let whole = Task {
        from_real: s.from.real,
        to_real: s.to.real,
        weigh_first: s.to.real,
        weigh_last: s.from.real,
        read_across: across,
        write_across: across,
        turn: false,
    };
    if s.length <= LENGTH {
        let places = [s.from.places([1, 0], s.zero), s.to.places([1, 0], s.zero)];
        launch([&x, &circle, &y], s, [s.length, 1], places, s.scale, whole);
        return Some(value(y));
    }
    let [one, two] = factors(s.length)?;
    let numbers = s.count * s.length;
    let between = empty(&x, &[2, numbers]);
    if !fits(&between) {
        return None;
    }
    // [o, m, k1, n2, i], the real parts and then the imaginary parts.
    let line = s.length * s.inner;
    let kept =
        Side { outer: s.middle * line, middle: line, step: s.inner, imaginary: numbers, count: s.length, real: false };
    let places = [s.from.places([two, 1], s.zero), kept.places([two, 1], 0)];
    let task = Task { to_real: false, weigh_last: false, read_across: true, write_across: true, turn: true, ..whole };
    launch([&x, &circle, &between], s, [one, two], places, 1.0, task);
    let places = [kept.places([1, two], 0), s.to.places([one, 1], s.zero)];
    let task = Task { from_real: false, weigh_first: false, read_across: s.inner > 1, write_across: true, ..whole };
    launch([&between, &circle, &y], s, [two, one], places, s.scale, task);
    Some(value(y))
}

/// Transforms of `length` numbers, so many of each line.
fn launch(
    [x, circle, y]: [&CubeTensor; 3],
    s: &Lines,
    [length, parts]: [usize; 2],
    [from, to]: [PlacesLaunch; 2],
    scale: f64,
    task: Task,
) {
    let count = s.count * parts;
    let together = (LENGTH / length).min(count);
    let (cubes, dim) = groups(count.div_ceil(together));
    let [lines, together, middle, parts, inner, length, total] =
        [count, together, s.middle, parts, s.inner, length, s.length].map(|n| n as u32);
    lines_kernel::launch(
        &x.client,
        cubes,
        dim,
        x.clone().into_buffer_arg(),
        circle.clone().into_buffer_arg(),
        y.clone().into_buffer_arg(),
        SizesLaunch::new(lines, together, middle, parts, inner, length, total),
        from,
        to,
        s.sign as f32,
        scale as f32,
        s.inside as f32,
        task,
    );
}

/// The smaller operand is repeated.
#[cube(launch)]
fn product_kernel(a: &[f32], b: &[f32], y: &mut [f32], of_a: u32, of_b: u32, count: u32, sign: f32) {
    let i = ABSOLUTE_POS as u32;
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
    let (cubes, dim) = units(&a, count);
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
