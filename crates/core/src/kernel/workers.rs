//! The threads that share loops out: workers which the system or, in a WebAssembly module with shared memory,
//! JavaScript starts.
//!
//! The calling thread takes tasks as the workers do, and then waits until the workers within the job have finished
//! theirs. It never waits for a worker that has not woken yet: that one finds the job closed. So a loop takes no longer
//! than on one thread, and the main thread of a page, which must not block, does not. Between jobs a worker looks for
//! the next one for some time before it sleeps: waking it takes longer than many a kernel.
//!
//! Each thread begins with its own range of the tasks, the same in each loop, whose memory its cache may still hold,
//! and then takes what others have left of theirs.

#[cfg_attr(target_arch = "wasm32", path = "workers/web.rs")]
#[cfg_attr(not(target_arch = "wasm32"), path = "workers/native.rs")]
mod system;

use std::cell::UnsafeCell;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering};
use system::{sleep, wake, workers, Failure, Patience, JOBS};

#[cfg(not(target_arch = "wasm32"))]
pub use system::with_threads;
#[cfg(target_arch = "wasm32")]
pub use system::{fail, start, stop, work};

/// Parts of a job for each thread: tasks differ in length, and threads begin at different times.
const PARTS: usize = 16;
/// Most ranges of a job; further threads share them.
const MAX_RANGES: usize = 64;

/// The loop that is run: `task(i)` for each i below `count`, `part` neighbours at a time.
#[derive(Clone, Copy)]
struct Job {
    task: &'static (dyn Fn(usize) + Sync),
    count: usize,
    part: usize,
    ranges: usize,
}

impl Job {
    /// Where a range begins, and the one before it ends.
    fn start(&self, range: usize) -> usize {
        // Products of both would overflow for long loops.
        let (each, rest) = (self.count / self.ranges, self.count % self.ranges);
        range * each + range.min(rest)
    }
}

/// The first index of a range that no thread has taken, on a cache line of its own.
#[repr(align(64))]
struct Next(AtomicUsize);

/// A place for a job.
struct Slot {
    job: UnsafeCell<Option<Job>>,
    next: [Next; MAX_RANGES],
    /// The number of workers within the job; [`OPEN`] while others may join.
    inside: AtomicU32,
    /// Whether a job has the place.
    taken: AtomicBool,
    failure: Failure,
}

// SAFETY: the job is written only while it is not open and no worker is within it.
unsafe impl Sync for Slot {}

const OPEN: u32 = 1 << 31;

static SLOTS: [Slot; JOBS] = [const {
    Slot {
        job: UnsafeCell::new(None),
        next: [const { Next(AtomicUsize::new(0)) }; MAX_RANGES],
        inside: AtomicU32::new(0),
        taken: AtomicBool::new(false),
        failure: Failure::new(),
    }
}; JOBS];

/// Changes with each job, and where workers are told to leave.
static CALLS: AtomicU32 = AtomicU32::new(0);
static SLEEPING: AtomicUsize = AtomicUsize::new(0);
static WORKERS: AtomicUsize = AtomicUsize::new(0);
/// Most threads that work at one job.
static MOST: AtomicUsize = AtomicUsize::new(usize::MAX);
static JOINED: AtomicU32 = AtomicU32::new(0);
static LEAVING: AtomicBool = AtomicBool::new(false);

/// Tells the workers that there is a job for `wanted` of them, or that they are to leave.
fn call(wanted: usize) {
    CALLS.fetch_add(1, Ordering::SeqCst);
    let sleeping = SLEEPING.load(Ordering::SeqCst);
    let awake = WORKERS.load(Ordering::Relaxed).saturating_sub(sleeping);
    if sleeping > 0 && wanted > awake {
        wake(&CALLS, wanted - awake);
    }
}

/// The loop of a worker, until it is told to leave. `range` is where it begins.
fn serve(range: usize) {
    let mut seen = 0;
    while !LEAVING.load(Ordering::SeqCst) {
        if let Some(slot) = join() {
            // SAFETY: while a worker is within the job it stays as it is, and `run`, which has the task, does not end.
            let job = unsafe { *slot.job.get() };
            if let Some(job) = job {
                slot.failure.guard(|| take(slot, job, range));
            }
            slot.inside.fetch_sub(1, Ordering::Release);
        }
        seen = next_call(seen);
    }
}

/// How often workers have joined a job: tests see by it that they compute.
pub fn joined() -> u32 {
    JOINED.load(Ordering::Relaxed)
}

/// Enters the open job with the fewest workers, if there is one.
fn join() -> Option<&'static Slot> {
    let most = MOST.load(Ordering::Relaxed).saturating_sub(1);
    let inside = |slot: &Slot| slot.inside.load(Ordering::Relaxed);
    let open = SLOTS.iter().filter(|slot| inside(slot) & OPEN != 0).min_by_key(|slot| inside(slot))?;
    let enter = |inside| (inside & OPEN != 0 && ((inside & !OPEN) as usize) < most).then_some(inside + 1);
    open.inside.fetch_update(Ordering::Acquire, Ordering::Relaxed, enter).ok()?;
    JOINED.fetch_add(1, Ordering::Relaxed);
    Some(open)
}

/// Returns once the number of calls is no longer `seen`: the new number.
fn next_call(seen: u32) -> u32 {
    let mut patience = Patience::new();
    while patience.lasts() {
        let calls = CALLS.load(Ordering::SeqCst);
        if calls != seen {
            return calls;
        }
    }
    SLEEPING.fetch_add(1, Ordering::SeqCst);
    sleep(&CALLS, seen);
    SLEEPING.fetch_sub(1, Ordering::SeqCst);
    CALLS.load(Ordering::SeqCst)
}

/// Runs parts of the job until none is left, those of a range first.
fn take(slot: &Slot, job: Job, first: usize) {
    for k in 0..job.ranges {
        let range = (first + k) % job.ranges;
        let end = job.start(range + 1);
        loop {
            let from = slot.next[range].0.fetch_add(job.part, Ordering::Relaxed);
            if from >= end {
                break;
            }
            (from..end.min(from + job.part)).for_each(job.task);
        }
    }
}

/// Calls `task(0)` ... `task(count - 1)` on this thread and the workers. Does nothing and returns false where there are
/// none, or where as many jobs run as have a place.
pub fn run(count: usize, task: &(dyn Fn(usize) + Sync)) -> bool {
    let threads = (workers() + 1).min(MOST.load(Ordering::Relaxed));
    if threads < 2 {
        return false;
    }
    let Some(slot) = SLOTS.iter().find(|slot| !slot.taken.swap(true, Ordering::Acquire)) else {
        return false;
    };
    // SAFETY: no worker uses the task after this function ends, which waits until none is within the job.
    let task = unsafe { std::mem::transmute::<&(dyn Fn(usize) + Sync), &'static (dyn Fn(usize) + Sync)>(task) };
    let job = Job { task, count, part: (count / (PARTS * threads)).max(1), ranges: threads.min(MAX_RANGES) };
    // SAFETY: no job is open and no worker within one.
    unsafe { *slot.job.get() = Some(job) };
    for range in 0..job.ranges {
        slot.next[range].0.store(job.start(range), Ordering::Relaxed);
    }
    slot.inside.store(OPEN, Ordering::Release);
    call((threads - 1).min(count - 1));
    slot.failure.guard(|| take(slot, job, 0));
    slot.inside.fetch_and(!OPEN, Ordering::AcqRel);
    let mut patience = Patience::new();
    while slot.inside.load(Ordering::Acquire) != 0 {
        if !patience.lasts() {
            std::thread::yield_now();
        }
    }
    let failure = slot.failure.end();
    slot.taken.store(false, Ordering::Release);
    failure.resume();
    true
}
