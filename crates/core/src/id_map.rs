//! Maps with consecutive numbers as keys, such as handles and nodes: mixing their bits is enough, and much cheaper than
//! a hash that resists attacks.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

/// Mixes bits by multiplication with the golden ratio.
#[derive(Default)]
pub(crate) struct Mix(u64);

impl Hasher for Mix {
    fn finish(&self) -> u64 {
        self.0
    }
    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|&b| self.write_u64(u64::from(b)));
    }
    fn write_u32(&mut self, n: u32) {
        self.write_u64(u64::from(n));
    }
    fn write_u64(&mut self, n: u64) {
        self.0 = (self.0.rotate_left(8) ^ n).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    }
}

/// A map with numbers as keys.
pub(crate) type IdMap<K, V> = HashMap<K, V, BuildHasherDefault<Mix>>;
