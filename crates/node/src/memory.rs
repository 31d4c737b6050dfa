//! The add-on's allocator: freed large blocks are cached and reused.
//!
//! A training step frees the memory that the next one needs. Returned to the system, each page would have to be
//! cleared and mapped again: a fifth of the time of a step, and more than half where images are large. Blocks in use
//! and cached ones are together at most 1.25 times what was in use at once not long ago, or [`MIN_CACHED`] more than is
//! in use; [`release`] returns all that are cached. Where no more may be cached, blocks that nobody wanted for long
//! make room for what was freed last: a program that goes on with other sizes would otherwise map its memory anew in
//! each step.
//!
//! On Linux large blocks are mapped one by one. glibc's malloc does that only until the first ones are freed; then it
//! takes them from its heap, whose holes stay resident: a step of a U-Net then holds up to 20 MiB more than 195.

use std::alloc::{GlobalAlloc, Layout, System};
use std::ptr::null_mut;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Minimum size of a cached block.
const MIN_SIZE: usize = 1 << 16;
/// Minimum size of a block that is mapped by itself.
#[cfg(target_os = "linux")]
const MIN_MAPPED: usize = 1 << 18;
/// Sizes are rounded up to a quarter of a power of two: at most a fifth is wasted.
const CLASSES: usize = 4 * 15;
/// Bytes that may be cached whatever was in use, and at most.
const MIN_CACHED: usize = 256 << 20;
const MAX_CACHED: usize = if usize::BITS == 64 { 4 << 30 } else { 1 << 30 };
/// Blocks that are requested while a peak counts; a step of a U-Net requests some hundreds.
const PERIOD: u32 = 1 << 13;
/// A cached block is stale once this many times the bytes that may be cached were requested without it: a step requests
/// about three times what it has in use at once.
const STALE: u64 = 4;

/// What is written at the beginning of a cached block: its neighbours among those of its class, by the time when they
/// were freed, and that time.
struct Free {
    newer: *mut Free,
    older: *mut Free,
    time: u64,
}

/// The cached blocks of a class.
#[derive(Clone, Copy)]
struct Blocks {
    newest: *mut Free,
    oldest: *mut Free,
}

impl Blocks {
    const NONE: Self = Self { newest: null_mut(), oldest: null_mut() };

    /// Adds a block that was freed now.
    ///
    /// # Safety
    /// Nobody has the block.
    unsafe fn push(&mut self, block: *mut u8, time: u64) {
        let block = block.cast::<Free>();
        block.write(Free { newer: null_mut(), older: self.newest, time });
        match self.newest.as_mut() {
            Some(newest) => newest.newer = block,
            None => self.oldest = block,
        }
        self.newest = block;
    }
    /// Takes a block of the list; `None` for null, which is the newest and the oldest of none.
    ///
    /// # Safety
    /// The block is in the list.
    unsafe fn take(&mut self, block: *mut Free) -> Option<*mut u8> {
        let &Free { newer, older, .. } = block.as_ref()?;
        match newer.as_mut() {
            Some(newer) => newer.older = older,
            None => self.newest = older,
        }
        match older.as_mut() {
            Some(older) => older.newer = newer,
            None => self.oldest = newer,
        }
        Some(block.cast())
    }
}

struct Cache {
    blocks: [Blocks; CLASSES],
    /// Cached bytes, and those in use, of blocks that can be cached.
    bytes: usize,
    used: usize,
    /// The most bytes in use in this period, and in the one before.
    peaks: [usize; 2],
    requests: u32,
    /// Bytes that were ever requested.
    time: u64,
}

// SAFETY: the pointers are those of blocks that nobody else has.
unsafe impl Send for Cache {}

static CACHE: Mutex<Cache> =
    Mutex::new(Cache { blocks: [Blocks::NONE; CLASSES], bytes: 0, used: 0, peaks: [0; 2], requests: 0, time: 0 });

impl Cache {
    /// Bytes that may be cached.
    fn limit(&self) -> usize {
        let peak = self.peaks[0].max(self.peaks[1]);
        // Blocks of other sizes than those that are requested next are cached too: a quarter more.
        (peak + peak / 4).saturating_sub(self.used).clamp(MIN_CACHED, MAX_CACHED)
    }
    /// Notes that a block of so many bytes is in use.
    fn request(&mut self, size: usize) {
        self.used += size;
        self.time += size as u64;
        self.peaks[0] = self.peaks[0].max(self.used);
        self.requests += 1;
        if self.requests == PERIOD {
            (self.peaks, self.requests) = ([self.used, self.peaks[0]], 0);
        }
    }
    /// Where a new block would exceed the limit, a cached block of another class that is given this size: its pages
    /// need not be cleared and mapped again.
    #[cfg(target_os = "linux")]
    fn resized(&mut self, size: usize) -> Option<*mut u8> {
        if size < MIN_MAPPED || self.bytes <= self.limit() {
            return None;
        }
        let mapped = (0..CLASSES).filter(|&c| !self.blocks[c].newest.is_null() && class_size(c) >= MIN_MAPPED);
        let class = mapped.min_by_key(|&c| class_size(c).abs_diff(size))?;
        let block = self.take(class)?;
        // SAFETY: the block is mapped, has the size of its class, and nobody has it.
        unsafe {
            let moved = libc::mremap(block.cast(), class_size(class), size, libc::MREMAP_MAYMOVE);
            if moved == libc::MAP_FAILED {
                unmap(block, class_size(class));
                return None;
            }
            Some(moved.cast())
        }
    }
    #[cfg(not(target_os = "linux"))]
    fn resized(&mut self, _size: usize) -> Option<*mut u8> {
        None
    }
    /// Takes a cached block of a class.
    fn take(&mut self, class: usize) -> Option<*mut u8> {
        let blocks = &mut self.blocks[class];
        // SAFETY: the newest block is in the list.
        let block = unsafe { blocks.take(blocks.newest) }?;
        self.bytes -= class_size(class);
        Some(block)
    }
    /// Returns stale blocks to the system, the oldest first, until one of this size may be cached: other sizes than
    /// those that are requested now must not fill the cache for good. Whether it may.
    fn make_room(&mut self, size: usize) -> bool {
        let limit = self.limit();
        while self.bytes + size > limit {
            let oldest = self.blocks.iter().enumerate();
            // SAFETY: blocks in a list are whole.
            let oldest = oldest.filter_map(|(class, blocks)| unsafe { Some((blocks.oldest.as_ref()?.time, class)) });
            let Some((time, class)) = oldest.min() else { return false };
            if self.time - time <= STALE * limit as u64 {
                return false;
            }
            let blocks = &mut self.blocks[class];
            // SAFETY: the oldest block is in the list, of this class, and nobody has it.
            unsafe {
                let Some(block) = blocks.take(blocks.oldest) else { return false };
                unmap(block, class_size(class));
            }
            self.bytes -= class_size(class);
        }
        true
    }
    /// Returns blocks to the system, large ones first, until no more than `limit` bytes are cached.
    fn shrink(&mut self, limit: usize) {
        for class in (0..CLASSES).rev() {
            while self.bytes > limit {
                let Some(block) = self.take(class) else { break };
                // SAFETY: the block is of this class, and nobody has it.
                unsafe { unmap(block, class_size(class)) }
            }
        }
    }
}

/// Nothing in here panics, so a poisoned lock is still consistent.
fn cache() -> MutexGuard<'static, Cache> {
    CACHE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The class of a size and its rounded size; `None` for blocks that are not cached.
fn class(layout: Layout) -> Option<(usize, usize)> {
    let size = layout.size();
    if size < MIN_SIZE || layout.align() > 64 {
        return None;
    }
    let power = size.ilog2() as usize;
    let quarter = 1 << (power - 2);
    let steps = (size - (1 << power)).div_ceil(quarter);
    let index = (power - MIN_SIZE.ilog2() as usize) * 4 + steps;
    (index < CLASSES).then_some((index, (1 << power) + steps * quarter))
}

/// The layout with which the system allocates every block of a class, whatever was requested.
fn class_layout(size: usize) -> Layout {
    // SAFETY: 64 is a power of two, and sizes of classes are far below the limit.
    unsafe { Layout::from_size_align_unchecked(size, 64) }
}

/// Memory for a block of a class, zeroed if need be; null where the system has none.
///
/// # Safety
/// The size is that of a class.
unsafe fn map(size: usize, zeroed: bool) -> *mut u8 {
    #[cfg(target_os = "linux")]
    if size >= MIN_MAPPED {
        let (access, kind) = (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS);
        let block = libc::mmap(null_mut(), size, access, kind, -1, 0);
        return if block == libc::MAP_FAILED { null_mut() } else { block.cast() };
    }
    if zeroed {
        System.alloc_zeroed(class_layout(size))
    } else {
        System.alloc(class_layout(size))
    }
}

/// Returns a block to the system.
///
/// # Safety
/// `map` returned it for this size, and nobody has it.
unsafe fn unmap(block: *mut u8, size: usize) {
    #[cfg(target_os = "linux")]
    if size >= MIN_MAPPED {
        libc::munmap(block.cast(), size);
        return;
    }
    System.dealloc(block, class_layout(size));
}

/// A cached block of a class; `None` where the system must give one.
fn take(class: usize, size: usize) -> Option<*mut u8> {
    let mut cache = cache();
    cache.request(size);
    let block = cache.take(class).or_else(|| cache.resized(size));
    if block.is_none() {
        let limit = cache.limit();
        cache.shrink(limit);
    }
    block
}

/// Returns all cached blocks to the system.
pub fn release() {
    cache().shrink(0);
}

/// The size of the blocks of a class.
fn class_size(class: usize) -> usize {
    let power = MIN_SIZE.ilog2() as usize + class / 4;
    (1 << power) + class % 4 * (1 << (power - 2))
}

/// What `request` gets from the system; where that has no more memory, once more without the cached blocks.
///
/// # Safety
/// `request` returns null or a block.
unsafe fn from_system(request: impl Fn() -> *mut u8) -> *mut u8 {
    let block = request();
    if !block.is_null() {
        return block;
    }
    release();
    request()
}

/// As `from_system`, for a block of a class.
///
/// # Safety
/// As for `map`.
unsafe fn class_block(size: usize, zeroed: bool) -> *mut u8 {
    let block = from_system(|| map(size, zeroed));
    if block.is_null() {
        cache().used -= size;
    }
    block
}

/// The system's allocator with a cache of large blocks.
pub struct CachingAllocator;

// SAFETY: blocks are the system's; a cached one was freed by its owner, and is returned once, for sizes up to that of
// its class.
unsafe impl GlobalAlloc for CachingAllocator {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        match class(layout) {
            Some((class, size)) => take(class, size).unwrap_or_else(|| class_block(size, false)),
            None => from_system(|| System.alloc(layout)),
        }
    }
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        let Some((class, size)) = class(layout) else { return from_system(|| System.alloc_zeroed(layout)) };
        match take(class, size) {
            Some(block) => {
                block.write_bytes(0, layout.size());
                block
            }
            None => class_block(size, true),
        }
    }
    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        let Some((class, size)) = class(layout) else { return System.dealloc(block, layout) };
        let mut cache = cache();
        cache.used -= size;
        if cache.make_room(size) {
            let time = cache.time;
            cache.blocks[class].push(block, time);
            cache.bytes += size;
        } else {
            drop(cache);
            unmap(block, size);
        }
    }
    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        let requested = Layout::from_size_align_unchecked(size, layout.align());
        match (class(layout), class(requested)) {
            (None, None) => System.realloc(block, layout, size),
            (Some(old), Some(new)) if old == new => block,
            _ => {
                let fresh = self.alloc(requested);
                if !fresh.is_null() {
                    std::ptr::copy_nonoverlapping(block, fresh, layout.size().min(size));
                    self.dealloc(block, layout);
                }
                fresh
            }
        }
    }
}
