//! The largest or smallest number of each line and how many numbers are equal to it, a group of units for a line of
//! neighbours, or a unit for a line where lines lie beside each other in memory. Parts of long lines are compared by
//! groups of their own, and a second launch compares these.

use super::group::{self, fits, groups, UNITS};
use super::softmax::is_alone;
use super::{empty, operand, units, value};
use crate::kernel::softmax::Lines;
use crate::storage::Value;
use adjoint_backend::gpu::CubeTensor;
use cubecl::prelude::*;

/// Groups that keep a large card busy.
const BUSY: usize = 1024;

/// How lines are shared out.
#[derive(CubeType, CubeLaunch)]
struct Sizes {
    /// Parts of all lines.
    jobs: u32,
    /// Parts of a line.
    parts: u32,
    /// Numbers of a part, but for the last.
    part: u32,
    length: u32,
    inner: u32,
}

/// Whether a number takes the place of the most extreme one so far; NaN does.
#[cube]
fn beats(v: f32, best: f32, #[comptime] least: bool) -> bool {
    let mut beyond = v > best;
    if comptime!(least) {
        beyond = v < best;
    }
    beyond || v.is_nan()
}

/// The most extreme number of each part of each line, and how many of its numbers are equal to it, 0 for NaN; numbers
/// may stand for so many as `counts` says.
#[cube(launch_unchecked)]
fn extreme_kernel(
    x: &[f32],
    counts: ComptimeOption<&[f32]>,
    y: &mut [f32],
    hits: &mut [f32],
    s: Sizes,
    #[comptime] alone: bool,
    #[comptime] least: bool,
) {
    let mut job = CUBE_POS as u32;
    let mut unit = UNIT_POS;
    let mut apart = UNITS.runtime();
    if comptime!(alone) {
        job = ABSOLUTE_POS as u32;
        unit = 0u32;
        apart = 1u32;
    }
    if job >= s.jobs {
        terminate!();
    }
    let (line, from) = (job / s.parts, job % s.parts * s.part);
    let start = line / s.inner * s.inner * s.length + line % s.inner;
    let mut best = x[(start + from * s.inner) as usize];
    let mut count = 0.0f32;
    for k in range_stepped(from + unit, min(from + s.part, s.length), apart) {
        let at = (start + k * s.inner) as usize;
        let v = x[at];
        if beats(v, best, least) {
            best = v;
            count = 0.0f32;
        }
        if v == best {
            #[comptime]
            let equal = match counts {
                ComptimeOption::Some(counts) => counts[at],
                ComptimeOption::None => 1.0f32,
            };
            count += equal;
        }
    }
    if comptime!(alone) {
        y[job as usize] = best;
        hits[job as usize] = count;
    } else {
        let mut bests = Shared::<[f32]>::new_slice(UNITS as usize);
        let mut equals = Shared::<[f32]>::new_slice(UNITS as usize);
        let unit = UNIT_POS as usize;
        bests[unit] = best;
        equals[unit] = count;
        #[unroll]
        for i in 1..=comptime!(UNITS.ilog2()) {
            sync_cube();
            let half = comptime!((UNITS >> i) as usize);
            if unit < half {
                let (other, others) = (bests[unit + half], equals[unit + half]);
                if beats(other, bests[unit], least) {
                    bests[unit] = other;
                    equals[unit] = others;
                } else if other == bests[unit] {
                    equals[unit] += others;
                }
            }
        }
        if unit == 0usize {
            y[job as usize] = bests[0usize];
            hits[job as usize] = equals[0usize];
        }
    }
}

/// One launch for lines that are `parts` parts each.
fn launch(
    x: CubeTensor,
    counts: Option<CubeTensor>,
    lines: Lines,
    [parts, part]: [usize; 2],
    least: bool,
) -> Option<[CubeTensor; 2]> {
    let jobs = lines.outer * lines.inner * parts;
    let (y, hits) = (empty(&x, &[jobs]), empty(&x, &[jobs]));
    let alone = parts == 1 && is_alone(&lines);
    let (cubes, dim) = if alone { units(&x, jobs) } else { groups(jobs) };
    let sizes = [jobs, parts, part, lines.length, lines.inner].map(|n| n as u32);
    // SAFETY: parts begin within lines, of which x has so many of so many elements, and there are as many results.
    unsafe {
        extreme_kernel::launch_unchecked(
            &x.client.clone(),
            cubes,
            dim,
            x.into_buffer_arg(),
            counts.map(CubeTensor::into_buffer_arg).into(),
            y.clone().into_buffer_arg(),
            hits.clone().into_buffer_arg(),
            SizesLaunch::new(sizes[0], sizes[1], sizes[2], sizes[3], sizes[4]),
            alone,
            least,
        );
    }
    Some([y, hits])
}

/// The largest, or smallest (`least`), number of each line of x, and how many are equal to it, as lists; `None` on the
/// cpu. There is at least one number in each line.
pub(crate) fn extreme(x: &Value, lines: Lines, least: bool) -> Option<[Value; 2]> {
    let x = operand(x).filter(fits)?;
    let count = lines.outer * lines.inner;
    let (mut parts, mut part) = (1, lines.length);
    if !is_alone(&lines) {
        (parts, part) = group::parts(lines.length, BUSY.div_ceil(count).min(group::PARTS));
    }
    let mut found = launch(x, None, lines, [parts, part], least)?;
    if parts > 1 {
        let [y, hits] = found;
        let rest = Lines { outer: count, length: parts, inner: 1 };
        found = launch(y, Some(hits), rest, [1, parts], least)?;
    }
    Some(found.map(value))
}
