//! Many numbers of a stream at once, on all threads, with the bits that one after another would have.

use super::ULP;
use crate::kernel::parallel::{each, Shared};
use rand_chacha::rand_core::RngCore;
use rand_chacha::ChaCha8Rng;

/// What numbers are made of: a sequence of random u64.
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
        // Subtraction, not negation: -ln 1 shall be 0, not -0.
        0.0 - libm::log(self.open_unit())
    }
}

impl Bits for super::Stream {
    fn next_u64(&mut self) -> u64 {
        self.rng.next_u64()
    }
}

/// Values of u64 that are made at once.
const BLOCK: usize = 128;

/// A stream read in blocks from some position on, which knows how far it has come.
pub(super) struct Ahead {
    rng: ChaCha8Rng,
    block: [u64; BLOCK],
    /// Of the block, what comes next; of the stream, where the block ends.
    next: usize,
    end: usize,
}

impl Ahead {
    /// From `skip` values after the position of `rng` on.
    fn new(rng: &ChaCha8Rng, skip: usize) -> Self {
        let mut rng = rng.clone();
        if skip > 0 {
            rng.set_word_pos(rng.get_word_pos() + 2 * skip as u128);
        }
        Self { rng, block: [0; BLOCK], next: BLOCK, end: 0 }
    }
    /// Values read since.
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

impl Bits for Ahead {
    #[inline(always)]
    fn next_u64(&mut self) -> u64 {
        if self.next == BLOCK {
            self.refill();
        }
        self.next += 1;
        self.block[self.next - 1]
    }
}

/// Values of u64 that a chunk of work reads.
const CHUNK: usize = 4096;
/// Numbers of a chunk of which it is known where they begin.
const KNOWN: usize = 32;

/// What was made of a chunk of the stream on the supposition that a number begins where it does.
#[derive(Clone, Copy)]
struct Made {
    numbers: usize,
    /// Where the first of them begin.
    starts: [usize; KNOWN],
    /// How far the last number reads into the next chunk.
    over: usize,
}

/// The numbers that begin before the end of a chunk, from `bits` on, which stand `over` values behind its beginning.
/// There are at most as many as values.
///
/// # Safety
/// At `to` is room for them.
#[inline(always)]
unsafe fn fill<T>(bits: &mut Ahead, over: usize, to: *mut T, one: &impl Fn(&mut Ahead) -> T) -> Made {
    let mut made = Made { numbers: 0, starts: [usize::MAX; KNOWN], over: 0 };
    while over + bits.position() < CHUNK {
        if made.numbers < KNOWN {
            made.starts[made.numbers] = bits.position();
        }
        to.add(made.numbers).write(one(bits));
        made.numbers += 1;
    }
    made.over = over + bits.position() - CHUNK;
    made
}

/// `count` numbers, each made by `one` of some values of the stream, nearly always one value; `rng` is left after the
/// last.
///
/// Chunks of the stream are read at once. A chunk does not know how far the last number before it reaches into it, and
/// supposes: not at all. Once that is known, its numbers are good from the first on that begins where one ends; that is
/// nearly always the second at the latest.
pub(super) fn collect<T: Copy + Send + Sync>(
    rng: &mut ChaCha8Rng,
    count: usize,
    one: impl Fn(&mut Ahead) -> T + Sync,
) -> Vec<T> {
    let mut out: Vec<T> = Vec::with_capacity(count);
    // Another round for what is missing because some numbers read more than one value.
    while cfg!(feature = "threads") && count - out.len() >= 4 * CHUNK {
        let chunks = (count - out.len()) / CHUNK;
        let mut found = vec![Made { numbers: 0, starts: [0; KNOWN], over: 0 }; chunks];
        let (made, from) = (Shared::new(&mut found), &*rng);
        let to = Shared::from_pointer(out.spare_capacity_mut().as_mut_ptr().cast::<T>());
        // SAFETY: each chunk has a position of its own, with room for as many numbers as it has values.
        each(chunks, true, |i| unsafe {
            *made.at(i) = fill(&mut Ahead::new(from, i * CHUNK), 0, to.at(i * CHUNK), &one)
        });
        let (mut over, mut done) = (0, 0);
        for (i, chunk) in found.into_iter().enumerate() {
            // SAFETY: up to the end of each chunk there are at most as many numbers as values, so what is moved or
            // rewritten stays out of later chunks.
            unsafe {
                if let Some(good) = chunk.starts.iter().position(|&start| start == over) {
                    std::ptr::copy(to.at(i * CHUNK + good), to.at(done), chunk.numbers - good);
                    (done, over) = (done + chunk.numbers - good, chunk.over);
                } else {
                    // Read again from where it begins.
                    let again = fill(&mut Ahead::new(rng, i * CHUNK + over), over, to.at(done), &one);
                    (done, over) = (done + again.numbers, again.over);
                }
            }
        }
        // SAFETY: so many are written, one after another.
        unsafe { out.set_len(out.len() + done) };
        rng.set_word_pos(rng.get_word_pos() + 2 * (chunks * CHUNK + over) as u128);
    }
    let mut bits = Ahead::new(rng, 0);
    while out.len() < count {
        out.push(one(&mut bits));
    }
    rng.set_word_pos(rng.get_word_pos() + 2 * bits.position() as u128);
    out
}
