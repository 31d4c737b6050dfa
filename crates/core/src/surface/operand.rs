//! Operands of a call, and what the table calls their kinds.

use crate::error::{Error, Result};
use crate::ops::shape::PadMode;
use crate::sampling::{Interpolation, Outside};
use crate::tensor::{DType, Tensor, MAX_RANK};

/// Operands of a call as they cross the binding, taken in the order of the operator's parameters.
pub(super) struct Call<'a> {
    pub op: &'static str,
    pub tensors: std::slice::Iter<'a, Option<Tensor>>,
    pub ints: std::slice::Iter<'a, i64>,
    pub floats: std::slice::Iter<'a, f64>,
}

impl Call<'_> {
    fn missing(&self, name: &str) -> Error {
        Error::argument(self.op, format!("{name} is missing; the generated wrappers are not of this version."))
    }
    fn int(&mut self, name: &str) -> Result<i64> {
        self.ints.next().copied().ok_or_else(|| self.missing(name))
    }
    /// A list, which is preceded by its length.
    fn list<T: Operand>(&mut self, name: &'static str) -> Result<Vec<T>> {
        let count = usize::take(self, name)?;
        if count > 2 * MAX_RANK {
            let message = format!("{name} has {count} entries, expected at most {} (two for an axis).", 2 * MAX_RANK);
            return Err(Error::argument(self.op, message));
        }
        (0..count).map(|_| T::take(self, name)).collect()
    }
}

/// A kind of operand.
pub(super) trait Operand: Sized {
    /// What the table calls it.
    const KIND: &'static str;
    /// The words that stand for the values of an enum, in the order of their codes.
    const WORDS: &'static [&'static str] = &[];
    /// The next operand of a call; `name` is the parameter's.
    fn take(call: &mut Call, name: &'static str) -> Result<Self>;
}

impl Operand for Tensor {
    const KIND: &'static str = "Tensor";
    fn take(call: &mut Call, name: &'static str) -> Result<Self> {
        call.tensors.next().cloned().flatten().ok_or_else(|| call.missing(name))
    }
}

impl Operand for Option<Tensor> {
    const KIND: &'static str = "Tensor?";
    fn take(call: &mut Call, name: &'static str) -> Result<Self> {
        call.tensors.next().cloned().ok_or_else(|| call.missing(name))
    }
}

/// All remaining tensors.
impl Operand for Vec<Tensor> {
    const KIND: &'static str = "Tensor[]";
    fn take(call: &mut Call, name: &'static str) -> Result<Self> {
        call.tensors.by_ref().cloned().collect::<Option<_>>().ok_or_else(|| call.missing(name))
    }
}

impl Operand for bool {
    const KIND: &'static str = "boolean";
    fn take(call: &mut Call, name: &'static str) -> Result<Self> {
        Ok(call.int(name)? != 0)
    }
}

impl Operand for i64 {
    const KIND: &'static str = "integer";
    fn take(call: &mut Call, name: &'static str) -> Result<Self> {
        call.int(name)
    }
}

impl Operand for usize {
    const KIND: &'static str = "size";
    fn take(call: &mut Call, name: &'static str) -> Result<Self> {
        let v = call.int(name)?;
        usize::try_from(v).map_err(|_| Error::argument(call.op, format!("{name} is {v}, expected at least 0.")))
    }
}

impl Operand for Vec<i64> {
    const KIND: &'static str = "integer[]";
    fn take(call: &mut Call, name: &'static str) -> Result<Self> {
        call.list(name)
    }
}

impl Operand for Vec<usize> {
    const KIND: &'static str = "size[]";
    fn take(call: &mut Call, name: &'static str) -> Result<Self> {
        call.list(name)
    }
}

/// One size for each axis of an image, (height, width).
impl Operand for [usize; 2] {
    const KIND: &'static str = "pair";
    fn take(call: &mut Call, name: &'static str) -> Result<Self> {
        let op = call.op;
        let list: Vec<usize> = call.list(name)?;
        list.try_into().map_err(|v| Error::argument(op, format!("{name} is {v:?}, expected [height, width].")))
    }
}

impl Operand for f64 {
    const KIND: &'static str = "number";
    fn take(call: &mut Call, name: &'static str) -> Result<Self> {
        call.floats.next().copied().ok_or_else(|| call.missing(name))
    }
}

/// All remaining numbers.
impl Operand for Vec<f64> {
    const KIND: &'static str = "number[]";
    fn take(call: &mut Call, _name: &'static str) -> Result<Self> {
        Ok(call.floats.by_ref().copied().collect())
    }
}

/// An enum as an operand: its code is the position of its word.
macro_rules! words {
    ($($type:ident { $($word:literal = $value:ident),* $(,)? })*) => {$(
        impl Operand for $type {
            const KIND: &'static str = stringify!($type);
            const WORDS: &'static [&'static str] = &[$($word),*];
            fn take(call: &mut Call, name: &'static str) -> Result<Self> {
                let code = call.int(name)?;
                usize::try_from(code).ok().and_then(|i| [$($type::$value),*].get(i).copied()).ok_or_else(|| {
                    Error::argument(call.op, format!("{name} has code {code}, expected one of {:?}.", Self::WORDS))
                })
            }
        }
    )*};
}

words! {
    DType { "float32" = F32, "float64" = F64 }
    PadMode { "constant" = Constant, "reflect" = Reflect, "replicate" = Replicate, "circular" = Circular }
    Interpolation { "nearest" = Nearest, "bilinear" = Bilinear, "bicubic" = Bicubic }
    Outside { "zeros" = Zeros, "border" = Border, "reflection" = Reflection }
}
