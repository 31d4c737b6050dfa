//! Moments, tails, resumption, refusals, and the first numbers of a seed.

use super::*;

const N: usize = 200_000;

/// Asserts that mean and variance lie within 5 standard errors of the expected ones.
fn moments(name: &str, xs: &[f64], mean: f64, variance: f64) {
    let n = xs.len() as f64;
    let m = xs.iter().sum::<f64>() / n;
    let v = xs.iter().map(|x| (x - m).powi(2)).sum::<f64>() / n;
    let fourth = xs.iter().map(|x| (x - m).powi(4)).sum::<f64>() / n;
    let mean_error = (variance / n).sqrt();
    let variance_error = ((fourth - v * v).max(0.0) / n).sqrt();
    assert!((m - mean).abs() <= 5.0 * mean_error, "{name}: mean {m}, expected {mean} +- {mean_error}");
    assert!(
        (v - variance).abs() <= 5.0 * variance_error + 1e-4 * variance,
        "{name}: variance {v}, expected {variance} +- {variance_error}"
    );
}

/// Asserts the Kolmogorov-Smirnov distance to a continuous distribution, at a level of about 1e-5.
fn distribution(name: &str, mut xs: Vec<f64>, cdf: impl Fn(f64) -> f64) {
    xs.sort_by(f64::total_cmp);
    let n = xs.len() as f64;
    let gap = |(i, &x): (usize, &f64)| (cdf(x) - i as f64 / n).abs().max((cdf(x) - (i + 1) as f64 / n).abs());
    let distance = xs.iter().enumerate().map(gap).fold(0.0, f64::max);
    assert!(distance * n.sqrt() < 2.5, "{name}: distance {distance}");
}

/// Asserts the frequencies of counts by a chi-square test, pooling what is expected fewer than 10 times.
fn masses(name: &str, xs: &[f64], mass: impl Fn(f64) -> f64) {
    let n = xs.len() as f64;
    let top = xs.iter().copied().fold(0.0, f64::max) as usize;
    let mut seen = vec![0.0; top + 1];
    xs.iter().for_each(|&x| seen[x as usize] += 1.0);
    let (mut chi, mut cells, mut rest_seen, mut rest) = (0.0, 0.0, n, n);
    for (k, &observed) in seen.iter().enumerate() {
        let expected = n * mass(k as f64);
        if expected >= 10.0 {
            chi += (observed - expected).powi(2) / expected;
            cells += 1.0;
            rest_seen -= observed;
            rest -= expected;
        }
    }
    chi += (rest_seen - rest).powi(2) / rest.max(10.0);
    assert!(chi < cells + 5.0 * f64::sqrt(2.0 * cells + 2.0), "{name}: chi-square {chi} of {cells} cells");
}

fn normal_cdf(x: f64) -> f64 {
    0.5 * libm::erfc(-x * std::f64::consts::FRAC_1_SQRT_2)
}

#[test]
fn moments_are_right() {
    let mut s = Stream::new(1);
    moments("normal", &s.normal(N), 0.0, 1.0);
    moments("uniform", &s.uniform(N), 0.5, 1.0 / 12.0);
    moments("rademacher", &s.rademacher(N), 0.0, 1.0);
    moments("exponential", &s.exponential(N), 1.0, 1.0);
    moments("laplace", &s.laplace(N), 0.0, 2.0);
    moments("bernoulli", &s.bernoulli(N, 0.3).unwrap(), 0.3, 0.21);
    moments("randint", &s.randint(N, -3.0, 7.0).unwrap(), 1.5, 8.25);
    for (shape, scale) in [(0.05, 1.0), (0.5, 2.0), (1.0, 1.0), (2.5, 0.1), (1e6, 1.0), (1e12, 1e-12)] {
        moments("gamma", &s.gamma(N, shape, scale).unwrap(), shape * scale, shape * scale * scale);
    }
    for (a, b) in [(0.01, 0.02), (0.5, 0.5), (1.0, 3.0), (5.0, 1.0), (300.0, 1e4)] {
        let sum: f64 = a + b;
        moments("beta", &s.beta(N, a, b).unwrap(), a / sum, a * b / (sum * sum * (sum + 1.0)));
    }
    for rate in [0.01, 0.7, 9.99, 10.0, 35.5, 1e3, 1e6, 1e12] {
        moments("poisson", &s.poisson(&vec![rate; N]).unwrap(), rate, rate);
    }
    for (n, p) in [(1.0, 0.5), (7.0, 0.2), (20.0, 0.5), (100.0, 0.95), (1000.0, 0.3), (1e6, 0.75), (1e12, 1e-12)] {
        moments("binomial", &s.binomial(&vec![n; N], p).unwrap(), n * p, n * p * (1.0 - p));
    }
}

#[test]
fn distributions_are_right() {
    let mut s = Stream::new(2);
    distribution("normal", s.normal(1_000_000), normal_cdf);
    distribution("uniform", s.uniform(N), |x| x);
    distribution("exponential", s.exponential(N), |x| 1.0 - libm::exp(-x));
    distribution("laplace", s.laplace(N), |x| if x < 0.0 { 0.5 * libm::exp(x) } else { 1.0 - 0.5 * libm::exp(-x) });
    // Gamma(1/2) is half a squared normal; Gamma(1) is exponential; Gamma(2) has a closed form.
    distribution("gamma 1/2", s.gamma(N, 0.5, 1.0).unwrap(), |x| libm::erf(x.sqrt()));
    distribution("gamma 1", s.gamma(N, 1.0, 3.0).unwrap(), |x| 1.0 - libm::exp(-x / 3.0));
    distribution("gamma 2", s.gamma(N, 2.0, 1.0).unwrap(), |x| 1.0 - libm::exp(-x) * (1.0 + x));
    distribution("beta 1/2", s.beta(N, 0.5, 0.5).unwrap(), |x| 2.0 / std::f64::consts::PI * libm::asin(x.sqrt()));
    distribution("beta 3 1", s.beta(N, 3.0, 1.0).unwrap(), |x| x * x * x);
}

#[test]
fn counts_have_the_right_masses() {
    let mut s = Stream::new(3);
    for rate in [0.3, 4.0, 9.9, 10.0, 12.5, 80.0] {
        let mass = |k: f64| libm::exp(k * libm::log(rate) - rate - libm::lgamma(k + 1.0));
        masses(&format!("poisson {rate}"), &s.poisson(&vec![rate; N]).unwrap(), mass);
    }
    for (n, p) in [(5.0, 0.4), (20.0, 0.5), (30.0, 0.6), (40.0, 0.9), (400.0, 0.2)] {
        let mass = |k: f64| {
            let choose = libm::lgamma(n + 1.0) - libm::lgamma(k + 1.0) - libm::lgamma((n - k).max(0.0) + 1.0);
            if k > n {
                0.0
            } else {
                libm::exp(choose + k * libm::log(p) + (n - k) * libm::log(1.0 - p))
            }
        };
        masses(&format!("binomial {n} {p}"), &s.binomial(&vec![n; N], p).unwrap(), mass);
    }
    masses("randint", &s.randint(N, 0.0, 7.0).unwrap(), |k| if k < 7.0 { 1.0 / 7.0 } else { 0.0 });
}

#[test]
fn normal_tails_are_right() {
    let xs = Stream::new(4).normal(4_000_000);
    let n = xs.len() as f64;
    // 3.654 is where the ziggurat's tail begins.
    for bound in [0.5, 1.0, 2.0, 3.0, 3.6, 3.654_152_885_361_009, 3.7, 4.0, 4.5] {
        let expected = n * normal_cdf(-bound);
        for count in [xs.iter().filter(|&&x| x > bound).count(), xs.iter().filter(|&&x| x < -bound).count()] {
            assert!(
                (count as f64 - expected).abs() < 5.0 * expected.sqrt() + 1.0,
                "beyond {bound}: {count}, expected {expected}"
            );
        }
    }
    assert!(xs.iter().all(|x| x.abs() < 8.0));
}

#[test]
fn extremes_do_not_fail() {
    let mut s = Stream::new(5);
    assert_eq!(s.poisson(&[0.0, 0.0]).unwrap(), [0.0, 0.0]);
    assert_eq!(s.poisson(&[f64::MIN_POSITIVE, 5e-324]).unwrap(), [0.0, 0.0]);
    let huge = s.poisson(&[1e15, 1e100, f64::MAX]).unwrap();
    assert!((huge[0] / 1e15 - 1.0).abs() < 1e-6 && huge[1] / 1e100 == 1.0 && huge[2] > 1e308, "{huge:?}");
    assert_eq!(s.binomial(&[0.0, 3.0, 1e9], 0.0).unwrap(), [0.0, 0.0, 0.0]);
    assert_eq!(s.binomial(&[0.0, 3.0, 1e9], 1.0).unwrap(), [0.0, 3.0, 1e9]);
    assert!(s.binomial(&[MAX_INTEGER; 100], 0.5).unwrap().iter().all(|&k| (k / MAX_INTEGER - 0.5).abs() < 1e-6));
    for a in [5e-324, 1e-300, 1e-3, 1.0, 1e10, 1e300, f64::MAX] {
        for b in [5e-324, 1e-3, 1.0, f64::MAX] {
            assert!(s.beta(100, a, b).unwrap().iter().all(|x| (0.0..=1.0).contains(x)), "beta {a} {b}");
        }
        assert!(s.gamma(100, a, 1.0).unwrap().iter().all(|&x| x >= 0.0), "gamma {a}");
    }
    assert!(s.bernoulli(1000, 0.0).unwrap().iter().all(|&x| x == 0.0));
    assert!(s.bernoulli(1000, 1.0).unwrap().iter().all(|&x| x == 1.0));
    let whole = s.randint(1000, -MAX_INTEGER, MAX_INTEGER).unwrap();
    assert!(whole.iter().all(|x| (-MAX_INTEGER..MAX_INTEGER).contains(x)) && whole.iter().any(|x| x.abs() > 1e15));
    assert_eq!(s.randint(3, 4.0, 5.0).unwrap(), [4.0, 4.0, 4.0]);
}

#[test]
fn permutations_are_uniform_permutations() {
    let mut s = Stream::new(6);
    assert_eq!((s.permutation(0), s.permutation(1)), (vec![], vec![0.0]));
    let mut order = s.permutation(1000);
    assert_ne!(order, s.permutation(1000));
    order.sort_by(f64::total_cmp);
    assert!(order.iter().enumerate().all(|(i, &x)| x == i as f64));
    // Each of the 24 orders of four is equally likely.
    let codes: Vec<f64> = (0..60_000).map(|_| s.permutation(4).iter().fold(0.0, |code, x| code * 4.0 + x)).collect();
    let orders = codes.iter().fold(std::collections::BTreeMap::new(), |mut map, &code| {
        *map.entry(code as u64).or_insert(0.0) += 1.0;
        map
    });
    assert_eq!(orders.len(), 24);
    let chi: f64 = orders.values().map(|count: &f64| (count - 2500.0).powi(2) / 2500.0).sum();
    assert!(chi < 23.0 + 5.0 * 46f64.sqrt(), "{chi}");
}

#[test]
fn states_resume_exactly() {
    let mut s = Stream::new(7);
    // Signs take one word and the others two, so that every offset in a block occurs.
    for step in 0..300 {
        let mut copy = Stream::from_state(&s.state()).unwrap();
        assert_eq!(copy.state(), s.state());
        assert_eq!(
            (copy.rademacher(3), copy.normal(5), copy.fork()),
            (s.rademacher(3), s.normal(5), s.fork()),
            "{step}"
        );
        let kinds = [s.uniform(step % 7), s.rademacher(step % 5), s.poisson(&[20.0]).unwrap()];
        assert_eq!(kinds, [copy.uniform(step % 7), copy.rademacher(step % 5), copy.poisson(&[20.0]).unwrap()]);
        assert_eq!(copy.state(), s.state());
    }
    // The end of the period of 2^68 words.
    let last = format!("{}:{}", s.state().rsplit_once(':').unwrap().0, "f".repeat(17));
    let (mut a, mut b) = (Stream::from_state(&last).unwrap(), Stream::from_state(&last).unwrap());
    assert_eq!(a.normal(100), b.normal(100));
    assert_eq!(Stream::from_state(&a.state()).unwrap().normal(100), b.normal(100));
}

#[test]
fn broken_states_are_refused() {
    let state = Stream::new(8).state();
    let mut broken: Vec<String> = (0..state.len()).map(|end| state[..end].to_owned()).collect();
    broken.extend([
        format!("{state}0"),
        format!("{state}:0"),
        state.replace("rng-1", "rng-2"),
        state.replace("chacha8", "chacha20"),
    ]);
    broken.extend([state.replace(":0", ":+"), state.replace('0', "é"), state.replace('0', "g"), "é".repeat(90)]);
    for text in broken {
        let message = Stream::from_state(&text).unwrap_err();
        assert!(message.contains("expected"), "{message}");
    }
}

#[test]
fn streams_are_independent() {
    let mut parent = Stream::new(9);
    let (mut first, mut second) = (parent.fork(), parent.fork());
    let streams =
        [parent.normal(N), first.normal(N), second.normal(N), Stream::new(10).normal(N), Stream::new(9).normal(N)];
    for (i, a) in streams.iter().enumerate() {
        for b in &streams[..i] {
            let correlation = a.iter().zip(b).map(|(x, y)| x * y).sum::<f64>() / N as f64;
            assert!(correlation.abs() < 5.0 / (N as f64).sqrt(), "{correlation}");
        }
    }
    assert_eq!(Stream::new(9).fork(), Stream::new(9).fork());
}

#[test]
fn sequences_do_not_depend_on_how_they_are_cut() {
    for kind in ["normal", "uniform", "rademacher", "exponential", "laplace"] {
        let (mut a, mut b) = (Stream::new(11), Stream::new(11));
        let mut parts = a.draw(kind, 37, &[], None).unwrap();
        parts.extend(a.draw(kind, 63, &[], None).unwrap());
        assert_eq!(parts, b.draw(kind, 100, &[], None).unwrap(), "{kind}");
    }
}

#[test]
fn bad_arguments_are_refused() {
    let mut s = Stream::new(12);
    let before = s.clone();
    let (nan, inf) = (f64::NAN, f64::INFINITY);
    let mut refuse = |kind: &str, count: usize, params: &[f64], of: Option<&[f64]>, word: &str| {
        let message = s.draw(kind, count, params, of).unwrap_err();
        assert!(message.contains(word), "{kind} {params:?}: {message}");
    };
    refuse("gaussian", 1, &[], None, "normal, uniform");
    refuse("normal", 1, &[1.0], None, "1 parameters");
    refuse("gamma", 1, &[1.0], None, "[shape, scale]");
    refuse("normal", 1, &[], Some(&[1.0]), "no tensor");
    refuse("poisson", 1, &[], None, "needs the tensor");
    refuse("binomial", 1, &[], Some(&[1.0]), "[p]");
    refuse("normal", usize::MAX, &[], None, "memory");
    refuse("permutation", usize::MAX / 8, &[], None, "memory");
    for p in [-0.1, 1.1, nan, inf] {
        refuse("bernoulli", 1, &[p], None, "p is");
        refuse("binomial", 1, &[p], Some(&[1.0]), "p is");
    }
    for bad in [0.0, -1.0, nan, inf] {
        refuse("gamma", 1, &[bad, 1.0], None, "shape is");
        refuse("gamma", 1, &[1.0, bad], None, "scale is");
        refuse("beta", 1, &[bad, 1.0], None, "a is");
        refuse("beta", 1, &[1.0, bad], None, "b is");
    }
    for bad in [-1.0, nan, inf, -inf] {
        refuse("poisson", 1, &[], Some(&[1.0, bad]), "rate 1");
        refuse("binomial", 1, &[0.5], Some(&[1.0, bad]), "count 1");
    }
    refuse("binomial", 1, &[0.5], Some(&[2.5]), "count 0");
    refuse("randint", 1, &[3.0, 3.0], None, "low < high");
    refuse("randint", 1, &[4.0, 3.0], None, "low < high");
    for bad in [0.5, nan, inf, 1e16] {
        refuse("randint", 1, &[bad, 3.0], None, "low is");
        refuse("randint", 1, &[0.0, bad], None, "high is");
    }
    assert_eq!(s, before);
}

/// Changing these numbers breaks every recorded seed: it needs a new version of the state's format.
#[test]
fn a_seed_keeps_its_numbers() {
    let mut s = Stream::new(0);
    let mut bits = |kind: &str, params: &[f64], of: Option<&[f64]>| -> Vec<u64> {
        s.draw(kind, 2, params, of).unwrap().iter().map(|x| x.to_bits()).collect()
    };
    let lines = [
        bits("normal", &[], None),
        bits("uniform", &[], None),
        bits("exponential", &[], None),
        bits("laplace", &[], None),
        bits("gamma", &[0.7, 2.0], None),
        bits("gamma", &[3.0, 1.0], None),
        bits("beta", &[0.5, 2.0], None),
    ];
    let expected: [[u64; 2]; 7] = [
        [0xbfd7_c031_934b_b856, 0x3ffa_b2e0_bde0_8d3b],
        [0x3fce_a37f_8860_a1f4, 0x3fb7_c6ab_23e9_f640],
        [0x3ff0_38a2_ba00_0166, 0x4009_3f22_baf5_2a15],
        [0xbfef_a8e7_9ae4_af50, 0xbfe1_2418_60f7_0837],
        [0x3fa0_f092_7844_1549, 0x3ffe_31d6_259e_94d6],
        [0x3ff0_f5ee_cd01_5640, 0x400e_f964_b212_165a],
        [0x3fd3_5bc8_ca80_67fe, 0x3f3b_5c3d_8c2d_9eec],
    ];
    assert_eq!(lines, expected);
    assert_eq!(s.poisson(&[3.0, 30.0, 1e6]).unwrap(), [1.0, 26.0, 999_044.0]);
    assert_eq!(s.binomial(&[5.0, 100.0, 1e6], 0.4).unwrap(), [1.0, 53.0, 399_978.0]);
    assert_eq!(s.randint(4, 0.0, 100.0).unwrap(), [77.0, 28.0, 24.0, 89.0]);
    assert_eq!(s.permutation(6), [1.0, 4.0, 3.0, 5.0, 0.0, 2.0]);
    assert_eq!(s.rademacher(6), [-1.0, 1.0, 1.0, -1.0, 1.0, -1.0]);
    let state = "adjoint-rng-1:chacha8:afcd1d7b39a820e2f465b9a16a9e786e4f450980185dc406ec814c72a8b88bf8:\
                 0000000000000000:00000000000000068";
    assert_eq!(s.state(), state);
    // Every number of a long run, as one: the same on each target.
    let mut s = Stream::new(123);
    let mut all = s.normal(100_000);
    all.extend(s.gamma(10_000, 0.3, 1.0).unwrap());
    all.extend(s.beta(10_000, 0.3, 2.0).unwrap());
    all.extend(s.laplace(10_000));
    all.extend(s.poisson(&[0.5, 5.0, 50.0, 1e6].repeat(2500)).unwrap());
    all.extend(s.binomial(&[5.0, 50.0, 1e6].repeat(2500), 0.4).unwrap());
    all.extend(s.permutation(10_000));
    let hash = all.iter().fold(0xcbf2_9ce4_8422_2325u64, |hash, x| (hash ^ x.to_bits()).wrapping_mul(0x0100_0000_01b3));
    assert_eq!(hash, 0x6119_0528_bfdd_8288);
}

/// Normal numbers drawn in one call equal those drawn one by one, from any position, and leave the stream at the same
/// position.
#[test]
fn one_call_draws_the_same_numbers_as_many() {
    for (seed, words, count) in [(3, 0, 63), (4, 1, 64), (5, 7, 1000), (6, 3, 50_000), (7, 0, 300_001)] {
        let (mut all, mut single) = (Stream::new(seed), Stream::new(seed));
        assert_eq!(all.rademacher(words), single.rademacher(words));
        let want: Vec<f64> = (0..count).flat_map(|_| single.normal(1)).collect();
        assert!(all.normal(count) == want, "{count} numbers of seed {seed}");
        assert_eq!(all, single);
        assert_eq!(all.uniform(3), single.uniform(3));
    }
}

/// Numbers of every kind drawn in one call, on all threads, equal those drawn in small calls by one, and leave the
/// stream at the same position. Trials repeat, so that probabilities are kept, or do not.
#[test]
fn many_numbers_are_those_of_small_calls() {
    let kinds: [(&str, &[f64]); 9] = [
        ("uniform", &[]),
        ("exponential", &[]),
        ("laplace", &[]),
        ("bernoulli", &[0.3]),
        ("gamma", &[3.0, 2.0]),
        ("gamma", &[0.2, 1.0]),
        ("beta", &[0.4, 3.0]),
        ("poisson", &[]),
        ("binomial", &[0.7]),
    ];
    for (kind, params) in kinds {
        for repeated in [1, 700] {
            let (mut all, mut parts) = (Stream::new(13), Stream::new(13));
            assert_eq!(all.rademacher(3), parts.rademacher(3));
            let values: Vec<f64> = (0..40_000).map(|i| f64::from(i / repeated * 7 % 300)).collect();
            let scaled: Vec<f64> = values.iter().map(|v| if kind == "poisson" { v / 9.0 } else { *v }).collect();
            let takes = matches!(kind, "poisson" | "binomial");
            let got = all.draw(kind, scaled.len(), params, takes.then_some(&scaled[..])).unwrap();
            let want: Vec<f64> = scaled
                .chunks(37)
                .flat_map(|part| parts.draw(kind, part.len(), params, takes.then_some(part)).unwrap())
                .collect();
            assert!(got == want, "{kind} {params:?}");
            assert_eq!(all, parts, "{kind} {params:?}");
        }
    }
}

/// Numbers that read few, many, or very many values of the stream: the assumption about where a chunk's first number
/// begins is nearly always wrong.
#[test]
fn chunks_that_assume_a_wrong_start_are_read_again() {
    for most in [2u64, 5, 300, 9000] {
        let one = |bits: &mut chunks::BlockReader| {
            let first = bits.next_u64();
            (0..first % most).fold(first, |sum, _| sum.wrapping_add(bits.next_u64()))
        };
        let mut many = Stream::new(most);
        let mut few = many.clone();
        let count = if most > 1000 { 17_000 } else { 60_000 };
        let all = chunks::collect(&mut many.rng, count, one);
        // Too few for chunks.
        let want: Vec<u64> = (0..count).flat_map(|_| chunks::collect(&mut few.rng, 1, one)).collect();
        assert!(all == want, "up to {most} values");
        assert_eq!(many, few);
    }
}
