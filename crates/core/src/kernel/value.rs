//! burn's tensors on the CPU as slices, and back, without copies.

use crate::error::{Error, Result};
use crate::tensor::{physical, Tensor, Value};
use burn::backend::flex::{FlexTensor, Layout};
use burn::backend::{BackendTensor, DispatchTensor, DispatchTensorKind};
use burn::tensor::{DType, TensorData};
use rustfft::FftNum;
use std::marker::PhantomData;

/// float32 values in row-major order.
pub struct Floats(FlexTensor);

impl Floats {
    /// The values of a tensor; copies them only where they do not lie in row-major order. `None` on other devices and
    /// types.
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

/// A tensor on the CPU.
pub fn tensor(data: Vec<f32>, shape: &[usize]) -> Value {
    wrapped(TensorData::new(data, physical(shape)))
}

fn wrapped(data: TensorData) -> Value {
    let flex = FlexTensor::from_data(data);
    DispatchTensor { kind: DispatchTensorKind::Flex(BackendTensor::Float(flex)), autodiff: Default::default() }
}

pub use Element as Real;

/// Element type of kernels that are generic over float32 and float64.
pub trait Element: FftNum + PartialOrd + std::ops::AddAssign {
    /// The values of a tensor of this type that lies in row-major order.
    fn slice(t: &FlexTensor) -> Option<&[Self]>;
    /// A tensor on the CPU.
    fn tensor(data: Vec<Self>, shape: &[usize]) -> Value;
    /// The nearest value.
    fn of(v: f64) -> Self;
}

impl Element for f32 {
    fn slice(t: &FlexTensor) -> Option<&[f32]> {
        t.as_slice()
    }
    fn tensor(data: Vec<f32>, shape: &[usize]) -> Value {
        tensor(data, shape)
    }
    fn of(v: f64) -> f32 {
        v as f32
    }
}

impl Element for f64 {
    fn slice(t: &FlexTensor) -> Option<&[f64]> {
        t.as_slice()
    }
    fn tensor(data: Vec<f64>, shape: &[usize]) -> Value {
        wrapped(TensorData::new(data, physical(shape)))
    }
    fn of(v: f64) -> f64 {
        v
    }
}

/// Values of either type in row-major order.
pub struct Values<T>(FlexTensor, PhantomData<T>);

impl<T: Element> Values<T> {
    /// The values of a tensor; copies them only where they do not lie in row-major order. `None` on other devices and
    /// types.
    pub fn of(value: &Value) -> Option<Self> {
        let DispatchTensorKind::Flex(BackendTensor::Float(t)) = &value.kind else { return None };
        let t = if T::slice(t).is_some() { t.clone() } else { t.to_contiguous() };
        T::slice(&t).is_some().then_some(Self(t, PhantomData))
    }
}

impl<T: Element> std::ops::Deref for Values<T> {
    type Target = [T];
    fn deref(&self) -> &[T] {
        T::slice(&self.0).unwrap_or(&[])
    }
}

/// The values of a tensor of the CPU.
pub fn values<T: Element>(x: &Tensor) -> Result<Values<T>> {
    Values::of(&x.value())
        .ok_or_else(|| Error::internal(format!("{x:?} is not a {} tensor of the cpu", std::any::type_name::<T>())))
}

/// As `values`, but where a tensor repeats one row along its first axis, only that row.
pub fn rows<T: Element>(x: &Tensor) -> Result<Values<T>> {
    let value = x.value();
    if let DispatchTensorKind::Flex(BackendTensor::Float(t)) = &value.kind {
        let layout = t.layout();
        if layout.strides().first() == Some(&0) && layout.num_elements() > 0 {
            // burn takes a stride of 0 for a repeat, also where there is one row.
            let mut shape: Vec<usize> = layout.shape().iter().copied().collect();
            shape[0] = 1;
            let mut strides = layout.strides().to_vec();
            strides[0] = shape.iter().product::<usize>() as isize;
            let row = t.clone().with_layout(Layout::new(physical(&shape), strides, layout.start_offset()));
            let row = if T::slice(&row).is_some() { row } else { row.to_contiguous() };
            return Ok(Values(row, PhantomData));
        }
    }
    values(x)
}

/// The value in row-major order: itself where it lies so, or where it is not for the CPU's kernels.
pub fn in_order(value: Value) -> Value {
    match &value.kind {
        DispatchTensorKind::Flex(BackendTensor::Float(t))
            if t.dtype() == DType::F32 && t.as_slice::<f32>().is_none() =>
        {
            DispatchTensor {
                kind: DispatchTensorKind::Flex(BackendTensor::Float(ordered(t))),
                autodiff: Default::default(),
            }
        }
        _ => value,
    }
}
