//! Denoising by similar patches: non-local Bayes (Lebrun, Buades, Morel, "A nonlocal Bayesian image denoising
//! algorithm", SIAM Journal on Imaging Sciences, 2013, doi:10.1137/120874989) on the result of another denoiser.
//!
//! Around each reference patch, on a grid, the patches most like it are looked for, where the noise is already reduced.
//! The values of a group of n such patches are a matrix of small rank and noise. In the first stage its singular values
//! are shrunk as is optimal for the squared error (Gavish, Donoho, "Optimal shrinkage of singular values", IEEE
//! Transactions on Information Theory, 2017, doi:10.1109/TIT.2017.2653801). In the second stage the patches are
//! restored by Wiener's filter, with mean and covariance of the group in a pilot that is mostly the first result. A
//! pixel is the mean of all its estimates.

mod colours;
mod group;
mod search;
mod sizes;
mod symmetric;

use super::parallel::{each, Shared};
use super::simd::{entry, isa, Simd};
use crate::allocation::zeros;
use group::Group;
use search::{Search, Window};
pub(crate) use sizes::Sizes;

/// How one stage looks for patches and filters them.
#[derive(Clone, Copy)]
struct Stage {
    /// Side of a patch.
    side: usize,
    /// Distance of reference patches.
    step: usize,
    /// Patches whose corners are so far away, in rows and in columns, are compared.
    radius: usize,
    /// Patches of a group.
    count: usize,
    /// Share of the noise's variance that is assumed: below 1, since the mean of the estimates of a pixel removes more.
    share: f32,
}

const FIRST: Stage = Stage { side: 5, step: 3, radius: 16, count: 48, share: 0.8 };
const SECOND: Stage = Stage { side: 6, step: 3, radius: 18, count: 40, share: 0.65 };

/// Share of the guide in the pilot of the second stage; the rest is the result of the first.
const GUIDE: f32 = 0.3;

/// Side of a tile of reference patches.
const TILE: usize = 64;

/// Tiles whose results are in memory at once.
const BATCH: usize = 64;

/// A picture [channels, rows, columns] with white Gaussian noise of standard deviation `sigma` in each channel,
/// denoised; `guide` is the result of another denoiser.
pub(crate) fn denoise(noisy: &[f32], guide: &[f32], sizes: Sizes, sigma: f32) -> Vec<f32> {
    let noisy = colours::uncorrelated(noisy, sizes);
    let guide = colours::uncorrelated(guide, sizes);
    let mut pilot = run(FIRST, &noisy, None, &guide, sizes, sigma);
    for (pilot, guide) in pilot.iter_mut().zip(&guide) {
        *pilot += GUIDE * (guide - *pilot);
    }
    drop(guide);
    let denoised = run(SECOND, &noisy, Some(&pilot), &pilot, sizes, sigma);
    colours::mixed(&denoised, sizes)
}

/// What the tiles of a stage have in common.
struct Task<'a> {
    stage: Stage,
    noisy: &'a [f32],
    /// Where mean and covariance are taken; none in the first stage.
    pilot: Option<&'a [f32]>,
    /// Where patches are compared.
    compared: &'a [f32],
    sizes: Sizes,
    variance: f32,
}

/// Sums of the estimates, and their number, in a box of a picture.
struct Part {
    window: Window,
    sums: Vec<f32>,
    numbers: Vec<f32>,
}

fn run(stage: Stage, noisy: &[f32], pilot: Option<&[f32]>, compared: &[f32], sizes: Sizes, sigma: f32) -> Vec<f32> {
    let Sizes { channels, rows, columns } = sizes;
    let stage = Stage { side: stage.side.min(rows).min(columns), ..stage };
    let task = Task { stage, noisy, pilot, compared, sizes, variance: stage.share * sigma * sigma };
    let (downs, acrosses) = (corners(rows, stage), corners(columns, stage));
    let mut sums = zeros::<f32>(channels * sizes.plane());
    let mut numbers = zeros::<f32>(sizes.plane());
    let tiles: Vec<(&[usize], &[usize])> =
        downs.iter().flat_map(|down| acrosses.iter().map(|across| (&down[..], &across[..]))).collect();
    for batch in tiles.chunks(BATCH) {
        let mut parts: Vec<Part> = batch.iter().map(|&(down, across)| task.part(down, across)).collect();
        let shared = Shared::new(&mut parts);
        let isa = isa();
        each(batch.len(), true, |i| {
            // SAFETY: each task has its own part, and the CPU has the instructions.
            unsafe { filter_tile(isa, &task, batch[i].0, batch[i].1, &mut *shared.at(i)) }
        });
        // In the order of the tiles, so that the sums do not depend on the number of threads.
        for part in &parts {
            part.add_to(&mut sums, &mut numbers, sizes);
        }
    }
    for plane in sums.chunks_exact_mut(sizes.plane()) {
        for (sum, number) in plane.iter_mut().zip(&numbers) {
            *sum /= number;
        }
    }
    sums
}

/// The first rows, or columns, of the reference patches, those of each tile.
fn corners(length: usize, stage: Stage) -> Vec<Vec<usize>> {
    let last = length - stage.side;
    let mut tiles: Vec<Vec<usize>> = Vec::new();
    // The last one is at the border, so that each pixel is in a patch.
    for corner in (0..last).step_by(stage.step).chain([last]) {
        let tile = corner / TILE;
        match tiles.last_mut() {
            Some(corners) if corners[0] / TILE == tile => corners.push(corner),
            _ => tiles.push(vec![corner]),
        }
    }
    tiles
}

impl Task<'_> {
    /// Room for the estimates of the groups of these reference patches.
    fn part(&self, down: &[usize], across: &[usize]) -> Part {
        let Stage { side, radius, .. } = self.stage;
        let range = |corners: &[usize], length: usize| {
            let first = corners[0].saturating_sub(radius);
            (first, (corners[corners.len() - 1] + radius + side).min(length) - first)
        };
        let ((top, rows), (left, columns)) = (range(down, self.sizes.rows), range(across, self.sizes.columns));
        Part {
            window: Window { top, left, rows, columns },
            sums: zeros(self.sizes.channels * rows * columns),
            numbers: zeros(rows * columns),
        }
    }
}

entry! {
    /// Adds the estimates of the groups of all reference patches of a tile.
    fn filter_tile(task: &Task, down: &[usize], across: &[usize], part: &mut Part) = filter_tile_body
}

#[inline(always)]
unsafe fn filter_tile_body<S: Simd>(_: S, task: &Task, down: &[usize], across: &[usize], part: &mut Part) {
    let Stage { side, count, .. } = task.stage;
    let plane = task.sizes.plane();
    let mut search = Search::new(task.stage.radius, side, count);
    let mut group = Group::new(side, count);
    for &row in down {
        for &column in across {
            search.run(task.compared, task.sizes, row, column);
            for channel in 0..task.sizes.channels {
                let of_channel = channel * plane..(channel + 1) * plane;
                let noisy = &task.noisy[of_channel.clone()];
                match task.pilot {
                    None => group.shrink(noisy, task.sizes.columns, &search.found, task.variance),
                    Some(pilot) => {
                        group.wiener(noisy, &pilot[of_channel], task.sizes.columns, &search.found, task.variance);
                    }
                }
                part.add(&group, channel, &search.found);
            }
            part.count(side, &search.found);
        }
    }
}

impl Part {
    /// Adds the estimates of a channel of a group of patches.
    #[inline(always)]
    fn add(&mut self, group: &Group, channel: usize, patches: &[(usize, usize)]) {
        let Window { top, left, rows, columns } = self.window;
        let side = group.side;
        for (i, &(row, column)) in patches.iter().enumerate() {
            for a in 0..side {
                let at = (channel * rows + row - top + a) * columns + column - left;
                for (b, sum) in self.sums[at..at + side].iter_mut().enumerate() {
                    *sum += group.estimate(a * side + b, i);
                }
            }
        }
    }

    /// Counts the estimates of a group of patches, the same in each channel.
    #[inline(always)]
    fn count(&mut self, side: usize, patches: &[(usize, usize)]) {
        let Window { top, left, columns, .. } = self.window;
        for &(row, column) in patches {
            for a in 0..side {
                let at = (row - top + a) * columns + column - left;
                self.numbers[at..at + side].iter_mut().for_each(|number| *number += 1.0);
            }
        }
    }

    /// Adds this to the sums of the whole picture.
    fn add_to(&self, sums: &mut [f32], numbers: &mut [f32], sizes: Sizes) {
        let Window { top, left, rows, columns } = self.window;
        let planes = sums.chunks_exact_mut(sizes.plane()).chain([numbers]);
        let parts = self.sums.chunks_exact(rows * columns).chain([&self.numbers[..]]);
        for (to, from) in planes.zip(parts) {
            for (row, from) in from.chunks_exact(columns).enumerate() {
                let to = &mut to[(top + row) * sizes.columns + left..][..columns];
                to.iter_mut().zip(from).for_each(|(to, from)| *to += from);
            }
        }
    }
}
