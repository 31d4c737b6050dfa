//! The Ziggurat for the normal distribution, with 256 layers of equal area.

use super::chunks::Bits;
use super::ULP;
use std::sync::OnceLock;

/// Where the tail begins, for 256 layers.
const R: f64 = 3.654_152_885_361_009;

/// The layers: `x[i]` is the right edge of layer i, decreasing to 0, `f[i]` = exp(-x[i]^2 / 2).
pub(super) struct Tables {
    x: [f64; 257],
    f: [f64; 257],
}

/// The tables, computed once; `libm` makes them the same on every target.
pub(super) fn tables() -> &'static Tables {
    static TABLES: OnceLock<Tables> = OnceLock::new();
    TABLES.get_or_init(Tables::new)
}

fn density(x: f64) -> f64 {
    libm::exp(-0.5 * x * x)
}

impl Tables {
    fn new() -> Self {
        // The area of each layer: the lowest one is a rectangle and the tail,
        // V = R f(R) + sqrt(pi / 2) erfc(R / sqrt 2).
        let tail = (std::f64::consts::PI / 2.0).sqrt() * libm::erfc(R * std::f64::consts::FRAC_1_SQRT_2);
        let area = R * density(R) + tail;
        let mut x = [0.0; 257];
        // The lowest layer's width as if it were a rectangle.
        x[0] = area / density(R);
        x[1] = R;
        for i in 2..256 {
            // Layer i - 1 has height V / x[i-1]: f(x[i]) = f(x[i-1]) + V / x[i-1].
            x[i] = (-2.0 * libm::log(density(x[i - 1]) + area / x[i - 1])).sqrt();
        }
        Self { x, f: x.map(density) }
    }

    /// One standard normal number.
    #[inline(always)]
    pub(super) fn sample(&self, s: &mut impl Bits) -> f64 {
        let bits = s.next_u64();
        let (layer, x) = self.position(bits);
        if x.abs() < self.x[layer + 1] {
            return x;
        }
        self.outside(s, layer, x)
    }

    /// Layer from the lowest 8 bits, signed position in [-1, 1) from the upper 53.
    #[inline(always)]
    fn position(&self, bits: u64) -> (usize, f64) {
        let layer = (bits & 0xff) as usize;
        (layer, ((bits as i64) >> 11) as f64 * (2.0 * ULP) * self.x[layer])
    }

    /// Continues where the first position was outside the part of its layer that is surely below the density.
    #[cold]
    fn outside(&self, s: &mut impl Bits, mut layer: usize, mut x: f64) -> f64 {
        loop {
            if layer == 0 {
                return tail(s, x < 0.0);
            }
            let (low, high) = (self.f[layer], self.f[layer + 1]);
            if low + (high - low) * s.unit() < density(x) {
                return x;
            }
            (layer, x) = self.position(s.next_u64());
            if x.abs() < self.x[layer + 1] {
                return x;
            }
        }
    }
}

/// A normal number beyond R (Marsaglia, "Generating a variable from the tail of the normal distribution", 1964).
#[cold]
fn tail(s: &mut impl Bits, negative: bool) -> f64 {
    loop {
        let x = s.exponential_one() / R;
        if 2.0 * s.exponential_one() >= x * x {
            return if negative { -R - x } else { R + x };
        }
    }
}
