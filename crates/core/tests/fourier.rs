//! Fourier transforms of lengths with all kinds of factors, of signals in all layouts, many and few, short and long:
//! the kernels against the definition in float64.

mod common;

use adjoint_core::{DType, Device, Tensor};
use common::{dot, op, values, Rng};
use std::f64::consts::TAU;

/// Each factor that has a pass alone and with others, factors that have none, and lengths of which single signals are
/// transformed as matrices.
const LENGTHS: [usize; 46] = [
    1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 12, 13, 16, 17, 19, 23, 24, 29, 31, 32, 35, 37, 41, 49, 60, 64, 77, 82, 97, 121,
    128, 143, 225, 251, 256, 509, 512, 529, 640, 961, 1021, 1024, 2018, 4096, 16411, 17408,
];

fn make(data: &[f64], shape: &[usize], dtype: DType) -> Tensor {
    Tensor::from_values(data.to_vec(), shape, dtype, Device::Cpu).expect("valid")
}

/// The error of a sum over `n` numbers that is allowed, in units of the signal's norm. It grows with the number of
/// passes, log2 n (Higham, Accuracy and Stability of Numerical Algorithms, 2002, section 24.1); in float64 the errors
/// of the definition, added term by term, are larger.
fn tolerance(dtype: DType, n: usize) -> f64 {
    if dtype == DType::F32 {
        f64::from(f32::EPSILON) * (4.0 * n as f64).log2()
    } else {
        1e-13
    }
}

/// Values as an operand of the type holds them.
fn random(r: &mut Rng, shape: &[usize], dtype: DType) -> Vec<f64> {
    let data = r.array(shape, -1.0, 1.0).data;
    if dtype == DType::F32 {
        data.into_iter().map(|v| f64::from(v as f32)).collect()
    } else {
        data
    }
}

/// A layout of signals: shape, and the axes of the numbers, of (real, imaginary) and of the signals.
fn layouts(n: usize, lines: usize) -> [(Vec<usize>, [usize; 3]); 6] {
    [
        (vec![lines, n, 2], [1, 2, 0]),
        (vec![2, lines, n], [2, 0, 1]),
        (vec![n, lines, 2], [0, 2, 1]),
        (vec![2, n, lines], [1, 0, 2]),
        (vec![n, 2, lines], [0, 1, 2]),
        (vec![lines, 2, n], [2, 1, 0]),
    ]
}

#[test]
fn sums_match_the_definition() {
    let mut r = Rng(11);
    for dtype in [DType::F32, DType::F64] {
        for (case, n) in LENGTHS.into_iter().enumerate() {
            let table: Vec<(f64, f64)> = (0..n).map(|i| (TAU * i as f64 / n as f64).sin_cos()).collect();
            for lines in if n > 2000 { [1, 3, 1] } else { [1, 5, 35] } {
                for (layout, (shape, [axis, complex, other])) in layouts(n, lines).into_iter().enumerate() {
                    let x = random(&mut r, &shape, dtype);
                    let (inverse, centred) = ((case + layout) % 2, (layout / 2 + lines) % 2 == 1);
                    let name = if centred { "centredFft" } else { "fft" };
                    let ints = [1, axis as i64, complex as i64, inverse as i64];
                    let y = values(&op(name, &[&make(&x, &shape, dtype)], &ints, &[0.5]));
                    let stride = |d: usize| shape[d + 1..].iter().product::<usize>();
                    let origin = if centred { n / 2 } else { 0 };
                    for line in 0..lines {
                        let at = |i: usize, k: usize| {
                            line * stride(other) + (i + origin) % n * stride(axis) + k * stride(complex)
                        };
                        let norm = (0..n).map(|i| x[at(i, 0)].powi(2) + x[at(i, 1)].powi(2)).sum::<f64>().sqrt();
                        for k in (0..n).step_by(n.div_ceil(40)) {
                            let (mut re, mut im) = (0.0, 0.0);
                            for i in 0..n {
                                let (sin, cos) = table[(i as u64 * k as u64 % n as u64) as usize];
                                let sin = if inverse == 1 { sin } else { -sin };
                                re += x[at(i, 0)] * cos - x[at(i, 1)] * sin;
                                im += x[at(i, 0)] * sin + x[at(i, 1)] * cos;
                            }
                            let error = (y[at(k, 0)] - 0.5 * re).abs().max((y[at(k, 1)] - 0.5 * im).abs());
                            assert!(
                                error <= tolerance(dtype, n) * norm,
                                "{name} {shape:?} over axis {axis}, inverse {inverse}, {dtype:?}: number {k} of signal \
                                 {line} is wrong by {:e} of the norm.",
                                error / norm
                            );
                        }
                    }
                }
            }
        }
    }
}

/// Images [C, H, W] with even and odd sides, short and long.
const IMAGES: [[usize; 3]; 12] = [
    [2, 35, 70],
    [1, 32, 64],
    [3, 16, 66],
    [1, 37, 43],
    [2, 1, 2048],
    [1, 3, 2046],
    [1, 2, 2043],
    [1, 700, 3],
    [1, 1031, 2],
    [1, 1, 33_002],
    [1, 2, 16_411],
    [1, 16_387, 4],
];

#[test]
fn spectra_of_images_are_those_of_complex_images() {
    let mut r = Rng(12);
    for dtype in [DType::F32, DType::F64] {
        for shape in IMAGES {
            let [channels, height, width] = shape;
            let (half, pixels) = (width / 2 + 1, height * width);
            let data = random(&mut r, &shape, dtype);
            let norm = dot(&data, &data).sqrt();
            let x = make(&data, &shape, dtype);
            let close = |what: &str, got: &[f64], want: &[f64], unit: f64| {
                assert_eq!(got.len(), want.len());
                let error = got.iter().zip(want).fold(0.0f64, |e, (a, b)| e.max((a - b).abs()));
                assert!(
                    error <= tolerance(dtype, pixels) * unit,
                    "{what} {shape:?} {dtype:?}: error {:e}",
                    error / unit
                );
            };
            let spectrum = op("rfft2", &[&x], &[], &[1.0, 1.0]);
            let complex: Vec<f64> = data.iter().flat_map(|&v| [v, 0.0]).collect();
            let complex = make(&complex, &[channels, height, width, 2], DType::F64);
            let whole = values(&op("fft", &[&complex], &[2, 1, 2, 3, 0], &[1.0]));
            let rows = whole.chunks_exact(2 * width).flat_map(|row| row[..2 * half].to_vec());
            close("rfft2", &values(&spectrum), &rows.collect::<Vec<_>>(), norm);
            let back = op("irfft2", &[&spectrum], &[width as i64], &[1.0 / pixels as f64, 2.0]);
            close("irfft2", &values(&back), &data, 2.0 * norm / (pixels as f64).sqrt());
            let response = random(&mut r, &[height, half, 2], dtype);
            let [response, exact] = [dtype, DType::F64].map(|dtype| make(&response, &[height, half, 2], dtype));
            let spectrum = op("rfft2", &[&make(&data, &shape, DType::F64)], &[], &[1.0, 1.0]);
            for conjugate in [0, 1] {
                let filtered = op("fourierFilter", &[&x, &response], &[conjugate], &[]);
                let product = op("complexMul", &[&spectrum, &exact], &[conjugate], &[]);
                let want = op("irfft2", &[&product], &[width as i64], &[1.0 / pixels as f64, 2.0]);
                close("fourierFilter", &values(&filtered), &values(&want), 2.0 * norm / (pixels as f64).sqrt());
            }
        }
    }
}

#[test]
fn other_instruction_sets() {
    common::on_other_instruction_sets(&["sums_match_the_definition", "spectra_of_images_are_those_of_complex_images"]);
}
