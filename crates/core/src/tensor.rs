//! The rank-dynamic tensor: a value on a device, and the tape node that made it.

use crate::allocation::{check, list};
use crate::device::{count_upload, Device};
use crate::error::{Error, Result};
pub use crate::storage::DType;
use crate::storage::{self, physical, CpuElement, Value, Values};
use adjoint_backend::{DType as BurnDType, Dispatch, Scalar, TensorData, TensorMetadata};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, OnceLock};

mod check;
mod constant;
pub(crate) mod node;
pub(crate) mod table;

pub(crate) use check::{check_axes, check_size, elements, same_kind, MAX_RANK};
use check::{check_dtype, check_length};
pub use constant::Constant;
use node::{Node, Vjp};

static TENSORS: AtomicI64 = AtomicI64::new(0);
static BYTES: AtomicI64 = AtomicI64::new(0);

/// Live tensors and their bytes, those kept by the tape included. Views count as the size they show.
pub fn memory() -> (i64, i64) {
    (TENSORS.load(Ordering::Relaxed), BYTES.load(Ordering::Relaxed))
}

/// One float32 number on the CPU becomes a tensor of burn only when an operator needs one: this makes arithmetic on
/// single numbers ten times as fast.
enum Stored {
    Value(Value),
    Number(f32, OnceLock<Value>),
}

impl Stored {
    fn share(&self) -> Self {
        match self {
            Self::Value(value) => Self::Value(value.clone()),
            Self::Number(v, _) => Self::Number(*v, OnceLock::new()),
        }
    }
}

pub(crate) struct Inner {
    stored: Stored,
    shape: Vec<usize>,
    dtype: DType,
    device: Device,
    pub(crate) node: Option<Arc<Node>>,
    uploaded: Uploaded,
}

/// Uploaded values, kept where the device can only be read asynchronously: what the program wrote itself, such as a
/// mask, can then still be read synchronously.
type Uploaded = Option<Arc<[f32]>>;

/// From this size on a tensor of one value is stored as that value.
const LARGE_FILL: usize = 1 << 24;

/// Larger tensors are images rather than masks or noise levels: they are not stored twice.
const MAX_UPLOADED: usize = 1 << 18;

impl Drop for Inner {
    fn drop(&mut self) {
        TENSORS.fetch_sub(1, Ordering::Relaxed);
        BYTES.fetch_sub((self.shape.iter().product::<usize>() * self.dtype.size()) as i64, Ordering::Relaxed);
    }
}

/// A tensor; cloning shares it.
#[derive(Clone)]
pub struct Tensor(pub(crate) Arc<Inner>);

impl std::fmt::Debug for Tensor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Tensor({:?}, {}, {})", self.shape(), self.dtype().name(), self.device())
    }
}

impl Tensor {
    fn assemble(value: Value, shape: Vec<usize>, dtype: DType, device: Device, node: Option<Arc<Node>>) -> Self {
        let target = physical(&shape);
        let value = if value.shape() == target { value } else { Dispatch::float_reshape(value, target) };
        Self::counted(Inner { stored: Stored::Value(value), shape, dtype, device, node, uploaded: None })
    }

    fn counted(inner: Inner) -> Self {
        TENSORS.fetch_add(1, Ordering::Relaxed);
        BYTES.fetch_add((inner.shape.iter().product::<usize>() * inner.dtype.size()) as i64, Ordering::Relaxed);
        Tensor(Arc::new(inner))
    }

    /// This tensor with its uploaded values; for tensors that are not shared yet.
    fn with_uploaded(mut self, uploaded: Uploaded) -> Self {
        if let Some(inner) = Arc::get_mut(&mut self.0) {
            inner.uploaded = uploaded;
        }
        self
    }

    /// The same value with `node` in place of its own.
    fn sharing(&self, node: Option<Arc<Node>>) -> Self {
        let uploaded = self.0.uploaded.clone();
        Self::counted(Inner {
            stored: self.0.stored.share(),
            shape: self.0.shape.clone(),
            dtype: self.dtype(),
            device: self.device(),
            node,
            uploaded,
        })
    }

    /// A tensor that is not on the tape.
    fn off_tape(value: Value, shape: Vec<usize>, device: Device) -> Self {
        let dtype = DType::of(value.dtype());
        Self::assemble(value, shape, dtype, device, None)
    }

    /// The same value, made by `node`.
    pub(crate) fn with_node(&self, node: Arc<Node>) -> Self {
        self.sharing(Some(node))
    }

    /// Whether the tape follows an operator on `parents`.
    fn follows(parents: &[&Tensor]) -> bool {
        node::is_enabled() && parents.iter().any(|p| p.0.node.is_some())
    }

    /// The result of an operator: recorded with its vector-Jacobian product when a parent is on the tape.
    pub(crate) fn result(value: Value, shape: Vec<usize>, parents: &[&Tensor], vjp: Vjp) -> Self {
        let (dtype, device) = (DType::of(value.dtype()), parents[0].device());
        let node = Self::follows(parents).then(|| Node::operator(parents.iter().map(|p| (*p).clone()).collect(), vjp));
        Self::assemble(value, shape, dtype, device, node)
    }

    /// As `result`, for one float32 number on the CPU.
    pub(crate) fn number_result(value: f32, shape: Vec<usize>, parents: &[&Tensor], vjp: Vjp) -> Self {
        let node = Self::follows(parents).then(|| Node::operator(parents.iter().map(|p| (*p).clone()).collect(), vjp));
        Self::counted(Inner {
            stored: Stored::Number(value, OnceLock::new()),
            shape,
            dtype: DType::F32,
            device: Device::Cpu,
            node,
            uploaded: None,
        })
    }

    /// The value of a tensor that is one float32 number on the CPU.
    pub(crate) fn number(&self) -> Option<f32> {
        match &self.0.stored {
            Stored::Number(v, _) => Some(*v),
            Stored::Value(value) if self.size() == 1 => Values::contiguous(value).and_then(|v| v.first().copied()),
            Stored::Value(_) => None,
        }
    }

    /// As `result`, for a value on another device than its parent.
    pub(crate) fn result_on(out: Tensor, parent: &Tensor, vjp: Vjp) -> Self {
        if !Self::follows(&[parent]) {
            return out;
        }
        let node = Node::operator(vec![parent.clone()], vjp);
        out.sharing(Some(node))
    }

    /// `out`, which is off the tape, as the result of an operator of several parents.
    pub(crate) fn result_of(out: Tensor, parents: Vec<Tensor>, vjp: Vjp) -> Self {
        out.sharing(Some(Node::operator(parents, vjp)))
    }

    /// As `result`, for operators whose derivative is written in terms of their output.
    pub(crate) fn result_saving_output(value: Value, shape: Vec<usize>, parents: &[&Tensor], vjp: Vjp) -> Self {
        let device = parents[0].device();
        let out = Self::off_tape(value, shape, device);
        if !Self::follows(parents) {
            return out;
        }
        let parents = parents.iter().map(|p| (*p).clone()).collect();
        let node = Node::operator_saving_output(parents, vjp, out.clone());
        out.sharing(Some(node))
    }

    /// From values in row-major order.
    pub fn from_f32(data: Vec<f32>, shape: &[usize], device: Device) -> Result<Self> {
        check_length(data.len(), shape)?;
        if let ([number], Device::Cpu) = (data.as_slice(), device) {
            let stored = Stored::Number(*number, OnceLock::new());
            return Ok(Self::counted(Inner {
                stored,
                shape: shape.to_vec(),
                dtype: DType::F32,
                device,
                node: None,
                uploaded: None,
            }));
        }
        count_upload(device);
        let uploaded = (is_asynchronous(device) && data.len() <= MAX_UPLOADED).then(|| Arc::from(data.as_slice()));
        let value = Dispatch::float_from_data(TensorData::new(data, physical(shape)), &device.dispatch()?);
        Ok(Self::off_tape(value, shape.to_vec(), device).with_uploaded(uploaded))
    }

    /// From 64-bit values in row-major order (CPU only).
    pub fn from_f64(data: Vec<f64>, shape: &[usize], device: Device) -> Result<Self> {
        check_length(data.len(), shape)?;
        check_dtype(DType::F64, device)?;
        let value = Dispatch::float_from_data(TensorData::new(data, physical(shape)), &device.dispatch()?);
        Ok(Self::off_tape(value, shape.to_vec(), device))
    }

    /// From 64-bit values, stored as `dtype`.
    pub fn from_values(data: Vec<f64>, shape: &[usize], dtype: DType, device: Device) -> Result<Self> {
        match dtype {
            DType::F64 => Self::from_f64(data, shape, device),
            DType::F32 => Self::from_f32(list("tensor", data.into_iter().map(|v| v as f32))?, shape, device),
        }
    }

    /// A tensor filled with one value.
    pub fn full(shape: &[usize], value: f64, dtype: DType, device: Device) -> Result<Self> {
        check_dtype(dtype, device)?;
        let size = check_size("full", shape, dtype)?;
        if size == 1 && dtype == DType::F32 && device == Device::Cpu {
            return Self::from_f32(vec![value as f32], shape, device);
        }
        if let (Device::Cpu, DType::F32, true) = (device, dtype, size >= LARGE_FILL) {
            return Ok(Self::off_tape(storage::repeated(value as f32, shape), shape.to_vec(), device));
        }
        let v = Dispatch::float_full(physical(shape), Scalar::Float(value), &device.dispatch()?, dtype.float());
        Ok(Self::off_tape(v, shape.to_vec(), device))
    }

    /// Memory for a float32 tensor on a GPU, whose values nobody has set.
    pub(crate) fn unset(shape: &[usize], device: Device) -> Result<Self> {
        check_size("empty", shape, DType::F32)?;
        let value = Dispatch::float_empty(physical(shape), &device.dispatch()?, DType::F32.float());
        Ok(Self::off_tape(value, shape.to_vec(), device))
    }

    /// A constant of the same shape, type and device.
    pub fn full_like(&self, value: f64) -> Result<Self> {
        Self::full(self.shape(), value, self.dtype(), self.device())
    }

    pub(crate) fn value(&self) -> Value {
        match &self.0.stored {
            Stored::Value(value) => value.clone(),
            Stored::Number(v, made) => made.get_or_init(|| storage::from_vec(vec![*v], &self.0.shape)).clone(),
        }
    }
    /// The values in row-major order, if this is a float32 tensor on the CPU.
    pub(crate) fn floats(&self) -> Option<Values<f32>> {
        Values::of(&self.value())
    }
    /// The values of a tensor on the CPU in row-major order.
    pub(crate) fn values<T: CpuElement>(&self) -> Result<Values<T>> {
        Values::of(&self.value()).ok_or_else(|| self.not_on_cpu::<T>())
    }
    /// As `values`, but only the first row of a tensor that is broadcast along its first axis.
    pub(crate) fn rows<T: CpuElement>(&self) -> Result<Values<T>> {
        Values::rows(&self.value()).ok_or_else(|| self.not_on_cpu::<T>())
    }
    fn not_on_cpu<T>(&self) -> Error {
        Error::internal(format!("{self:?} is not a {} tensor on the CPU.", std::any::type_name::<T>()))
    }
    /// Sizes, outermost first; empty for a scalar.
    pub fn shape(&self) -> &[usize] {
        &self.0.shape
    }
    /// Number of axes.
    pub fn rank(&self) -> usize {
        self.0.shape.len()
    }
    /// Number of elements.
    pub fn size(&self) -> usize {
        self.0.shape.iter().product()
    }
    /// Bytes that an operator may take for this operand beside its result: a copy in row-major order, and where burn
    /// computes on the CPU a result of this size with two of its parts.
    pub(crate) fn working_bytes(&self) -> usize {
        let bytes = self.size().saturating_mul(self.dtype().size());
        match self.device() {
            Device::Cpu if self.dtype() == DType::F64 => bytes.saturating_mul(3),
            Device::Cpu if cfg!(target_family = "wasm") => bytes.saturating_mul(2),
            _ => 0,
        }
    }
    /// Element type.
    pub fn dtype(&self) -> DType {
        self.0.dtype
    }
    /// Device.
    pub fn device(&self) -> Device {
        self.0.device
    }
    /// Whether the tape follows this tensor.
    pub fn requires_grad(&self) -> bool {
        self.0.node.is_some()
    }
    /// Whether this tensor is a leaf of the tape, or off it.
    pub fn is_leaf(&self) -> bool {
        self.0.node.as_ref().is_none_or(|n| n.is_leaf())
    }
    /// The same value, off the tape.
    pub fn detach(&self) -> Self {
        self.sharing(None)
    }
    /// The same value as a leaf of the tape (or off it).
    pub fn as_leaf(&self, requires_grad: bool) -> Self {
        self.sharing(requires_grad.then(Node::leaf))
    }

    /// Values in row-major order, widened to 64 bits; blocks until the device has finished.
    pub fn to_vec(&self) -> Result<Vec<f64>> {
        check("data", self.size().checked_mul(size_of::<f64>()))?;
        Ok(match self.read()? {
            Data::F32(v) => v.into_iter().map(f64::from).collect(),
            Data::F64(v) => v,
        })
    }

    /// Values in row-major order. Where a device cannot be waited for, only uploaded values can be read.
    pub fn read(&self) -> Result<Data> {
        if let Some(uploaded) = &self.0.uploaded {
            return Ok(Data::F32(uploaded.to_vec()));
        }
        if is_asynchronous(self.device()) {
            return Err(cannot_block());
        }
        // In row-major order, and for the reader.
        check("data", self.size().checked_mul(2 * self.dtype().size()))?;
        unpack(adjoint_backend::try_read_sync(Dispatch::float_into_data(self.value())))
    }

    /// Values in row-major order, without blocking.
    pub async fn read_async(&self) -> Result<Data> {
        unpack(Some(Dispatch::float_into_data(self.value()).await))
    }
}

/// Values read back from a device.
pub enum Data {
    /// float32
    F32(Vec<f32>),
    /// float64
    F64(Vec<f64>),
}

fn cannot_block() -> Error {
    Error::device("cannot_block", "dataSync: this device can only be read asynchronously; use await data().")
}

fn unpack<E: std::fmt::Display>(data: Option<std::result::Result<TensorData, E>>) -> Result<Data> {
    let data = data
        .ok_or_else(cannot_block)?
        .map_err(|e| Error::device("device_lost", format!("data: reading a tensor failed: {e}.")))?;
    let fault = |e: &dyn std::fmt::Debug| Error::internal(format!("data: reading a tensor: {e:?}."));
    if data.dtype() == BurnDType::F64 {
        data.try_to_vec::<f64>().map(Data::F64).map_err(|e| fault(&e))
    } else {
        data.try_to_vec::<f32>().map(Data::F32).map_err(|e| fault(&e))
    }
}

/// Whether the values of a device can only be read asynchronously.
fn is_asynchronous(device: Device) -> bool {
    device != Device::Cpu && cfg!(target_family = "wasm")
}
