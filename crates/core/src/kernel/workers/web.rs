//! Workers of a page or of Node, which JavaScript starts and lets call [`work`].

use super::{call, serve, LEAVING, OPEN, SLOTS, WORKERS};
use crate::kernel::simd;
use std::arch::wasm32::{memory_atomic_notify, memory_atomic_wait32};
use std::hint::spin_loop;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering};

/// Jobs that can run at once: one thread begins all.
pub(super) const JOBS: usize = 1;
/// How often a worker looks for another job before it sleeps.
const LOOKS: u32 = 10_000;

/// Whether a task of a worker ended in a trap.
static FAILED: AtomicBool = AtomicBool::new(false);
static STARTED: AtomicUsize = AtomicUsize::new(0);

/// Wakes up to `count` sleeping workers.
pub(super) fn wake(calls: &'static AtomicU32, count: usize) {
    // SAFETY: the address is that of a static number.
    unsafe { memory_atomic_notify(calls.as_ptr().cast(), count as u32) };
}

/// Sleeps while `calls` has the value `seen`.
pub(super) fn sleep(calls: &'static AtomicU32, seen: u32) {
    // SAFETY: the address is that of a static number. It returns at once where the number has changed.
    unsafe { memory_atomic_wait32(calls.as_ptr().cast(), seen as i32, -1) };
}

/// Waits in short steps, a limited number of times.
pub(super) struct Patience(u32);

impl Patience {
    pub(super) fn new() -> Self {
        Self(0)
    }
    /// Waits for a step; false where there were enough.
    pub(super) fn lasts(&mut self) -> bool {
        spin_loop();
        self.0 = self.0.saturating_add(1);
        self.0 < LOOKS
    }
}

/// A trap ends the worker: JavaScript then calls [`fail`].
pub(super) struct Failure;

impl Failure {
    pub(super) const fn new() -> Self {
        Self
    }
    pub(super) fn guard(&self, f: impl FnOnce()) {
        f();
    }
    pub(super) fn end(&self) -> Self {
        Self
    }
    pub(super) fn resume(self) {
        assert!(!FAILED.load(Ordering::SeqCst), "a worker of the module stopped");
    }
}

/// The number of workers.
pub(super) fn workers() -> usize {
    WORKERS.load(Ordering::Relaxed)
}

/// Uses `count` workers, each of which JavaScript starts and lets call [`work`].
pub fn start(count: usize) {
    // Tasks ask for it: a thread that asks while another finds it out would block.
    simd::isa();
    LEAVING.store(false, Ordering::SeqCst);
    STARTED.store(0, Ordering::SeqCst);
    WORKERS.store(count, Ordering::SeqCst);
}

/// Lets all workers return from [`work`].
pub fn stop() {
    WORKERS.store(0, Ordering::SeqCst);
    LEAVING.store(true, Ordering::SeqCst);
    call(usize::MAX);
}

/// The loop of a worker, until [`stop`].
pub fn work() {
    serve(STARTED.fetch_add(1, Ordering::SeqCst) + 1);
}

/// Called by JavaScript where [`work`] of a worker ended in a trap: `run` then stops the module.
pub fn fail() {
    FAILED.store(true, Ordering::SeqCst);
    let leave = |inside| (inside & !OPEN > 0).then(|| inside - 1);
    // Outside of a job there is nothing to leave.
    let _ = SLOTS[0].inside.fetch_update(Ordering::Release, Ordering::Relaxed, leave);
}
