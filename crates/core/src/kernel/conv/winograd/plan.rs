//! How a convolution, or its adjoint in the input, becomes convolutions with stride 1 of filters as small as a scheme
//! takes them.
//!
//! On each axis, where the stride s or the dilation d is 1, with k taps of which the scheme takes r at once:
//!
//! - Stride: output m reads the pixels s (m + a) + b through the taps s a + b. Each phase b < s is a convolution with
//!   stride 1 of every s-th pixel.
//! - More than r taps: each piece of r taps is a convolution of its own.
//! - Phases and pieces are *parts*: they add up, as if the input had that many times more channels.
//! - Dilation: the outputs d m + q read the pixels d (m + a) + q. Each *residue* q < d has tiles of its own.
//! - The adjoint, with padding p: pixel s m + b - p of the result reads the values m - a through the taps s a + b.
//!   Phases are parts of the result's channels, which share the values that they read.

use super::transform::Tile;
use crate::kernel::conv::shape::ConvShape;

/// Tiles in a block: a multiple of every `Simd::ROWS`.
pub const BLOCK: usize = 24;
/// Largest number of tiles in a run, and of the vectors of its pixels where it has more than one tile, so that they
/// stay in the first-level cache.
const MAX_RUN: usize = 16;
const MAX_PIXELS: usize = 512;
/// Transformed weights that the cache holds.
const MANY_WEIGHTS: f64 = (1 << 19) as f64;
/// Fewest terms of the products for each of their rows where weights are transformed in panels.
const MIN_TERMS: usize = 8;
/// Largest number of parts, and of residues, of an axis.
const MAX_PARTS: usize = 4;

/// The pixels of the tiles of an image along an axis: pixel i of tile t, residue q, part k is at
/// `first + t every + q + offset(k) + i step`.
#[derive(Debug, Clone, Copy)]
pub struct Line {
    /// Pixels of the image.
    pub size: usize,
    pub first: isize,
    pub every: usize,
    pub step: usize,
    pub parts: usize,
    phases: usize,
    piece: usize,
    /// Pixels from the first to the last of a tile, with its parts and residues.
    pub span: usize,
}

impl Line {
    /// Where a part begins.
    #[inline(always)]
    pub fn offset(&self, part: usize) -> usize {
        part % self.phases + part / self.phases * self.piece
    }
    /// Pixels of a run of tiles.
    pub fn pixels(&self, run: usize) -> usize {
        (run - 1) * self.every + self.span
    }
}

/// The taps of a filter along an axis, in the order in which its parts read them, and zeros: tap `s j + b` is read by
/// phase b at position j.
#[derive(Debug, Clone, Copy)]
pub struct Taps {
    /// Taps of the filter, and with zeros.
    pub count: usize,
    pub padded: usize,
    /// Distance of the taps of a part.
    pub step: usize,
    reach: usize,
    reversed: bool,
}

impl Taps {
    /// The tap at a place of the padded filter; `None` for a zero.
    #[inline(always)]
    pub fn at(&self, place: usize) -> Option<usize> {
        let tap = match self.reversed {
            false => place,
            true => self.padded - self.step * (place / self.step + 1) + place % self.step,
        };
        (tap < self.count).then_some(tap)
    }
}

/// The tiles of an axis.
#[derive(Debug, Clone, Copy)]
pub struct Axis {
    /// Those of the image that is read, and of the result.
    pub lines: [Line; 2],
    pub tiles: usize,
    pub residues: usize,
    pub taps: Taps,
}

impl Axis {
    fn new(s: &ConvShape, i: usize, tile: Tile, adjoint: bool) -> Self {
        let [outputs, reach] = tile.sizes();
        let (stride, dilation, padding, count) = (s.stride[i], s.dilation[i], s.padding[i], s.kernel[i]);
        let pieces = count.div_ceil(stride).div_ceil(reach);
        let taps = Taps { count, padded: stride * reach * pieces, step: stride, reach, reversed: adjoint };
        // Pixels of the finer image lie as far apart as the stride.
        let line = |size: usize, first: isize, pixels: usize, stride: usize, phases: usize, pieces: usize| {
            let step = stride * dilation;
            let mut line = Line {
                size,
                first,
                every: outputs * step,
                step,
                parts: phases * pieces,
                phases,
                piece: reach * step,
                span: 0,
            };
            line.span = (pixels - 1) * step + dilation + line.offset(line.parts - 1);
            line
        };
        let inputs = outputs + reach - 1;
        let (lines, length) = if adjoint {
            // The first result that a phase has.
            let lead = padding / stride;
            let before = (stride * lead) as isize - padding as isize;
            let from = lead as isize - (dilation * (reach * pieces - 1)) as isize;
            let lines =
                [line(s.out[i], from, inputs, 1, 1, pieces), line(s.size[i], before, outputs, stride, stride, 1)];
            (lines, (s.size[i] as isize - before) as usize)
        } else {
            let lines = [
                line(s.size[i], -(padding as isize), inputs, stride, stride.min(count), pieces),
                line(s.out[i], 0, outputs, 1, 1, 1),
            ];
            (lines, s.out[i])
        };
        Self { lines, tiles: length.div_ceil(lines[1].every), residues: dilation, taps }
    }

    /// Where the taps of a part of the input and one of the result begin in the padded filter.
    #[inline(always)]
    pub fn tap(&self, [input, output]: [usize; 2]) -> usize {
        let phases = self.lines[0].phases;
        input % phases + input / phases * self.taps.reach * self.taps.step + output
    }
}

/// A convolution, or its adjoint, by Winograd's algorithm.
#[derive(Debug, Clone, Copy)]
pub struct Plan {
    pub batch: usize,
    /// Channels of the input and of the result.
    pub channels: [usize; 2],
    pub axes: [Axis; 2],
    pub tile: Tile,
    /// Largest number of tiles in a run.
    run: usize,
}

impl Plan {
    /// The plan of a convolution, or of its adjoint in the input; `None` where it has groups, or more parts or residues
    /// than are kept at once.
    pub fn new(s: &ConvShape, tile: Tile, adjoint: bool) -> Option<Self> {
        let [_, reach] = tile.sizes();
        let applies = |i: usize| {
            s.stride[i].min(s.dilation[i]) == 1
                && s.dilation[i] <= MAX_PARTS
                && s.kernel[i].div_ceil(s.stride[i]).div_ceil(reach).saturating_mul(s.stride[i]) <= MAX_PARTS
        };
        if s.groups != 1 || !applies(0) || !applies(1) {
            return None;
        }
        let axes = [0, 1].map(|i| Axis::new(s, i, tile, adjoint));
        let mut channels = s.channels;
        if adjoint {
            channels.reverse();
        }
        let mut plan = Self { batch: s.batch, channels, axes, tile, run: 1 };
        while plan.run < MAX_RUN && plan.pixels(plan.run + 1) <= MAX_PIXELS {
            plan.run += 1;
        }
        Some(plan)
    }

    /// Pixels of a run of tiles, the larger of both images.
    fn pixels(&self, run: usize) -> usize {
        let [y, x] = &self.axes;
        (0..2).map(|side| y.lines[side].span * x.lines[side].pixels(run)).max().unwrap_or(0)
    }
    /// Pixels of the longest run of tiles.
    pub fn patch(&self) -> usize {
        self.pixels(self.run)
    }
    /// Residues of a tile.
    pub fn residues(&self) -> usize {
        self.axes[0].residues * self.axes[1].residues
    }
    /// Parts of the channels of a side.
    pub fn parts(&self, side: usize) -> usize {
        self.axes[0].lines[side].parts * self.axes[1].lines[side].parts
    }
    /// Channels of all parts of a side, where those of a part begin at multiples of `n`.
    pub fn wide(&self, side: usize, n: usize) -> usize {
        self.parts(side) * self.channels[side].next_multiple_of(n)
    }
    /// Terms of the products: `wide` of the input without what follows its last part.
    pub fn depth(&self, n: usize) -> usize {
        (self.parts(0) - 1) * self.channels[0].next_multiple_of(n) + self.channels[0]
    }
    /// Tiles of all images; each has `residues` rows in the products.
    pub fn tiles(&self) -> usize {
        self.batch * self.axes[0].tiles * self.axes[1].tiles
    }
    /// Rows of the products: those of all tiles.
    pub fn rows(&self) -> usize {
        self.tiles() * self.residues()
    }
    /// Tiles of a block.
    fn in_block(&self) -> usize {
        (BLOCK / self.residues()).max(1)
    }
    /// Rows of a block.
    pub fn block_rows(&self) -> usize {
        self.in_block() * self.residues()
    }
    /// The number of blocks of tiles.
    pub fn blocks(&self) -> usize {
        self.tiles().div_ceil(self.in_block())
    }
    /// First tile of a block, and the tile after its last.
    pub fn block(&self, block: usize) -> [usize; 2] {
        let tiles = self.in_block();
        [block * tiles, ((block + 1) * tiles).min(self.tiles())]
    }
    /// The block of a tile.
    pub fn index(&self, tile: usize) -> usize {
        tile / self.in_block()
    }
    /// Points of a transformed tile.
    pub fn points(&self) -> usize {
        self.tile.side() * self.tile.side()
    }
    /// The multiply-adds of the products, and as many as take about the time of the transforms: measured with AVX-512,
    /// 32 to 512 channels.
    pub fn cost(&self) -> f64 {
        let [depth, wide] = [0, 1].map(|side| self.wide(side, 16) as f64);
        let rows = self.rows() as f64;
        let terms = (self.parts(0) * self.parts(1) * self.channels[0] * self.channels[1]) as f64;
        let points = self.points() as f64;
        // Many transformed weights are written to memory and read again; panels of them are not, but share no tiles.
        let [product, weight] = match self.in_panels() {
            true => [1.4, 10.0],
            false => [1.0, if points * terms > MANY_WEIGHTS { 25.0 } else { 6.0 }],
        };
        points * (rows * (product * terms + 9.0 * (depth + wide)) + weight * terms)
    }
    /// Whether the weights are transformed panel by panel: there are more of them than the cache holds, and so few rows
    /// that it takes less to read these for each panel again.
    pub fn in_panels(&self) -> bool {
        let weights = self.points() * self.channels[0] * self.channels[1];
        self.parts(0) * self.parts(1) == 1
            && MIN_TERMS * self.rows() <= self.channels[0]
            && weights as f64 > MANY_WEIGHTS
    }
    /// Whether the tiles hold every pixel of the image that is read: not those that only padding meets.
    pub fn covers(&self) -> bool {
        self.axes.iter().all(|axis| {
            let [line, _] = &axis.lines;
            line.first <= 0 && line.first + line.pixels(axis.tiles) as isize >= line.size as isize
        })
    }
    /// Rows and columns of the pixels of a run that no later run of the row, and no later row, has again.
    pub fn own(&self, run: &Run) -> [usize; 2] {
        let [rows, columns] = [0, 1].map(|i| (self.axes[i].tiles, &self.axes[i].lines[0]));
        let height = if run.row + 1 == rows.0 { rows.1.span } else { rows.1.every };
        let length = columns.1.every * run.length;
        [height, if run.column + run.length == columns.0 { columns.1.pixels(run.length) } else { length }]
    }
    /// The longest run that starts at tile `at` and ends at or before tile `end`.
    pub fn run(&self, at: usize, end: usize) -> Run {
        let [rows, columns] = [self.axes[0].tiles, self.axes[1].tiles];
        let (row, column) = (at / columns, at % columns);
        Run { image: row / rows, row: row % rows, column, length: (columns - column).min(end - at).min(self.run) }
    }
}

/// Neighbouring tiles in one row of tiles.
#[derive(Debug, Clone, Copy)]
pub struct Run {
    pub image: usize,
    pub row: usize,
    pub column: usize,
    pub length: usize,
}
