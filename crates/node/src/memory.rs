//! Where the add-on's memory comes from: large blocks that were freed are kept for the next that fits, up to a bound.
//!
//! A training step frees what the next one needs again. Handed back to the system, each page of it would have to be
//! cleared and mapped anew: a fifth of the time of a step.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Blocks from this size on are kept.
const SMALLEST: usize = 1 << 16;
/// Sizes are rounded up to a quarter of a power of two: at most a fifth is wasted.
const CLASSES: usize = 4 * 15;
/// Blocks that are kept of one class, and bytes of all together.
const DEPTH: usize = 64;
const MOST: usize = 256 << 20;

struct Kept {
    blocks: [[usize; DEPTH]; CLASSES],
    counts: [usize; CLASSES],
    bytes: usize,
}

static KEPT: Mutex<Kept> = Mutex::new(Kept { blocks: [[0; DEPTH]; CLASSES], counts: [0; CLASSES], bytes: 0 });

/// Nothing in here panics, so a poisoned lock is still consistent.
fn kept() -> MutexGuard<'static, Kept> {
    KEPT.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The class of a size and its rounded size; `None` for what is not kept.
fn class(layout: Layout) -> Option<(usize, usize)> {
    let size = layout.size();
    if size < SMALLEST || layout.align() > 64 {
        return None;
    }
    let power = size.ilog2() as usize;
    let quarter = 1 << (power - 2);
    let steps = (size - (1 << power)).div_ceil(quarter);
    let index = (power - SMALLEST.ilog2() as usize) * 4 + steps;
    (index < CLASSES).then_some((index, (1 << power) + steps * quarter))
}

/// What a block of a class is to the system: every block of a class has this layout, whatever was asked for.
fn whole(size: usize) -> Layout {
    // SAFETY: 64 is a power of two, and sizes of classes are far below the limit.
    unsafe { Layout::from_size_align_unchecked(size, 64) }
}

fn take(class: usize, size: usize) -> Option<*mut u8> {
    let mut kept = kept();
    let count = kept.counts[class].checked_sub(1)?;
    kept.counts[class] = count;
    kept.bytes -= size;
    Some(kept.blocks[class][count] as *mut u8)
}

/// The system's allocator with a memory.
pub struct Recycling;

// SAFETY: blocks are the system's; one that is kept was freed by its owner, and is handed out once, for sizes up to its
// class's.
unsafe impl GlobalAlloc for Recycling {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        match class(layout) {
            Some((class, size)) => take(class, size).unwrap_or_else(|| System.alloc(whole(size))),
            None => System.alloc(layout),
        }
    }
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        let Some((class, size)) = class(layout) else { return System.alloc_zeroed(layout) };
        match take(class, size) {
            Some(block) => {
                block.write_bytes(0, layout.size());
                block
            }
            None => System.alloc_zeroed(whole(size)),
        }
    }
    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        let Some((class, size)) = class(layout) else { return System.dealloc(block, layout) };
        let mut kept = kept();
        let count = kept.counts[class];
        if count < DEPTH && kept.bytes + size <= MOST {
            kept.blocks[class][count] = block as usize;
            kept.counts[class] = count + 1;
            kept.bytes += size;
        } else {
            drop(kept);
            System.dealloc(block, whole(size));
        }
    }
    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        let wanted = Layout::from_size_align_unchecked(size, layout.align());
        match (class(layout), class(wanted)) {
            (None, None) => System.realloc(block, layout, size),
            (Some(old), Some(new)) if old == new => block,
            _ => {
                let fresh = self.alloc(wanted);
                if !fresh.is_null() {
                    std::ptr::copy_nonoverlapping(block, fresh, layout.size().min(size));
                    self.dealloc(block, layout);
                }
                fresh
            }
        }
    }
}
