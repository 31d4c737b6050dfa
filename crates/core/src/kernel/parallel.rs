//! Work in fixed pieces on the threads that there are, and memory that a thread keeps between pieces.
//!
//! How work is cut depends on its shape alone, and partial sums are added in the order of their pieces: results do not
//! depend on the number of threads.

use std::cell::RefCell;

/// Values that a piece of a pass over memory takes, about.
pub const PIECE: usize = 1 << 14;
/// From so many values on, threads pay for a pass over memory.
pub const HEAVY: usize = 1 << 16;

/// Runs `f(0)` ... `f(count - 1)`, on all threads where `heavy`.
pub fn each(count: usize, heavy: bool, f: impl Fn(usize) + Send + Sync) {
    #[cfg(feature = "threads")]
    // One thread would only be woken to do what this one can.
    if heavy && count > 1 && rayon::current_num_threads() > 1 {
        use rayon::prelude::*;
        (0..count).into_par_iter().with_max_len(1).for_each(f);
        return;
    }
    let _ = heavy;
    (0..count).for_each(f);
}

/// A pointer that pieces of work share; each writes to its own part.
pub struct Shared<T = f32>(*mut T);

// SAFETY: whoever writes through it says which part is its own.
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
    /// What begins at `data`, which must be valid for every use.
    pub fn from_pointer(data: *mut T) -> Self {
        Self(data)
    }
    /// What begins `i` elements later.
    pub fn offset(self, i: usize) -> Self {
        Self(self.0.wrapping_add(i))
    }
    /// The place of element `i`.
    pub fn at(self, i: usize) -> *mut T {
        self.0.wrapping_add(i)
    }
}

/// A line of the cache, so that memory made of it is aligned.
#[derive(Clone, Copy)]
#[repr(align(64))]
struct Line(#[allow(dead_code)] [f32; 16]);

/// Aligned float32 memory.
#[derive(Default)]
pub struct Aligned(Vec<Line>);

impl Aligned {
    /// `count` zeros.
    pub fn zeros(count: usize) -> Self {
        Self(vec![Line([0.0; 16]); count.div_ceil(16)])
    }
    /// Room for `count` values that are yet to be written.
    ///
    /// # Safety
    /// Each is written before it is read.
    pub unsafe fn unwritten(count: usize) -> Self {
        // SAFETY: a line is numbers, and the caller writes before reading.
        Self(unsafe { unwritten(count.div_ceil(16)) })
    }
    /// Everything, to read.
    pub fn values(&self) -> &[f32] {
        // SAFETY: a line is sixteen float32 values and nothing else.
        unsafe { std::slice::from_raw_parts(self.0.as_ptr().cast(), self.0.len() * 16) }
    }
    /// Everything.
    pub fn all(&mut self) -> &mut [f32] {
        // SAFETY: a line is sixteen float32 values and nothing else.
        unsafe { std::slice::from_raw_parts_mut(self.0.as_mut_ptr().cast(), self.0.len() * 16) }
    }
}

thread_local! {
    static SCRATCH: RefCell<Aligned> = RefCell::new(Aligned::default());
}

/// Calls `f` with `count` values of memory that this thread keeps. What is in it is left from before; `f` must not ask
/// for scratch again.
pub fn scratch(count: usize, f: impl FnOnce(&mut [f32])) {
    // Taken out while in use, so that even a second call would only be slower.
    let mut memory = SCRATCH.take();
    if memory.0.len() * 16 < count {
        memory = Aligned::zeros(count);
    }
    f(&mut memory.all()[..count]);
    SCRATCH.replace(memory);
}

/// `count` values that are yet to be written.
///
/// # Safety
/// Each is written before it is read, and any bits are a value of the type.
#[allow(clippy::uninit_vec)]
pub unsafe fn unwritten<T: Copy>(count: usize) -> Vec<T> {
    let mut data = Vec::with_capacity(count);
    // SAFETY: the capacity is there, and the caller writes before reading.
    data.set_len(count);
    data
}
