//! Winograd's algorithm (Lavin, Gray 2016, arXiv:1509.09308) for convolutions and their adjoints in the input, as
//! [`plan`] divides them into convolutions with stride 1 of 2x2 to 4x4 filters.
//!
//! Tiles are processed in blocks that fit the cache. For each block: the pixels of its tiles are gathered into vectors
//! of channels and transformed, multiplied by one matrix product per point (36 or 16), transformed back, and written.
//! Nothing larger than a block is stored except the weights.
//!
//! With few tiles the transformed weights are larger than everything else. Then all tiles are transformed first, and
//! each point is one product: its weights are read once, and all threads have points to work at. Where the cache does
//! not hold the transformed weights, [`panels`] of them are made as they are needed.

pub mod backward;
pub mod gradient;
mod panels;
pub mod plan;
mod sides;
mod tiles;
pub mod transform;
pub mod weights;

use super::shape::Epilogue;
use crate::kernel::parallel::{each, scratch, uninit, Shared};
use crate::kernel::product::{product, Left, Out, Right};
use crate::kernel::simd::{entry, lanes, InstructionSet, Simd};
use plan::{Line, Plan};
use sides::{Side, GAP};
use std::ops::Range;
pub use tiles::Gate;
use tiles::Window;
#[cfg(not(target_arch = "wasm32"))]
use transform::Four;
use transform::{with_scheme, Grid, Scheme, Six, Tile};
use weights::{Transformed, Weights};

/// What the plan computes of `x` [batch, inputs, size], then the epilogue: [batch, outputs, out].
pub fn forward(isa: InstructionSet, plan: &Plan, x: &[f32], w: Weights, epilogue: Epilogue) -> Vec<f32> {
    let [inputs, outputs] = plan.channels;
    let [rows, columns] = plan.axes.map(|axis| axis.lines[1].size);
    // SAFETY: every pixel belongs to a tile, and every tile is written.
    let mut y = unsafe { uninit(plan.batch * outputs * rows * columns) };
    let job = Job { plan, epilogue, y: Shared::new(&mut y) };
    if plan.in_panels() {
        panels::forward(isa, &job, x, w);
        return y;
    }
    let (_weights, u) = weights::transform(isa, plan, w);
    let depth = 0..plan.depth(lanes(isa));
    let patch_size = patch_size(plan, isa);
    // SAFETY: blocks have disjoint tiles, points disjoint products, and both sides hold the tiles.
    unsafe {
        if has_few_tiles(plan) {
            let (_memory, [v, m]) = sides::all(plan, isa);
            each_block(plan, patch_size, |tiles, patch| {
                read(isa, plan, Source::Input(x, None), 0..inputs, tiles, patch, v);
            });
            each(plan.points(), true, |p| {
                // The tiles of a block stay in the first-level cache, the weights of the point in the second.
                for block in 0..plan.blocks() {
                    multiply(isa, plan, u, depth.clone(), p, plan.block(block), [v, m]);
                }
            });
            each_block(plan, patch_size, |tiles, patch| write(isa, &job, 0..outputs, tiles, patch, m));
        } else {
            each_block(plan, patch_size + sides::block_size(plan, isa), |tiles, patch| {
                let both = sides::of_block(plan, isa, patch.add(patch_size), tiles[0]);
                read(isa, plan, Source::Input(x, None), 0..inputs, tiles, patch, both[0]);
                for p in 0..plan.points() {
                    multiply(isa, plan, u, depth.clone(), p, tiles, both);
                }
                write(isa, &job, 0..outputs, tiles, patch, both[1]);
            });
        }
    }
    y
}

/// With as many blocks of tiles as this, threads share out the blocks.
const MIN_BLOCKS: usize = 8;

/// Whether the points of the transforms are shared out, not the blocks of tiles.
fn has_few_tiles(plan: &Plan) -> bool {
    plan.blocks() < MIN_BLOCKS
}

/// Values of the pixels of a run of tiles.
fn patch_size(plan: &Plan, isa: InstructionSet) -> usize {
    plan.patch() * lanes(isa)
}

/// Calls `stage` for each block of tiles, with memory for `count` values.
fn each_block(plan: &Plan, count: usize, stage: impl Fn([usize; 2], *mut f32) + Send + Sync) {
    each(plan.blocks(), true, |block| {
        scratch(count, |memory| stage(plan.block(block), memory.as_mut_ptr()));
    });
}

struct Job<'a> {
    plan: &'a Plan,
    epilogue: Epilogue<'a>,
    y: Shared,
}

/// The image whose tiles are transformed.
#[derive(Clone, Copy)]
enum Source<'a> {
    /// The one that the plan reads (B^T d B), and what else is done with it.
    Input(&'a [f32], Option<&'a Reading<'a>>),
    /// The gradient in the plan's result (A g A^T).
    Gradient(&'a [f32]),
}

/// What is done with an image while it is read: it is gated, and the sums of its channels are added to others.
struct Reading<'a> {
    gate: Option<Gate<&'a [f32]>>,
    sums: Option<Shared<f64>>,
}

entry! {
    /// Transforms tiles of an image.
    fn read(plan: &Plan, image: Source, channels: Range<usize>, tiles: [usize; 2], patch: *mut f32, to: Side)
        = read_body
}

#[inline(always)]
unsafe fn read_body<S: Simd>(
    _: S,
    plan: &Plan,
    image: Source,
    channels: Range<usize>,
    tiles: [usize; 2],
    patch: *mut f32,
    side: Side,
) {
    // The transform of the input is the same for all schemes of six points.
    match (plan.tile, image) {
        #[cfg(not(target_arch = "wasm32"))]
        (Tile::F2x3, Source::Input(x, extra)) => {
            read_tiles::<S, Four, false>(plan, x, extra, channels, tiles, patch, side)
        }
        (_, Source::Input(x, extra)) => read_tiles::<S, Six<4>, false>(plan, x, extra, channels, tiles, patch, side),
        (tile, Source::Gradient(g)) => {
            with_scheme!(tile, T => read_tiles::<S, T, true>(plan, g, None, channels, tiles, patch, side));
        }
    }
}

entry! {
    /// The product of one point of transformed tiles with the weights from some input channels of all parts, which is
    /// added to that with those before.
    fn multiply(plan: &Plan, u: Transformed, depth: Range<usize>, p: usize, tiles: [usize; 2], sides: [Side; 2])
        = multiply_body
}

#[inline(always)]
unsafe fn multiply_body<S: Simd>(
    _: S,
    plan: &Plan,
    u: Transformed,
    depth: Range<usize>,
    p: usize,
    [first, last]: [usize; 2],
    [v, m]: [Side; 2],
) {
    let (row, rows) = (first * plan.residues(), (last - first) * plan.residues());
    product::<S>(
        rows,
        depth.len(),
        m.wide / S::N,
        Left { at: v.at(p, row).add(depth.start), row: v.wide, column: 1, strip: None },
        Right { at: u.at.at(p * u.point), row: u.width, panel: u.panel },
        Out { at: m.at(p, row), row: m.wide, add: depth.start > 0 },
    );
}

entry! {
    /// The sums over some tiles of one point for some input channels of all parts; `sums` are those of the first point.
    fn sum(plan: &Plan, depth: Range<usize>, p: usize, tiles: [usize; 2], sides: [Side; 2], sums: Out) = sum_body
}

#[inline(always)]
unsafe fn sum_body<S: Simd>(
    _: S,
    plan: &Plan,
    depth: Range<usize>,
    p: usize,
    [first, last]: [usize; 2],
    [v, m]: [Side; 2],
    sums: Out,
) {
    let (row, rows) = (first * plan.residues(), (last - first) * plan.residues());
    product::<S>(
        depth.len(),
        rows,
        m.wide / S::N,
        Left { at: v.at(p, row).add(depth.start), row: 1, column: v.wide, strip: None },
        Right { at: m.at(p, row), row: m.wide, panel: S::VECS * S::N },
        Out { at: sums.at.add(p * (depth.len() * sums.row + GAP)), ..sums },
    );
}

entry! {
    /// Transforms tiles of the results back and writes them.
    fn write(job: &Job, channels: Range<usize>, tiles: [usize; 2], patch: *mut f32, from: Side) = write_body
}

#[inline(always)]
unsafe fn write_body<S: Simd>(_: S, job: &Job, channels: Range<usize>, tiles: [usize; 2], patch: *mut f32, side: Side) {
    with_scheme!(job.plan.tile, T => write_tiles::<S, T>(job, channels, tiles, patch, side));
}

/// The bias of the channels from `c` on that a vector holds.
#[inline(always)]
unsafe fn bias_of<S: Simd>(bias: Option<&[f32]>, c: usize) -> S::V {
    match bias {
        Some(b) if c + S::N <= b.len() => S::load(b.as_ptr().add(c)),
        Some(b) => {
            let mut padded = [0.0f32; 16];
            padded[..b.len() - c].copy_from_slice(&b[c..]);
            S::load(padded.as_ptr())
        }
        None => S::splat(0.0),
    }
}

/// Transforms the tiles `[first, last)` of some channels of the results back (A^T m A) and writes them with the
/// epilogue.
#[inline(always)]
unsafe fn write_tiles<S: Simd, T: Scheme>(
    job: &Job,
    channels: Range<usize>,
    [first, last]: [usize; 2],
    patch: *mut f32,
    side: Side,
) {
    let plan = job.plan;
    let (outputs, residues) = (plan.channels[1], plan.residues());
    let [y, x] = [plan.axes[0].lines[1], plan.axes[1].lines[1]];
    let mut t = first;
    while t < last {
        let run = plan.run(t, last);
        let columns = x.pixels(run.length);
        for c in channels.clone().step_by(S::N) {
            let bias = bias_of::<S>(job.epilogue.bias, c);
            macro_rules! output {
                ($kind:path) => {
                    for part in 0..plan.parts(1) {
                        for residue in 0..residues {
                            let to = pixels::<S>(plan, [&y, &x], columns, patch, [residue, part]);
                            let at = side.channel(t * residues + residue, part, c);
                            for tile in 0..run.length {
                                let at = at.add(tile * residues * side.wide).cast_const();
                                let from = Grid { at, row: T::IN * side.point, column: side.point };
                                let to = Grid { at: to.at.add(tile * x.every * S::N), ..to };
                                transform::output::<S, T, { $kind }>(from, to, bias, job.epilogue.slope);
                            }
                        }
                    }
                };
            }
            match job.epilogue.slope {
                1.0 => output!(transform::NONE),
                0.0 => output!(transform::RELU),
                _ => output!(transform::LEAKY),
            }
            let window = Window::new([&y, &x], [run.row, run.column], outputs - c, columns);
            tiles::write::<S>(window, patch, job.y.at((run.image * outputs + c) * y.size * x.size));
        }
        t += run.length;
    }
}

/// The pixels of a part and residue of the first tile in the patch of a run.
#[inline(always)]
unsafe fn pixels<S: Simd>(
    plan: &Plan,
    [y, x]: [&Line; 2],
    columns: usize,
    patch: *mut f32,
    [residue, part]: [usize; 2],
) -> Grid<*mut f32> {
    let (across, wide) = (x.parts, plan.axes[1].residues);
    let row = y.offset(part / across) + residue / wide;
    let column = x.offset(part % across) + residue % wide;
    Grid { at: patch.add((row * columns + column) * S::N), row: y.step * columns * S::N, column: x.step * S::N }
}

/// Transforms the tiles `[first, last)` of the input (B^T d B) or, with `GRADIENT`, of the output's gradient (A g A^T),
/// of its `own` channels.
#[inline(always)]
unsafe fn read_tiles<S: Simd, T: Scheme, const GRADIENT: bool>(
    plan: &Plan,
    image: &[f32],
    extra: Option<&Reading>,
    own: Range<usize>,
    [first, last]: [usize; 2],
    patch: *mut f32,
    side: Side,
) {
    let i = usize::from(GRADIENT);
    let (channels, residues) = (plan.channels[i], plan.residues());
    let [y, x] = [plan.axes[0].lines[i], plan.axes[1].lines[i]];
    let mut t = first;
    while t < last {
        let run = plan.run(t, last);
        let columns = x.pixels(run.length);
        for c in own.clone().step_by(S::N) {
            let window = Window::new([&y, &x], [run.row, run.column], channels - c, columns);
            let plane = (run.image * channels + c) * y.size * x.size;
            let gate = match extra {
                Some(Reading { gate: Some(gate), .. }) => {
                    Some(Gate { sign: gate.sign.as_ptr().add(plane), slope: gate.slope })
                }
                _ => None,
            };
            tiles::read::<S>(window, image.as_ptr().add(plane), gate, patch);
            if let Some(Reading { sums: Some(sums), .. }) = extra {
                let mut lanes = [0.0f32; 16];
                S::store(lanes.as_mut_ptr(), tiles::sum::<S>(window, plan.own(&run), patch));
                for (k, lane) in lanes.iter().enumerate().take(S::N.min(channels - c)) {
                    *sums.at(c + k) += f64::from(*lane);
                }
            }
            for part in 0..plan.parts(i) {
                for residue in 0..residues {
                    let from = pixels::<S>(plan, [&y, &x], columns, patch, [residue, part]);
                    let at = side.channel(t * residues + residue, part, c);
                    for tile in 0..run.length {
                        let Grid { row, column, .. } = from;
                        let from = Grid { at: from.at.add(tile * x.every * S::N).cast_const(), row, column };
                        let at = at.add(tile * residues * side.wide);
                        let to = Grid { at, row: T::IN * side.point, column: side.point };
                        if GRADIENT {
                            transform::gradient::<S, T>(from, to);
                        } else {
                            transform::input::<S, T>(from, to);
                        }
                    }
                }
            }
        }
        t += run.length;
    }
}
