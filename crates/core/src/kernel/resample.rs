//! Separable linear maps of images by sparse matrices.

use super::element::Element;
use super::parallel::{each, uninit, Shared, MIN_PARALLEL_TRANSFORM};
use crate::allocation::zeros;

/// Rows of the result per task.
const ROWS: usize = 16;

/// A sparse matrix by rows.
#[derive(Debug, Clone)]
pub(crate) struct Taps {
    inputs: usize,
    starts: Vec<usize>,
    at: Vec<usize>,
    weights: Vec<f64>,
}

impl Taps {
    /// From the columns and weights of each row; columns are below `inputs`.
    pub fn new(inputs: usize, rows: impl Iterator<Item = Vec<(usize, f64)>>) -> Self {
        let mut taps = Self { inputs, starts: vec![0], at: Vec::new(), weights: Vec::new() };
        for row in rows {
            for (at, weight) in row {
                taps.at.push(at);
                taps.weights.push(weight);
            }
            taps.starts.push(taps.at.len());
        }
        taps
    }
    /// Number of rows.
    pub fn len(&self) -> usize {
        self.starts.len() - 1
    }
    /// Number of columns.
    pub fn inputs(&self) -> usize {
        self.inputs
    }
    fn row(&self, i: usize) -> impl Iterator<Item = (usize, f64)> + '_ {
        (self.starts[i]..self.starts[i + 1]).map(|k| (self.at[k], self.weights[k]))
    }
    /// The transpose.
    pub fn transposed(&self) -> Self {
        let mut columns = vec![Vec::new(); self.inputs];
        for i in 0..self.len() {
            self.row(i).for_each(|(at, weight)| columns[at].push((i, weight)));
        }
        Self::new(self.len(), columns.into_iter())
    }
    /// The most taps of a row, at least one.
    pub fn widest(&self) -> usize {
        self.starts.windows(2).map(|s| s[1] - s[0]).max().unwrap_or(0).max(1)
    }
    /// Pairs of positions and weights, as many for each row: those beyond a row's are zero.
    pub fn padded(&self) -> Vec<f64> {
        let width = self.widest();
        let mut out = zeros(2 * self.len() * width);
        for i in 0..self.len() {
            for (k, (at, weight)) in self.row(i).enumerate() {
                let entry = 2 * (i * width + k);
                (out[entry], out[entry + 1]) = (at as f64, weight);
            }
        }
        out
    }
    /// The dense matrix, row by row.
    pub fn dense(&self) -> Vec<f64> {
        let mut out = zeros(self.len() * self.inputs);
        for i in 0..self.len() {
            self.row(i).for_each(|(at, weight)| out[i * self.inputs + at] += weight);
        }
        out
    }
}

/// One row of results, each from K samples of `source`.
#[inline]
fn resample_row<T: Element, const K: usize>(to: &mut [T], source: &[T], at: &[usize], weights: &[T]) {
    for ((y, at), w) in to.iter_mut().zip(at.chunks_exact(K)).zip(weights.chunks_exact(K)) {
        let mut sum = T::zero();
        (0..K).for_each(|k| sum += w[k] * source[at[k]]);
        *y = sum;
    }
}

/// R x C^T for each image of x.
pub(crate) fn separate<T: Element>(x: &[T], rows: &Taps, columns: &Taps) -> Vec<T> {
    let (pixels, results) = (rows.inputs * columns.inputs, rows.len() * columns.len());
    if pixels == 0 || results == 0 {
        return Vec::new();
    }
    let (count, chunks) = (x.len() / pixels, rows.len().div_ceil(ROWS));
    let weights: Vec<T> = columns.weights.iter().map(|&w| T::of(w)).collect();
    let taps_per_column = columns.at.len() / columns.len();
    let regular = columns.starts.iter().enumerate().all(|(i, &s)| s == i * taps_per_column);
    // SAFETY: tasks write disjoint rows that cover the result.
    let mut y = unsafe { uninit(count * results) };
    let out = Shared::new(&mut y);
    each(count * chunks, count * (pixels + results) > MIN_PARALLEL_TRANSFORM, |task| {
        let (image, first) = (&x[task / chunks * pixels..][..pixels], task % chunks * ROWS);
        let mut mixed = vec![T::zero(); columns.inputs];
        for i in first..(first + ROWS).min(rows.len()) {
            let source = |at: usize| &image[at * columns.inputs..][..columns.inputs];
            let mut taps = rows.row(i);
            let line = match (taps.next(), rows.starts[i + 1] - rows.starts[i]) {
                (Some((at, 1.0)), 1) => source(at),
                (first, _) => {
                    mixed.fill(T::zero());
                    for (at, weight) in first.into_iter().chain(taps) {
                        let weight = T::of(weight);
                        mixed.iter_mut().zip(source(at)).for_each(|(m, &v)| *m += weight * v);
                    }
                    &mixed
                }
            };
            // SAFETY: as above.
            let to = unsafe {
                std::slice::from_raw_parts_mut(out.at(task / chunks * results + i * columns.len()), columns.len())
            };
            match taps_per_column {
                1 if regular => resample_row::<T, 1>(to, line, &columns.at, &weights),
                2 if regular => resample_row::<T, 2>(to, line, &columns.at, &weights),
                4 if regular => resample_row::<T, 4>(to, line, &columns.at, &weights),
                _ => {
                    for (j, y) in to.iter_mut().enumerate() {
                        let range = columns.starts[j]..columns.starts[j + 1];
                        let mut sum = T::zero();
                        columns.at[range.clone()].iter().zip(&weights[range]).for_each(|(&at, &w)| sum += w * line[at]);
                        *y = sum;
                    }
                }
            }
        }
    });
    y
}
