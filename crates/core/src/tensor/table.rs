//! Tables of numbers that follow from sizes alone, such as the cosines of a transform: on a GPU they are uploaded once
//! and kept there.

use super::{Constant, Tensor};
use crate::device::Device;
use crate::error::Result;
use crate::storage::Value;
use std::cell::RefCell;
use std::collections::HashMap;

/// Bytes of kept tables, at most, on each thread of JavaScript.
const LARGEST: usize = 64 << 20;

#[derive(Default)]
struct Kept {
    values: HashMap<(Device, &'static str, Vec<u64>), Value>,
    bytes: usize,
}

thread_local! {
    static KEPT: RefCell<Kept> = RefCell::default();
}

/// Frees the tables of this thread.
pub(crate) fn clear() {
    let _dropped = KEPT.with_borrow_mut(std::mem::take);
}

/// The table of a name and of the numbers that it follows from, in the type and on the device of `like`.
pub(crate) fn table(
    like: &Tensor,
    name: &'static str,
    numbers: &[u64],
    shape: &[usize],
    make: impl FnOnce() -> Vec<f64>,
) -> Result<Tensor> {
    let device = like.device();
    if device == Device::Cpu {
        return Tensor::from_values(make(), shape, like.dtype(), device);
    }
    let key = (device, name, numbers.to_vec());
    if let Some(value) = KEPT.with_borrow(|kept| kept.values.get(&key).cloned()) {
        return Ok(Constant::new(value, shape, device).into());
    }
    let made = Tensor::from_values(make(), shape, like.dtype(), device)?;
    let bytes = made.size() * made.dtype().size();
    KEPT.with_borrow_mut(|kept| {
        if kept.bytes + bytes > LARGEST {
            *kept = Kept::default();
        }
        if bytes <= LARGEST {
            kept.bytes += bytes;
            kept.values.insert(key, made.value());
        }
    });
    Ok(made)
}
