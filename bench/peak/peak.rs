//! What a machine can do at most, for the roofline of the benchmark: multiply-adds in registers, and a triad
//! a = b + s c over arrays of several sizes (McCalpin's STREAM). Arguments: threads, and the bytes of the three arrays
//! together, several. Prints JSON: FLOP/s in float32 and, or null, of products of bfloat16; bytes/s for each number of
//! bytes.
//!
//! A file of its own, so that its compiler options are the machine's (`rustc -C target-cpu=native`), whatever the
//! library's are.
use std::hint::black_box;
use std::sync::Barrier;
use std::time::Instant;

/// Independent sums, which hide the latency of a multiply-add: 4 cycles, two a cycle, and some to spare. With two
/// operands they fit into 16 registers.
const SUMS: usize = 12;
/// Multiply-adds of a sum in one run: less than a millisecond, so that other programs leave some runs alone.
const LENGTH: usize = 200_000;
/// Runs of the multiply-adds and of the triad; the best counts.
const RUNS: [usize; 2] = [100, 40];
/// Bytes of a run of the triad at least: small arrays are passed over several times.
const LEAST_BYTES: usize = 256 << 20;

/// The widest vectors of the machine: type, one number in all entries, `a b + c`.
macro_rules! vectors {
    ($vector:ident, $splat:ident, $fma:ident) => {
        pub type Vector = $vector;

        pub fn splat(value: f32) -> Vector {
            // SAFETY: by the cfg of this expansion all of the program is compiled for these instructions.
            unsafe { $splat(value) }
        }

        pub fn fma(a: Vector, b: Vector, c: Vector) -> Vector {
            // SAFETY: as above.
            unsafe { $fma(a, b, c) }
        }
    };
}

#[cfg(target_feature = "avx512f")]
mod vector {
    use std::arch::x86_64::*;
    vectors!(__m512, _mm512_set1_ps, _mm512_fmadd_ps);
}
#[cfg(all(target_feature = "fma", not(target_feature = "avx512f")))]
mod vector {
    use std::arch::x86_64::*;
    vectors!(__m256, _mm256_set1_ps, _mm256_fmadd_ps);
}
#[cfg(target_arch = "aarch64")]
mod vector {
    use std::arch::aarch64::*;
    // Its sum is the first operand, which here is one of the factors: the same work.
    vectors!(float32x4_t, vdupq_n_f32, vfmaq_f32);
}
use vector::{Vector, fma, splat};

/// Entries of a vector.
const LANES: usize = size_of::<Vector>() / size_of::<f32>();

/// `LENGTH` multiply-adds of each sum.
fn multiply_add(mut sums: [Vector; SUMS], factor: f32, term: f32) -> [Vector; SUMS] {
    let (factor, term) = (splat(factor), splat(term));
    for _ in 0..LENGTH {
        for sum in &mut sums {
            *sum = fma(*sum, factor, term);
        }
    }
    sums
}

fn triad(a: &mut [f32], b: &[f32], c: &[f32], s: f32) {
    for ((a, &b), &c) in a.iter_mut().zip(b).zip(c) {
        *a = c.mul_add(s, b);
    }
}

/// Begin and end of each run of `work`, by thread. All threads begin a run together; each has what `make` gives it.
fn times<T>(
    threads: usize,
    runs: usize,
    make: impl Fn() -> T + Sync,
    work: impl Fn(&mut T) + Sync,
) -> Vec<Vec<[Instant; 2]>> {
    let barrier = Barrier::new(threads);
    let one = || {
        let mut own = make();
        work(&mut own);
        let timed = |_| {
            barrier.wait();
            let begin = Instant::now();
            work(&mut own);
            [begin, Instant::now()]
        };
        (0..runs).map(timed).collect()
    };
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(one)).collect();
        workers.into_iter().map(|worker| worker.join().expect("a worker does not panic")).collect()
    })
}

fn least(seconds: impl Iterator<Item = f64>) -> f64 {
    seconds.fold(f64::INFINITY, f64::min)
}

/// FLOP/s: the sum over the threads, which share nothing, of the best run of each.
fn flops(threads: usize) -> f64 {
    let make = || [splat(1.0); SUMS];
    let times = times(threads, RUNS[0], make, |sums| {
        *sums = black_box(multiply_add(*sums, black_box(0.999), black_box(0.001)))
    });
    rate(&times, 2 * LANES * SUMS * LENGTH)
}

/// The sum over the threads of the work of a run over the seconds of the best one.
fn rate(times: &[Vec<[Instant; 2]>], work: usize) -> f64 {
    let seconds = |runs: &Vec<[Instant; 2]>| least(runs.iter().map(|[begin, end]| (*end - *begin).as_secs_f64()));
    times.iter().map(|runs| work as f64 / seconds(runs)).sum()
}

/// FLOP/s of products of bfloat16 that are added in float32, two to an entry of a vector; `None` where the machine has
/// none.
#[cfg(target_feature = "avx512bf16")]
fn flops_of_bfloat16(threads: usize) -> Option<f64> {
    use std::arch::x86_64::{__m512bh, _mm512_dpbf16_ps};
    let make = || [splat(1.0); SUMS];
    let times = times(threads, RUNS[0], make, |sums| {
        // SAFETY: both are 64 bytes of plain numbers; the entries are products of small numbers.
        let factor: __m512bh = unsafe { std::mem::transmute(black_box(splat(1e-3))) };
        for _ in 0..LENGTH {
            for sum in sums.iter_mut() {
                // SAFETY: by the cfg of this function all of the program is compiled for this instruction.
                *sum = unsafe { _mm512_dpbf16_ps(*sum, factor, factor) };
            }
        }
        *sums = black_box(*sums);
    });
    Some(rate(&times, 4 * LANES * SUMS * LENGTH))
}

#[cfg(not(target_feature = "avx512bf16"))]
fn flops_of_bfloat16(_: usize) -> Option<f64> {
    None
}

/// Bytes/s of all threads at once, which share the memory: from the first begin to the last end.
fn bandwidth(threads: usize, bytes: usize) -> f64 {
    let entries = bytes / (12 * threads);
    let passes = LEAST_BYTES.div_ceil(bytes);
    let make = || (vec![0.0f32; entries], vec![1.0; entries], vec![2.0; entries]);
    let times = times(threads, RUNS[1], make, |(a, b, c)| {
        for _ in 0..passes {
            triad(a, b, c, black_box(0.5));
            black_box(&mut *a);
        }
    });
    let seconds = least((0..RUNS[1]).map(|run| {
        let edge = |k: usize| times.iter().map(move |runs| runs[run][k]);
        edge(1).max().zip(edge(0).min()).map_or(f64::INFINITY, |(end, begin)| (end - begin).as_secs_f64())
    }));
    (12 * threads * entries * passes) as f64 / seconds
}

fn main() {
    let numbers: Vec<usize> =
        std::env::args().skip(1).map(|text| text.parse().expect("arguments are whole numbers")).collect();
    let (threads, sizes) = numbers.split_first().expect("the first argument is the number of threads");
    let triads: Vec<String> = sizes
        .iter()
        .map(|&bytes| format!("{{\"bytes\":{bytes},\"perSecond\":{:e}}}", bandwidth(*threads, bytes)))
        .collect();
    let bfloat16 = flops_of_bfloat16(*threads).map_or("null".into(), |flops| format!("{flops:e}"));
    let (flops, triads) = (flops(*threads), triads.join(","));
    println!("{{\"flops\":{flops:e},\"bfloat16\":{bfloat16},\"bandwidths\":[{triads}]}}");
}
