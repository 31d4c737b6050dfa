//! burn's tensors on the processor as slices, and back, without copies.

use super::simd::{best, Level};
use crate::tensor::{physical, Value};
use burn::backend::flex::FlexTensor;
use burn::backend::{BackendTensor, DispatchTensor, DispatchTensorKind};
use burn::tensor::{DType, TensorData};
use std::sync::OnceLock;

/// float32 values in row-major order.
pub struct Floats(FlexTensor);

impl Floats {
    /// The values of a tensor; copies them only where they do not lie in row-major order. `None` on other devices and types.
    pub fn of(value: &Value) -> Option<Self> {
        match &value.kind {
            DispatchTensorKind::Flex(BackendTensor::Float(t)) if t.dtype() == DType::F32 => {
                Some(Self(if t.as_slice::<f32>().is_some() { t.clone() } else { ordered(t) }))
            }
            _ => None,
        }
    }
}

/// A copy in row-major order.
fn ordered(t: &FlexTensor) -> FlexTensor {
    let layout = t.layout();
    let shape: Vec<usize> = layout.shape().iter().copied().collect();
    let data = super::layout::in_row_major(t.storage::<f32>(), layout.start_offset(), &shape, layout.strides());
    FlexTensor::from_data(TensorData::new(data, physical(&shape)))
}

impl Floats {
    /// As `of`, but `None` where values would have to be copied.
    pub fn in_order(value: &Value) -> Option<Self> {
        match &value.kind {
            DispatchTensorKind::Flex(BackendTensor::Float(t)) if t.as_slice::<f32>().is_some() => Some(Self(t.clone())),
            _ => None,
        }
    }
}

impl std::ops::Deref for Floats {
    type Target = [f32];
    fn deref(&self) -> &[f32] {
        self.0.as_slice().unwrap_or(&[])
    }
}

/// A tensor on the processor.
pub fn tensor(data: Vec<f32>, shape: &[usize]) -> Value {
    let flex = FlexTensor::from_data(TensorData::new(data, physical(shape)));
    DispatchTensor { kind: DispatchTensorKind::Flex(BackendTensor::Float(flex)), autodiff: Default::default() }
}

/// The instruction set in use; `ADJOINT_SIMD` may ask for less than there is (`avx2`, `portable`).
pub fn level() -> Level {
    static LEVEL: OnceLock<Level> = OnceLock::new();
    *LEVEL.get_or_init(|| {
        let best = best();
        match std::env::var("ADJOINT_SIMD").as_deref() {
            Ok("portable") => Level::Portable,
            Ok("avx2") if best == Level::Avx512 => Level::Avx2,
            _ => best,
        }
    })
}

/// The value in row-major order: itself where it lies so, or where it is not for the processor's kernels.
pub fn in_order(value: Value) -> Value {
    match &value.kind {
        DispatchTensorKind::Flex(BackendTensor::Float(t)) if t.dtype() == DType::F32 && t.as_slice::<f32>().is_none() => {
            DispatchTensor { kind: DispatchTensorKind::Flex(BackendTensor::Float(ordered(t))), autodiff: Default::default() }
        }
        _ => value,
    }
}
