//! Numbers (handles) that stand for tensors and random streams in JavaScript. Both bindings are thin wrappers of these
//! functions.

use crate::allocation;
use crate::device::{Adapter, Choice};
use crate::draw::draw;
use crate::id_map::IdMap;
use crate::random::Stream;
use crate::recompute::Log;
use crate::tensor::{Data, Tensor};
use crate::{surface, tape, DType, Device, Error, Result};
use std::cell::RefCell;

#[derive(Default)]
pub(crate) struct Session {
    tensors: IdMap<u32, Tensor>,
    streams: IdMap<u32, Stream>,
    /// Backward passes that go on (`passes`).
    pub(crate) passes: IdMap<u32, tape::Pass>,
    last: u32,
    /// The calls of operators since `begin_checkpoint`.
    log: Option<Log>,
}

thread_local! {
    /// Each thread of JavaScript has its own handles: they end with it.
    static SESSION: RefCell<Session> = RefCell::default();
}

/// Reads or changes the session of this thread. No operator runs within, and no tensor is dropped.
pub(crate) fn session<T>(f: impl FnOnce(&mut Session) -> T) -> T {
    SESSION.with_borrow_mut(f)
}

/// Frees everything that this thread holds; handles of it stand for nothing afterwards.
pub fn clear() {
    crate::tensor::table::clear();
    tape::set_logging(false);
    let _dropped = session(std::mem::take);
}

impl Session {
    /// A number that stands for nothing yet.
    pub(crate) fn handle(&mut self) -> u32 {
        loop {
            self.last = self.last.wrapping_add(1);
            let h = self.last;
            let is_taken = self.tensors.contains_key(&h) || self.streams.contains_key(&h);
            if h != 0 && !is_taken && !self.passes.contains_key(&h) {
                return h;
            }
        }
    }
}

pub(crate) fn put(t: Tensor) -> u32 {
    session(|s| {
        let h = s.handle();
        s.tensors.insert(h, t);
        if let Some(log) = &mut s.log {
            log.forget(h);
        }
        h
    })
}

fn stale(handle: u32) -> Error {
    let advice = "keep() it, or return it from tidy()";
    Error::argument_with_code("disposed", "tensor", format!("tensor {handle} was disposed; {advice}."))
}

/// The tensor of a handle.
pub fn get(handle: u32) -> Result<Tensor> {
    session(|s| s.tensors.get(&handle).cloned()).ok_or_else(|| stale(handle))
}

fn get_all(handles: &[u32]) -> Result<Vec<Option<Tensor>>> {
    session(|s| {
        let find = |&h: &u32| match h {
            0 => Ok(None),
            h => s.tensors.get(&h).cloned().map(Some).ok_or_else(|| stale(h)),
        };
        handles.iter().map(find).collect()
    })
}

/// Runs operator `op` on handles (0: an absent operand); returns handles.
pub fn apply(op: usize, handles: &[u32], ints: &[i64], floats: &[f64]) -> Result<Vec<u32>> {
    let operands = get_all(handles)?;
    let made: Vec<u32> = surface::apply(op, &operands, ints, floats)?.into_iter().map(put).collect();
    log(op, (handles, &operands), ints, floats, &made);
    Ok(made)
}

/// Adds a call to the log, where one is open.
fn log(op: usize, operands: (&[u32], &[Option<Tensor>]), ints: &[i64], floats: &[f64], made: &[u32]) {
    session(|s| {
        if let Some(log) = &mut s.log {
            log.add(op, operands, ints, floats, made);
        }
    });
}

/// Opens a log, within which operators run off the tape, to be computed again when they are differentiated; false where
/// one is open already, whose end this call is part of, or where nothing is recorded.
pub fn begin_checkpoint() -> bool {
    if !tape::is_enabled() {
        return false;
    }
    session(|s| s.log = Some(Log::default()));
    tape::set_logging(true);
    true
}

/// Closes the log; gives the tensor of a handle as the result of all that was called. `None` drops what was logged.
pub fn end_checkpoint(output: Option<u32>) -> Result<u32> {
    tape::set_logging(false);
    let log = session(|s| s.log.take()).unwrap_or_default();
    let Some(handle) = output else { return Ok(0) };
    Ok(put(log.close(handle, &get(handle)?)))
}

/// As `apply`, for operators of at most two tensors and one number that have one result: only numbers are passed.
pub fn apply_one(op: usize, a: u32, b: u32, value: f64) -> Result<u32> {
    let operands = session(|s| {
        let find = |h: u32| s.tensors.get(&h).cloned().ok_or_else(|| stale(h));
        Ok([Some(find(a)?), if b == 0 { None } else { Some(find(b)?) }])
    })?;
    let operands = &operands[..if b == 0 { 1 } else { 2 }];
    let made = put(surface::apply_first(op, operands, &[], &[value])?);
    log(op, (&[a, b][..operands.len()], operands), &[], &[value], &[made]);
    Ok(made)
}

/// A copy of values from JavaScript.
pub fn copied<T: Copy>(values: &[T]) -> Result<Vec<T>> {
    allocation::list("tensor", values.iter().copied())
}

/// Checks that `count` values from JavaScript fit into memory.
pub fn check_upload(count: usize, dtype: DType) -> Result<()> {
    allocation::check("tensor", count.checked_mul(dtype.size()))
}

/// Uploads values.
pub fn from_data(data: Data, shape: &[usize], device: &str) -> Result<u32> {
    let device = Device::parse(device)?;
    Ok(put(match data {
        Data::F32(v) => Tensor::from_f32(v, shape, device)?,
        Data::F64(v) => Tensor::from_f64(v, shape, device)?,
    }))
}

/// A tensor of one value.
pub fn full(shape: &[usize], value: f64, dtype: &str, device: &str) -> Result<u32> {
    Ok(put(Tensor::full(shape, value, DType::parse(dtype)?, Device::parse(device)?)?))
}

/// Shape, type, device and whether the tape follows, as JSON.
pub fn info(handle: u32) -> Result<String> {
    let t = get(handle)?;
    let (dtype, device) = (t.dtype().name(), t.device());
    Ok(format!(
        "{{\"shape\":{:?},\"dtype\":\"{dtype}\",\"device\":\"{device}\",\"requiresGrad\":{}}}",
        t.shape(),
        t.requires_grad()
    ))
}

/// Values, blocking.
pub fn read(handle: u32) -> Result<Data> {
    read_tensor(&get(handle)?)
}

/// The values of a tensor, blocking; on any thread.
pub fn read_tensor(t: &Tensor) -> Result<Data> {
    allocation::guarded("data", || t.read())
}

/// Values, without blocking.
pub async fn read_async(handle: u32) -> Result<Data> {
    get(handle)?.read_async().await
}

/// Makes a tensor a leaf of the tape, or takes it off the tape.
pub fn set_requires_grad(handle: u32, on: bool) -> Result<()> {
    let t = get(handle)?;
    if !t.is_leaf() {
        return Err(Error::argument(
            "requiresGrad_",
            "only a leaf can be changed; detach() the result of an operator first.",
        ));
    }
    if t.requires_grad() != on {
        let leaf = t.as_leaf(on);
        let _replaced = session(|s| s.tensors.insert(handle, leaf));
    }
    Ok(())
}

/// The value on another device.
pub fn to_device(handle: u32, device: &str) -> Result<u32> {
    let t = get(handle)?;
    if session(|s| s.log.as_ref().is_some_and(|log| log.has_made(handle))) {
        return Err(in_checkpoint("to", "moves a tensor that was computed there to another device"));
    }
    allocation::guarded("to", || crate::ops::unary::to_device(&t, Device::parse(device)?)).map(put)
}

/// Releases a handle; releasing it twice does nothing.
pub fn dispose(handle: u32) {
    let _dropped = session(|s| s.tensors.remove(&handle));
}

/// As `dispose`, for several handles.
pub fn dispose_all(handles: &[u32]) {
    let _dropped: Vec<Option<Tensor>> = session(|s| handles.iter().map(|h| s.tensors.remove(h)).collect());
}

/// Sets the largest number of bytes that one operator may allocate.
pub fn set_memory_limit(bytes: f64) -> Result<()> {
    if bytes.is_nan() || bytes < 0.0 {
        return Err(Error::argument("init", format!("memoryLimit is {bytes}, expected a number of bytes.")));
    }
    allocation::set_limit(bytes as usize);
    Ok(())
}

/// Gradients (see `tape::grad`); 0 where an input was not used.
pub fn grad(outputs: &[u32], inputs: &[u32], grad_outputs: &[u32], create_graph: bool) -> Result<Vec<u32>> {
    let outputs: Vec<Tensor> = outputs.iter().map(|&h| get(h)).collect::<Result<_>>()?;
    let inputs: Vec<Tensor> = inputs.iter().map(|&h| get(h)).collect::<Result<_>>()?;
    let seeds = get_all(grad_outputs)?;
    refuse_in_checkpoint()?;
    let found = allocation::guarded("grad", || tape::grad(&outputs, &inputs, &seeds, create_graph))?;
    Ok(found.into_iter().map(|g| g.map_or(0, put)).collect())
}

/// The log of a checkpoint can not hold what differentiates.
pub(crate) fn refuse_in_checkpoint() -> Result<()> {
    if session(|s| s.log.is_some()) {
        return Err(in_checkpoint("grad", "differentiates"));
    }
    Ok(())
}

fn in_checkpoint(op: &str, what: &str) -> Error {
    let message = format!("the function of checkpoint() {what}, which can not be computed again; do it outside.");
    Error::argument_with_code("in_checkpoint", op, message)
}

/// Devices as JSON: name, whether it starts, why not or what computes, and of a GPU its kind, driver and memory.
pub fn devices() -> String {
    // First, since adapters are listed once it has started.
    let _ = Device::WEBGPU.start();
    let rows: Vec<String> = Device::all().into_iter().map(|(device, adapter)| row(device, adapter)).collect();
    format!("[{}]", rows.join(","))
}

fn row(device: Device, adapter: Option<Adapter>) -> String {
    // What is listed beside the first of its kind starts when it is asked for.
    let state = match device {
        Device::WebGpu(Choice::Index(_)) | Device::Cuda(1..) => Ok(()),
        first => first.start(),
    };
    let adapter = adapter.or_else(|| device.adapter());
    let mut fields = vec![format!("\"name\":\"{device}\",\"available\":{}", state.is_ok())];
    match (state, adapter) {
        (Err(e), _) => fields.push(format!("\"detail\":{}", quoted(&e.detail().message))),
        (Ok(()), None) => fields.push("\"detail\":\"ready\"".into()),
        (Ok(()), Some(Adapter { name, kind, driver, memory })) => {
            fields.push(format!("\"detail\":{},\"kind\":\"{kind}\"", quoted(&name)));
            if !driver.is_empty() {
                fields.push(format!("\"driver\":{}", quoted(&driver)));
            }
            let held = device.memory();
            let numbers: Vec<String> =
                [("total", memory), ("reserved", held.map(|h| h.reserved)), ("used", held.map(|h| h.used))]
                    .into_iter()
                    .filter_map(|(name, bytes)| bytes.map(|bytes| format!("\"{name}\":{bytes}")))
                    .collect();
            if !numbers.is_empty() {
                fields.push(format!("\"memory\":{{{}}}", numbers.join(",")));
            }
        }
    }
    format!("{{{}}}", fields.join(","))
}

/// A string of JSON.
fn quoted(text: &str) -> String {
    let escaped = text.chars().map(|c| match c {
        '"' | '\\' => format!("\\{c}"),
        c if (c as u32) < 0x20 => format!("\\u{:04x}", c as u32),
        c => c.to_string(),
    });
    format!("\"{}\"", escaped.collect::<String>())
}

/// Chooses the type to which convolutions of networks on a device round their operands, in the whole process.
pub fn set_precision(device: &str, name: &str) -> Result<()> {
    Device::parse(device)?.set_precision(name)
}

/// Kernels that were launched on GPUs since the first call, which begins to count.
pub fn launches() -> f64 {
    crate::device::launches() as f64
}

/// As `launches`, by the names of the kernels: a JSON object.
pub fn kernels() -> String {
    let fields: Vec<String> =
        crate::device::kernels().iter().map(|(name, count)| format!("{}:{count}", quoted(name))).collect();
    format!("{{{}}}", fields.join(","))
}

fn put_stream(stream: Stream) -> u32 {
    session(|s| {
        let h = s.handle();
        s.streams.insert(h, stream);
        h
    })
}

fn stream(handle: u32) -> Result<Stream> {
    session(|s| s.streams.get(&handle).cloned()).ok_or_else(|| Error::argument("Rng", "the stream was disposed."))
}

fn keep_stream(handle: u32, stream: Stream) {
    session(|s| s.streams.insert(handle, stream));
}

/// The stream of a seed.
pub fn rng_new(seed: f64) -> Result<u32> {
    if seed.fract() != 0.0 || seed.abs() > 9_007_199_254_740_991.0 {
        return Err(Error::argument(
            "Rng",
            format!("seed {seed} came, expected a whole number between -(2^53 - 1) and 2^53 - 1."),
        ));
    }
    Ok(put_stream(Stream::new(seed as i64 as u64)))
}

/// An independent stream.
pub fn rng_fork(handle: u32) -> Result<u32> {
    let mut parent = stream(handle)?;
    let child = parent.fork();
    keep_stream(handle, parent);
    Ok(put_stream(child))
}

/// The state of a stream, from which the next draws follow.
pub fn rng_state(handle: u32) -> Result<String> {
    Ok(stream(handle)?.state())
}

/// The stream of a state.
pub fn rng_from(state: &str) -> Result<u32> {
    Stream::from_state(state).map(put_stream).map_err(|e| Error::argument("Rng.from", format!("{e}.")))
}

/// Releases a stream.
pub fn rng_dispose(handle: u32) {
    session(|s| s.streams.remove(&handle));
}

/// Draws a tensor; `of` is the tensor of rates or counts (0: none).
pub fn rng_draw(
    handle: u32,
    kind: &str,
    shape: &[usize],
    params: &[f64],
    of: u32,
    dtype: &str,
    device: &str,
) -> Result<u32> {
    allocation::guarded("Rng", || {
        let mut stream = stream(handle)?;
        let of = if of == 0 { None } else { Some(get(of)?) };
        let drawn = draw(&mut stream, kind, shape, params, of.as_ref(), DType::parse(dtype)?, Device::parse(device)?)?;
        keep_stream(handle, stream);
        Ok(drawn)
    })
    .map(put)
}
