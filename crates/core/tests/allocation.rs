//! What an operator needs beside its result is checked before it is taken.

mod common;

use adjoint_core::{allocation, DType, Device, Error, Result, Tensor};
use common::{call, op, values};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The limit is one for the process.
static LOCK: Mutex<()> = Mutex::new(());

struct Limited(#[allow(dead_code)] MutexGuard<'static, ()>);

impl Limited {
    fn to(bytes: usize) -> Self {
        let guard = LOCK.lock().unwrap_or_else(PoisonError::into_inner);
        allocation::set_limit(bytes);
        Self(guard)
    }
}

impl Drop for Limited {
    fn drop(&mut self) {
        allocation::set_limit(usize::MAX);
    }
}

fn full(shape: &[usize], dtype: DType) -> Tensor {
    Tensor::full(shape, 1.0, dtype, Device::Cpu).expect("small")
}

/// The message, if the operator was refused for want of memory.
fn refused(result: Result<Vec<Tensor>>) -> Option<String> {
    match result.err()? {
        Error::Argument(d) | Error::Device(d) if d.code == "out_of_memory" => Some(d.message),
        other => panic!("{other}"),
    }
}

#[test]
fn operators_say_what_they_need() {
    let x = full(&[1, 1, 8, 8], DType::F32);
    let long = full(&[1 << 16], DType::F32);
    let picture = full(&[1, 4, 256, 256], DType::F32);
    let double = full(&[1 << 16], DType::F64);
    let positions = full(&[1 << 16], DType::F64);
    let matrix = full(&[1 << 9, 1 << 9], DType::F32);
    let _limit = Limited::to(1 << 19);
    type Call<'a> = (&'a str, Vec<&'a Tensor>, Vec<i64>, Vec<f64>);
    let cases: Vec<Call> = vec![
        ("pad", vec![&x], vec![8, 0, 0, 0, 0, 100_000, 0, 0, 0, 2], vec![0.0]),
        ("pad", vec![&x], vec![8, 0, 0, 0, 0, 100_000, 0, 0, 0, 0], vec![0.0]),
        ("expand", vec![&x], vec![4, 5000, 1, 8, 8], vec![]),
        ("slice", vec![&long], vec![1, 0, 1, 1 << 16, 1, 2], vec![]),
        ("interpolate", vec![&x], vec![2, 9000, 1, 1, 0], vec![]),
        ("adaptiveAvgPool2d", vec![&x], vec![2, 9000, 1], vec![]),
        ("unfold2d", vec![&picture], vec![2, 16, 16, 2, 1, 1, 2, 0, 0, 2, 1, 1], vec![]),
        ("avgPool2d", vec![&picture], vec![2, 16, 16, 2, 1, 1, 2, 0, 0, 1], vec![]),
        ("conv2d", vec![&x, &x], vec![2, 1, 1, 2, 3000, 3000, 2, 1, 1, 1, 0], vec![1.0]),
        ("exp", vec![&double], vec![], vec![]),
        ("rfft2", vec![&matrix], vec![], vec![1.0, 1.0]),
        ("indexSelect", vec![&long, &positions], vec![0], vec![]),
        ("matmul", vec![&matrix, &matrix], vec![0], vec![]),
        ("cat", vec![&long, &long, &long], vec![0], vec![]),
        ("exp", vec![&picture], vec![], vec![]),
    ];
    for (name, tensors, mut ints, floats) in cases {
        let optional = |t: &&Tensor| Some((*t).clone());
        let mut operands: Vec<Option<Tensor>> = tensors.iter().map(optional).collect();
        if name == "conv2d" {
            operands.push(None);
        }
        if name == "cat" {
            ints = vec![0];
        }
        let message = refused(call(name, &operands, &ints, &floats)).unwrap_or_else(|| panic!("{name}: not refused"));
        // An operator that is made of others says which one of them needs the memory.
        assert!([name, "indexSelect", "pad"].iter().any(|name| message.starts_with(name)), "{message}");
        assert!(message.contains(" of memory, more than the 524288 bytes that one operator may use"), "{message}");
    }
    // Small ones still run.
    assert_eq!(values(&op("exp", &[&op("mulScalar", &[&x], &[], &[0.0])], &[], &[])), vec![1.0; 64]);
}

#[test]
fn strides_wider_than_the_image_need_no_memory() {
    let _limit = Limited::to(1 << 28);
    let (x, k) = (full(&[1, 1, 8, 8], DType::F32).as_leaf(true), full(&[1, 1, 3, 3], DType::F32).as_leaf(true));
    let wide = 16_000_000;
    let ints = [2, wide, wide, 2, wide, wide, 2, 1, 1, 1, 0];
    let y = call("conv2d", &[Some(x.clone()), Some(k.clone()), None], &ints, &[1.0]).expect("nine windows");
    // The window in the middle begins at the first pixel.
    let mut want = vec![0.0; 9];
    want[4] = 9.0;
    assert_eq!(values(&y[0]), want);
    let found = common::gradients(&y, &[x, k], &[], false);
    let inside = |i: usize| f64::from(u8::from(i / 8 < 3 && i % 8 < 3));
    assert_eq!(values(&found[0]), (0..64).map(inside).collect::<Vec<_>>());
    assert_eq!(values(&found[1]), vec![1.0; 9]);
}

#[test]
fn no_tensor_has_more_than_32_axes() {
    assert!(Tensor::full(&[1; 32], 1.0, DType::F32, Device::Cpu).is_ok());
    assert!(Tensor::full(&[1; 33], 1.0, DType::F32, Device::Cpu).is_err());
    assert!(Tensor::from_f32(vec![1.0], &[1; 33], Device::Cpu).is_err());
    let x = full(&[1], DType::F64);
    for name in ["reshape", "expand"] {
        let ints: Vec<i64> = std::iter::once(33).chain([1; 33]).collect();
        let error = call(name, &[Some(x.clone())], &ints, &[]).expect_err("33 axes");
        assert_eq!(error.detail().code, "invalid_argument", "{error}");
        let ints: Vec<i64> = std::iter::once(1 << 40).chain([1; 33]).collect();
        assert!(call(name, &[Some(x.clone())], &ints, &[]).is_err());
    }
}
