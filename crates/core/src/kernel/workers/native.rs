//! Workers that are threads of the system.

use super::{serve, MOST, WORKERS};
use crate::allocation;
use std::any::Any;
use std::panic::{catch_unwind, resume_unwind, AssertUnwindSafe};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

/// Jobs that can run at once: those of several threads of a program.
pub(super) const JOBS: usize = 8;
/// How long a worker looks for another job before it sleeps.
const LOOKS: Duration = Duration::from_micros(100);

/// How long a worker sleeps before memory that is kept for later is returned.
const LONG: Duration = Duration::from_secs(2);

static BED: Mutex<()> = Mutex::new(());
static WOKEN: Condvar = Condvar::new();

fn lock() -> MutexGuard<'static, ()> {
    BED.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Wakes up to `count` sleeping workers.
pub(super) fn wake(_: &AtomicU32, count: usize) {
    let _bed = lock();
    for _ in 0..count {
        WOKEN.notify_one();
    }
}

/// Sleeps while `calls` has the value `seen`.
pub(super) fn sleep(calls: &AtomicU32, seen: u32) {
    let seen = || calls.load(Ordering::SeqCst) == seen;
    let wait = WOKEN.wait_timeout_while(lock(), LONG, |()| seen());
    let (mut bed, outcome) = wait.unwrap_or_else(PoisonError::into_inner);
    if outcome.timed_out() {
        drop(bed);
        allocation::reclaim();
        bed = lock();
    }
    drop(WOKEN.wait_while(bed, |()| seen()));
}

/// Waits in short steps, for a limited time.
pub(super) struct Patience {
    since: Instant,
    steps: u32,
}

impl Patience {
    pub(super) fn new() -> Self {
        Self { since: Instant::now(), steps: 0 }
    }
    /// Waits for a step; false where the time is over.
    pub(super) fn lasts(&mut self) -> bool {
        std::hint::spin_loop();
        self.steps += 1;
        // The clock takes longer than a step.
        !self.steps.is_multiple_of(32) || self.since.elapsed() < LOOKS
    }
}

/// The panic of a task.
pub(super) struct Failure(Mutex<Option<Box<dyn Any + Send>>>);

impl Failure {
    pub(super) const fn new() -> Self {
        Self(Mutex::new(None))
    }
    /// Calls `f`, and keeps its panic.
    pub(super) fn guard(&self, f: impl FnOnce()) {
        if let Err(panic) = catch_unwind(AssertUnwindSafe(f)) {
            *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(panic);
        }
    }
    /// Takes what was kept.
    pub(super) fn end(&self) -> Self {
        Self(Mutex::new(self.0.lock().unwrap_or_else(PoisonError::into_inner).take()))
    }
    /// Goes on with the panic, if there was one.
    pub(super) fn resume(self) {
        if let Some(panic) = self.0.into_inner().unwrap_or_else(PoisonError::into_inner) {
            resume_unwind(panic);
        }
    }
}

/// The number of workers, which are started by the first call: one less than the processors or than the environment
/// variable RAYON_NUM_THREADS says, since the calling thread works too.
pub(super) fn workers() -> usize {
    static START: OnceLock<()> = OnceLock::new();
    START.get_or_init(|| {
        let said = std::env::var("RAYON_NUM_THREADS").ok().and_then(|text| text.trim().parse().ok()).filter(|&n| n > 0);
        let threads = said.unwrap_or_else(|| std::thread::available_parallelism().map_or(1, usize::from));
        spawn(threads - 1);
    });
    WORKERS.load(Ordering::Relaxed)
}

/// Starts workers until there are `count`, or as many as the system gives.
fn spawn(count: usize) {
    static STARTED: Mutex<()> = Mutex::new(());
    let _one = STARTED.lock().unwrap_or_else(PoisonError::into_inner);
    for index in WORKERS.load(Ordering::Relaxed)..count {
        let thread = std::thread::Builder::new().name("adjoint".into());
        if thread.spawn(move || serve(index + 1)).is_err() {
            return;
        }
        WORKERS.store(index + 1, Ordering::Relaxed);
    }
}

/// Calls `f` while loops use up to `threads` threads, whatever the machine has: for tests.
pub fn with_threads<R>(threads: usize, f: impl FnOnce() -> R) -> R {
    workers();
    spawn(threads - 1);
    MOST.store(threads, Ordering::Relaxed);
    let result = f();
    MOST.store(usize::MAX, Ordering::Relaxed);
    result
}
