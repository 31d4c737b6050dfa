//! The state of a stream as text.

use super::Stream;
use rand_chacha::rand_core::SeedableRng;
use rand_chacha::ChaCha8Rng;

/// Format, version and generator.
const PREFIX: &str = "adjoint-rng-1:chacha8";

impl Stream {
    /// The whole state as text: `adjoint-rng-1:chacha8:KEY:STREAM:POSITION`, in hexadecimal
    /// (64, 16 and 17 digits; the position counts 32-bit words).
    pub fn state(&self) -> String {
        let key: String = self.rng.get_seed().iter().map(|byte| format!("{byte:02x}")).collect();
        format!("{PREFIX}:{key}:{:016x}:{:017x}", self.rng.get_stream(), self.rng.get_word_pos())
    }

    /// The stream that continues exactly where `state` was taken.
    /// Error: text that `state()` does not write, or of another version.
    pub fn from_state(state: &str) -> Result<Self, String> {
        Self::parse(state).ok_or_else(|| {
            let shown: String = state.chars().take(40).collect();
            format!(
                "random state: '{shown}' is not a state of this version, expected \
                 '{PREFIX}:<key>:<stream>:<position>' as state() writes it"
            )
        })
    }

    fn parse(state: &str) -> Option<Self> {
        let mut fields = state.strip_prefix(PREFIX)?.strip_prefix(':')?.split(':');
        let (key, stream, position) = (fields.next()?, fields.next()?, fields.next()?);
        if fields.next().is_some() || key.len() != 64 || stream.len() != 16 || position.len() != 17 {
            return None;
        }
        // from_str_radix takes a leading '+'; this does not. ASCII also makes the slices below safe.
        if ![key, stream, position].iter().all(|text| text.bytes().all(|b| b.is_ascii_hexdigit())) {
            return None;
        }
        let mut seed = [0; 32];
        for (i, byte) in seed.iter_mut().enumerate() {
            *byte = u8::from_str_radix(key.get(2 * i..2 * i + 2)?, 16).ok()?;
        }
        let mut rng = ChaCha8Rng::from_seed(seed);
        rng.set_stream(u64::from_str_radix(stream, 16).ok()?);
        rng.set_word_pos(u128::from_str_radix(position, 16).ok()?);
        Some(Self { rng })
    }
}
