//! Node.js binding: tensors and errors across N-API. It knows no operator by name.

mod memory;

use adjoint_core::allocation::set_reclaim;
use adjoint_core::{memory, passes, session, surface, tape, Data, Device, Error, Result, Tensor};
use napi::bindgen_prelude::{AsyncTask, Either, Float32Array, Float64Array, Object, Uint32Array};
use napi::{Env, Task};
use napi_derive::napi;
use std::panic::{catch_unwind, AssertUnwindSafe};

#[global_allocator]
static MEMORY: memory::CachingAllocator = memory::CachingAllocator;

/// Converts errors and panics to JavaScript errors `CLASS|code|message`.
fn guard<T>(f: impl FnOnce() -> Result<T>) -> napi::Result<T> {
    let outcome = catch_unwind(AssertUnwindSafe(f)).unwrap_or_else(|panic| {
        let text =
            panic.downcast_ref::<&str>().map(|s| s.to_string()).or_else(|| panic.downcast_ref::<String>().cloned());
        Err(Error::internal(format!("the core failed: {}; please report this.", text.unwrap_or_default())))
    });
    outcome.map_err(|e| napi::Error::from_reason(e.wire()))
}

fn sizes(shape: Vec<f64>) -> Result<Vec<usize>> {
    shape
        .into_iter()
        .map(|v| {
            if v >= 0.0 && v.fract() == 0.0 && v < 9e15 {
                Ok(v as usize)
            } else {
                Err(Error::argument("shape", format!("size {v} came, expected a whole number of at least 0.")))
            }
        })
        .collect()
}

fn array(data: Data) -> Either<Float32Array, Float64Array> {
    match data {
        Data::F32(v) => Either::A(v.into()),
        Data::F64(v) => Either::B(v.into()),
    }
}

/// Silences the default report of a panic: it becomes a JavaScript error.
#[napi_derive::module_init]
fn quiet() {
    std::panic::set_hook(Box::new(|_| {}));
}

/// When a thread of JavaScript ends, however that comes, its tensors and streams do.
#[napi(module_exports)]
pub fn end_with_environment(_exports: Object, env: Env) -> napi::Result<()> {
    env.add_env_cleanup_hook((), |()| session::clear()).map(|_| ())
}

/// The operator table, from which the wrappers in TypeScript are generated.
#[napi(js_name = "surface")]
pub fn surface_table() -> String {
    surface::describe()
}

#[napi(js_name = "surfaceDigest")]
pub fn surface_digest() -> String {
    surface::digest()
}

pub struct Start(String);
impl Task for Start {
    type Output = ();
    type JsValue = ();
    fn compute(&mut self) -> napi::Result<()> {
        set_reclaim(memory::release);
        guard(|| Device::parse(&self.0)?.start())
    }
    fn resolve(&mut self, _: Env, _: ()) -> napi::Result<()> {
        Ok(())
    }
}

#[napi]
pub fn init_device(device: String) -> AsyncTask<Start> {
    AsyncTask::new(Start(device))
}

#[napi]
pub fn devices() -> napi::Result<String> {
    guard(|| Ok(session::devices()))
}

#[napi]
pub fn apply(op: u32, handles: Vec<u32>, ints: Vec<i64>, floats: Vec<f64>) -> napi::Result<Vec<u32>> {
    guard(|| session::apply(op as usize, &handles, &ints, &floats))
}

#[napi]
pub fn apply_one(op: u32, a: u32, b: u32, value: f64) -> napi::Result<u32> {
    guard(|| session::apply_one(op as usize, a, b, value))
}

#[napi]
pub fn begin_checkpoint() -> bool {
    session::begin_checkpoint()
}

#[napi]
pub fn end_checkpoint(output: u32) -> napi::Result<u32> {
    guard(|| session::end_checkpoint((output != 0).then_some(output)))
}

#[napi]
pub fn from_data(data: Either<Float32Array, Float64Array>, shape: Vec<f64>, device: String) -> napi::Result<u32> {
    guard(|| {
        let data = match data {
            Either::A(v) => Data::F32(session::copied(&v)?),
            Either::B(v) => Data::F64(session::copied(&v)?),
        };
        session::from_data(data, &sizes(shape)?, &device)
    })
}

#[napi]
pub fn full(shape: Vec<f64>, value: f64, dtype: String, device: String) -> napi::Result<u32> {
    guard(|| session::full(&sizes(shape)?, value, &dtype, &device))
}

#[napi]
pub fn info(handle: u32) -> napi::Result<String> {
    guard(|| session::info(handle))
}

#[napi]
pub fn read_sync(handle: u32) -> napi::Result<Either<Float32Array, Float64Array>> {
    guard(|| session::read(handle)).map(array)
}

pub struct Read(Result<Tensor>);
impl Task for Read {
    type Output = Data;
    type JsValue = Either<Float32Array, Float64Array>;
    fn compute(&mut self) -> napi::Result<Data> {
        // Handles belong to the thread of JavaScript; this is another one.
        guard(|| session::read_tensor(self.0.as_ref().map_err(Error::clone)?))
    }
    fn resolve(&mut self, _: Env, data: Data) -> napi::Result<Self::JsValue> {
        Ok(array(data))
    }
}

#[napi]
pub fn read(handle: u32) -> AsyncTask<Read> {
    AsyncTask::new(Read(session::get(handle)))
}

#[napi]
pub fn set_requires_grad(handle: u32, on: bool) -> napi::Result<()> {
    guard(|| session::set_requires_grad(handle, on))
}

#[napi]
pub fn to_device(handle: u32, device: String) -> napi::Result<u32> {
    guard(|| session::to_device(handle, &device))
}

#[napi]
pub fn dispose(handle: u32) -> napi::Result<()> {
    guard(|| {
        session::dispose(handle);
        Ok(())
    })
}

#[napi]
pub fn dispose_all(handles: Uint32Array) -> napi::Result<()> {
    guard(|| {
        session::dispose_all(&handles);
        Ok(())
    })
}

#[napi]
pub fn grad(outputs: Vec<u32>, inputs: Vec<u32>, grad_outputs: Vec<u32>, create_graph: bool) -> napi::Result<Vec<u32>> {
    guard(|| session::grad(&outputs, &inputs, &grad_outputs, create_graph))
}

#[napi]
pub fn grad_begin(output: u32, inputs: Vec<u32>) -> napi::Result<u32> {
    guard(|| passes::grad_begin(output, &inputs))
}

#[napi]
pub fn grad_order(pass: u32) -> napi::Result<Vec<u32>> {
    guard(|| passes::grad_order(pass))
}

#[napi]
pub fn grad_next(pass: u32, inputs: Vec<u32>) -> napi::Result<Vec<u32>> {
    guard(|| passes::grad_next(pass, &inputs))
}

#[napi]
pub fn grad_end(pass: u32) -> napi::Result<()> {
    guard(|| {
        passes::grad_end(pass);
        Ok(())
    })
}

#[napi]
pub fn set_grad_enabled(on: bool) -> bool {
    tape::set_enabled(on)
}

/// Limits the memory of one operator, in bytes.
#[napi]
pub fn set_memory_limit(bytes: f64) -> napi::Result<()> {
    guard(|| session::set_memory_limit(bytes))
}

#[napi(js_name = "memory")]
pub fn live() -> Vec<i64> {
    let (tensors, bytes) = memory();
    vec![tensors, bytes]
}

#[napi]
pub fn rng_new(seed: f64) -> napi::Result<u32> {
    guard(|| session::rng_new(seed))
}

#[napi]
pub fn rng_fork(handle: u32) -> napi::Result<u32> {
    guard(|| session::rng_fork(handle))
}

#[napi]
pub fn rng_state(handle: u32) -> napi::Result<String> {
    guard(|| session::rng_state(handle))
}

#[napi]
pub fn rng_from(state: String) -> napi::Result<u32> {
    guard(|| session::rng_from(&state))
}

#[napi]
pub fn rng_dispose(handle: u32) -> napi::Result<()> {
    guard(|| {
        session::rng_dispose(handle);
        Ok(())
    })
}

#[napi]
#[allow(clippy::too_many_arguments)]
pub fn rng_draw(
    handle: u32,
    kind: String,
    shape: Vec<f64>,
    params: Vec<f64>,
    of: u32,
    dtype: String,
    device: String,
) -> napi::Result<u32> {
    guard(|| session::rng_draw(handle, &kind, &sizes(shape)?, &params, of, &dtype, &device))
}

/// Allows TF32 in convolutions on NVIDIA GPUs.
#[napi(js_name = "setTf32")]
pub fn set_tf32(on: bool) {
    adjoint_core::device::set_tf32(on);
}

/// Chooses the type to which convolutions of networks on a device round their operands.
#[napi(js_name = "setPrecision")]
pub fn set_precision(device: String, name: String) -> napi::Result<()> {
    guard(|| session::set_precision(&device, &name))
}

/// Draws random numbers for GPUs there.
#[napi(js_name = "setRandomOnDevice")]
pub fn set_random_on_device(on: bool) {
    adjoint_core::device::set_random_on_device(on);
}

/// Kernels that were launched on GPUs since the first call.
#[napi]
pub fn launches() -> f64 {
    session::launches()
}

/// As `launches`, by the names of the kernels: a JSON object.
#[napi]
pub fn kernels() -> String {
    session::kernels()
}

/// Tensors and lists that were sent to GPUs, those that operators make for themselves included.
#[napi]
pub fn uploads() -> f64 {
    adjoint_core::device::uploads() as f64
}
