//! Elementwise operators.

use crate::common::case::{case, Case};
use crate::common::reference::erf;
use crate::common::{Arr, Rng};

const SHAPES: &[&[usize]] = &[&[], &[1], &[2, 3, 5], &[37]];

fn unary(out: &mut Vec<Case>, r: &mut Rng) {
    // Name, function, interval on which it is smooth.
    type Row = (&'static str, fn(f64) -> f64, f64, f64);
    let rows: Vec<Row> = vec![
        ("neg", |x| -x, -2.0, 2.0),
        ("exp", f64::exp, -2.0, 2.0),
        ("log", f64::ln, 0.2, 3.0),
        ("log1p", f64::ln_1p, -0.6, 2.0),
        ("sqrt", f64::sqrt, 0.2, 3.0),
        ("rsqrt", |x| 1.0 / x.sqrt(), 0.2, 3.0),
        ("reciprocal", |x| 1.0 / x, 0.3, 3.0),
        ("square", |x| x * x, -2.0, 2.0),
        ("sin", f64::sin, -4.0, 4.0),
        ("cos", f64::cos, -4.0, 4.0),
        ("tanh", f64::tanh, -2.0, 2.0),
        ("sigmoid", |x| 1.0 / (1.0 + (-x).exp()), -5.0, 5.0),
        ("silu", |x| x / (1.0 + (-x).exp()), -3.0, 3.0),
        ("gelu", |x| x * 0.5 * (1.0 + erf(x / 2f64.sqrt())), -3.0, 3.0),
        ("softplus", |x| x.exp().ln_1p(), -3.0, 3.0),
        ("erf", erf, -2.5, 2.5),
    ];
    for (name, f, low, high) in rows {
        for shape in SHAPES {
            let x = r.array(shape, low, high);
            out.push(case(name, "").on(&x).expect(x.map(f)));
        }
    }
    // Functions with kinks or steps at 0 or at whole numbers.
    type Kinked = (&'static str, fn(f64) -> f64);
    let rows: Vec<Kinked> = vec![
        ("abs", f64::abs),
        ("sign", f64::signum),
        ("relu", |x| x.max(0.0)),
        ("floor", f64::floor),
        ("round", f64::round_ties_even),
    ];
    for (name, f) in rows {
        for shape in SHAPES {
            let x = r.distinct(shape);
            out.push(case(name, "").on(&x).expect(x.map(f)));
        }
    }
    // Where a naive formula overflows or cancels.
    let wide = Arr::new(&[9], vec![-800.0, -90.0, -30.0, -1e-9, 0.0, 1e-9, 30.0, 90.0, 800.0]);
    let small = |x: f64| if x < 0.0 { x.exp() / (1.0 + x.exp()) } else { 1.0 / (1.0 + (-x).exp()) };
    out.push(case("sigmoid", "wide").fixed(&wide).expect(wide.map(small)));
    out.push(case("softplus", "wide").fixed(&wide).expect(wide.map(|x| x.max(0.0) + (-x.abs()).exp().ln_1p())));
    out.push(case("silu", "wide").fixed(&wide).expect(wide.map(|x| x * small(x))));
    let halves = Arr::new(&[7], vec![-2.5, -1.5, -0.5, 0.0, 0.5, 1.5, 2.5]);
    out.push(case("round", "halves").fixed(&halves).expect(halves.map(f64::round_ties_even)));
    let zeros = Arr::new(&[3], vec![-1.0, 0.0, 2.0]);
    out.push(case("sign", "zero").fixed(&zeros).expect(Arr::new(&[3], vec![-1.0, 0.0, 1.0])));
}

fn with_number(out: &mut Vec<Case>, r: &mut Rng) {
    type Row = (&'static str, fn(f64, f64) -> f64);
    let comparisons: Vec<Row> = vec![
        ("eqScalar", |x, s| f64::from(x == s)),
        ("neScalar", |x, s| f64::from(x != s)),
        ("gtScalar", |x, s| f64::from(x > s)),
        ("geScalar", |x, s| f64::from(x >= s)),
        ("ltScalar", |x, s| f64::from(x < s)),
        ("leScalar", |x, s| f64::from(x <= s)),
    ];
    let x = Arr::new(&[2, 3], vec![-1.0, 0.0, 0.5, 0.5, 1.0, 2.0]);
    for (name, f) in comparisons {
        out.push(case(name, "").fixed(&x).num(0.5).expect(x.map(|v| f(v, 0.5))));
        out.push(case(name, "scalar").fixed(&Arr::scalar(0.5)).num(0.5).expect(Arr::scalar(f(0.5, 0.5))));
    }
    for shape in SHAPES {
        let x = r.distinct(shape);
        out.push(case("addScalar", "").on(&x).num(0.7).expect(x.map(|v| v + 0.7)));
        out.push(case("mulScalar", "").on(&x).num(-1.7).expect(x.map(|v| v * -1.7)));
        out.push(case("divScalar", "").on(&x).num(-1.7).expect(x.map(|v| v / -1.7)));
        for p in [0.0, 1.0, 2.0, 3.0, 4.0, 5.0] {
            out.push(case("powScalar", "whole").on(&x).num(p).expect(x.map(|v| v.powf(p))));
        }
        out.push(case("leakyRelu", "").on(&x).num(0.1).expect(x.map(|v| if v > 0.0 { v } else { 0.1 * v })));
        out.push(case("elu", "").on(&x).num(1.3).expect(x.map(|v| if v > 0.0 { v } else { 1.3 * v.exp_m1() })));
        for (low, high) in
            [(-0.52, 0.81), (f64::NEG_INFINITY, 0.51), (0.123, f64::INFINITY), (f64::NEG_INFINITY, f64::INFINITY)]
        {
            out.push(case("clamp", "").on(&x).num(low).num(high).expect(x.map(|v| v.max(low).min(high))));
        }
        let x = r.array(shape, 0.4, 2.0);
        for p in [0.5, -1.0, -2.0, 2.5, 0.25, -0.5] {
            out.push(case("powScalar", "").on(&x).num(p).expect(x.map(|v| v.powf(p))));
        }
    }
    let negative = Arr::new(&[3], vec![-2.0, -0.5, 1.5]);
    for p in [-1.0, -2.0, -3.0] {
        out.push(case("powScalar", "negative base").on(&negative).num(p).expect(negative.map(|v| v.powf(p))));
    }
    let zeros = Arr::new(&[2], vec![0.0, 1.0]);
    out.push(case("powScalar", "square at zero").on(&zeros).num(2.0).expect(zeros.map(|v| v * v)));
    let large = Arr::new(&[2], vec![100.0, 800.0]);
    out.push(case("elu", "large").fixed(&large).num(1.0).expect(large.clone()));
}

fn binary(out: &mut Vec<Case>, r: &mut Rng) {
    let shapes: [(&[usize], &[usize]); 10] = [
        (&[2, 3], &[2, 3]),
        (&[], &[]),
        (&[2, 3], &[]),
        (&[], &[4]),
        (&[3], &[2, 3]),
        (&[2, 1, 3], &[4, 1]),
        (&[1], &[2, 2]),
        (&[1, 1], &[3]),
        (&[2, 3, 1, 1], &[1, 3, 2, 5]),
        (&[5, 7], &[7]),
    ];
    type Row = (&'static str, fn(f64, f64) -> f64);
    let smooth: Vec<Row> = vec![
        ("add", |a, b| a + b),
        ("sub", |a, b| a - b),
        ("mul", |a, b| a * b),
        ("div", |a, b| a / b),
        ("pow", |a, b| a.powf(b)),
    ];
    let kinked: [Row; 2] = [("maximum", f64::max), ("minimum", f64::min)];
    let compared: Vec<Row> = vec![
        ("eq", |a, b| f64::from(a == b)),
        ("ne", |a, b| f64::from(a != b)),
        ("gt", |a, b| f64::from(a > b)),
        ("ge", |a, b| f64::from(a >= b)),
        ("lt", |a, b| f64::from(a < b)),
        ("le", |a, b| f64::from(a <= b)),
    ];
    for (sa, sb) in shapes {
        for &(name, f) in &smooth {
            let (a, b) = (r.array(sa, 0.3, 2.0), r.array(sb, 0.3, 2.0));
            out.push(case(name, "").on(&a).on(&b).expect(a.zip(&b, f)));
        }
        for (name, f) in kinked {
            let (a, b) = (r.distinct(sa), r.distinct(sb).map(|v| v * 0.93 + 0.011));
            out.push(case(name, "").on(&a).on(&b).expect(a.zip(&b, f)));
        }
        for &(name, f) in &compared {
            let (a, b) = (r.array(sa, -1.5, 1.5).map(f64::round), r.array(sb, -1.5, 1.5).map(f64::round));
            out.push(case(name, "").fixed(&a).fixed(&b).expect(a.zip(&b, f)));
        }
        let (a, b) = (r.array(sa, -1.0, 1.0), r.array(sb, -1.0, 1.0));
        for sc in [sa, sb, &[]] {
            let c = r.array(sc, -1.0, 1.0).map(|v| if v > 0.0 { v } else { 0.0 });
            let want =
                c.zip(&a, |c, a| if c != 0.0 { a } else { f64::NAN }).zip(&b, |v, b| if v.is_nan() { b } else { v });
            out.push(case("where", "").fixed(&c).on(&a).on(&b).expect(want));
        }
    }
    let (a, b) = (Arr::new(&[3], vec![-1.5, -0.5, 2.0]), Arr::new(&[3], vec![2.0, 3.0, -1.0]));
    out.push(case("pow", "negative base").on(&a).fixed(&b).expect(a.zip(&b, f64::powf)));
    let (a, b) = (Arr::new(&[2], vec![0.0, 0.0]), Arr::new(&[2], vec![2.0, 3.0]));
    out.push(case("pow", "zero base").on(&a).fixed(&b).expect(a.zip(&b, f64::powf)));
    let x = r.array(&[2, 3], -1.0, 1.0);
    out.push(case("mul", "with itself later").on(&x).on(&x).expect(x.map(|v| v * v)));
}

/// One step of Adam by its formulas.
fn adam(
    p: f64,
    g: f64,
    m: f64,
    v: f64,
    step: i32,
    decoupled: bool,
    [rate, b1, b2, epsilon, decay]: [f64; 5],
) -> [f64; 3] {
    let (p, g) = if decoupled { (p - rate * decay * p, g) } else { (p, g + decay * p) };
    let (m, v) = (b1 * m + (1.0 - b1) * g, b2 * v + (1.0 - b2) * g * g);
    let (mh, vh) = (m / (1.0 - b1.powi(step)), v / (1.0 - b2.powi(step)));
    [p - rate * mh / (vh.sqrt() + epsilon), m, v]
}

fn optimiser(out: &mut Vec<Case>, r: &mut Rng) {
    for (shapes, step, decoupled, decay, factor) in [
        (&[&[2, 3][..]][..], 1, false, 0.0, None),
        (&[&[5], &[2, 2], &[]], 3, false, 0.02, Some(0.25)),
        (&[&[]], 7, true, 0.05, None),
        (&[&[1, 4], &[3]], 1000, true, 0.0, Some(1.5)),
    ] {
        let settings = [0.01, 0.9, 0.999, 1e-8, decay];
        let scalar = factor.map(|v| Arr::new(&[1], vec![v]));
        let mut c = case("adamStep", "");
        c.inputs.push(scalar);
        c = c.int(step).int(i64::from(decoupled));
        for s in settings {
            c = c.num(s);
        }
        for shape in shapes {
            let [p, g, m] = [0, 1, 2].map(|_| r.array(shape, -1.0, 1.0));
            let v = r.array(shape, 0.1, 1.0);
            c = c.fixed(&p).fixed(&g).fixed(&m).fixed(&v);
            let scaled = g.map(|g| factor.unwrap_or(1.0) * g);
            for k in 0..3 {
                let value = |i: usize| {
                    adam(p.data[i], scaled.data[i], m.data[i], v.data[i], step as i32, decoupled, settings)[k]
                };
                c = c.expect(Arr::new(shape, (0..p.data.len()).map(value).collect()));
            }
        }
        out.push(c);
    }
}

/// A step of Adam that is left out.
fn left_out(out: &mut Vec<Case>, r: &mut Rng) {
    let [p, m, v] = [0, 1, 2].map(|_| r.array(&[5], 0.0, 1.0));
    let g = Arr::new(&[5], vec![f64::NAN, f64::INFINITY, 0.0, 1.0, -1.0]);
    let c = case("adamStep", "left out").fixed(&Arr::scalar(-1.0)).fixed(&p).fixed(&g).fixed(&m).fixed(&v);
    let c = c.int(1).int(0).num(0.1).num(0.9).num(0.99).num(1e-8).num(0.1);
    out.push(c.expect(p).expect(m).expect(v));
}

/// Weighted means of pairs, with and without factors, and the factor of clipping above and below its limit.
fn lists(out: &mut Vec<Case>, r: &mut Rng) {
    for factors in [&[][..], &[1.5, -0.5, 2.0]] {
        let mut c = case("lerp", "").num(0.3);
        for f in factors {
            c = c.num(*f);
        }
        for (k, shape) in [&[2, 3][..], &[], &[4]].into_iter().enumerate() {
            let (a, b) = (r.array(shape, -1.0, 1.0), r.array(shape, -1.0, 1.0));
            let f = factors.get(k).copied().unwrap_or(1.0);
            c = c.fixed(&a).fixed(&b).expect(a.zip(&b, |a, b| 0.7 * a + 0.3 * f * b));
        }
        out.push(c);
    }
    for (limit, state, next) in [
        (0.5, [8.0, 3.0], [8.0, 4.0]),
        (f64::INFINITY, [8.0, 1999.0], [16.0, 0.0]),
        (1e6, [16_777_216.0, 1999.0], [16_777_216.0, 0.0]),
    ] {
        let list = [&[2, 3][..], &[], &[4]].map(|shape| r.array(shape, -8.0, 8.0));
        let norm = list.iter().flat_map(|a| &a.data).map(|v| v * v).sum::<f64>().sqrt() / state[0];
        let c = case("unscale", limit).fixed(&Arr::new(&[2], state.to_vec()));
        let c = list.iter().fold(c, Case::fixed).num(limit);
        let factor = Arr::scalar((limit / (norm + 1e-6)).min(1.0) / state[0]);
        out.push(c.expect(factor).expect(Arr::new(&[2], next.to_vec())));
    }
    for (bad, state, next) in [(f64::INFINITY, [8.0, 3.0], [4.0, 0.0]), (f64::NAN, [1.5, 3.0], [1.0, 0.0])] {
        let c = case("unscale", bad).fixed(&Arr::new(&[2], state.to_vec())).fixed(&Arr::new(&[2], vec![1.0, bad]));
        out.push(c.num(1.0).expect(Arr::scalar(-1.0)).expect(Arr::new(&[2], next.to_vec())));
    }
    for limit in [0.5, 100.0] {
        let list = [&[2, 3][..], &[], &[4]].map(|shape| r.array(shape, -1.0, 1.0));
        let norm = list.iter().flat_map(|a| &a.data).map(|v| v * v).sum::<f64>().sqrt();
        let c = list.iter().fold(case("clipFactor", limit), Case::fixed);
        out.push(c.num(limit).expect(Arr::scalar((limit / (norm + 1e-6)).min(1.0))));
    }
}

pub fn add(out: &mut Vec<Case>) {
    let mut r = Rng(1);
    unary(out, &mut r);
    with_number(out, &mut r);
    binary(out, &mut r);
    optimiser(out, &mut r);
    left_out(out, &mut r);
    lists(out, &mut r);
    let x = r.array(&[2, 3], -1.0, 1.0);
    out.push(case("cast", "float32").fixed(&x).int(0).expect(x.map(|v| f64::from(v as f32))));
    out.push(case("cast", "float64").on(&x).int(1).expect(x.clone()));
    out.push(case("detach", "").fixed(&x).expect(x.clone()));
    out.push(case("clone", "").on(&x).expect(x.clone()));
    out.push(case("clone", "scalar").on(&Arr::scalar(2.0)).expect(Arr::scalar(2.0)));
}
