//! Images seen through projective maps.

use super::check_rank;
use super::sample::grid_sample;
use super::shape::reshape;
use crate::device::Device;
use crate::error::{Error, Result};
use crate::kernel::value::{values, Real};
use crate::kernel::warp::{self, Line, Sizes};
use crate::sampling::{Interpolation, Outside};
use crate::tensor::{check_size, DType, Tensor, Value};
use std::sync::Arc;

/// out[b, c, i, j] = x[b, c] at column X / Z and row Y / Z with (X, Y, Z) = M_b (j, i, 1), for 3 x 3 matrices row by
/// row, one for each image or one for all.
///
/// Positions are computed in double precision. The nearest pixel is the even one at halves (to 2^-20 of a pixel);
/// mirrors are at the centres of the outer pixels.
pub fn warp(x: &Tensor, size: [usize; 2], mode: Interpolation, outside: Outside, maps: &[f64]) -> Result<Tensor> {
    let op = "warp";
    check_rank(op, "x", x, 4)?;
    let &[b, c, h, w] = x.shape() else { return Err(Error::internal("warp: four axes")) };
    if maps.is_empty() || (maps.len() != 9 && maps.len() != 9 * b) {
        return Err(Error::argument(
            op,
            format!("{} numbers came, nine for each of the {b} images are needed, or nine for all", maps.len()),
        ));
    }
    if let Some(bad) = maps.iter().find(|v| !v.is_finite()) {
        return Err(Error::argument(op, format!("{bad} in a map is not finite")));
    }
    if h == 0 || w == 0 || [h, w, size[0], size[1]].iter().any(|&n| n > super::LARGEST) {
        return Err(Error::shape(
            op,
            format!(
                "images of shape {:?} cannot be brought to the size {size:?}; sizes are 1 to {}",
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
    // With one map, images are channels of one, and positions are not repeated.
    let (sets, channels) = if maps.len() == 9 { (1, b * c) } else { (b, c) };
    let images = reshape(x, &[sets, channels, h, w])?;
    let mirrored = outside == Outside::Reflection;
    let line = Line { map: &[], source: [h, w], mirrored, nearest: mode == Interpolation::Nearest };
    let sizes = Sizes { sets, channels, pixels: h * w, positions: size[0] * size[1] };
    let out = if mode == Interpolation::Nearest && x.device() == Device::Cpu && sizes.pixels < u32::MAX as usize {
        let index: Arc<[u32]> = warp::nearest(maps, size, line, outside == Outside::Border).into();
        gather(&images, &index, sizes, [[h, w], size], false)?
    } else {
        // Mirrored positions lie inside; their neighbours are mirrored at the centres of the outer pixels, the corners
        // of the grid then.
        let grid_shape = [sets, size[0], size[1], 2];
        let grid = match (x.device(), x.dtype()) {
            (Device::Cpu, DType::F32) => Tensor::constant(
                f32::tensor(warp::grid(maps, size, line, mirrored), &grid_shape),
                grid_shape.to_vec(),
                x.device(),
            ),
            _ => {
                Tensor::from_values(warp::grid::<f64>(maps, size, line, mirrored), &grid_shape, x.dtype(), x.device())?
            }
        };
        grid_sample(&images, &grid, mode, outside, mirrored)?
    };
    reshape(&out, &shape)
}

/// The pixels with the numbers `index` of images of the first of two sizes, as images of the second; or with `back` the
/// transpose of that.
fn gather(x: &Tensor, index: &Arc<[u32]>, s: Sizes, sizes: [[usize; 2]; 2], back: bool) -> Result<Tensor> {
    fn on_host<T: Real>(x: &Tensor, index: &[u32], s: Sizes, shape: &[usize], back: bool) -> Result<Value> {
        let x = values::<T>(x)?;
        Ok(T::tensor(if back { warp::spread(&x, index, s) } else { warp::gather(&x, index, s) }, shape))
    }
    let [height, width] = sizes[usize::from(!back)];
    let shape = vec![s.sets, s.channels, height, width];
    let value = match x.dtype() {
        DType::F32 => on_host::<f32>(x, index, s, &shape, back)?,
        DType::F64 => on_host::<f64>(x, index, s, &shape, back)?,
    };
    let index = index.clone();
    Ok(Tensor::result(value, shape, &[x], Box::new(move |c| Ok(vec![Some(gather(c.grad, &index, s, sizes, !back)?)]))))
}
