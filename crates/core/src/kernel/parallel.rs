//! Parallel loops over a fixed list of tasks, and scratch memory that each thread keeps.
//!
//! The shape alone decides how work is divided, and partial sums are added in the order of the tasks: results do not
//! depend on the number of threads.

use crate::allocation::{self, Zero};
use std::cell::RefCell;

/// Elements of one task in a pass over memory.
pub const CHUNK: usize = 1 << 14;

// Minimum sizes for multithreading: below them, waking threads costs more than it saves. The more work an element
// takes, the lower the size.

/// Elements of one pass over memory.
pub const MIN_PARALLEL_SIZE: usize = 1 << 16;
/// Elements that are read twice, or with a stride.
pub const MIN_PARALLEL_STRIDED: usize = 1 << 15;
/// Elements of a Fourier transform or of a resampled image.
pub const MIN_PARALLEL_TRANSFORM: usize = 1 << 14;
/// Values sampled at computed positions.
pub const MIN_PARALLEL_SAMPLES: usize = 1 << 13;

/// Calls `f(0)` ... `f(count - 1)`, on all threads if `parallel`.
pub fn each(count: usize, parallel: bool, f: impl Fn(usize) + Send + Sync) {
    #[cfg(any(feature = "threads", feature = "workers"))]
    if parallel && count > 1 && super::workers::run(count, &f) {
        return;
    }
    let _ = parallel;
    (0..count).for_each(f);
}

/// Calls `first(0)` ... `first(count - 1)` in this order on this thread, and each `second(i)` after its `first(i)`: on
/// other threads while this one goes on, if `parallel`.
pub fn pipeline(
    count: usize,
    parallel: bool,
    mut first: impl FnMut(usize) + Send,
    second: impl Fn(usize) + Send + Sync,
) {
    #[cfg(feature = "threads")]
    if parallel && count > 1 && rayon::current_num_threads() > 1 {
        let second = &second;
        rayon::in_place_scope(|scope| {
            for i in 0..count {
                first(i);
                scope.spawn(move |_| second(i));
            }
        });
        return;
    }
    (0..count).for_each(&mut first);
    each(count, parallel, second);
}

/// A pointer shared by tasks, each of which writes to its own part.
pub struct Shared<T = f32>(*mut T);

// SAFETY: every write through it states which part belongs to the task.
unsafe impl<T: Send> Send for Shared<T> {}
// SAFETY: as above.
unsafe impl<T: Send> Sync for Shared<T> {}

impl<T> Clone for Shared<T> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<T> Copy for Shared<T> {}

impl<T> Shared<T> {
    /// The start of `data`, which must outlive every use.
    pub fn new(data: &mut [T]) -> Self {
        Self(data.as_mut_ptr())
    }
    /// The start of `data`, which must outlive every use and may only be read.
    pub fn reading(data: &[T]) -> Self {
        Self(data.as_ptr().cast_mut())
    }
    /// The pointer `data`, which must be valid for every use.
    pub fn from_pointer(data: *mut T) -> Self {
        Self(data)
    }
    /// The pointer advanced by `i` elements.
    pub fn offset(self, i: usize) -> Self {
        Self(self.0.wrapping_add(i))
    }
    /// The address of element `i`.
    pub fn at(self, i: usize) -> *mut T {
        self.0.wrapping_add(i)
    }
}

/// A cache line, so that memory made of it is aligned.
#[derive(Clone, Copy)]
#[repr(align(64))]
struct CacheLine(#[allow(dead_code)] [f32; 16]);

// SAFETY: sixteen zeros.
unsafe impl Zero for CacheLine {}

/// Aligned float32 memory.
#[derive(Default)]
pub struct Aligned(Vec<CacheLine>);

impl Aligned {
    /// `count` zeros.
    pub fn zeros(count: usize) -> Self {
        Self(allocation::zeros(count.div_ceil(16)))
    }
    /// `count` uninitialized values.
    ///
    /// # Safety
    /// Each is written before it is read.
    pub unsafe fn uninit(count: usize) -> Self {
        // SAFETY: a cache line is plain numbers, and the caller writes before reading.
        Self(unsafe { uninit(count.div_ceil(16)) })
    }
    /// All values.
    pub fn values(&self) -> &[f32] {
        // SAFETY: a cache line is exactly sixteen float32 values.
        unsafe { std::slice::from_raw_parts(self.0.as_ptr().cast(), self.0.len() * 16) }
    }
    /// All values, mutable.
    pub fn all(&mut self) -> &mut [f32] {
        // SAFETY: a cache line is exactly sixteen float32 values.
        unsafe { std::slice::from_raw_parts_mut(self.0.as_mut_ptr().cast(), self.0.len() * 16) }
    }
}

thread_local! {
    static SCRATCH: RefCell<Aligned> = RefCell::new(Aligned::default());
}

/// Largest number of values that a thread keeps.
const MAX_SCRATCH: usize = 1 << 24;

/// Calls `f` with `count` values of memory that this thread keeps, with arbitrary contents. `f` must not call `scratch`
/// again.
pub fn scratch(count: usize, f: impl FnOnce(&mut [f32])) {
    // Taken out while in use, so that a nested call would only be slower.
    let mut memory = SCRATCH.take();
    if memory.0.len() * 16 < count {
        memory = Aligned::zeros(count);
    }
    f(&mut memory.all()[..count]);
    if memory.0.len() * 16 <= MAX_SCRATCH {
        SCRATCH.replace(memory);
    }
}

/// Frees the memory that this thread keeps: where threads of WebAssembly end, nothing else does.
#[cfg(feature = "workers")]
pub fn free_scratch() {
    drop(SCRATCH.take());
}

/// `count` uninitialized values.
///
/// # Safety
/// Each is written before it is read, and any bits are a value of the type.
#[allow(clippy::uninit_vec)]
pub unsafe fn uninit<T: Copy>(count: usize) -> Vec<T> {
    let mut data = allocation::with_capacity(count);
    // SAFETY: the capacity suffices, and the caller writes before reading.
    data.set_len(count);
    data
}
