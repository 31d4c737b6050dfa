//! Many numbers of a stream on all threads, the same bits as when they are drawn one by one.

use super::chacha::{Key, NUMBERS};
use super::ULP;
use crate::allocation::with_capacity;
use crate::kernel::parallel::{each, Shared};
use rand_chacha::rand_core::RngCore;
use rand_chacha::ChaCha8Rng;

/// A source of random bits: a sequence of u64.
pub(super) trait Bits {
    fn next_u64(&mut self) -> u64;

    /// Uniform in [0, 1).
    fn unit(&mut self) -> f64 {
        (self.next_u64() >> 11) as f64 * ULP
    }

    /// Uniform in (0, 1], for logarithms.
    fn open_unit(&mut self) -> f64 {
        ((self.next_u64() >> 11) + 1) as f64 * ULP
    }

    /// An exponential number of rate 1.
    fn exponential_one(&mut self) -> f64 {
        // Subtraction, not negation: -ln 1 must be 0, not -0.
        0.0 - libm::log(self.open_unit())
    }
}

impl Bits for super::Stream {
    fn next_u64(&mut self) -> u64 {
        self.rng.next_u64()
    }
}

/// Reads a stream in blocks from a given position and counts the values read.
pub(super) struct BlockReader {
    rng: ChaCha8Rng,
    key: Key,
    /// Where the next block begins, in words.
    word: u128,
    block: [u64; NUMBERS],
    /// Index of the next value in the block, and number of values up to the end of the block.
    next: usize,
    end: usize,
}

impl BlockReader {
    /// Starts `skip` values after the position of `rng`.
    fn new(rng: &ChaCha8Rng, skip: usize) -> Self {
        let word = rng.get_word_pos() + 2 * skip as u128;
        Self { rng: rng.clone(), key: Key::of(rng), word, block: [0; NUMBERS], next: NUMBERS, end: 0 }
    }

    /// Number of values read.
    #[inline(always)]
    fn position(&self) -> usize {
        self.end + self.next - NUMBERS
    }

    #[cold]
    #[inline(never)]
    fn refill(&mut self) {
        let count = match (self.word % 16) as usize {
            0 => {
                self.key.numbers((self.word / 16) as u64, &mut self.block);
                NUMBERS
            }
            // Up to where ChaCha's next block begins; from an odd word on no number begins there.
            within => {
                let count = if within % 2 == 0 { (16 - within) / 2 } else { NUMBERS };
                self.rng.set_word_pos(self.word);
                self.block[NUMBERS - count..].fill_with(|| self.rng.next_u64());
                count
            }
        };
        self.word += 2 * count as u128;
        (self.next, self.end) = (NUMBERS - count, self.end + count);
    }
}

impl Bits for BlockReader {
    #[inline(always)]
    fn next_u64(&mut self) -> u64 {
        if self.next == NUMBERS {
            self.refill();
        }
        self.next += 1;
        self.block[self.next - 1]
    }
}

/// Number of u64 in a chunk.
const CHUNK: usize = 4096;

/// The numbers of one chunk of the stream, assuming that a number begins where the chunk does.
#[derive(Clone, Copy)]
struct Chunk {
    numbers: usize,
    /// How far the last number reads into the next chunk.
    over: usize,
}

/// The numbers that begin before the end of a chunk, read from `bits`. There are at most as many numbers as values.
///
/// # Safety
/// `to` must have room for them.
#[inline(always)]
unsafe fn fill<T>(bits: &mut BlockReader, to: *mut T, one: &impl Fn(&mut BlockReader) -> T) -> Chunk {
    let mut numbers = 0;
    while bits.position() < CHUNK {
        to.add(numbers).write(one(bits));
        numbers += 1;
    }
    Chunk { numbers, over: bits.position() - CHUNK }
}

/// The numbers of a chunk up to the first that begins where one of those begins that `fill` found, and how many of the
/// latter come before it: all of them where there is no such number.
struct Correction<T> {
    numbers: Vec<T>,
    replaced: usize,
    over: usize,
}

/// Reads a chunk again from `over` values after its beginning.
fn correct<T>(
    rng: &ChaCha8Rng,
    start: usize,
    over: usize,
    chunk: Chunk,
    one: &impl Fn(&mut BlockReader) -> T,
) -> Correction<T> {
    let (mut right, mut assumed) = (BlockReader::new(rng, start + over), BlockReader::new(rng, start));
    let (mut numbers, mut replaced) = (Vec::new(), 0);
    loop {
        let at = over + right.position();
        if at >= CHUNK {
            return Correction { numbers, replaced: chunk.numbers, over: at - CHUNK };
        }
        if at == assumed.position() {
            return Correction { numbers, replaced, over: chunk.over };
        }
        if at < assumed.position() {
            numbers.push(one(&mut right));
        } else {
            one(&mut assumed);
            replaced += 1;
        }
    }
}

/// `count` numbers; `one` makes each from one or more values of the stream. `rng` is left after the last.
///
/// The chunks of the stream are read in parallel. How far the last number of the chunk before reaches into a chunk is
/// not known then; it is assumed not to. When it is known, the chunk's numbers are valid from the first one that begins
/// where another ends, which soon happens.
pub(super) fn collect<T: Copy + Send + Sync>(
    rng: &mut ChaCha8Rng,
    count: usize,
    one: impl Fn(&mut BlockReader) -> T + Sync,
) -> Vec<T> {
    let mut out: Vec<T> = with_capacity(count);
    // Repeated, because numbers that read more than one value leave some missing.
    while cfg!(any(feature = "threads", feature = "workers")) && count - out.len() >= 4 * CHUNK {
        let chunks = (count - out.len()) / CHUNK;
        let mut found = vec![Chunk { numbers: 0, over: 0 }; chunks];
        let (slots, from) = (Shared::new(&mut found), &*rng);
        let to = Shared::from_pointer(out.spare_capacity_mut().as_mut_ptr().cast::<T>());
        // SAFETY: each chunk has a range of its own, with room for as many numbers as it has values.
        each(chunks, true, |i| unsafe {
            *slots.at(i) = fill(&mut BlockReader::new(from, i * CHUNK), to.at(i * CHUNK), &one)
        });
        let (mut over, mut done) = (0, 0);
        for (i, chunk) in found.into_iter().enumerate() {
            let correction = if over == 0 {
                Correction { numbers: Vec::new(), replaced: 0, over: chunk.over }
            } else {
                correct(rng, i * CHUNK, over, chunk, &one)
            };
            let (new, left) = (correction.numbers.len(), chunk.numbers - correction.replaced);
            // SAFETY: up to the end of each chunk there are at most as many numbers as values, so moving or adding
            // numbers does not touch later chunks. What is moved is moved before others take its place.
            unsafe {
                std::ptr::copy(to.at(i * CHUNK + correction.replaced), to.at(done + new), left);
                std::ptr::copy_nonoverlapping(correction.numbers.as_ptr(), to.at(done), new);
            }
            (done, over) = (done + new + left, correction.over);
        }
        // SAFETY: the first `done` are written.
        unsafe { out.set_len(out.len() + done) };
        rng.set_word_pos(rng.get_word_pos() + 2 * (chunks * CHUNK + over) as u128);
    }
    let missing = count - out.len();
    sequence(rng, |bits| out.extend((0..missing).map(|_| one(bits))));
    out
}

/// Calls `draw` with the values of the stream; `rng` is left after the last that it read.
pub(super) fn sequence<R>(rng: &mut ChaCha8Rng, draw: impl FnOnce(&mut BlockReader) -> R) -> R {
    let mut bits = BlockReader::new(rng, 0);
    let result = draw(&mut bits);
    rng.set_word_pos(rng.get_word_pos() + 2 * bits.position() as u128);
    result
}
