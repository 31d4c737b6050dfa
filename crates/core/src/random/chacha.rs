//! Blocks of ChaCha8 in vectors, each lane another block: the words that `rand_chacha` gives, in the same order.

#![allow(clippy::needless_range_loop)] // as in product.rs

use crate::kernel::simd::{entry, isa, Simd};
use rand_chacha::ChaCha8Rng;

/// Blocks that are made at once, 16 words of 32 bits each, and the u64 in them.
const BLOCKS: usize = 16;
pub(super) const NUMBERS: usize = 8 * BLOCKS;

/// "expand 32-byte k"
const CONSTANTS: [u32; 4] = [0x6170_7865, 0x3320_646e, 0x7962_2d32, 0x6b20_6574];

/// The key and the number of a stream.
pub(super) struct Key {
    words: [u32; 8],
    stream: u64,
}

impl Key {
    pub(super) fn of(rng: &ChaCha8Rng) -> Self {
        let seed = rng.get_seed();
        let words = std::array::from_fn(|i| u32::from_le_bytes(std::array::from_fn(|j| seed[4 * i + j])));
        Self { words, stream: rng.get_stream() }
    }

    /// The numbers of the blocks from `counter` on.
    pub(super) fn numbers(&self, counter: u64, to: &mut [u64; NUMBERS]) {
        // SAFETY: the CPU has the instructions.
        unsafe { blocks(isa(), self, counter, to) }
    }
}

entry! {
    fn blocks(key: &Key, counter: u64, to: &mut [u64; NUMBERS]) = blocks_body
}

#[inline(always)]
unsafe fn blocks_body<S: Simd>(_: S, key: &Key, counter: u64, to: &mut [u64; NUMBERS]) {
    let words = to.as_mut_ptr().cast::<f32>();
    for first in (0..BLOCKS).step_by(S::N) {
        let counter = counter.wrapping_add(first as u64);
        let to = words.add(16 * first);
        match S::N {
            16 => lanes::<S, 16>(key, counter, to),
            8 => lanes::<S, 8>(key, counter, to),
            _ => lanes::<S, 4>(key, counter, to),
        }
    }
    for number in to {
        *number = u64::from_le(*number);
    }
}

/// The block of each of L = N lanes, as bits of float32: word w of lane l at `to + 16 l + w`.
#[inline(always)]
unsafe fn lanes<S: Simd, const L: usize>(key: &Key, counter: u64, to: *mut f32) {
    let mut start = [[0; L]; 16];
    for l in 0..L {
        let counter = counter.wrapping_add(l as u64);
        for w in 0..4 {
            start[w][l] = CONSTANTS[w];
        }
        for w in 0..8 {
            start[4 + w][l] = key.words[w];
        }
        (start[12][l], start[13][l]) = (counter as u32, (counter >> 32) as u32);
        (start[14][l], start[15][l]) = (key.stream as u32, (key.stream >> 32) as u32);
    }
    let mut x = start;
    // A quarter round adds, and rotates a difference, four times.
    macro_rules! add_rotate {
        ($a:expr, $b:expr, $d:expr, $bits:literal) => {
            for l in 0..L {
                x[$a][l] = x[$a][l].wrapping_add(x[$b][l]);
                x[$d][l] = (x[$d][l] ^ x[$a][l]).rotate_left($bits);
            }
        };
    }
    macro_rules! quarter {
        ($a:literal, $b:literal, $c:literal, $d:literal) => {
            add_rotate!($a, $b, $d, 16);
            add_rotate!($c, $d, $b, 12);
            add_rotate!($a, $b, $d, 8);
            add_rotate!($c, $d, $b, 7);
        };
    }
    for _ in 0..4 {
        quarter!(0, 4, 8, 12);
        quarter!(1, 5, 9, 13);
        quarter!(2, 6, 10, 14);
        quarter!(3, 7, 11, 15);
        quarter!(0, 5, 10, 15);
        quarter!(1, 6, 11, 12);
        quarter!(2, 7, 8, 13);
        quarter!(3, 4, 9, 14);
    }
    for w in 0..16 {
        for l in 0..L {
            x[w][l] = x[w][l].wrapping_add(start[w][l]);
        }
    }
    for w in (0..16).step_by(L) {
        S::transpose(x[w].as_ptr().cast(), L, to.add(w), 16);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::simd::InstructionSet;
    use rand_chacha::rand_core::{RngCore, SeedableRng};

    #[test]
    fn blocks_are_those_of_rand_chacha() {
        for (counter, stream) in [(0, 0), (7, 1 << 40), (u64::from(u32::MAX) - 3, 9), (u64::MAX - 20, u64::MAX)] {
            let mut rng = ChaCha8Rng::from_seed(std::array::from_fn(|i| (37 * i) as u8));
            rng.set_stream(stream);
            rng.set_word_pos(16 * u128::from(counter));
            let key = Key::of(&rng);
            for isa in [isa(), InstructionSet::Portable] {
                let mut numbers = [0; NUMBERS];
                // SAFETY: the CPU has the instructions.
                unsafe { blocks(isa, &key, counter, &mut numbers) };
                let mut expected = rng.clone();
                assert!(numbers.iter().all(|&n| n == expected.next_u64()), "{isa:?} {counter} {stream}");
            }
        }
    }
}
