//! The memory of one operator: a limit, and allocations that fail with an error.
//!
//! A failed allocation of the standard library ends the process. Operators therefore check what they need before they
//! start, and kernels take their memory here: where there is none, the operator unwinds to [`guarded`], which makes an
//! error of it. WebAssembly cannot unwind; there the checks before the operator find it.

use crate::error::{Error, Result};
use std::alloc::{alloc_zeroed, Layout};
use std::panic::{catch_unwind, resume_unwind, AssertUnwindSafe};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::OnceLock;

/// Smaller requests are not tried out. A WebAssembly module has little memory and cannot unwind.
const LARGE: usize = if cfg!(target_family = "wasm") { 1 << 24 } else { 1 << 26 };

static LIMIT: AtomicUsize = AtomicUsize::new(usize::MAX);

/// Sets the largest number of bytes that one operator may allocate.
pub fn set_limit(bytes: usize) {
    LIMIT.store(bytes, Ordering::Relaxed);
}

/// What was requested; `None` where it does not fit a number.
type Bytes = Option<usize>;

/// Why there is no memory for `bytes`.
enum Refusal {
    Limit(usize),
    Machine,
}

fn refusal(bytes: Bytes) -> Option<Refusal> {
    let limit = LIMIT.load(Ordering::Relaxed);
    match bytes {
        Some(bytes) if bytes <= limit => (bytes >= LARGE && !available(bytes)).then_some(Refusal::Machine),
        _ => Some(Refusal::Limit(limit)),
    }
}

static RECLAIM: OnceLock<fn()> = OnceLock::new();

/// Sets what returns memory to the system that the allocator keeps for later. Only the first call counts.
pub fn set_reclaim(f: fn()) {
    let _ = RECLAIM.set(f);
}

/// Returns memory to the system that is kept for later: before an operator is refused, and where nothing computes.
#[cfg_attr(not(any(target_os = "linux", feature = "threads")), allow(dead_code))]
pub(crate) fn reclaim() {
    if let Some(f) = RECLAIM.get() {
        f();
    }
}

/// Whether the machine has `bytes` left. The system promises more memory than there is, and ends the process that uses
/// it.
fn available(bytes: usize) -> bool {
    #[cfg(target_os = "linux")]
    if bytes >= 1 << 28 {
        let lacks = || linux::free().is_some_and(|free| bytes > free);
        if lacks() {
            reclaim();
            if lacks() {
                return false;
            }
        }
    }
    Vec::<u8>::new().try_reserve_exact(bytes).is_ok()
}

#[cfg(target_os = "linux")]
mod linux {
    use std::fs::read_to_string;

    /// Bytes that this process can still use: of the machine, and of its control group where that has a limit.
    pub fn free() -> Option<usize> {
        let machine = read_to_string("/proc/meminfo").ok().and_then(|text| {
            let line = text.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
            line.trim().trim_end_matches("kB").trim().parse::<usize>().ok()?.checked_mul(1024)
        });
        let number = |name: &str| read_to_string(format!("/sys/fs/cgroup/{name}")).ok()?.trim().parse::<usize>().ok();
        let group = number("memory.max").zip(number("memory.current")).map(|(most, used)| most.saturating_sub(used));
        match (machine, group) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        }
    }
}

fn shown(bytes: Bytes) -> String {
    match bytes {
        None => "more bytes than can be counted".into(),
        Some(b) if b < 10 << 20 => format!("{b} bytes"),
        Some(b) if b < 10 << 30 => format!("{} MiB", b >> 20),
        Some(b) => format!("{} GiB", b >> 30),
    }
}

fn error(op: &str, bytes: Bytes, refusal: &Refusal) -> Error {
    let needs = format!("{op}: this needs {} of memory", shown(bytes));
    match refusal {
        Refusal::Limit(limit) => Error::Argument(crate::error::Detail {
            code: "out_of_memory",
            message: format!(
                "{needs}, more than the {} that one operator may use; make it smaller, or raise init's memoryLimit.",
                shown(Some(*limit))
            ),
        }),
        Refusal::Machine => Error::device(
            "out_of_memory",
            format!("{needs}, more than there is; free tensors, or use smaller ones or smaller batches."),
        ),
    }
}

/// Checks that operator `op` may use `bytes` at once.
pub(crate) fn check(op: &str, bytes: Bytes) -> Result<()> {
    refusal(bytes).map_or(Ok(()), |refusal| Err(error(op, bytes, &refusal)))
}

/// The product of sizes; `None` where it does not fit a number.
pub(crate) fn product(sizes: &[usize]) -> Bytes {
    sizes.iter().try_fold(1usize, |a, &b| a.checked_mul(b))
}

/// A list whose numbers of elements are known beforehand, checked before it is made.
pub(crate) fn list<T>(op: &str, items: impl ExactSizeIterator<Item = T>) -> Result<Vec<T>> {
    check(op, items.len().checked_mul(size_of::<T>()))?;
    Ok(items.collect())
}

/// What a kernel unwinds with.
struct NoMemory(Bytes, Refusal);

fn unwind(bytes: Bytes, refusal: Refusal) -> ! {
    resume_unwind(Box::new(NoMemory(bytes, refusal)))
}

/// Runs a part of operator `op`; memory that its kernels did not get is an error.
pub fn guarded<T>(op: &str, run: impl FnOnce() -> Result<T>) -> Result<T> {
    // Nothing is shared with what is unwound: operators only read their operands.
    catch_unwind(AssertUnwindSafe(run)).unwrap_or_else(|panic| match panic.downcast::<NoMemory>() {
        Ok(missing) => Err(error(op, missing.0, &missing.1)),
        Err(other) => resume_unwind(other),
    })
}

/// An empty list with room for `count` elements. Within [`guarded`] only.
pub(crate) fn with_capacity<T>(count: usize) -> Vec<T> {
    let bytes = count.checked_mul(size_of::<T>());
    if let Some(refusal) = refusal(bytes) {
        unwind(bytes, refusal);
    }
    let mut data = Vec::new();
    if data.try_reserve_exact(count).is_err() {
        unwind(bytes, Refusal::Machine);
    }
    data
}

/// A type for which zero bits are a value.
///
/// # Safety
/// They are.
pub(crate) unsafe trait Zero: Copy {}
// SAFETY: zero bits are 0.
unsafe impl Zero for f32 {}
// SAFETY: as above.
unsafe impl Zero for f64 {}

/// `count` zeros. Within [`guarded`] only.
pub(crate) fn zeros<T: Zero>(count: usize) -> Vec<T> {
    let bytes = count.checked_mul(size_of::<T>());
    if let Some(refusal) = refusal(bytes) {
        unwind(bytes, refusal);
    }
    let layout = Layout::array::<T>(count).unwrap_or_else(|_| unwind(bytes, Refusal::Machine));
    if layout.size() == 0 {
        return Vec::new();
    }
    // SAFETY: the layout has a size, and zero bits are values.
    unsafe {
        let data = alloc_zeroed(layout);
        if data.is_null() {
            unwind(bytes, Refusal::Machine);
        }
        Vec::from_raw_parts(data.cast(), count, count)
    }
}
