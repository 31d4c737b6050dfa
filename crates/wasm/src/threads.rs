//! The pool of workers of the module with shared memory.

use adjoint_core::kernel::{free_scratch, workers};
use adjoint_core::random;
use wasm_bindgen::prelude::*;

/// Uses `count` workers, which JavaScript starts now.
#[wasm_bindgen(js_name = startThreads)]
pub fn start(count: u32) {
    random::prepare();
    workers::start(count as usize);
}

/// Lets all workers return from `threadWork`.
#[wasm_bindgen(js_name = stopThreads)]
pub fn stop() {
    workers::stop();
}

/// How often workers have joined a job, for tests.
#[wasm_bindgen(js_name = threadsJoined)]
pub fn joined() -> u32 {
    workers::joined()
}

// Workers instantiate the module without wasm-bindgen's JavaScript: these take and return nothing.

/// What a worker does until `stopThreads`.
#[export_name = "threadWork"]
pub extern "C" fn work() {
    workers::work();
    free_scratch();
}

/// Where `threadWork` of a worker ended in a trap.
#[export_name = "threadFailed"]
pub extern "C" fn failed() {
    workers::fail();
}
