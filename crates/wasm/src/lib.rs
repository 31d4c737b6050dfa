//! WebAssembly binding: tensors and errors to JavaScript. It knows no operator by name.

use adjoint_core::{kernel, memory, passes, session, surface, tape, DType, Data, Device, Error, Result};
use js_sys::{Array, Float32Array, Float64Array, Function};
use std::cell::RefCell;
use wasm_bindgen::prelude::*;

type Outcome<T> = std::result::Result<T, JsError>;

/// Errors become `CLASS|code|message`, as in the Node binding.
fn wire<T>(outcome: Result<T>) -> Outcome<T> {
    outcome.map_err(|e| JsError::new(&e.wire()))
}

/// Sizes from numbers of JavaScript.
fn sizes(values: &[f64]) -> Result<Vec<usize>> {
    values
        .iter()
        .map(|&v| {
            if v >= 0.0 && v.fract() == 0.0 && v <= u32::MAX as f64 {
                Ok(v as usize)
            } else {
                Err(Error::argument("shape", format!("size {v} came, expected a whole number from 0 to 2^32 - 1.")))
            }
        })
        .collect()
}

fn numbers(values: impl IntoIterator<Item = f64>) -> Array {
    values.into_iter().map(JsValue::from_f64).collect()
}

fn array(data: Data) -> JsValue {
    match data {
        Data::F32(v) => Float32Array::from(v.as_slice()).into(),
        Data::F64(v) => Float64Array::from(v.as_slice()).into(),
    }
}

#[wasm_bindgen(js_name = surfaceDigest)]
pub fn surface_digest() -> String {
    surface::digest()
}

#[wasm_bindgen(js_name = initDevice)]
pub async fn init_device(device: String) -> Outcome<()> {
    let device = wire(Device::parse(&device))?;
    wire(device.start_async(lost).await)
}

thread_local! {
    static LOST: RefCell<Option<Function>> = const { RefCell::new(None) };
}

/// Reports once that this instance can no longer be used.
fn lost(reason: String) {
    if let Some(callback) = LOST.with_borrow_mut(Option::take) {
        // An error of the callback itself is ignored.
        let _ = callback.call1(&JsValue::NULL, &JsValue::from_str(&reason));
    }
}

/// Sets the callback for a lost graphics device or a panic in a background task: without it a promise that waits for
/// the GPU would never settle.
#[wasm_bindgen(js_name = onLost)]
pub fn on_lost(callback: Function) {
    LOST.set(Some(callback));
    #[cfg(feature = "webgpu")]
    std::panic::set_hook(Box::new(|panic| lost(format!("the WebAssembly module panicked: {panic}"))));
}

#[wasm_bindgen]
pub fn devices() -> String {
    session::devices()
}

/// Names the kernel of convolutions for tests and benchmarks, as `ADJOINT_CONV` does where there is an environment.
#[wasm_bindgen(js_name = forceKernel)]
pub fn force_kernel(name: &str) -> Outcome<()> {
    let known = kernel::named(name).ok_or_else(|| {
        Error::argument("forceKernel", format!("there is no kernel {name}; ADJOINT_CONV has the same names."))
    });
    wire(known.map(kernel::force))
}

#[wasm_bindgen]
pub fn apply(op: u32, handles: Vec<u32>, ints: Vec<f64>, floats: Vec<f64>) -> Outcome<Array> {
    let ints: Vec<i64> = ints.into_iter().map(|v| v as i64).collect();
    wire(session::apply(op as usize, &handles, &ints, &floats)).map(|h| numbers(h.into_iter().map(f64::from)))
}

#[wasm_bindgen(js_name = applyOne)]
pub fn apply_one(op: u32, a: u32, b: u32, value: f64) -> Outcome<u32> {
    wire(session::apply_one(op as usize, a, b, value))
}

#[wasm_bindgen(js_name = beginCheckpoint)]
pub fn begin_checkpoint() -> bool {
    session::begin_checkpoint()
}

#[wasm_bindgen(js_name = endCheckpoint)]
pub fn end_checkpoint(output: u32) -> Outcome<u32> {
    wire(session::end_checkpoint((output != 0).then_some(output)))
}

#[wasm_bindgen(js_name = fromData)]
pub fn from_data(data: &JsValue, shape: Vec<f64>, device: &str) -> Outcome<u32> {
    let data = if let Some(v) = data.dyn_ref::<Float32Array>() {
        session::check_upload(v.length() as usize, DType::F32).map(|()| Data::F32(v.to_vec()))
    } else if let Some(v) = data.dyn_ref::<Float64Array>() {
        session::check_upload(v.length() as usize, DType::F64).map(|()| Data::F64(v.to_vec()))
    } else {
        Err(Error::argument("fromData", "the data must be a Float32Array or a Float64Array.".to_string()))
    };
    wire(data.and_then(|d| session::from_data(d, &sizes(&shape)?, device)))
}

#[wasm_bindgen]
pub fn full(shape: Vec<f64>, value: f64, dtype: &str, device: &str) -> Outcome<u32> {
    wire(sizes(&shape).and_then(|s| session::full(&s, value, dtype, device)))
}

#[wasm_bindgen]
pub fn info(handle: u32) -> Outcome<String> {
    wire(session::info(handle))
}

#[wasm_bindgen(js_name = readSync)]
pub fn read_sync(handle: u32) -> Outcome<JsValue> {
    wire(session::read(handle)).map(array)
}

#[wasm_bindgen]
pub async fn read(handle: u32) -> Outcome<JsValue> {
    wire(session::read_async(handle).await).map(array)
}

#[wasm_bindgen(js_name = setRequiresGrad)]
pub fn set_requires_grad(handle: u32, on: bool) -> Outcome<()> {
    wire(session::set_requires_grad(handle, on))
}

#[wasm_bindgen(js_name = toDevice)]
pub fn to_device(handle: u32, device: &str) -> Outcome<u32> {
    wire(session::to_device(handle, device))
}

#[wasm_bindgen]
pub fn dispose(handle: u32) {
    session::dispose(handle);
}

#[wasm_bindgen(js_name = disposeAll)]
pub fn dispose_all(handles: Vec<u32>) {
    session::dispose_all(&handles);
}

#[wasm_bindgen]
pub fn grad(outputs: Vec<u32>, inputs: Vec<u32>, grad_outputs: Vec<u32>, create_graph: bool) -> Outcome<Array> {
    wire(session::grad(&outputs, &inputs, &grad_outputs, create_graph)).map(|h| numbers(h.into_iter().map(f64::from)))
}

#[wasm_bindgen(js_name = gradBegin)]
pub fn grad_begin(output: u32, inputs: Vec<u32>) -> Outcome<u32> {
    wire(passes::grad_begin(output, &inputs))
}

#[wasm_bindgen(js_name = gradOrder)]
pub fn grad_order(pass: u32) -> Outcome<Array> {
    wire(passes::grad_order(pass)).map(|positions| numbers(positions.into_iter().map(f64::from)))
}

#[wasm_bindgen(js_name = gradNext)]
pub fn grad_next(pass: u32, inputs: Vec<u32>) -> Outcome<Array> {
    wire(passes::grad_next(pass, &inputs)).map(|h| numbers(h.into_iter().map(f64::from)))
}

#[wasm_bindgen(js_name = gradEnd)]
pub fn grad_end(pass: u32) {
    passes::grad_end(pass);
}

#[wasm_bindgen(js_name = setGradEnabled)]
pub fn set_grad_enabled(on: bool) -> bool {
    tape::set_enabled(on)
}

/// Limits the memory of one operator, in bytes.
#[wasm_bindgen(js_name = setMemoryLimit)]
pub fn set_memory_limit(bytes: f64) -> Outcome<()> {
    wire(session::set_memory_limit(bytes))
}

// Not "memory": under that name the module exports its linear memory.
#[wasm_bindgen(js_name = liveMemory)]
pub fn live() -> Array {
    let (tensors, bytes) = memory();
    numbers([tensors as f64, bytes as f64])
}

/// Chooses the type to which convolutions of networks on a device round their operands.
#[wasm_bindgen(js_name = setPrecision)]
pub fn set_precision(device: &str, name: &str) -> Outcome<()> {
    wire(session::set_precision(device, name))
}

/// Draws random numbers for GPUs there.
#[wasm_bindgen(js_name = setRandomOnDevice)]
pub fn set_random_on_device(on: bool) {
    adjoint_core::device::set_random_on_device(on);
}

#[wasm_bindgen(js_name = rngNew)]
pub fn rng_new(seed: f64) -> Outcome<u32> {
    wire(session::rng_new(seed))
}

#[wasm_bindgen(js_name = rngFork)]
pub fn rng_fork(handle: u32) -> Outcome<u32> {
    wire(session::rng_fork(handle))
}

#[wasm_bindgen(js_name = rngState)]
pub fn rng_state(handle: u32) -> Outcome<String> {
    wire(session::rng_state(handle))
}

#[wasm_bindgen(js_name = rngFrom)]
pub fn rng_from(state: &str) -> Outcome<u32> {
    wire(session::rng_from(state))
}

#[wasm_bindgen(js_name = rngDispose)]
pub fn rng_dispose(handle: u32) {
    session::rng_dispose(handle);
}

#[wasm_bindgen(js_name = rngDraw)]
pub fn rng_draw(
    handle: u32,
    kind: &str,
    shape: Vec<f64>,
    params: Vec<f64>,
    of: u32,
    dtype: &str,
    device: &str,
) -> Outcome<u32> {
    wire(sizes(&shape).and_then(|s| session::rng_draw(handle, kind, &s, &params, of, dtype, device)))
}

#[cfg(feature = "threads")]
mod threads;
