//! Plain arrays for reference implementations, and a small random generator.

/// Values in row-major order.
#[derive(Clone, Debug)]
pub struct Arr {
    pub shape: Vec<usize>,
    pub data: Vec<f64>,
}

/// Every index of a shape, in row-major order.
pub fn indices(shape: &[usize]) -> Vec<Vec<usize>> {
    let n: usize = shape.iter().product();
    (0..n)
        .map(|mut flat| {
            let mut index = vec![0; shape.len()];
            for axis in (0..shape.len()).rev() {
                index[axis] = flat % shape[axis];
                flat /= shape[axis];
            }
            index
        })
        .collect()
}

impl Arr {
    pub fn new(shape: &[usize], data: Vec<f64>) -> Self {
        assert_eq!(shape.iter().product::<usize>(), data.len());
        Self { shape: shape.to_vec(), data }
    }
    pub fn from_fn(shape: &[usize], f: impl FnMut(&[usize]) -> f64) -> Self {
        let mut f = f;
        Self { shape: shape.to_vec(), data: indices(shape).iter().map(|i| f(i)).collect() }
    }
    pub fn scalar(v: f64) -> Self {
        Self::new(&[], vec![v])
    }
    fn flat(&self, index: &[usize]) -> usize {
        assert_eq!(index.len(), self.shape.len());
        index.iter().zip(&self.shape).fold(0, |a, (&i, &n)| {
            assert!(i < n);
            a * n + i
        })
    }
    pub fn at(&self, index: &[usize]) -> f64 {
        self.data[self.flat(index)]
    }
    pub fn at_mut(&mut self, index: &[usize]) -> &mut f64 {
        let i = self.flat(index);
        &mut self.data[i]
    }
    /// Pixel (h, w) of channel (b, c); zero outside.
    pub fn pixel(&self, b: usize, c: usize, h: i64, w: i64) -> f64 {
        let inside = h >= 0 && w >= 0 && (h as usize) < self.shape[2] && (w as usize) < self.shape[3];
        if inside {
            self.at(&[b, c, h as usize, w as usize])
        } else {
            0.0
        }
    }
    pub fn map(&self, f: impl Fn(f64) -> f64) -> Self {
        Self { shape: self.shape.clone(), data: self.data.iter().map(|&v| f(v)).collect() }
    }
    /// The value at an index of a shape to which this array broadcasts.
    pub fn broadcast_at(&self, index: &[usize]) -> f64 {
        let lead = index.len() - self.shape.len();
        let own: Vec<usize> =
            self.shape.iter().zip(&index[lead..]).map(|(&n, &i)| if n == 1 { 0 } else { i }).collect();
        self.at(&own)
    }
    pub fn zip(&self, other: &Self, f: impl Fn(f64, f64) -> f64) -> Self {
        let shape = broadcast(&self.shape, &other.shape);
        Self::from_fn(&shape, |i| f(self.broadcast_at(i), other.broadcast_at(i)))
    }
    pub fn permuted(&self, order: &[usize]) -> Self {
        let shape: Vec<usize> = order.iter().map(|&a| self.shape[a]).collect();
        Self::from_fn(&shape, |i| {
            let mut source = vec![0; i.len()];
            for (k, &a) in order.iter().enumerate() {
                source[a] = i[k];
            }
            self.at(&source)
        })
    }
}

/// NumPy's rule.
pub fn broadcast(a: &[usize], b: &[usize]) -> Vec<usize> {
    let rank = a.len().max(b.len());
    let size = |s: &[usize], i: usize| if i + s.len() >= rank { s[i + s.len() - rank] } else { 1 };
    (0..rank).map(|i| if size(a, i) == 1 { size(b, i) } else { size(a, i) }).collect()
}

/// SplitMix64.
pub struct Rng(pub u64);

impl Rng {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }
    pub fn below(&mut self, n: usize) -> usize {
        (self.next() % n as u64) as usize
    }
    pub fn uniform(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * (self.next() >> 11) as f64 / (1u64 << 53) as f64
    }
    pub fn array(&mut self, shape: &[usize], low: f64, high: f64) -> Arr {
        Arr::from_fn(shape, |_| self.uniform(low, high))
    }
    /// Values in (-2, 2) of which any two, and any one and any whole number, are clearly apart.
    pub fn distinct(&mut self, shape: &[usize]) -> Arr {
        let n: usize = shape.iter().product();
        let mut data: Vec<f64> = (0..n).map(|i| ((i as f64 + 0.37) / n.max(2) as f64 - 0.5) * 3.9).collect();
        for v in &mut data {
            if (*v - v.round()).abs() < 1e-3 {
                *v += 2.3e-3;
            }
        }
        for i in (1..n).rev() {
            data.swap(i, self.below(i + 1));
        }
        Arr::new(shape, data)
    }
}
