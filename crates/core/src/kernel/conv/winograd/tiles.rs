//! The pixels of tiles of an image in NCHW, as vectors of `N` channels.

use super::plan::Line;
use crate::kernel::simd::Simd;
use crate::kernel::sums;
use std::mem::MaybeUninit;

/// Largest number of lanes of an instruction set.
const MAX_LANES: usize = 16;
/// Columns that are read one by one, not as part of a square.
const FEW: usize = 2;

/// A rectangle of up to `N` channels of an image; it may extend outside.
#[derive(Debug, Clone, Copy)]
pub struct Window {
    /// Channels left from the first one on; at most `N` are used.
    pub channels: usize,
    /// Height and width of the image.
    pub size: [usize; 2],
    /// First row and column.
    pub from: [isize; 2],
    pub rows: usize,
    pub columns: usize,
}

impl Window {
    /// The window of a run of tiles, the first in a row and column of the grid of tiles.
    #[inline(always)]
    pub fn new([y, x]: [&Line; 2], [row, column]: [usize; 2], channels: usize, columns: usize) -> Self {
        let from = [y.first + (row * y.every) as isize, x.first + (column * x.every) as isize];
        Self { channels, size: [y.size, x.size], from, rows: y.span, columns }
    }
    /// The columns that are inside the image.
    fn inside(&self) -> (usize, usize) {
        let first = (-self.from[1]).max(0) as usize;
        let last = (self.size[1] as isize - self.from[1]).clamp(0, self.columns as isize) as usize;
        (first.min(last), last)
    }
    /// The offset of row `i` in the plane of the image; `None` outside.
    fn row(&self, i: usize) -> Option<isize> {
        let y = self.from[0] + i as isize;
        (y >= 0 && y < self.size[0] as isize).then(|| y * self.size[1] as isize + self.from[1])
    }
}

/// What an image is multiplied by where another one is not positive; elsewhere 1.
#[derive(Clone, Copy)]
pub struct Gate<P> {
    pub sign: P,
    pub slope: f32,
}

/// `N` rows of `N` values at distance `plane`, gated.
// A branch within the loop would be compiled as one for each row.
#[inline(always)]
unsafe fn gated<S: Simd>(from: *const f32, gate: Gate<*const f32>, plane: usize, to: *mut f32) {
    if gate.slope == 0.0 {
        for c in 0..S::N {
            let (value, sign) = (S::load(from.add(c * plane)), S::load(gate.sign.add(c * plane)));
            S::store(to.add(c * S::N), S::pick(sign, value, S::splat(0.0)));
        }
        return;
    }
    for c in 0..S::N {
        let (value, sign) = (S::load(from.add(c * plane)), S::load(gate.sign.add(c * plane)));
        S::store(to.add(c * S::N), S::pick(sign, value, S::mul(S::splat(gate.slope), value)));
    }
}

/// Aligned memory for a square.
#[repr(align(64))]
struct Square(#[allow(dead_code)] [f32; MAX_LANES * MAX_LANES]);

/// A square of `N` channels and `N` columns.
#[inline(always)]
unsafe fn square<S: Simd>(from: *const f32, gate: Option<Gate<*const f32>>, plane: usize, to: *mut f32) {
    let Some(gate) = gate else { return S::transpose(from, plane, to, S::N) };
    let mut memory = MaybeUninit::<Square>::uninit();
    let memory: *mut f32 = memory.as_mut_ptr().cast();
    gated::<S>(from, gate, plane, memory);
    S::transpose(memory, S::N, to, S::N);
}

/// One column of some channels.
#[inline(always)]
unsafe fn column<S: Simd>(
    from: *const f32,
    gate: Option<Gate<*const f32>>,
    plane: usize,
    channels: usize,
    to: *mut f32,
) {
    if channels < S::N {
        S::store(to, S::splat(0.0));
    }
    for c in 0..channels {
        let value = *from.add(c * plane);
        *to.add(c) = match gate {
            Some(Gate { sign, slope }) => sums::gate(value, *sign.add(c * plane), slope),
            None => value,
        };
    }
}

/// Reads a window, zero outside the image: pixel (i, j) becomes a vector of channels at `to[(i columns + j) N]`.
///
/// # Safety
/// `from`, and the sign of `gate`, are the plane of the first channel.
#[inline(always)]
pub unsafe fn read<S: Simd>(w: Window, from: *const f32, gate: Option<Gate<*const f32>>, to: *mut f32) {
    let (first, last) = w.inside();
    let plane = w.size[0] * w.size[1];
    let zero = S::splat(0.0);
    let channels = w.channels.min(S::N);
    let squares = channels == S::N && last - first >= S::N;
    // Columns before the first square. Where rows are aligned, so are the squares: each line of memory is read once.
    let aligned = w.size[1].is_multiple_of(S::N);
    let lead = if aligned { (-(w.from[1] + first as isize)).rem_euclid(S::N as isize) as usize } else { 0 };
    for i in 0..w.rows {
        let row = to.add(i * w.columns * S::N);
        let Some(start) = w.row(i) else {
            for j in 0..w.columns {
                S::store(row.add(j * S::N), zero);
            }
            continue;
        };
        for j in (0..first).chain(last..w.columns) {
            S::store(row.add(j * S::N), zero);
        }
        macro_rules! read {
            ($f:ident, $j:expr $(, $channels:expr)?) => {{
                let at = start + $j as isize;
                let gate = match gate {
                    Some(gate) => Some(Gate { sign: gate.sign.offset(at), slope: gate.slope }),
                    None => None,
                };
                $f::<S>(from.offset(at), gate, plane, $($channels,)? row.add($j * S::N));
            }};
        }
        let mut j = first;
        if squares {
            if lead > FEW {
                read!(square, j);
                j += lead;
            } else {
                for _ in 0..lead {
                    read!(column, j, channels);
                    j += 1;
                }
            }
            while j + S::N <= last {
                read!(square, j);
                j += S::N;
            }
            if last - j > FEW {
                // It overlaps the one before it.
                j = last - S::N;
                read!(square, j);
                j = last;
            }
        }
        while j < last {
            read!(column, j, channels);
            j += 1;
        }
    }
}

/// The sum of the first rows and columns of a window that was read.
///
/// # Safety
/// As `read` left it.
#[inline(always)]
pub unsafe fn sum<S: Simd>(w: Window, [rows, columns]: [usize; 2], from: *const f32) -> S::V {
    // Independent sums, so that none waits for the one before it.
    let mut total = [S::splat(0.0); 4];
    for i in 0..rows {
        let row = from.add(i * w.columns * S::N);
        let mut j = 0;
        while j + 4 <= columns {
            for (k, total) in total.iter_mut().enumerate() {
                *total = S::add(*total, S::load(row.add((j + k) * S::N)));
            }
            j += 4;
        }
        for j in j..columns {
            total[0] = S::add(total[0], S::load(row.add(j * S::N)));
        }
    }
    S::add(S::add(total[0], total[1]), S::add(total[2], total[3]))
}

/// The inverse of `read`: writes the part of the window that is inside the image.
///
/// # Safety
/// `to` is the plane of the first channel; no other task writes to the window.
#[inline(always)]
pub unsafe fn write<S: Simd>(w: Window, from: *const f32, to: *mut f32) {
    let (first, last) = w.inside();
    let plane = w.size[0] * w.size[1];
    for i in 0..w.rows {
        let Some(start) = w.row(i) else { continue };
        let row = from.add(i * w.columns * S::N);
        let pixel = |j: usize| to.offset(start + j as isize);
        if w.channels >= S::N && last - first >= S::N {
            let mut j = first;
            while j + S::N < last {
                S::transpose(row.add(j * S::N), S::N, pixel(j), plane);
                j += S::N;
            }
            S::transpose(row.add((last - S::N) * S::N), S::N, pixel(last - S::N), plane);
            continue;
        }
        for c in 0..w.channels.min(S::N) {
            for j in first..last {
                *pixel(j).add(c * plane) = *row.add(j * S::N + c);
            }
        }
    }
}
