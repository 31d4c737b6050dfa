//! Functions of each element of float32 tensors on the CPU, in any layout and with broadcasting. `None` for tensors on
//! other devices and of other types.

use super::{flex, from_vec, repeated, Value};
use crate::kernel::pointwise::{self, Function};
use crate::kernel::strided::{self, Filled, Strided};

/// f of the elements of K tensors, broadcast to `shape`.
pub(crate) fn map<const K: usize>(
    tensors: [&Value; K],
    shape: &[usize],
    f: impl Fn([f32; K]) -> f32 + Sync,
) -> Option<Value> {
    Some(filled(strided::map(operands(tensors, shape)?, shape, f), shape))
}

/// f(x) for each element of x.
pub(crate) fn unary(x: &Value, shape: &[usize], f: impl Fn(f32) -> f32 + Sync) -> Option<Value> {
    map([x], shape, |[x]| f(x))
}

/// f(a, b) for each pair of elements of a and b, broadcast to `shape`.
pub(crate) fn binary(a: &Value, b: &Value, shape: &[usize], f: impl Fn(f32, f32) -> f32 + Sync) -> Option<Value> {
    map([a, b], shape, |[a, b]| f(a, b))
}

/// A function in vector arithmetic of the elements of K tensors, broadcast to `shape`.
pub(crate) fn apply<const K: usize>(f: impl Function<K>, tensors: [&Value; K], shape: &[usize]) -> Option<Value> {
    Some(filled(pointwise::apply(f, operands(tensors, shape)?, shape), shape))
}

fn filled(result: Filled, shape: &[usize]) -> Value {
    match result {
        Filled::Repeated(v) => repeated(v, shape),
        Filled::Elements(data) => from_vec(data, shape),
    }
}

/// The memory of the tensors, with strides for the axes of `shape`.
pub(super) fn operands<'a, const K: usize>(tensors: [&'a Value; K], shape: &[usize]) -> Option<[Strided<'a>; K]> {
    let tensors = tensors.map(flex::<f32>);
    if tensors.iter().any(Option::is_none) {
        return None;
    }
    Some(tensors.map(|t| {
        t.map_or_else(Strided::default, |t| {
            let layout = t.layout();
            let mut strides = vec![0; shape.len()];
            let axes = layout.shape().iter().rev().zip(layout.strides().iter().rev());
            for (to, (&n, &stride)) in strides.iter_mut().rev().zip(axes) {
                *to = if n == 1 { 0 } else { stride };
            }
            Strided { data: t.storage::<f32>(), start: layout.start_offset(), strides }
        })
    }))
}
