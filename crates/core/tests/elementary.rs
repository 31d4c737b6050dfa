//! exp, log and the smooth activations in float32 against float64, over all exponents and both signs: the largest error
//! in units of the last place, on each instruction set; the same from any layout, with gradients, and on any number of
//! threads.

mod common;

#[cfg(feature = "threads")]
use adjoint_core::kernel::workers::with_threads;
use adjoint_core::{Device, Tensor};
use common::{gradients, op, Rng};
use std::slice::from_ref;

fn put(x: &[f32], shape: &[usize]) -> Tensor {
    Tensor::from_f32(x.to_vec(), shape, Device::Cpu).expect("valid")
}

/// Numbers of each exponent, both signs, and many where the functions bend.
fn grid() -> Vec<f32> {
    let mut x = vec![0.0, -0.0, f32::MIN_POSITIVE, f32::MAX, f32::MIN, f32::from_bits(1)];
    for bits in (0..f32::INFINITY.to_bits()).step_by(40_009) {
        x.extend([f32::from_bits(bits), -f32::from_bits(bits)]);
    }
    x.extend((-400_000..=400_000).map(|i| i as f32 * 2.7e-4));
    // Near 1, where the logarithm is small.
    x.extend((-20_000..20_000i32).map(|i| f32::from_bits((1.0f32.to_bits() as i32 + 7 * i) as u32)));
    x
}

/// |got - want| in units of want's last place; of denormal numbers, those of the smallest.
fn ulps(got: f64, want: f64) -> f64 {
    let most = f64::from(f32::MAX);
    if got == want
        || (got.is_nan() && want.is_nan())
        || (want.abs() > most && got.abs() >= most && got.signum() == want.signum())
    {
        return 0.0;
    }
    let exponent = want.abs().log2().floor().clamp(-126.0, 127.0);
    let error = (got - want).abs() / f64::exp2(exponent - 23.0);
    if error.is_nan() {
        f64::INFINITY
    } else {
        error
    }
}

fn sigmoid(x: f64) -> f64 {
    if x < 0.0 {
        x.exp() / (1.0 + x.exp())
    } else {
        1.0 / (1.0 + (-x).exp())
    }
}

fn normal(x: f64) -> f64 {
    0.5 * libm::erfc(-x * std::f64::consts::FRAC_1_SQRT_2)
}

fn density(x: f64) -> f64 {
    (-0.5 * x * x).exp() / (2.0 * std::f64::consts::PI).sqrt()
}

type Exact = fn(f64) -> f64;

/// Name, numbers, function, derivative, largest error in units of the last place.
fn functions() -> Vec<(&'static str, &'static [f64], Exact, Exact, f64)> {
    vec![
        ("exp", &[], f64::exp, f64::exp, 1.0),
        ("log", &[], f64::ln, f64::recip, 1.0),
        ("tanh", &[], f64::tanh, |x| 1.0 - x.tanh() * x.tanh(), 2.5),
        ("sigmoid", &[], sigmoid, |x| sigmoid(x) * sigmoid(-x), 2.5),
        ("softplus", &[], |x| x.max(0.0) + (-x.abs()).exp().ln_1p(), sigmoid, 2.0),
        (
            "silu",
            &[],
            |x| if x < -300.0 { 0.0 } else { x * sigmoid(x) },
            |x| sigmoid(x) * (1.0 + x.clamp(-300.0, 300.0) * sigmoid(-x)),
            3.0,
        ),
        (
            "gelu",
            &[],
            |x| if x < -50.0 { 0.0 } else { x * normal(x) },
            |x| normal(x) + x.clamp(-50.0, 50.0) * density(x),
            7.0,
        ),
        ("elu", &[1.0], |x| if x > 0.0 { x } else { x.exp_m1() }, |x| x.min(0.0).exp(), 2.0),
    ]
}

#[test]
fn errors_in_units_of_the_last_place() {
    let x = grid();
    let mut wrong = Vec::new();
    for (name, floats, exact, _, most) in functions() {
        let got = common::values(&op(name, &[&put(&x, &[x.len()])], &[], floats));
        let all = x.iter().zip(&got).map(|(&x, &got)| (ulps(got, exact(f64::from(x))), x, got));
        let (error, x, got) = all.fold((0.0, 0.0, 0.0), |m, e| if e.0 > m.0 { e } else { m });
        let text = format!(
            "{name}: largest error {error:.2} units of the last place, at {x:e}: {got:e}, not {:e}",
            exact(f64::from(x))
        );
        println!("{text}");
        if error > most {
            wrong.push(text);
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn ends_of_the_range() {
    let x = [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, 0.0, -0.0, -1.0];
    let of = |name, floats: &[f64]| common::values(&op(name, &[&put(&x, &[6])], &[], floats));
    for (name, floats, ..) in functions() {
        assert!(of(name, floats)[0].is_nan(), "{name}");
    }
    assert_eq!(of("exp", &[])[1..5], [f64::INFINITY, 0.0, 1.0, 1.0]);
    assert_eq!(of("log", &[])[1], f64::INFINITY);
    assert!(of("log", &[])[2].is_nan() && of("log", &[])[5].is_nan());
    assert_eq!(of("log", &[])[3..5], [f64::NEG_INFINITY; 2]);
    assert_eq!(of("tanh", &[])[1..3], [1.0, -1.0]);
    assert!(of("tanh", &[])[3].is_sign_positive() && of("tanh", &[])[4].is_sign_negative());
    assert_eq!(of("sigmoid", &[])[1..5], [1.0, 0.0, 0.5, 0.5]);
    assert_eq!(of("softplus", &[])[1..3], [f64::INFINITY, 0.0]);
    assert_eq!(of("silu", &[])[1..4], [f64::INFINITY, 0.0, 0.0]);
    assert_eq!(of("gelu", &[])[1..4], [f64::INFINITY, 0.0, 0.0]);
    assert_eq!(of("elu", &[1.5])[1..4], [f64::INFINITY, -1.5, 0.0]);
}

/// Gradients, both that of one pass and that of operators.
#[test]
fn derivatives() {
    let x = grid();
    for (name, floats, _, derivative, _) in functions() {
        let leaf = put(&x, &[x.len()]).as_leaf(true);
        let y = op(name, &[&leaf], &[], floats);
        for recorded in [false, true] {
            let got = common::values(&gradients(from_ref(&y), from_ref(&leaf), &[None], recorded)[0]);
            let finite = x.iter().zip(&got).filter(|(x, _)| x.abs() < 80.0 && (name != "log" || **x > 1e-30));
            let worst = finite.map(|(&x, g)| {
                let want = derivative(f64::from(x));
                (g - want).abs() / (1.0 + want.abs())
            });
            let worst = worst.fold(0.0, |m, e| if e > m || e.is_nan() { e } else { m });
            println!("{name}: largest error of the derivative, recorded {recorded}: {worst:.1e}");
            assert!(worst < 6e-7, "{name}, recorded {recorded}: {worst}");
        }
    }
}

/// Every layout gives the bits of values in order, with gradients too.
#[test]
fn layouts() {
    let mut r = Rng(5);
    let x: Vec<f32> = r.array(&[6 * 41 * 37], -6.0, 6.0).data.iter().map(|&v| v as f32).collect();
    let plain = put(&x, &[6, 41, 37]);
    let views = [
        op("permute", &[&plain], &[3, 2, 0, 1], &[]),
        op("flip", &[&plain], &[1, 2], &[]),
        op("slice", &[&plain], &[3, 1, 2, 3, 3, 6, 41, 36, 3, 1, 2, 1], &[]),
        op("expand", &[&op("slice", &[&plain], &[3, 0, 0, 0, 3, 1, 41, 1, 3, 1, 1, 1], &[])], &[3, 6, 41, 37], &[]),
    ];
    for (name, floats, ..) in functions() {
        for view in &views {
            let both = [
                view.as_leaf(true),
                put(&common::values(view).iter().map(|&v| v as f32).collect::<Vec<_>>(), view.shape()).as_leaf(true),
            ];
            let found = both.map(|leaf| {
                let y = op(name, &[&leaf], &[], floats);
                let g = gradients(from_ref(&y), from_ref(&leaf), &[None], false);
                [common::values(&y), common::values(&g[0])].map(|v| v.iter().map(|v| v.to_bits()).collect::<Vec<_>>())
            });
            assert!(found[0] == found[1], "{name} of {:?}", view.shape());
        }
    }
}

/// The same bits on any number of threads.
#[test]
#[cfg(feature = "threads")]
fn bits_do_not_depend_on_threads() {
    let x: Vec<f32> = (0..300_007).map(|i| (i as f32 * 0.37).sin() * 9.0).collect();
    let bits = |t: &Tensor| common::values(t).iter().map(|v| v.to_bits()).collect::<Vec<_>>();
    let all = || {
        functions()
            .iter()
            .map(|(name, floats, ..)| bits(&op(name, &[&put(&x, &[x.len()])], &[], floats)))
            .collect::<Vec<_>>()
    };
    let first = all();
    for threads in [1, 2, 3, 5] {
        assert!(with_threads(threads, all) == first, "other bits on {threads} threads");
    }
}

#[test]
fn other_instruction_sets() {
    common::on_other_instruction_sets(&[
        "errors_in_units_of_the_last_place",
        "ends_of_the_range",
        "derivatives",
        "layouts",
    ]);
}
