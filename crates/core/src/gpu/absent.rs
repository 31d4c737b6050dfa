//! In place of the kernels where no GPU is compiled in: no tensor is on one.

use crate::storage::Value;

pub(crate) mod norm {
    use super::Value;

    #[allow(dead_code)]
    pub(crate) struct Norm<'a> {
        pub planes: [usize; 3],
        pub groups: Option<usize>,
        pub weight: Option<&'a Value>,
        pub bias: Option<&'a Value>,
        pub epsilon: f64,
        pub slope: f64,
    }

    #[derive(Clone)]
    pub(crate) enum Used {}

    impl Used {
        pub fn moments(&self) -> [Value; 2] {
            match *self {}
        }
    }

    pub(crate) fn forward(_: &Norm, _: &Value, _: Option<[&Value; 2]>) -> Option<(Value, Used)> {
        None
    }

    pub(crate) fn gradient(
        _: &Norm,
        _: &Value,
        _: &Value,
        used: &Used,
        _: bool,
        _: bool,
    ) -> Option<(Option<Value>, [Value; 2])> {
        match *used {}
    }
}

pub(crate) mod pixel_norm {
    use super::norm::Norm;
    use super::Value;

    #[derive(Clone)]
    pub(crate) enum Used {}

    pub(crate) fn forward(_: &Norm, _: &Value) -> Option<(Value, Used)> {
        None
    }

    pub(crate) fn gradient(
        _: &Norm,
        _: &Value,
        _: &Value,
        used: &Used,
        _: bool,
        _: bool,
    ) -> Option<(Option<Value>, Option<[Value; 2]>)> {
        match *used {}
    }
}

pub(crate) mod radon {
    use super::Value;
    use crate::kernel::radon::ParallelBeam;

    pub(crate) fn forward(_: &Value, _: &Value, _: ParallelBeam, _: [usize; 2]) -> Option<Value> {
        None
    }

    pub(crate) fn transpose(_: &Value, _: &Value, _: ParallelBeam, _: [usize; 2]) -> Option<Value> {
        None
    }
}

pub(crate) mod sample {
    use super::Value;
    use crate::kernel::sample::{Rule, SampleShape};

    pub(crate) fn forward(_: &Value, _: &Value, _: &SampleShape, _: &Rule) -> Option<Value> {
        None
    }

    pub(crate) fn by_grid(_: &Value, _: &Value, _: &Value, _: &SampleShape, _: &Rule) -> Option<Value> {
        None
    }

    pub(crate) fn by_image(_: &Value, _: &Value, _: &SampleShape, _: &Rule) -> Option<Value> {
        None
    }
}

pub(crate) mod pool {
    use super::Value;
    use crate::kernel::conv::shape::ConvShape;

    #[derive(Clone)]
    pub(crate) struct Places(());

    pub(crate) fn largest(_: &ConvShape, _: &Value) -> Option<(Value, Places)> {
        None
    }

    pub(crate) fn pick(_: &ConvShape, _: &Value, _: &Places) -> Option<Value> {
        None
    }

    pub(crate) fn put(_: &ConvShape, _: &Value, _: &Places) -> Option<Value> {
        None
    }

    pub(crate) fn mean(_: &ConvShape, _: &Value, _: bool, _: bool) -> Option<Value> {
        None
    }

    pub(crate) fn columns(_: &ConvShape, _: &Value, _: bool) -> Option<Value> {
        None
    }
}

pub(crate) mod fourier {
    use super::Value;

    #[allow(dead_code)]
    #[derive(Clone, Copy)]
    pub(crate) struct Lines {
        pub count: usize,
        pub middle: usize,
        pub inner: usize,
        pub length: usize,
        pub from: Side,
        pub to: Side,
        pub sign: f64,
        pub zero: usize,
        pub scale: f64,
        pub inside: f64,
    }

    #[allow(dead_code)]
    #[derive(Clone, Copy)]
    pub(crate) struct Side {
        pub outer: usize,
        pub middle: usize,
        pub step: usize,
        pub imaginary: usize,
        pub count: usize,
        pub real: bool,
    }

    pub(crate) fn takes(_: usize) -> bool {
        false
    }

    pub(crate) fn transform(_: &Value, _: &Value, _: &Lines, _: &[usize]) -> Option<Value> {
        None
    }

    pub(crate) fn product(_: &Value, _: &Value, _: bool, _: &[usize]) -> Option<Value> {
        None
    }
}

pub(crate) mod rows {
    use super::Value;
    use crate::kernel::variation::VariationShape;

    #[derive(Clone, Copy)]
    pub(crate) enum Term {
        Product,
        Distance,
        Square,
        Variation,
    }

    pub(crate) fn sums(_: Term, _: [&Value; 2], _: VariationShape) -> Option<Value> {
        None
    }

    pub(crate) fn slopes(_: Term, _: [&Value; 2], _: &Value, _: VariationShape, _: &[usize]) -> Option<Value> {
        None
    }
}

pub(crate) mod adam {
    use super::Value;
    use crate::kernel::adam::Step;

    pub(crate) fn step(_: &Step, _: Option<&Value>, _: &[[Value; 4]]) -> Option<Vec<[Value; 3]>> {
        None
    }
}

pub(crate) mod lerp {
    use super::Value;

    pub(crate) fn lerp(_: f64, _: &[f64], _: &[[Value; 2]]) -> Option<Vec<Value>> {
        None
    }
}

pub(crate) mod clip {
    use super::Value;

    pub(crate) fn factor(_: f64, _: &[Value]) -> Option<Value> {
        None
    }

    pub(crate) fn unscale(_: f64, _: &Value, _: &[Value]) -> Option<[Value; 2]> {
        None
    }
}

pub(crate) mod pointwise {
    use super::Value;
    use crate::kernel::formula::Formula;

    pub(crate) fn apply(_: Formula, _: &[&Value], _: [f64; 2], _: &[usize]) -> Option<Value> {
        None
    }
}

pub(crate) mod sums {
    use super::Value;

    pub(crate) fn channel_sums(_: &Value, _: [usize; 3]) -> Option<Value> {
        None
    }

    pub(crate) fn gate_and_sums(_: &Value, _: &Value, _: [usize; 3], _: f64) -> Option<[Value; 2]> {
        None
    }
}

pub(crate) mod conv {
    use super::Value;
    use crate::kernel::conv::shape::ConvShape;

    pub(crate) fn forward(_: &ConvShape, _: &Value, _: &Value, _: Option<&Value>, _: f64) -> Option<Value> {
        None
    }

    pub(crate) fn input(_: &ConvShape, _: &Value, _: &Value, _: Option<&Value>) -> Option<Value> {
        None
    }

    pub(crate) fn weight(_: &ConvShape, _: &Value, _: &Value) -> Option<Value> {
        None
    }

    pub(crate) fn weight_and_bias(_: &ConvShape, _: &Value, _: &Value) -> Option<[Value; 2]> {
        None
    }
}

pub(crate) mod moves {
    use super::Value;
    use crate::kernel::moves::Move;

    pub(crate) fn moved(_: &Value, _: [Move; 2], _: [usize; 2], _: f64, _: bool, _: &[usize]) -> Option<Value> {
        None
    }
}

pub(crate) mod join {
    use super::Value;
    use std::ops::Range;

    pub(crate) fn join(_: &[(Value, usize)], _: usize, _: &[usize]) -> Option<Value> {
        None
    }

    pub(crate) fn split(_: &Value, _: usize, _: &[(&[usize], Range<usize>)]) -> Option<Vec<Value>> {
        None
    }
}

pub(crate) mod extreme {
    use super::Value;
    use crate::kernel::softmax::Lines;

    pub(crate) fn extreme(_: &Value, _: Lines, _: bool) -> Option<[Value; 2]> {
        None
    }
}

pub(crate) mod softmax {
    use super::Value;
    use crate::kernel::softmax::Lines;

    pub(crate) fn softmax(_: &Value, _: Option<&Value>, _: Lines, _: &[usize]) -> Option<Value> {
        None
    }
}

pub(crate) mod taps {
    use super::Value;

    pub(crate) fn sums(_: &Value, _: &Value, _: [usize; 4], _: &[usize]) -> Option<Value> {
        None
    }
}

pub(crate) mod product {
    use super::Value;

    pub(crate) fn matmul(_: &Value, _: &Value, _: &[usize], _: [usize; 3], _: bool) -> Option<Value> {
        None
    }
}

pub(crate) mod random {
    use super::Value;
    use crate::random::{Kind, Stream};

    pub(crate) fn set_allowed(_: bool) {}

    pub(crate) fn is_allowed() -> bool {
        false
    }

    pub(crate) fn draw(_: &mut Stream, _: Kind, _: usize, _: &[f64], _: &Value) -> Option<Value> {
        None
    }
}
