//! Axes of several arrays of one shape, merged where their memory allows it.

/// Axes of K arrays: the size, and the stride of each array.
pub(crate) type Axes<const K: usize> = Vec<(usize, [isize; K])>;

/// The axes of `shape`, outermost first, without those of size one; neighbours that every array can traverse as one axis
/// are merged.
pub(crate) fn merge_axes<const K: usize>(shape: &[usize], strides: [&[isize]; K]) -> Axes<K> {
    let mut axes: Axes<K> = Vec::with_capacity(shape.len());
    for (i, &n) in shape.iter().enumerate().filter(|(_, &n)| n != 1) {
        let here = strides.map(|s| s[i]);
        match axes.last_mut() {
            Some((size, outer)) if *outer == here.map(|s| s * n as isize) => (*size, *outer) = (*size * n, here),
            _ => axes.push((n, here)),
        }
    }
    axes
}
