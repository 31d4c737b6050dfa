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
/// Tables with longer lists of numbers that they follow from are not kept: to compare these takes as long as to upload.
const LONGEST_KEY: usize = 1 << 12;

type Key = (Device, &'static str, Vec<u64>);

struct Entry {
    value: Value,
    bytes: usize,
    /// When it was used last.
    used: u64,
}

#[derive(Default)]
struct Kept {
    entries: HashMap<Key, Entry>,
    bytes: usize,
    clock: u64,
}

impl Kept {
    fn find(&mut self, key: &Key) -> Option<Value> {
        self.clock += 1;
        let entry = self.entries.get_mut(key)?;
        entry.used = self.clock;
        Some(entry.value.clone())
    }

    /// Keeps a table; those that were not used for longest make room.
    fn keep(&mut self, key: Key, value: Value, bytes: usize) {
        if bytes > LARGEST || key.2.len() > LONGEST_KEY {
            return;
        }
        while self.bytes + bytes > LARGEST {
            let Some(oldest) = self.entries.iter().min_by_key(|(_, e)| e.used).map(|(key, _)| key.clone()) else {
                break;
            };
            self.bytes -= self.entries.remove(&oldest).map_or(0, |e| e.bytes);
        }
        self.bytes += bytes;
        self.entries.insert(key, Entry { value, bytes, used: self.clock });
    }
}

thread_local! {
    static KEPT: RefCell<Kept> = RefCell::default();
}

/// Frees the tables of this thread.
pub(crate) fn clear() {
    let _dropped = KEPT.with_borrow_mut(std::mem::take);
}

/// The value of a name and of the numbers that it follows from, which takes so many bytes on a device.
pub(crate) fn kept(
    device: Device,
    name: &'static str,
    numbers: Vec<u64>,
    bytes: usize,
    make: impl FnOnce() -> Result<Value>,
) -> Result<Value> {
    let key = (device, name, numbers);
    if let Some(value) = KEPT.with_borrow_mut(|kept| kept.find(&key)) {
        return Ok(value);
    }
    let value = make()?;
    KEPT.with_borrow_mut(|kept| kept.keep(key, value.clone(), bytes));
    Ok(value)
}

/// The table of a name and of the numbers that it follows from, in the type and on the device of `like`.
pub(crate) fn table(
    like: &Tensor,
    name: &'static str,
    numbers: &[u64],
    shape: &[usize],
    make: impl FnOnce() -> Vec<f64>,
) -> Result<Tensor> {
    let (device, dtype) = (like.device(), like.dtype());
    if device == Device::Cpu {
        return Tensor::from_values(make(), shape, dtype, device);
    }
    let bytes = shape.iter().product::<usize>() * dtype.size();
    let value = kept(device, name, numbers.to_vec(), bytes, || {
        Tensor::from_values(make(), shape, dtype, device).map(|t| t.value())
    })?;
    Ok(Constant::new(value, shape, device).into())
}

#[cfg(test)]
mod tests {
    use super::{Kept, LARGEST};
    use crate::device::Device;
    use crate::storage::from_vec;

    #[test]
    fn the_tables_that_were_not_used_for_longest_make_room() {
        let mut kept = Kept::default();
        let key = |i: u64| (Device::Cpu, "table", vec![i]);
        let value = || from_vec(vec![0.0f32], &[1]);
        let third = LARGEST / 3;
        for i in 0..3 {
            kept.keep(key(i), value(), third);
            assert!(kept.find(&key(i)).is_some());
        }
        assert!(kept.find(&key(0)).is_some());
        kept.keep(key(3), value(), third);
        assert_eq!([0, 1, 2, 3].map(|i| kept.find(&key(i)).is_some()), [true, false, true, true]);
        kept.keep(key(4), value(), LARGEST + 1);
        assert!(kept.find(&key(4)).is_none() && kept.bytes <= LARGEST);
    }
}
