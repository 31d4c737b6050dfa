//! Images transformed by projective maps.

use super::check_rank;
use super::sample::grid_sample;
use super::shape::reshape;
use crate::device::Device;
use crate::error::{Error, Result};
use crate::kernel::warp::{self, GatherShape, PixelMap};
use crate::sampling::{Interpolation, Outside};
use crate::storage::{from_vec, on_cpu};
use crate::tensor::{check_size, Constant, Tensor};
use std::sync::Arc;

/// out[b, c, i, j] = x[b, c] at column X / Z and row Y / Z with (X, Y, Z) = M_b (j, i, 1), for 3 x 3 matrices row by
/// row, one for each image or one for all.
///
/// Positions are computed in double precision. Halves are rounded to the even pixel (to 2^-20 of a pixel); reflection
/// is at the centres of the outer pixels.
pub fn warp(x: &Tensor, size: [usize; 2], mode: Interpolation, outside: Outside, maps: &[f64]) -> Result<Tensor> {
    let op = "warp";
    check_rank(op, "x", x, 4)?;
    let &[b, c, h, w] = x.shape() else { return Err(Error::internal("warp: x does not have four axes.")) };
    if maps.is_empty() || (maps.len() != 9 && maps.len() != 9 * b) {
        return Err(Error::argument(
            op,
            format!("{} numbers came, expected nine for each of the {b} images, or nine for all.", maps.len()),
        ));
    }
    if let Some(bad) = maps.iter().find(|v| !v.is_finite()) {
        return Err(Error::argument(op, format!("a map contains {bad}, expected finite numbers.")));
    }
    if h == 0 || w == 0 || [h, w, size[0], size[1]].iter().any(|&n| n > super::LARGEST) {
        return Err(Error::shape(
            op,
            format!(
                "x has shape {:?} and size is {size:?}, expected heights and widths of 1 to {}.",
                x.shape(),
                super::LARGEST
            ),
        ));
    }
    let shape = [b, c, size[0], size[1]];
    check_size(op, &shape, x.dtype())?;
    if shape.contains(&0) {
        return Tensor::full(&shape, 0.0, x.dtype(), x.device());
    }
    // With one map, all images are channels of one image, so that positions are not repeated.
    let (sets, channels) = if maps.len() == 9 { (1, b * c) } else { (b, c) };
    let images = reshape(x, &[sets, channels, h, w])?;
    let mirrored = outside == Outside::Reflection;
    let map = PixelMap { map: &[], source: [h, w], mirrored, nearest: mode == Interpolation::Nearest };
    let sizes = GatherShape { sets, channels, pixels: h * w, positions: size[0] * size[1] };
    let out = if mode == Interpolation::Nearest && x.device() == Device::Cpu && sizes.pixels < u32::MAX as usize {
        let index: Arc<[u32]> = warp::nearest(maps, size, map, outside == Outside::Border).into();
        gather(&images, &index, sizes, [[h, w], size], false)?
    } else {
        // Mirrored positions lie inside; their neighbours are mirrored at the centres of the outer pixels, the corners
        // of the grid then.
        let grid_shape = [sets, size[0], size[1], 2];
        let grid = on_cpu!(x, T => {
            let data = warp::grid::<T>(maps, size, map, mirrored);
            Constant::new(from_vec(data, &grid_shape), &grid_shape, x.device()).into()
        }, else {
            Tensor::from_values(warp::grid(maps, size, map, mirrored), &grid_shape, x.dtype(), x.device())?
        });
        grid_sample(&images, &grid, mode, outside, mirrored)?
    };
    reshape(&out, &shape)
}

/// The pixels with the numbers `index` of images of the first of two sizes, as images of the second; the transpose of
/// that with `back`.
fn gather(x: &Tensor, index: &Arc<[u32]>, s: GatherShape, sizes: [[usize; 2]; 2], back: bool) -> Result<Tensor> {
    let [height, width] = sizes[usize::from(!back)];
    let shape = vec![s.sets, s.channels, height, width];
    let value = on_cpu!(x, T => {
        let x = x.values::<T>()?;
        from_vec(if back { warp::scatter(&x, index, s) } else { warp::gather(&x, index, s) }, &shape)
    }, else return Err(Error::internal("warp: an image on another device.")));
    let index = index.clone();
    Ok(Tensor::result(value, shape, &[x], Box::new(move |c| Ok(vec![Some(gather(c.grad, &index, s, sizes, !back)?)]))))
}
