//! Wrong calls give error values with stable codes; no call panics.

mod common;

use adjoint_core::{session, surface, tape, DType, Data, Device, Error, Tensor};
use common::{call, cases, op, values, Arr, Case, Layout, Rng};
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::slice::from_ref;

fn t(shape: &[usize]) -> Option<Tensor> {
    Tensor::full(shape, 0.5, DType::F64, Device::Cpu).ok()
}

fn single(shape: &[usize]) -> Option<Tensor> {
    Tensor::full(shape, 0.5, DType::F32, Device::Cpu).ok()
}

fn index(v: &[f64]) -> Option<Tensor> {
    Tensor::from_f64(v.to_vec(), &[v.len()], Device::Cpu).ok()
}

const HUGE: i64 = 1 << 40;

/// Operator, operands, integers, numbers, class and code of the error.
type Wrong = (&'static str, Vec<Option<Tensor>>, Vec<i64>, Vec<f64>, &'static str, &'static str);

#[rustfmt::skip]
fn wrong() -> Vec<Wrong> {
    let shape = ("ShapeError", "shape_mismatch");
    let argument = ("ArgumentError", "invalid_argument");
    let dtype = ("DTypeError", "dtype_mismatch");
    let mut all: Vec<Wrong> = Vec::new();
    let mut add = |op, tensors: &[Option<Tensor>], ints: &[i64], floats: &[f64], kind: (&'static str, &'static str)| {
        all.push((op, tensors.to_vec(), ints.to_vec(), floats.to_vec(), kind.0, kind.1));
    };
    let image = || t(&[1, 2, 4, 5]);
    add("add", &[t(&[2, 3]), t(&[2])], &[], &[], shape);
    add("add", &[t(&[2]), single(&[2])], &[], &[], dtype);
    add("add", &[t(&[2])], &[], &[], argument);
    add("add", &[t(&[2]), None], &[], &[], argument);
    add("mulScalar", &[t(&[2])], &[], &[], argument);
    add("divScalar", &[t(&[2])], &[], &[], argument);
    add("eq", &[t(&[2, 3]), t(&[4])], &[], &[], shape);
    add("where", &[single(&[2]), t(&[2]), t(&[2])], &[], &[], dtype);
    add("where", &[t(&[3]), t(&[2]), t(&[2])], &[], &[], shape);
    add("clamp", &[t(&[2])], &[], &[1.0, 0.0], argument);
    add("clamp", &[t(&[2])], &[], &[f64::NAN, 0.0], argument);
    add("sum", &[t(&[2])], &[1, 1, 0], &[], argument);
    add("sum", &[t(&[2])], &[1, -1, 0], &[], argument);
    add("sum", &[t(&[2, 3])], &[2, 1, 1, 0], &[], argument);
    add("sum", &[t(&[2])], &[HUGE, 0], &[], argument);
    add("mean", &[t(&[0])], &[0, 0], &[], argument);
    add("max", &[t(&[0])], &[0, 0], &[], argument);
    add("argmax", &[t(&[])], &[0, 0], &[], argument);
    add("argmax", &[t(&[2, 0])], &[1, 0], &[], argument);
    add("reshape", &[t(&[2, 3])], &[1, 5], &[], shape);
    add("reshape", &[t(&[2, 3])], &[2, -1, 4], &[], shape);
    add("reshape", &[t(&[2, 3])], &[2, -1, -1], &[], argument);
    add("reshape", &[t(&[2, 3])], &[2, -2, -3], &[], argument);
    add("reshape", &[t(&[0])], &[2, 1 << 32, 1 << 32], &[], shape);
    add("reshape", &[t(&[0])], &[3, -1, 1 << 32, 1 << 32], &[], shape);
    add("permute", &[t(&[2, 3])], &[2, 0, 0], &[], argument);
    add("permute", &[t(&[2, 3])], &[1, 0], &[], argument);
    add("permute", &[t(&[2, 3])], &[2, 0, 2], &[], argument);
    add("expand", &[t(&[2])], &[1, 3], &[], shape);
    add("expand", &[t(&[2])], &[0], &[], shape);
    add("expand", &[t(&[1])], &[2, HUGE, HUGE], &[], argument);
    add("slice", &[t(&[4])], &[1, 0, 1, 5, 1, 1], &[], argument);
    add("slice", &[t(&[4])], &[1, 3, 1, 2, 1, 1], &[], argument);
    add("slice", &[t(&[4])], &[1, 0, 1, 4, 1, 0], &[], argument);
    add("slice", &[t(&[4, 4])], &[1, 0, 1, 4, 1, 1], &[], argument);
    add("flip", &[t(&[4])], &[1, 1], &[], argument);
    add("roll", &[t(&[4])], &[1, 1, 1, 1], &[], argument);
    add("roll", &[t(&[4])], &[2, 1, 1, 1, 0], &[], argument);
    add("pad", &[t(&[4])], &[1, 1, 0], &[0.0], argument);
    add("pad", &[t(&[4])], &[2, 1, 1, 7], &[0.0], argument);
    add("pad", &[t(&[4])], &[2, 4, 0, 1], &[0.0], argument);
    add("pad", &[t(&[4])], &[2, 5, 0, 3], &[0.0], argument);
    for mode in [0, 2] {
        add("pad", &[t(&[4])], &[2, HUGE, 0, mode], &[0.0], argument);
        add("pad", &[t(&[4])], &[2, i64::MAX, i64::MAX, mode], &[0.0], argument);
    }
    add("cat", &[], &[0], &[], argument);
    add("cat", &[t(&[2]), None], &[0], &[], argument);
    add("cat", &[t(&[2]), t(&[2, 2])], &[0], &[], shape);
    add("cat", &[t(&[2]), single(&[2])], &[0], &[], dtype);
    add("cat", &[t(&[2]), t(&[2])], &[1], &[], argument);
    add("nonLocal", &[image(), t(&[1, 2, 4, 6])], &[], &[0.1], shape);
    add("nonLocal", &[t(&[2, 4, 5]), t(&[2, 4, 5])], &[], &[0.1], shape);
    add("nonLocal", &[image(), single(&[1, 2, 4, 5])], &[], &[0.1], dtype);
    for sigma in [0.0, -1.0, f64::NAN, f64::INFINITY, 1e60, 1e-60] {
        add("nonLocal", &[image(), image()], &[], &[sigma], argument);
    }
    add("unfold2d", &[image()], &[2, 5, 2, 2, 1, 1, 2, 0, 0, 2, 1, 1], &[], shape);
    add("unfold2d", &[image()], &[2, 2, 2, 2, 0, 1, 2, 0, 0, 2, 1, 1], &[], argument);
    add("unfold2d", &[image()], &[1, 2, 2, 1, 1, 2, 0, 0, 2, 1, 1], &[], argument);
    add("indexSelect", &[t(&[3]), index(&[3.0])], &[0], &[], argument);
    add("indexSelect", &[t(&[3]), index(&[0.5])], &[0], &[], argument);
    add("indexSelect", &[t(&[3]), index(&[f64::NAN])], &[0], &[], argument);
    add("indexSelect", &[t(&[3]), t(&[1, 1])], &[0], &[], shape);
    add("gather", &[t(&[3, 2]), index(&[0.0])], &[0], &[], shape);
    add("gather", &[t(&[3]), index(&[-1.0])], &[0], &[], argument);
    add("scatterAdd", &[t(&[3]), index(&[0.0]), t(&[2])], &[0], &[], shape);
    add("scatterAdd", &[t(&[3]), index(&[4.0]), t(&[1])], &[0], &[], argument);
    add("matmul", &[t(&[3]), t(&[3, 2])], &[0], &[], shape);
    add("matmul", &[t(&[2, 3]), t(&[2, 3])], &[0], &[], shape);
    add("matmul", &[t(&[2, 2, 3]), t(&[3, 3, 2])], &[0], &[], shape);
    let same = |n: i64| vec![2, 1, 1, 2, n, n, 2, 1, 1, 1, 0];
    add("conv2d", &[image(), t(&[3, 3, 3, 3]), None], &same(1), &[1.0], shape);
    add("conv2d", &[image(), t(&[3, 2, 9, 3]), None], &same(1), &[1.0], shape);
    add("conv2d", &[image(), t(&[3, 2, 3, 3]), t(&[2])], &same(1), &[1.0], shape);
    add("conv2d", &[t(&[2, 4, 5]), t(&[3, 2, 3, 3]), None], &same(1), &[1.0], shape);
    add("conv2d", &[image(), single(&[3, 2, 3, 3]), None], &same(1), &[1.0], dtype);
    add("conv2d", &[image(), t(&[3, 2, 3, 3]), single(&[3])], &same(1), &[1.0], dtype);
    add("conv2d", &[image(), t(&[3, 2, 3, 3]), None], &[2, 0, 1, 2, 1, 1, 2, 1, 1, 1, 0], &[1.0], argument);
    add("conv2d", &[image(), t(&[3, 2, 3, 3]), None], &[2, 1, 1, 2, 1, 1, 2, 1, 1, 0, 0], &[1.0], argument);
    add("conv2d", &[image(), t(&[3, 1, 3, 3]), None], &[2, 1, 1, 2, 1, 1, 2, 1, 1, 2, 0], &[1.0], shape);
    add("conv2d", &[image(), t(&[3, 2, 3, 3]), None], &same(HUGE), &[1.0], argument);
    add("conv2d", &[image(), t(&[3, 2, 0, 3]), None], &same(1), &[1.0], shape);
    let transposed = |extra: i64, padding: i64| vec![2, 2, 2, 2, padding, padding, 2, extra, 0, 2, 1, 1, 1, 0];
    add("convTranspose2d", &[image(), t(&[3, 2, 3, 3]), None], &transposed(0, 1), &[], shape);
    add("convTranspose2d", &[image(), t(&[2, 2, 3, 3]), None], &transposed(2, 1), &[], argument);
    add("convTranspose2d", &[image(), t(&[2, 2, 3, 3]), None], &transposed(0, 9), &[], shape);
    let window = |k: i64, p: i64, d: i64| vec![2, k, k, 2, 1, 1, 2, p, p, 2, d, d];
    add("maxPool2d", &[image()], &window(6, 0, 1), &[], shape);
    add("maxPool2d", &[image()], &window(2, 2, 1), &[], argument);
    add("maxPool2d", &[t(&[4, 5])], &window(2, 0, 1), &[], shape);
    add("maxPool2d", &[t(&[1, 1, 1, 1])], &window(2, 1, 2), &[], argument);
    add("maxPool2d", &[image()], &window(HUGE, HUGE / 2, 1), &[], argument);
    add("avgPool2d", &[image()], &[2, 2, 2, 2, 0, 1, 2, 0, 0, 1], &[], argument);
    add("adaptiveAvgPool2d", &[image()], &[2, 0, 2], &[], argument);
    add("adaptiveAvgPool2d", &[image()], &[2, HUGE, 2], &[], argument);
    add("batchNorm", &[t(&[3]), None, None, None, None], &[], &[1e-5, 1.0], shape);
    add("batchNorm", &[image(), t(&[3]), None, None, None], &[], &[1e-5, 1.0], shape);
    add("batchNorm", &[image(), None, None, t(&[2]), None], &[], &[1e-5, 1.0], argument);
    add("groupNorm", &[image(), None, None], &[3], &[1e-5], shape);
    add("groupNorm", &[image(), None, None], &[0], &[1e-5], shape);
    add("layerNorm", &[image(), image(), None], &[], &[1e-5], shape);
    add("softmax", &[image()], &[4], &[], argument);
    add("interpolate", &[image()], &[2, 0, 3, 1, 0], &[], argument);
    add("interpolate", &[image()], &[2, 3, 3, 3, 0], &[], argument);
    add("interpolate", &[image()], &[2, HUGE, 3, 1, 0], &[], argument);
    add("interpolate", &[image()], &[2, HUGE, 3, 0, 0], &[], argument);
    add("pixelShuffle", &[image()], &[2], &[], shape);
    add("pixelShuffle", &[image()], &[1 << 32], &[], shape);
    add("pixelUnshuffle", &[image()], &[2], &[], shape);
    add("pixelUnshuffle", &[image()], &[0], &[], shape);
    add("gridSample", &[image(), t(&[2, 1, 1, 2])], &[0, 0, 0], &[], shape);
    add("gridSample", &[image(), t(&[1, 1, 1, 3])], &[0, 0, 0], &[], shape);
    add("gridSample", &[image(), t(&[1, 1, 1, 2])], &[3, 0, 0], &[], argument);
    add("fft", &[t(&[3, 2])], &[1, 0, 0, 0], &[1.0], shape);
    add("fft", &[t(&[3, 2])], &[1, 1, 1, 0], &[1.0], shape);
    add("fft", &[t(&[3, 2])], &[1, 0, 2, 0], &[1.0], argument);
    add("cast", &[t(&[3])], &[2], &[], argument);
    let adam = [0.1, 0.9, 0.999, 1e-8, 0.0];
    add("adamStep", &[None, t(&[2]), t(&[2]), t(&[2]), t(&[3])], &[1, 0], &adam, shape);
    add("adamStep", &[None, t(&[2]), t(&[2]), single(&[2]), t(&[2])], &[1, 0], &adam, dtype);
    add("adamStep", &[None, t(&[2]), t(&[2]), t(&[2]), t(&[2])], &[0, 0], &adam, argument);
    add("adamStep", &[None, t(&[2]), t(&[2]), t(&[2])], &[1, 0], &adam, argument);
    add("adamStep", &[None], &[1, 0], &adam, argument);
    add("adamStep", &[t(&[2]), t(&[2]), t(&[2]), t(&[2]), t(&[2])], &[1, 0], &adam, shape);
    add("adamStep", &[single(&[]), t(&[2]), t(&[2]), t(&[2]), t(&[2])], &[1, 0], &adam, dtype);
    add("lerp", &[t(&[2]), t(&[3])], &[], &[0.5], shape);
    add("lerp", &[t(&[2]), t(&[2]), t(&[2])], &[], &[0.5], argument);
    add("lerp", &[t(&[2]), t(&[2])], &[], &[0.5, 1.0, 1.0], argument);
    add("lerp", &[t(&[2]), t(&[2]), single(&[2]), single(&[2])], &[], &[0.5], dtype);
    add("unscale", &[t(&[2])], &[], &[0.5], argument);
    add("unscale", &[t(&[3]), t(&[2])], &[], &[0.5], shape);
    add("unscale", &[single(&[2]), t(&[2])], &[], &[0.5], dtype);
    add("clipFactor", &[], &[], &[0.5], argument);
    add("clipFactor", &[t(&[2]), single(&[2])], &[], &[0.5], dtype);
    all
}

fn caught<T>(f: impl FnOnce() -> adjoint_core::Result<T>) -> Result<adjoint_core::Result<T>, String> {
    catch_unwind(AssertUnwindSafe(f)).map_err(|p| p.downcast_ref::<String>().cloned().unwrap_or_default())
}

#[test]
fn wrong_calls_give_errors() {
    common::check_all(
        &wrong(),
        |w| format!("{} {:?} {:?} {:?}", w.0, w.1, w.2, w.3),
        |(op, tensors, ints, floats, class, code)| {
            let outcome = caught(|| call(op, tensors, ints, floats)).unwrap_or_else(|p| panic!("{op} panicked: {p}"));
            let error = outcome.expect_err("an error");
            assert_eq!((error.class(), error.detail().code), (*class, *code), "{op}: {error}");
            assert!(error.wire().starts_with(&format!("{class}|{code}|{op}")), "{}", error.wire());
        },
    );
}

#[test]
fn unknown_operators_and_handles() {
    let e = session::apply(surface::ROWS.len(), &[], &[], &[]).expect_err("no such operator");
    assert_eq!(e.class(), "ArgumentError");
    let h = session::full(&[2], 1.0, "float32", "cpu").expect("full");
    session::dispose(h);
    let add = surface::code("add").expect("add");
    let disposed: Vec<Error> = vec![
        session::apply(add, &[h, h], &[], &[]).expect_err("apply"),
        session::info(h).expect_err("info"),
        session::read(h).err().expect("read"),
        session::set_requires_grad(h, true).expect_err("setRequiresGrad"),
        session::to_device(h, "cpu").expect_err("toDevice"),
        session::grad(&[h], &[], &[], false).expect_err("grad"),
    ];
    for e in disposed {
        assert_eq!((e.class(), e.detail().code), ("ArgumentError", "disposed"), "{e}");
    }
}

#[test]
fn uploads_and_settings() {
    let bad = session::from_data(Data::F32(vec![1.0; 5]), &[2, 3], "cpu").expect_err("length");
    assert_eq!(bad.class(), "ShapeError");
    assert_eq!(session::full(&[2], 1.0, "int8", "cpu").expect_err("type").class(), "DTypeError");
    assert_eq!(session::full(&[2], 1.0, "float32", "tpu").expect_err("device").detail().code, "unknown_device");
    assert_eq!(session::full(&[1 << 40, 1 << 40], 1.0, "float32", "cpu").expect_err("size").class(), "ArgumentError");
    assert_eq!(session::full(&[1 << 40], 1.0, "float32", "cpu").expect_err("size").class(), "ArgumentError");
    let rng = session::rng_new(1.0).expect("seed");
    assert_eq!(
        session::rng_draw(rng, "normal", &[1 << 40], &[], 0, "float32", "cpu").expect_err("size").class(),
        "ArgumentError"
    );
    assert_eq!(
        session::rng_draw(rng, "strange", &[1], &[], 0, "float32", "cpu").expect_err("kind").class(),
        "ArgumentError"
    );
    session::rng_dispose(rng);
    assert!(session::rng_draw(rng, "normal", &[1], &[], 0, "float32", "cpu").is_err());
    assert!(session::rng_new(0.5).is_err());
    assert!(session::rng_from("nonsense").is_err());
    let x = session::full(&[2], 1.0, "float32", "cpu").expect("full");
    session::set_requires_grad(x, true).expect("leaf");
    let y = session::apply(surface::code("exp").expect("exp"), &[x], &[], &[]).expect("exp")[0];
    assert_eq!(session::set_requires_grad(y, true).expect_err("not a leaf").class(), "ArgumentError");
    session::dispose(x);
    session::dispose(y);
}

#[test]
fn gradients_of_wrong_seeds() {
    let x = Tensor::full(&[2], 1.0, DType::F64, Device::Cpu).expect("full").as_leaf(true);
    let y = op("clone", &[&x], &[], &[]);
    let grad = |seed: Option<Tensor>| tape::grad(from_ref(&y), from_ref(&x), &[seed], false);
    assert_eq!(grad(t(&[3])).expect_err("shape").class(), "ShapeError");
    assert_eq!(grad(single(&[2])).expect_err("type").class(), "DTypeError");
    assert_eq!(values(grad(t(&[2])).expect("fits")[0].as_ref().expect("used")), [0.5, 0.5]);
    let many = tape::grad(from_ref(&y), from_ref(&x), &[t(&[2]), t(&[2])], false);
    assert_eq!(many.expect_err("too many").class(), "ArgumentError");
}

/// Small, invalid or far too large.
const NUMBERS: [i64; 12] = [-1, 0, 0, 1, 1, 2, 2, 3, 5, 1 << 33, i64::MAX, i64::MIN];

fn corrupted(case: &Case, r: &mut Rng) -> (Vec<Option<Tensor>>, Vec<i64>, Vec<f64>) {
    let mut operands = case.leaves(DType::F64, Device::Cpu, Layout::Plain).0;
    let (mut ints, mut floats) = (case.ints.clone(), case.floats.clone());
    for _ in 0..1 + r.below(3) {
        match r.below(7) {
            0 | 1 if !operands.is_empty() => {
                let i = r.below(operands.len());
                let shape: Vec<usize> = (0..r.below(6)).map(|_| r.below(4)).collect();
                operands[i] = match r.below(5) {
                    0 => None,
                    1 => single(&shape),
                    2 => operands[r.below(operands.len())].clone(),
                    _ => t(&shape).map(|t| t.as_leaf(true)),
                };
            }
            2 if !operands.is_empty() => {
                // One axis of another size.
                let i = r.below(operands.len());
                if let Some(mut shape) = operands[i].as_ref().map(|t| t.shape().to_vec()).filter(|s| !s.is_empty()) {
                    let axis = r.below(shape.len());
                    shape[axis] = r.below(4);
                    let a: Arr = r.array(&shape, -1.0, 2.0);
                    operands[i] = Some(common::tensor(&a).as_leaf(true));
                }
            }
            3..=5 if !ints.is_empty() => {
                let i = r.below(ints.len());
                ints[i] = NUMBERS[r.below(NUMBERS.len())];
            }
            6 if !floats.is_empty() => {
                let i = r.below(floats.len());
                floats[i] = [f64::NAN, f64::INFINITY, -1.0, 0.0, 1e300][r.below(5)];
            }
            _ => {
                operands.truncate(r.below(operands.len() + 1));
            }
        }
    }
    (operands, ints, floats)
}

#[test]
fn invalid_calls_never_panic() {
    let all = cases::all();
    let small: Vec<&Case> =
        all.iter().filter(|c| c.label != "large" && c.label != "long" && c.label != "tall").collect();
    common::check_all(
        &small,
        |c| c.name(),
        |case| {
            let mut r = Rng(case.name().bytes().fold(0, |h, b| h * 31 + u64::from(b)) & 0xFFFF_FFFF);
            for _ in 0..30 {
                let (operands, ints, floats) = corrupted(case, &mut r);
                let described = format!("{} {operands:?} {ints:?} {floats:?}", case.op);
                let outcome =
                    caught(|| call(case.op, &operands, &ints, &floats)).unwrap_or_else(|p| panic!("{described}: {p}"));
                let Ok(out) = outcome else { continue };
                // What is accepted can be read and differentiated.
                let leaves: Vec<Tensor> = operands.iter().flatten().filter(|t| t.requires_grad()).cloned().collect();
                caught(|| out[0].to_vec()).unwrap_or_else(|p| panic!("reading {described}: {p}")).expect("readable");
                caught(|| tape::grad(&out[..1], &leaves, &[Some(common::ones(&out[0]))], true))
                    .unwrap_or_else(|p| panic!("gradient of {described}: {p}"))
                    .unwrap_or_else(|e| panic!("gradient of {described}: {e}"));
            }
        },
    );
}
