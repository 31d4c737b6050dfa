//! Eigenvectors and inverses of small symmetric matrices, which fit into the cache.

use crate::allocation::zeros;

/// Memory of [`eigen`].
pub struct Scratch {
    beside: Vec<f32>,
    mirror: Vec<f32>,
    product: Vec<f32>,
}

impl Scratch {
    /// For matrices of so many rows.
    pub fn new(size: usize) -> Self {
        Self { beside: zeros(size), mirror: zeros(size), product: zeros(size) }
    }
}

/// Rotations until an eigenvalue is found, at most: two or three are usual, and values that are no numbers need all.
const ROTATIONS: usize = 40;

/// The eigenvalues of a symmetric matrix, which is used up, and its eigenvectors, one in each row: Householder's
/// tridiagonal form, then the QL algorithm with implicit shifts (Golub, Van Loan, "Matrix Computations", 4th edition,
/// section 8.3).
#[inline(always)]
pub fn eigen(a: &mut [f32], vectors: &mut [f32], values: &mut [f32], scratch: &mut Scratch) {
    tridiagonal(a, vectors, values, scratch);
    diagonal(vectors, values, &mut scratch.beside);
}

/// `H A H` for mirrors H until only the diagonal and its neighbours are left; `vectors` are the product of all H.
#[inline(always)]
fn tridiagonal(a: &mut [f32], vectors: &mut [f32], values: &mut [f32], scratch: &mut Scratch) {
    let n = values.len();
    let Scratch { beside, mirror, product } = scratch;
    vectors.fill(0.0);
    for (i, row) in vectors.chunks_exact_mut(n).enumerate() {
        row[i] = 1.0;
    }
    for k in 0..n {
        values[k] = a[k * n + k];
        let first = k + 1;
        if first + 1 >= n {
            beside[k] = if first < n { a[k * n + first] } else { 0.0 };
            continue;
        }
        // v, along which the rest of row k is mirrored to its first entry.
        let v = &mut mirror[first..n];
        v.copy_from_slice(&a[k * n + first..][..n - first]);
        let length = dot(v, v).sqrt();
        beside[k] = if v[0] > 0.0 { -length } else { length };
        v[0] -= beside[k];
        let square = dot(v, v);
        // The entries are zero, or no numbers.
        if square <= f32::MIN_POSITIVE || square.is_nan() {
            continue;
        }
        let twice = 2.0 / square;
        let p = &mut product[first..n];
        for (p, row) in p.iter_mut().zip(a.chunks_exact(n).skip(first)) {
            *p = twice * dot(&row[first..], v);
        }
        let along = 0.5 * twice * dot(p, v);
        add_multiple(p, -along, v);
        for ((row, &vi), &pi) in a.chunks_exact_mut(n).skip(first).zip(v.iter()).zip(p.iter()) {
            add_multiple(&mut row[first..], -vi, p);
            add_multiple(&mut row[first..], -pi, v);
        }
        product.fill(0.0);
        for (row, &vi) in vectors.chunks_exact(n).skip(first).zip(v.iter()) {
            add_multiple(product, vi, row);
        }
        for (row, &vi) in vectors.chunks_exact_mut(n).skip(first).zip(v.iter()) {
            add_multiple(row, -twice * vi, product);
        }
    }
}

/// Rotates neighbouring rows of `vectors` until nothing is left beside the diagonal.
#[inline(always)]
fn diagonal(vectors: &mut [f32], values: &mut [f32], beside: &mut [f32]) {
    let n = values.len();
    for low in 0..n {
        for _ in 0..ROTATIONS {
            let is_small = |&i: &usize| beside[i].abs() <= f32::EPSILON * (values[i].abs() + values[i + 1].abs());
            let high = (low..n - 1).find(is_small).unwrap_or(n - 1);
            if high == low {
                break;
            }
            // The shift is the eigenvalue of the first 2 x 2 entries that is nearer to the first one.
            let half = (values[low + 1] - values[low]) / (2.0 * beside[low]);
            let root = (half * half + 1.0).sqrt().copysign(half);
            let mut g = values[high] - values[low] + beside[low] / (half + root);
            let (mut sine, mut cosine, mut moved) = (1.0f32, 1.0f32, 0.0f32);
            let mut is_split = false;
            for i in (low..high).rev() {
                let (f, b) = (sine * beside[i], cosine * beside[i]);
                let radius = (f * f + g * g).sqrt();
                beside[i + 1] = radius;
                if radius == 0.0 {
                    values[i + 1] -= moved;
                    beside[high] = 0.0;
                    is_split = true;
                    break;
                }
                (sine, cosine) = (f / radius, g / radius);
                let d = values[i + 1] - moved;
                let r = (values[i] - d) * sine + 2.0 * cosine * b;
                moved = sine * r;
                values[i + 1] = d + moved;
                g = cosine * r - b;
                let (lower, upper) = vectors.split_at_mut((i + 1) * n);
                for (x, y) in lower[i * n..].iter_mut().zip(&mut upper[..n]) {
                    (*x, *y) = (cosine * *x - sine * *y, sine * *x + cosine * *y);
                }
            }
            if !is_split {
                values[low] -= moved;
                beside[low] = g;
                beside[high] = 0.0;
            }
        }
    }
}

/// The inverse of a symmetric positive matrix of n rows, which is used up: of `L L^T` it is `M^T M` with `M = L^-1`.
#[inline(always)]
pub fn inverse(a: &mut [f32], to: &mut [f32], m: &mut [f32], n: usize) {
    for j in 0..n {
        let (above, below) = a.split_at_mut((j + 1) * n);
        let row = &mut above[j * n..];
        row[j] = (row[j] - dot(&row[..j], &row[..j])).max(f32::MIN_POSITIVE).sqrt();
        for other in below.chunks_exact_mut(n) {
            other[j] = (other[j] - dot(&other[..j], &row[..j])) / row[j];
        }
    }
    m.fill(0.0);
    to.fill(0.0);
    for i in 0..n {
        let (done, rest) = m.split_at_mut(i * n);
        let row = &mut rest[..=i];
        for (j, other) in done.chunks_exact(n).enumerate() {
            add_multiple(&mut row[..=j], -a[i * n + j], other);
        }
        row[i] += 1.0;
        row.iter_mut().for_each(|v| *v /= a[i * n + i]);
        for (to, &v) in to.chunks_exact_mut(n).zip(row.iter()) {
            add_multiple(&mut to[..=i], v, row);
        }
    }
}

#[inline(always)]
fn dot(a: &[f32], b: &[f32]) -> f32 {
    const LANES: usize = 8;
    let mut lanes = [0.0f32; LANES];
    let (mut as_, mut bs) = (a.chunks_exact(LANES), b.chunks_exact(LANES));
    for (a, b) in as_.by_ref().zip(bs.by_ref()) {
        for l in 0..LANES {
            lanes[l] += a[l] * b[l];
        }
    }
    let rest: f32 = as_.remainder().iter().zip(bs.remainder()).map(|(a, b)| a * b).sum();
    lanes.iter().sum::<f32>() + rest
}

/// `to += factor x`
#[inline(always)]
pub fn add_multiple(to: &mut [f32], factor: f32, x: &[f32]) {
    to.iter_mut().zip(x).for_each(|(to, x)| *to += factor * x);
}
