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

/// A stream read in blocks from some place on, which knows how far it has come.
pub(super) struct Ahead {
    rng: ChaCha8Rng,
    block: [u64; BLOCK],
    /// Of the block, what comes next; of the stream, where the block ends.
    next: usize,
    end: usize,
}

impl Ahead {
    /// From `skip` values after the place of `rng` on.
    fn new(rng: &ChaCha8Rng, skip: usize) -> Self {
        let mut rng = rng.clone();
        if skip > 0 {
            rng.set_word_pos(rng.get_word_pos() + 2 * skip as u128);
        }
        Self { rng, block: [0; BLOCK], next: BLOCK, end: 0 }
    }
    /// Values read since.
    #[inline(always)]
    fn place(&self) -> usize {
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

/// Values of u64 that a piece of work reads.
const PIECE: usize = 4096;
/// Numbers of a piece of which it is known where they begin.
const KNOWN: usize = 32;

/// What was made of a piece of the stream on the supposition that a number begins where it does.
#[derive(Clone, Copy)]
struct Made {
    numbers: usize,
    /// Where the first of them begin.
    starts: [usize; KNOWN],
    /// How far the last number reads into the next piece.
    over: usize,
}

/// The numbers that begin before the end of a piece, from `bits` on, which stand `over` values behind its beginning.
/// There are at most as many as values.
///
/// # Safety
/// At `to` is room for them.
#[inline(always)]
unsafe fn fill<T>(bits: &mut Ahead, over: usize, to: *mut T, one: &impl Fn(&mut Ahead) -> T) -> Made {
    let mut made = Made { numbers: 0, starts: [usize::MAX; KNOWN], over: 0 };
    while over + bits.place() < PIECE {
        if made.numbers < KNOWN {
            made.starts[made.numbers] = bits.place();
        }
        to.add(made.numbers).write(one(bits));
        made.numbers += 1;
    }
    made.over = over + bits.place() - PIECE;
    made
}

/// `count` numbers, each made by `one` of some values of the stream, nearly always one value; `rng` is left after the
/// last.
///
/// Pieces of the stream are read at once. A piece does not know how far the last number before it reaches into it, and
/// supposes: not at all. Once that is known, its numbers are good from the first on that begins where one ends; that is
/// nearly always the second at the latest.
pub(super) fn collect<T: Copy + Send + Sync>(
    rng: &mut ChaCha8Rng,
    count: usize,
    one: impl Fn(&mut Ahead) -> T + Sync,
) -> Vec<T> {
    let mut out: Vec<T> = Vec::with_capacity(count);
    // Another round for what is missing because some numbers read more than one value.
    while cfg!(feature = "threads") && count - out.len() >= 4 * PIECE {
        let pieces = (count - out.len()) / PIECE;
        let mut found = vec![Made { numbers: 0, starts: [0; KNOWN], over: 0 }; pieces];
        let (places, from) = (Shared::new(&mut found), &*rng);
        let to = Shared::from_pointer(out.spare_capacity_mut().as_mut_ptr().cast::<T>());
        // SAFETY: each piece has a place of its own, with room for as many numbers as it has values.
        each(pieces, true, |i| unsafe {
            *places.at(i) = fill(&mut Ahead::new(from, i * PIECE), 0, to.at(i * PIECE), &one)
        });
        let (mut over, mut done) = (0, 0);
        for (i, piece) in found.into_iter().enumerate() {
            // SAFETY: up to the end of each piece there are at most as many numbers as values, so what is moved or
            // written anew stays out of later pieces.
            unsafe {
                if let Some(good) = piece.starts.iter().position(|&start| start == over) {
                    std::ptr::copy(to.at(i * PIECE + good), to.at(done), piece.numbers - good);
                    (done, over) = (done + piece.numbers - good, piece.over);
                } else {
                    // Read again from where it begins.
                    let again = fill(&mut Ahead::new(rng, i * PIECE + over), over, to.at(done), &one);
                    (done, over) = (done + again.numbers, again.over);
                }
            }
        }
        // SAFETY: so many are written, one after another.
        unsafe { out.set_len(out.len() + done) };
        rng.set_word_pos(rng.get_word_pos() + 2 * (pieces * PIECE + over) as u128);
    }
    let mut bits = Ahead::new(rng, 0);
    while out.len() < count {
        out.push(one(&mut bits));
    }
    rng.set_word_pos(rng.get_word_pos() + 2 * bits.place() as u128);
    out
}
