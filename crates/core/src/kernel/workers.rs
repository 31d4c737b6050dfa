//! The threads of a WebAssembly module with shared memory: a pool of workers, which JavaScript starts.
//!
//! The main thread of a page must not block, so the calling thread takes tasks as the workers do and then spins until
//! the workers within the job have finished theirs. It never waits for a worker that has not woken yet: that one finds
//! the job closed. Between jobs a worker looks for the next one for some microseconds before it sleeps.

use super::simd;
use std::arch::wasm32::{memory_atomic_notify, memory_atomic_wait32};
use std::cell::UnsafeCell;
use std::hint::spin_loop;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering};

/// Parts of a job for each thread: tasks differ in length, and threads begin at different times.
const PARTS: usize = 16;
/// How often a worker looks for another job before it sleeps: waking it takes longer than many a kernel.
const LOOKS: u32 = 10_000;

/// The loop that is run: `task(i)` for each i below `count`, `part` neighbours at a time.
#[derive(Clone, Copy)]
struct Job {
    task: &'static (dyn Fn(usize) + Sync),
    count: usize,
    part: usize,
}

struct Slot(UnsafeCell<Option<Job>>);
// SAFETY: it is written only while no job is open and no worker is within one.
unsafe impl Sync for Slot {}

static JOB: Slot = Slot(UnsafeCell::new(None));
/// The first index that no thread has taken.
static NEXT: AtomicUsize = AtomicUsize::new(0);
/// The number of workers within the job; [`OPEN`] while others may join.
static INSIDE: AtomicU32 = AtomicU32::new(0);
const OPEN: u32 = 1 << 31;
/// Changes with each job, and where workers are told to leave.
static CALLS: AtomicU32 = AtomicU32::new(0);
static SLEEPING: AtomicU32 = AtomicU32::new(0);
/// Whether a job runs: loops within its tasks are not divided again.
static BUSY: AtomicBool = AtomicBool::new(false);
/// Whether a task of a worker ended in a trap.
static FAILED: AtomicBool = AtomicBool::new(false);
static JOINED: AtomicU32 = AtomicU32::new(0);
static LEAVING: AtomicBool = AtomicBool::new(false);
static WORKERS: AtomicUsize = AtomicUsize::new(0);

/// Uses `count` workers, each of which JavaScript starts and lets call [`work`].
pub fn start(count: usize) {
    // Tasks ask for it: a thread that asks while another finds it out would block.
    simd::isa();
    LEAVING.store(false, Ordering::SeqCst);
    WORKERS.store(count, Ordering::SeqCst);
}

/// Lets all workers return from [`work`].
pub fn stop() {
    WORKERS.store(0, Ordering::SeqCst);
    LEAVING.store(true, Ordering::SeqCst);
    call();
}

/// Tells the workers that there is a job, or that they are to leave.
fn call() {
    CALLS.fetch_add(1, Ordering::SeqCst);
    if SLEEPING.load(Ordering::SeqCst) > 0 {
        // SAFETY: the address is that of a static number.
        unsafe { memory_atomic_notify(CALLS.as_ptr().cast(), u32::MAX) };
    }
}

/// The loop of a worker, until [`stop`].
pub fn work() {
    let mut seen = 0;
    while !LEAVING.load(Ordering::SeqCst) {
        if join() {
            // SAFETY: while a worker is within the job it stays as it is, and `run`, which has the task, does not end.
            let job = unsafe { *JOB.0.get() };
            if let Some(job) = job {
                take(job);
            }
            INSIDE.fetch_sub(1, Ordering::Release);
        }
        seen = next_call(seen);
    }
}

/// Called by JavaScript where [`work`] of a worker ended in a trap: `run` then stops the module.
pub fn fail() {
    FAILED.store(true, Ordering::SeqCst);
    let leave = |inside| (inside & !OPEN > 0).then(|| inside - 1);
    // Outside of a job there is nothing to leave.
    let _ = INSIDE.fetch_update(Ordering::Release, Ordering::Relaxed, leave);
}

/// How often workers have joined a job: tests see by it that they compute.
pub fn joined() -> u32 {
    JOINED.load(Ordering::Relaxed)
}

/// Enters the open job, if there is one.
fn join() -> bool {
    let enter = |inside| (inside & OPEN != 0).then_some(inside + 1);
    let joined = INSIDE.fetch_update(Ordering::Acquire, Ordering::Relaxed, enter).is_ok();
    JOINED.fetch_add(joined.into(), Ordering::Relaxed);
    joined
}

/// Returns once the number of calls is no longer `seen`: the new number.
fn next_call(seen: u32) -> u32 {
    for _ in 0..LOOKS {
        let calls = CALLS.load(Ordering::SeqCst);
        if calls != seen {
            return calls;
        }
        spin_loop();
    }
    SLEEPING.fetch_add(1, Ordering::SeqCst);
    // SAFETY: the address is that of a static number. It returns at once where the number has changed.
    unsafe { memory_atomic_wait32(CALLS.as_ptr().cast(), seen as i32, -1) };
    SLEEPING.fetch_sub(1, Ordering::SeqCst);
    CALLS.load(Ordering::SeqCst)
}

/// Runs parts of the job until none is left.
fn take(job: Job) {
    loop {
        let from = NEXT.fetch_add(job.part, Ordering::Relaxed);
        if from >= job.count {
            return;
        }
        (from..job.count.min(from + job.part)).for_each(job.task);
    }
}

/// Calls `task(0)` ... `task(count - 1)` on this thread and the workers. Does nothing and returns false where there are
/// none, or where a job is running.
pub fn run(count: usize, task: &(dyn Fn(usize) + Sync)) -> bool {
    let workers = WORKERS.load(Ordering::Relaxed);
    if workers == 0 || BUSY.swap(true, Ordering::Acquire) {
        return false;
    }
    // SAFETY: no worker uses the task after this function ends, which waits until none is within the job.
    let task = unsafe { std::mem::transmute::<&(dyn Fn(usize) + Sync), &'static (dyn Fn(usize) + Sync)>(task) };
    let job = Job { task, count, part: (count / (PARTS * (workers + 1))).max(1) };
    // SAFETY: no job is open and no worker within one.
    unsafe { *JOB.0.get() = Some(job) };
    NEXT.store(0, Ordering::Relaxed);
    INSIDE.store(OPEN, Ordering::Release);
    call();
    take(job);
    INSIDE.fetch_and(!OPEN, Ordering::AcqRel);
    while INSIDE.load(Ordering::Acquire) != 0 {
        spin_loop();
    }
    BUSY.store(false, Ordering::Release);
    assert!(!FAILED.load(Ordering::SeqCst), "a worker of the module stopped");
    true
}
