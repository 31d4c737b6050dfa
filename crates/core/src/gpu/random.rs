//! Random numbers drawn on a GPU: ChaCha8 (Bernstein, "ChaCha, a variant of Salsa20", 2008), whose blocks are made
//! independently of each other, each of 16 words of 32 bits by one unit.
//!
//! The numbers follow the same distributions as those that are drawn on the CPU, and are others: these are made in
//! float64, which GPUs may not have, and normal ones by a method that takes another word now and then.

use super::{operand, units, value};
use crate::random::{Kind, Stream};
use crate::storage::Value;
use cubecl::prelude::*;
use std::sync::atomic::{AtomicBool, Ordering};

static ALLOWED: AtomicBool = AtomicBool::new(false);

/// Whether draws for GPUs are made there, for the whole process.
pub(crate) fn set_allowed(on: bool) {
    ALLOWED.store(on, Ordering::Relaxed);
}

/// See `set_allowed`.
pub(crate) fn is_allowed() -> bool {
    ALLOWED.load(Ordering::Relaxed)
}

/// What a word becomes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Law {
    Normal,
    Uniform,
    Sign,
    Exponential,
    Laplace,
    Below,
}

/// The key of a stream.
#[derive(CubeType, CubeLaunch)]
struct Key {
    a: u32,
    b: u32,
    c: u32,
    d: u32,
    e: u32,
    f: u32,
    g: u32,
    h: u32,
}

#[cube]
fn rotated(x: u32, #[comptime] by: u32) -> u32 {
    (x << by) | (x >> comptime!(32 - by))
}

#[cube]
fn quarter_round(
    s: &mut Array<u32>,
    #[comptime] a: usize,
    #[comptime] b: usize,
    #[comptime] c: usize,
    #[comptime] d: usize,
) {
    s[a] += s[b];
    s[d] = rotated(s[d] ^ s[a], 16u32);
    s[c] += s[d];
    s[b] = rotated(s[b] ^ s[c], 12u32);
    s[a] += s[b];
    s[d] = rotated(s[d] ^ s[a], 8u32);
    s[c] += s[d];
    s[b] = rotated(s[b] ^ s[c], 7u32);
}

/// The 16 words of a block.
#[cube]
fn block(key: &Key, counter: u32) -> Array<u32> {
    let mut start = Array::<u32>::new(16usize);
    // "expand 32-byte k"
    start[0] = 0x6170_7865u32;
    start[1] = 0x3320_646eu32;
    start[2] = 0x7962_2d32u32;
    start[3] = 0x6b20_6574u32;
    start[4] = key.a;
    start[5] = key.b;
    start[6] = key.c;
    start[7] = key.d;
    start[8] = key.e;
    start[9] = key.f;
    start[10] = key.g;
    start[11] = key.h;
    start[12] = counter;
    start[13] = 0u32;
    start[14] = 0u32;
    start[15] = 0u32;
    let mut s = Array::<u32>::new(16usize);
    #[unroll]
    for i in 0..16usize {
        s[i] = start[i];
    }
    #[unroll]
    for _ in 0..4usize {
        quarter_round(&mut s, 0usize, 4usize, 8usize, 12usize);
        quarter_round(&mut s, 1usize, 5usize, 9usize, 13usize);
        quarter_round(&mut s, 2usize, 6usize, 10usize, 14usize);
        quarter_round(&mut s, 3usize, 7usize, 11usize, 15usize);
        quarter_round(&mut s, 0usize, 5usize, 10usize, 15usize);
        quarter_round(&mut s, 1usize, 6usize, 11usize, 12usize);
        quarter_round(&mut s, 2usize, 7usize, 8usize, 13usize);
        quarter_round(&mut s, 3usize, 4usize, 9usize, 14usize);
    }
    #[unroll]
    for i in 0..16usize {
        s[i] += start[i];
    }
    s
}

/// (word + 1/2) / 2^32, in (0, 1].
#[cube]
fn fraction(word: u32) -> f32 {
    (f32::cast_from(word) + 0.5f32) * 2.328_306_4e-10f32
}

/// out[j blocks + i] is made of word j of block i.
#[cube(launch_unchecked)]
fn draw_kernel(out: &mut [f32], key: Key, blocks: u32, below: u32, always: u32, #[comptime] law: Law) {
    let i = ABSOLUTE_POS as u32;
    if i >= blocks {
        terminate!();
    }
    let words = block(&key, i);
    let mut numbers = Array::<f32>::new(16usize);
    #[unroll]
    for j in 0..8usize {
        let (first, second) = (words[j], words[comptime!(j + 8)]);
        match comptime!(law) {
            // Box and Muller, "A note on the generation of random normal deviates", 1958.
            Law::Normal => {
                let radius = (fraction(first).ln() * -2.0f32).sqrt();
                let angle = fraction(second) * 6.283_185_5f32;
                numbers[j] = radius * angle.cos();
                numbers[comptime!(j + 8)] = radius * angle.sin();
            }
            Law::Uniform => {
                numbers[j] = f32::cast_from(first >> 8u32) * 5.960_464_5e-8f32;
                numbers[comptime!(j + 8)] = f32::cast_from(second >> 8u32) * 5.960_464_5e-8f32;
            }
            Law::Sign => {
                numbers[j] = select(first >> 31u32 == 0, -1.0f32, 1.0f32);
                numbers[comptime!(j + 8)] = select(second >> 31u32 == 0, -1.0f32, 1.0f32);
            }
            Law::Exponential => {
                numbers[j] = -fraction(first).ln();
                numbers[comptime!(j + 8)] = -fraction(second).ln();
            }
            // The sign is the lowest bit, which float32 rounds away unless the number is small.
            Law::Laplace => {
                let (a, b) = (fraction(first).ln(), fraction(second).ln());
                numbers[j] = select(first & 1u32 == 0, a, -a);
                numbers[comptime!(j + 8)] = select(second & 1u32 == 0, b, -b);
            }
            Law::Below => {
                numbers[j] = select(first < below || always == 1, 1.0f32, 0.0f32);
                numbers[comptime!(j + 8)] = select(second < below || always == 1, 1.0f32, 0.0f32);
            }
        }
    }
    #[unroll]
    for j in 0..16usize {
        let at = comptime!(j as u32) * blocks + i;
        if (at as usize) < out.len() {
            out[at as usize] = numbers[j];
        }
    }
}

/// Writes `count` numbers of a distribution, whose parameters are valid, to a tensor with as many elements, and
/// advances the stream by the key of a new one, whatever the count. `None` on the cpu, for distributions that are drawn
/// there.
pub(crate) fn draw(stream: &mut Stream, kind: Kind, count: usize, params: &[f64], to: &Value) -> Option<Value> {
    let (law, p) = match (kind, params) {
        (Kind::Normal, _) => (Law::Normal, 0.0),
        (Kind::Uniform, _) => (Law::Uniform, 0.0),
        (Kind::Rademacher, _) => (Law::Sign, 0.0),
        (Kind::Exponential, _) => (Law::Exponential, 0.0),
        (Kind::Laplace, _) => (Law::Laplace, 0.0),
        (Kind::Bernoulli, &[p]) => (Law::Below, p),
        _ => return None,
    };
    let to = operand(to)?;
    let blocks = count.div_ceil(16);
    // The last index of a word is below 2^32.
    if count == 0 || count >= 1 << 31 {
        return None;
    }
    let [a, b, c, d, e, f, g, h] = stream.fork().key();
    let threshold = p * 4_294_967_296.0;
    let (client, (groups, group)) = (to.client.clone(), units(&to, blocks));
    // SAFETY: blocks beyond the last, and numbers beyond the end of the tensor, are not written.
    unsafe {
        draw_kernel::launch_unchecked(
            &client,
            groups,
            group,
            to.clone().into_buffer_arg(),
            KeyLaunch::new(a, b, c, d, e, f, g, h),
            blocks as u32,
            threshold as u32,
            u32::from(p >= 1.0),
            law,
        );
    }
    Some(value(to))
}
