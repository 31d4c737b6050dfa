//! Selection by index. Indices are ordinary tensors that hold integers.

use super::{check_axis, same_kind};
use crate::allocation::{check, product};
use crate::device::{count_upload, Device};
use crate::error::{Error, Result};
use crate::kernel::select;
use crate::storage::from_vec;
use crate::tensor::table::kept;
use crate::tensor::{check_size, Tensor};
use adjoint_backend::{Dispatch, IndexingUpdateOp, Shape, TensorData};

pub(crate) type Int = adjoint_backend::DispatchTensor;

fn list_value(indices: &[usize], device: Device) -> Result<Int> {
    let made = || {
        count_upload(device);
        let device = device.dispatch()?;
        let data: Vec<i64> = indices.iter().map(|&i| i as i64).collect();
        let dtype = Dispatch::settings(&device).int_dtype;
        let data = TensorData::new(data, Shape::from(vec![indices.len()])).convert_dtype(dtype.into());
        Ok(Dispatch::int_from_data(data, &device))
    };
    if device == Device::Cpu {
        return made();
    }
    let key = indices.iter().map(|&i| i as u64).collect();
    kept(device, "positions", key, size_of_val(indices), made)
}

/// Takes the listed positions of an axis; the indices are known on the CPU and checked by the caller.
pub(crate) fn select_list(x: &Tensor, dim: usize, indices: Vec<usize>) -> Result<Tensor> {
    let mut shape = x.shape().to_vec();
    let size = shape[dim];
    shape[dim] = indices.len();
    // Beside the result: the runs of the list, or its integers.
    check_size("indexSelect", &shape, x.dtype())?;
    check("indexSelect", product(&[indices.len(), 2 * size_of::<select::Run>()]))?;
    let value = if shape.contains(&0) {
        Tensor::full(&shape, 0.0, x.dtype(), x.device())?.value()
    } else {
        match x.floats() {
            Some(values) => from_vec(select::take(&values, sides(x.shape(), dim), &indices), &shape),
            None => Dispatch::float_select(x.value(), dim, list_value(&indices, x.device())?),
        }
    };
    Ok(Tensor::result(
        value,
        shape,
        &[x],
        Box::new(move |c| Ok(vec![Some(add_list(c.grad, dim, indices.clone(), size)?)])),
    ))
}

/// Numbers of elements before an axis, along it, and after it.
fn sides(shape: &[usize], dim: usize) -> [usize; 3] {
    [shape[..dim].iter().product(), shape[dim], shape[dim + 1..].iter().product()]
}

/// Adds slices of `g` into an axis of `size` positions: the adjoint of `select_list`.
fn add_list(g: &Tensor, dim: usize, indices: Vec<usize>, size: usize) -> Result<Tensor> {
    let mut shape = g.shape().to_vec();
    shape[dim] = size;
    check_size("indexSelect", &shape, g.dtype())?;
    let values = if g.size() == 0 { None } else { g.floats() };
    let value = match values {
        Some(g) => from_vec(select::add(&g, sides(&shape, dim), &indices), &shape),
        None => {
            let zeros = Tensor::full(&shape, 0.0, g.dtype(), g.device())?.value();
            if g.size() == 0 {
                zeros
            } else {
                Dispatch::float_select_assign(
                    zeros,
                    dim,
                    list_value(&indices, g.device())?,
                    g.value(),
                    IndexingUpdateOp::Add,
                )
            }
        }
    };
    Ok(Tensor::result(
        value,
        shape,
        &[g],
        Box::new(move |c| Ok(vec![Some(select_list(c.grad, dim, indices.clone())?)])),
    ))
}

/// Positions as integers; on the CPU they are checked against `size`.
fn integers(op: &str, index: &Tensor, size: usize) -> Result<Int> {
    // The values read back, and as integers.
    check(op, product(&[index.size(), size_of::<f64>() + size_of::<i64>()]))?;
    if index.device() == Device::Cpu {
        if let Some(bad) = index.to_vec()?.into_iter().find(|v| !(*v >= 0.0 && *v < size as f64 && v.fract() == 0.0)) {
            return Err(Error::argument(op, format!("index {bad} came, expected an integer from 0 to {size} - 1.")));
        }
    }
    integers_unchecked(index)
}

/// Indices as integers, known to be valid.
pub(crate) fn integers_unchecked(index: &Tensor) -> Result<Int> {
    let dtype = Dispatch::settings(&index.device().dispatch()?).int_dtype;
    Ok(Dispatch::float_into_int(index.value(), dtype))
}

/// Takes the positions `index` (one axis) of axis `dim`.
pub fn index_select(x: &Tensor, index: &Tensor, dim: usize) -> Result<Tensor> {
    check_axis("indexSelect", x, dim)?;
    super::check_rank("indexSelect", "index", index, 1)?;
    if index.device() == Device::Cpu {
        integers("indexSelect", index, x.shape()[dim])?;
        return select_list(x, dim, index.to_vec()?.into_iter().map(|v| v as usize).collect());
    }
    // Without a read-back: gather along the axis with the index broadcast over the others.
    let mut shape = vec![1; x.rank()];
    shape[dim] = index.size();
    let index = super::shape::reshape(&index.detach(), &shape)?;
    let mut full = x.shape().to_vec();
    full[dim] = shape[dim];
    gather(x, &super::shape::expand(&index, &full)?, dim)
}

/// out[.., i, ..] = x[.., index[.., i, ..], ..] along axis `dim`.
pub fn gather(x: &Tensor, index: &Tensor, dim: usize) -> Result<Tensor> {
    check_axis("gather", x, dim)?;
    check_index_shape("gather", x, index, dim)?;
    gather_integers(x, integers("gather", index, x.shape()[dim])?, index.shape().to_vec(), dim)
}

fn check_index_shape(op: &str, x: &Tensor, index: &Tensor, dim: usize) -> Result<()> {
    let fits = index.rank() == x.rank() && (0..x.rank()).all(|i| i == dim || index.shape()[i] == x.shape()[i]);
    if fits {
        Ok(())
    } else {
        Err(Error::shape(
            op,
            format!(
                "index has shape {:?}, expected that of x, {:?}, on every axis but {dim}.",
                index.shape(),
                x.shape()
            ),
        ))
    }
}

pub(crate) fn gather_integers(x: &Tensor, index: Int, shape: Vec<usize>, dim: usize) -> Result<Tensor> {
    let value = if shape.contains(&0) {
        Tensor::full(&shape, 0.0, x.dtype(), x.device())?.value()
    } else {
        check_size("gather", &shape, x.dtype())?;
        Dispatch::float_gather(dim, x.value(), index.clone())
    };
    Ok(Tensor::result(
        value,
        shape,
        &[x],
        Box::new(move |c| {
            let zeros = Tensor::full(c.inputs[0].shape(), 0.0, c.grad.dtype(), c.grad.device())?;
            Ok(vec![Some(scatter_integers(&zeros, index.clone(), c.grad, dim)?)])
        }),
    ))
}

pub(crate) fn scatter_integers(x: &Tensor, index: Int, source: &Tensor, dim: usize) -> Result<Tensor> {
    let value = if source.size() == 0 {
        x.value()
    } else {
        check_size("scatterAdd", x.shape(), x.dtype())?;
        Dispatch::float_scatter(dim, x.value(), index.clone(), source.value(), IndexingUpdateOp::Add)
    };
    Ok(Tensor::result(
        value,
        x.shape().to_vec(),
        &[x, source],
        Box::new(move |c| {
            let shape = c.inputs[1].shape().to_vec();
            let ds = if c.needs(1) { Some(gather_integers(c.grad, index.clone(), shape, dim)?) } else { None };
            Ok(vec![Some(c.grad.clone()), ds])
        }),
    ))
}

/// x with `source` added at positions `index` of axis `dim`: the adjoint of `gather`.
pub fn scatter_add(x: &Tensor, index: &Tensor, source: &Tensor, dim: usize) -> Result<Tensor> {
    check_axis("scatterAdd", x, dim)?;
    same_kind("scatterAdd", x, source)?;
    check_index_shape("scatterAdd", x, index, dim)?;
    if index.shape() != source.shape() {
        return Err(Error::shape(
            "scatterAdd",
            format!(
                "index has shape {:?} and source {:?}, expected one shape for both.",
                index.shape(),
                source.shape()
            ),
        ));
    }
    scatter_integers(x, integers("scatterAdd", index, x.shape()[dim])?, source, dim)
}
