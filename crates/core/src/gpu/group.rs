//! Groups of units that share memory: sums of many numbers without atomic additions, so that results are the same each
//! time.

use adjoint_backend::gpu::CubeTensor;
use cubecl::prelude::*;

/// Units of a group, the most that every device has.
pub(super) const UNITS: u32 = 256;
/// Most parts of a sum whose parts one group adds.
pub(super) const PARTS: usize = UNITS as usize;
/// Numbers of a part of a long sum, at least, but for the last.
const PART: usize = 4096;
/// Groups along the first axis of a launch, at most.
const WIDE: usize = 1 << 15;

/// Shape and size of a launch of at least `count` groups; those beyond do nothing.
pub(super) fn groups(count: usize) -> (CubeCount, CubeDim) {
    let wide = count.clamp(1, WIDE);
    (CubeCount::Static(wide as u32, count.div_ceil(wide) as u32, 1), CubeDim::new_1d(UNITS))
}

/// How `length` numbers are divided: into at most `most` parts, so many, of so many numbers each.
pub(super) fn parts(length: usize, most: usize) -> (usize, usize) {
    let part = length.div_ceil(most).max(PART);
    (length.div_ceil(part).max(1), part)
}

/// Whether positions in a tensor are numbers of 32 bits, as kernels take them.
pub(super) fn fits(t: &CubeTensor) -> bool {
    t.meta.num_elements() < (1 << 31)
}

/// Adds up two numbers of each unit, in two lists of `UNITS` numbers, each of rows of `columns`, a power of two: the
/// sums are in the first rows. All units of the group must call it.
#[cube]
pub(super) fn add_up(lists: &mut Shared<[f32]>, one: f32, two: f32, #[comptime] columns: u32) {
    let unit = UNIT_POS;
    lists[unit as usize] = one;
    lists[(unit + UNITS) as usize] = two;
    sync_cube();
    let mut half = 128u32;
    while half >= columns {
        if unit < half {
            let (first, second) = (unit as usize, (unit + UNITS) as usize);
            lists[first] += lists[first + half as usize];
            lists[second] += lists[second + half as usize];
        }
        sync_cube();
        half /= 2u32;
    }
}

/// The sum of a number of each unit of the group. All units must call it; it is for the first.
#[cube]
pub(super) fn total(sum: f32) -> f32 {
    let mut list = Shared::<[f32]>::new_slice(UNITS as usize);
    let unit = UNIT_POS as usize;
    list[unit] = sum;
    #[unroll]
    for i in 1..=comptime!(UNITS.ilog2()) {
        sync_cube();
        let half = comptime!((UNITS >> i) as usize);
        if unit < half {
            let other = list[unit + half];
            list[unit] += other;
        }
    }
    list[0usize]
}
