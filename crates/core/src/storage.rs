//! The values of tensors: burn's primitives on any device, and on the CPU as slices.

pub(crate) mod elementwise;
pub(crate) mod product;

use crate::error::{Error, Result};
use crate::kernel::element::Element;
use crate::kernel::layout::row_major;
use adjoint_backend::{
    BackendTensor, DType as BurnDType, DispatchTensor, DispatchTensorKind, FlexTensor, FloatDType, Layout, Shape,
    TensorData,
};
use std::marker::PhantomData;

/// Element type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DType {
    /// 32-bit floating point: every device.
    F32,
    /// 64-bit floating point: the CPU only.
    F64,
}

impl DType {
    /// Parses `float32` or `float64`.
    pub fn parse(name: &str) -> Result<Self> {
        match name {
            "float32" => Ok(Self::F32),
            "float64" => Ok(Self::F64),
            other => Err(Error::dtype("dtype", format!("'{other}' is not known; use float32 or float64"))),
        }
    }
    /// Bytes of one element.
    pub fn size(self) -> usize {
        match self {
            Self::F32 => 4,
            Self::F64 => 8,
        }
    }
    /// The name that users write.
    pub fn name(self) -> &'static str {
        match self {
            Self::F32 => "float32",
            Self::F64 => "float64",
        }
    }
    /// burn's name of this type.
    pub(crate) fn float(self) -> FloatDType {
        match self {
            Self::F32 => FloatDType::F32,
            Self::F64 => FloatDType::F64,
        }
    }
    /// The type of burn's elements.
    pub(crate) fn of(dtype: BurnDType) -> Self {
        if dtype == BurnDType::F64 {
            Self::F64
        } else {
            Self::F32
        }
    }
}

/// The value of a tensor: burn's primitive.
pub(crate) type Value = DispatchTensor;

/// burn has no rank 0: a scalar is stored with one axis.
pub(crate) fn physical(shape: &[usize]) -> Shape {
    if shape.is_empty() {
        Shape::from(vec![1])
    } else {
        Shape::from(shape.to_vec())
    }
}

/// Evaluates an expression with a type alias for the element type of a tensor on the CPU, or another expression for
/// tensors on other devices: `on_cpu!(x, T => kernel::<T>(...), else burn(...))`.
macro_rules! on_cpu {
    ($tensor:expr, $element:ident => $cpu:expr, else $other:expr $(,)?) => {
        match ($tensor.device(), $tensor.dtype()) {
            ($crate::Device::Cpu, $crate::DType::F32) => {
                type $element = f32;
                $cpu
            }
            ($crate::Device::Cpu, $crate::DType::F64) => {
                type $element = f64;
                $cpu
            }
            _ => $other,
        }
    };
}
pub(crate) use on_cpu;

/// An element type of tensors on the CPU.
pub(crate) trait CpuElement: Element + adjoint_backend::Element {
    /// The elements of a contiguous tensor of this type.
    fn slice(t: &FlexTensor) -> Option<&[Self]>;
    /// The memory of a tensor of this type.
    fn memory(t: &FlexTensor) -> &[Self];
}

macro_rules! cpu_element {
    ($($element:ty),*) => {$(
        impl CpuElement for $element {
            fn slice(t: &FlexTensor) -> Option<&[Self]> {
                t.as_slice()
            }
            fn memory(t: &FlexTensor) -> &[Self] {
                t.storage()
            }
        }
    )*};
}
cpu_element!(f32, f64);

/// The values of a tensor on the CPU in row-major order.
pub(crate) struct Values<T>(FlexTensor, PhantomData<T>);

impl<T: CpuElement> Values<T> {
    /// The values, copied if they are not contiguous. `None` on other devices and for other types.
    pub fn of(value: &Value) -> Option<Self> {
        flex::<T>(value).map(|t| Self::new(t.clone()))
    }
    /// As `of`, but `None` if the values are not contiguous.
    pub fn contiguous(value: &Value) -> Option<Self> {
        flex::<T>(value).filter(|t| T::slice(t).is_some()).map(|t| Self(t.clone(), PhantomData))
    }
    /// As `of`, but only the first row of a tensor that is broadcast along its first axis.
    pub fn rows(value: &Value) -> Option<Self> {
        let t = flex::<T>(value)?;
        let layout = t.layout();
        if layout.strides().first() != Some(&0) || layout.num_elements() == 0 {
            return Some(Self::new(t.clone()));
        }
        // burn reads a stride of 0 as a broadcast even if the axis has one row.
        let mut shape: Vec<usize> = layout.shape().iter().copied().collect();
        shape[0] = 1;
        let mut strides = layout.strides().to_vec();
        strides[0] = shape.iter().product::<usize>() as isize;
        Some(Self::new(t.clone().with_layout(Layout::new(physical(&shape), strides, layout.start_offset()))))
    }
    fn new(t: FlexTensor) -> Self {
        Self(if T::slice(&t).is_some() { t } else { copied::<T>(&t) }, PhantomData)
    }
}

impl<T: CpuElement> std::ops::Deref for Values<T> {
    type Target = [T];
    fn deref(&self) -> &[T] {
        T::slice(&self.0).unwrap_or(&[])
    }
}

/// The tensor on the CPU, if it has this element type.
fn flex<T: CpuElement>(value: &Value) -> Option<&FlexTensor> {
    match &value.kind {
        DispatchTensorKind::Flex(BackendTensor::Float(t)) if t.dtype() == T::dtype() => Some(t),
        _ => None,
    }
}

fn wrap(t: FlexTensor) -> Value {
    DispatchTensor { kind: DispatchTensorKind::Flex(BackendTensor::Float(t)), autodiff: Default::default() }
}

/// A copy in row-major order.
fn copied<T: CpuElement>(t: &FlexTensor) -> FlexTensor {
    let layout = t.layout();
    let shape: Vec<usize> = layout.shape().iter().copied().collect();
    let data = row_major(T::memory(t), layout.start_offset(), &shape, layout.strides());
    FlexTensor::from_data(TensorData::new(data, physical(&shape)))
}

/// A tensor on the CPU.
pub(crate) fn from_vec<T: CpuElement>(data: Vec<T>, shape: &[usize]) -> Value {
    wrap(FlexTensor::from_data(TensorData::new(data, physical(shape))))
}

/// A tensor of `shape` on the CPU that repeats one value without storing it more than once.
pub(crate) fn repeated(v: f32, shape: &[usize]) -> Value {
    let one = FlexTensor::from_data(TensorData::new(vec![v], physical(&vec![1; shape.len()])));
    if shape.iter().all(|&n| n == 1) {
        return wrap(one);
    }
    wrap(one.with_layout(Layout::new(physical(shape), vec![0; shape.len()], 0)))
}

/// The value in row-major order: unchanged if it is contiguous, or unless it is float32 on the CPU.
pub(crate) fn contiguous(value: Value) -> Value {
    match flex::<f32>(&value) {
        Some(t) if t.as_slice::<f32>().is_none() => wrap(copied::<f32>(t)),
        _ => value,
    }
}
