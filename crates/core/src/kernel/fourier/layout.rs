//! Views of real memory as complex numbers, and broadcast strides.

use crate::kernel::element::Element;
use crate::kernel::parallel::Shared;
use num_complex::Complex;

/// Pairs (real, imaginary) as complex numbers.
pub(super) fn as_complex<T: Element>(x: &[T]) -> &[Complex<T>] {
    // SAFETY: a complex number is exactly its real and imaginary part, in this order (`repr(C)`).
    unsafe { std::slice::from_raw_parts(x.as_ptr().cast(), x.len() / 2) }
}

/// As `as_complex`, mutable.
pub(super) fn as_complex_mut<T: Element>(x: &mut [T]) -> &mut [Complex<T>] {
    // SAFETY: as above.
    unsafe { std::slice::from_raw_parts_mut(x.as_mut_ptr().cast(), x.len() / 2) }
}

/// The values of complex numbers.
pub(super) fn numbers<T>(x: Shared<Complex<T>>) -> Shared<T> {
    Shared::from_pointer(x.at(0).cast())
}

/// Strides of a contiguous tensor of `shape` broadcast to `out`: zero along broadcast axes.
pub(super) fn broadcast_strides(shape: &[usize], out: &[usize]) -> Vec<isize> {
    let mut strides = vec![0; out.len()];
    let mut next = 1;
    for (i, &n) in shape.iter().enumerate().rev() {
        strides[i + out.len() - shape.len()] = if n == 1 { 0 } else { next as isize };
        next *= n;
    }
    strides
}
