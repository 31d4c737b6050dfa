//! Products of matrices.

use super::shape::{expand, permute, reshape};
use super::{broadcast, reduce::sum_to, same_kind, too_large};
use crate::allocation::{check, product};
use crate::error::{Error, Result};
use crate::gpu;
use crate::storage::{self, physical};
use crate::tensor::{check_size, Tensor};
use adjoint_backend::Dispatch;

/// a b over the last two axes, the leading ones broadcast.  d = da b + a db
pub fn matmul(a: &Tensor, b: &Tensor) -> Result<Tensor> {
    mixed_matmul(a, b, false)
}

/// The same product; where `mixed`, operands may be rounded as the program allows it: in networks, not in physics.
pub fn mixed_matmul(a: &Tensor, b: &Tensor, mixed: bool) -> Result<Tensor> {
    same_kind("matmul", a, b)?;
    let (ra, rb) = (a.rank(), b.rank());
    if ra < 2 || rb < 2 || a.shape()[ra - 1] != b.shape()[rb - 2] {
        return Err(Error::shape(
            "matmul",
            format!("shapes {:?} and {:?} came, expected [.., m, k] and [.., k, n].", a.shape(), b.shape()),
        ));
    }
    let (m, k, n) = (a.shape()[ra - 2], a.shape()[ra - 1], b.shape()[rb - 1]);
    let batch = broadcast("matmul", &a.shape()[..ra - 2], &b.shape()[..rb - 2], a.dtype())?;
    let count: usize = batch.iter().product();
    let mut shape = batch.clone();
    shape.extend([m, n]);
    check_size("matmul", &shape, a.dtype())?;
    let operand = |t: &Tensor, rows: usize, columns: usize| -> Result<Tensor> {
        let mut full = batch.clone();
        full.extend([rows, columns]);
        reshape(&expand(&t.detach(), &full)?, &[count, rows, columns])
    };
    let value = if k == 0 || shape.contains(&0) {
        Tensor::full(&shape, 0.0, a.dtype(), a.device())?.value()
    } else if let Some(value) = storage::product::product(&a.value(), &b.value(), &batch, [m, k, n]) {
        value
    } else if let Some(value) = gpu::product::matmul(&a.value(), &b.value(), &batch, [m, k, n], mixed) {
        value
    } else {
        // Broadcast operands are copied.
        let copied = |rows: usize| product(&[count, rows, k, a.dtype().size()]);
        check("matmul", copied(m).zip(copied(n)).and_then(|(a, b)| a.checked_add(b)))?;
        let product = Dispatch::float_matmul(operand(a, m, k)?.value(), operand(b, k, n)?.value());
        Dispatch::float_reshape(product.ok_or_else(|| too_large("matmul"))?, physical(&shape))
    };
    Ok(Tensor::result(
        value,
        shape,
        &[a, b],
        Box::new(move |c| {
            let (a, b) = (&c.inputs[0], &c.inputs[1]);
            let product = |a: &Tensor, b: &Tensor, of: &Tensor| sum_to(&mixed_matmul(a, b, mixed)?, of.shape());
            let da = if c.needs(0) { Some(product(c.grad, &transpose(b)?, a)?) } else { None };
            let db = if c.needs(1) { Some(product(&transpose(a)?, c.grad, b)?) } else { None };
            Ok(vec![da, db])
        }),
    ))
}

/// The last two axes exchanged.
pub fn transpose(x: &Tensor) -> Result<Tensor> {
    let rank = x.rank();
    if rank < 2 {
        return Err(Error::shape("transpose", format!("x has shape {:?}, expected at least 2 axes.", x.shape())));
    }
    let mut order: Vec<usize> = (0..rank).collect();
    order.swap(rank - 2, rank - 1);
    permute(x, &order)
}
