//! Many numbers of a stream on all threads, the same bits as when they are drawn one by one.

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

/// Number of u64 generated at once.
const BLOCK: usize = 128;

/// Reads a stream in blocks from a given position and counts the values read.
pub(super) struct BlockReader {
    rng: ChaCha8Rng,
    block: [u64; BLOCK],
    /// Index of the next value in the block, and number of values up to the end of the block.
    next: usize,
    end: usize,
}

impl BlockReader {
    /// Starts `skip` values after the position of `rng`.
    fn new(rng: &ChaCha8Rng, skip: usize) -> Self {
        let mut rng = rng.clone();
        if skip > 0 {
            rng.set_word_pos(rng.get_word_pos() + 2 * skip as u128);
        }
        Self { rng, block: [0; BLOCK], next: BLOCK, end: 0 }
    }
    /// Number of values read.
    #[inline(always)]
    fn position(&self) -> usize {
        self.end + self.next - BLOCK
    }
    #[cold]
    #[inline(never)]
    fn refill(&mut self) {
        let mut bytes = [0; 8 * BLOCK];
        self.rng.fill_bytes(&mut bytes);
        for (word, bytes) in self.block.iter_mut().zip(bytes.as_chunks::<8>().0) {
            *word = u64::from_le_bytes(*bytes);
        }
        (self.next, self.end) = (0, self.end + BLOCK);
    }
}

impl Bits for BlockReader {
    #[inline(always)]
    fn next_u64(&mut self) -> u64 {
        if self.next == BLOCK {
            self.refill();
        }
        self.next += 1;
        self.block[self.next - 1]
    }
}

/// Number of u64 in a chunk.
const CHUNK: usize = 4096;
/// How many numbers of a chunk have their beginnings recorded.
const RECORDED: usize = 32;

/// The numbers of one chunk of the stream, assuming that a number begins where the chunk does.
#[derive(Clone, Copy)]
struct Chunk {
    numbers: usize,
    /// Positions at which the first of them begin.
    starts: [usize; RECORDED],
    /// How far the last number reads into the next chunk.
    over: usize,
}

/// The numbers that begin before the end of a chunk, read from `bits`, which is `over` values after its beginning.
/// There are at most as many numbers as values.
///
/// # Safety
/// `to` must have room for them.
#[inline(always)]
unsafe fn fill<T>(bits: &mut BlockReader, over: usize, to: *mut T, one: &impl Fn(&mut BlockReader) -> T) -> Chunk {
    let mut chunk = Chunk { numbers: 0, starts: [usize::MAX; RECORDED], over: 0 };
    while over + bits.position() < CHUNK {
        if chunk.numbers < RECORDED {
            chunk.starts[chunk.numbers] = bits.position();
        }
        to.add(chunk.numbers).write(one(bits));
        chunk.numbers += 1;
    }
    chunk.over = over + bits.position() - CHUNK;
    chunk
}

/// `count` numbers; `one` makes each from one or more values of the stream, nearly always one. `rng` is left after the
/// last.
///
/// The chunks of the stream are read in parallel. How far the last number of the chunk before reaches into a chunk is
/// not known then; it is assumed not to. When it is known, the chunk's numbers are valid from the first one that begins
/// where another ends: nearly always the first or the second.
pub(super) fn collect<T: Copy + Send + Sync>(
    rng: &mut ChaCha8Rng,
    count: usize,
    one: impl Fn(&mut BlockReader) -> T + Sync,
) -> Vec<T> {
    let mut out: Vec<T> = with_capacity(count);
    // Repeated, because numbers that read more than one value leave some missing.
    while cfg!(any(feature = "threads", feature = "workers")) && count - out.len() >= 4 * CHUNK {
        let chunks = (count - out.len()) / CHUNK;
        let mut found = vec![Chunk { numbers: 0, starts: [0; RECORDED], over: 0 }; chunks];
        let (slots, from) = (Shared::new(&mut found), &*rng);
        let to = Shared::from_pointer(out.spare_capacity_mut().as_mut_ptr().cast::<T>());
        // SAFETY: each chunk has a range of its own, with room for as many numbers as it has values.
        each(chunks, true, |i| unsafe {
            *slots.at(i) = fill(&mut BlockReader::new(from, i * CHUNK), 0, to.at(i * CHUNK), &one)
        });
        let (mut over, mut done) = (0, 0);
        for (i, chunk) in found.into_iter().enumerate() {
            // SAFETY: up to the end of each chunk there are at most as many numbers as values, so moving or rewriting
            // numbers does not touch later chunks.
            unsafe {
                if let Some(valid) = chunk.starts.iter().position(|&start| start == over) {
                    std::ptr::copy(to.at(i * CHUNK + valid), to.at(done), chunk.numbers - valid);
                    (done, over) = (done + chunk.numbers - valid, chunk.over);
                } else {
                    // Read again from where its first number begins.
                    let again = fill(&mut BlockReader::new(rng, i * CHUNK + over), over, to.at(done), &one);
                    (done, over) = (done + again.numbers, again.over);
                }
            }
        }
        // SAFETY: the first `done` are written.
        unsafe { out.set_len(out.len() + done) };
        rng.set_word_pos(rng.get_word_pos() + 2 * (chunks * CHUNK + over) as u128);
    }
    let mut bits = BlockReader::new(rng, 0);
    while out.len() < count {
        out.push(one(&mut bits));
    }
    rng.set_word_pos(rng.get_word_pos() + 2 * bits.position() as u128);
    out
}
