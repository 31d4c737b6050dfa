//! burn's operators that the core uses, compiled here. Without these functions the core would compile burn's code for
//! them again each time that it is compiled itself.

use burn_backend::ops::{FloatTensorOps, IntTensorOps};
use burn_backend::{
    get_device_settings, DeviceSettings, ExecutionError, FloatDType, IntDType, Scalar, Shape, Slice, TensorData,
};
use burn_dispatch::backend::Dispatch as Burn;
use burn_dispatch::device::DispatchDevice as Device;
use burn_dispatch::tensor::DispatchTensor as Tensor;
use burn_std::IndexingUpdateOp;
use std::future::Future;

/// The operators, each computed by the device of its tensors.
pub struct Dispatch;

macro_rules! operators {
    ($(fn $name:ident($($argument:ident: $type:ty),* $(,)?) -> $result:ty;)*) => {
        impl Dispatch {$(
            #[doc = concat!("burn's operator `", stringify!($name), "`.")]
            #[inline(never)]
            pub fn $name($($argument: $type),*) -> $result {
                Burn::$name($($argument),*)
            }
        )*}
    };
}

impl Dispatch {
    /// The values of a tensor, when its device has computed them.
    pub fn float_into_data(tensor: Tensor) -> impl Future<Output = Result<TensorData, ExecutionError>> + Send {
        Burn::float_into_data(tensor)
    }

    /// The element types that a device prefers.
    pub fn settings(device: &Device) -> DeviceSettings {
        get_device_settings::<Burn>(device)
    }
}

operators! {
    fn float_abs(tensor: Tensor) -> Tensor;
    fn float_add(lhs: Tensor, rhs: Tensor) -> Tensor;
    fn float_add_scalar(lhs: Tensor, rhs: Scalar) -> Tensor;
    fn float_argmax(tensor: Tensor, dim: usize, out_dtype: IntDType) -> Tensor;
    fn float_argmin(tensor: Tensor, dim: usize, out_dtype: IntDType) -> Tensor;
    fn float_cast(tensor: Tensor, dtype: FloatDType) -> Tensor;
    fn float_cat(tensors: Vec<Tensor>, dim: usize) -> Tensor;
    fn float_cos(tensor: Tensor) -> Tensor;
    fn float_div(lhs: Tensor, rhs: Tensor) -> Tensor;
    fn float_div_scalar(lhs: Tensor, rhs: Scalar) -> Tensor;
    fn float_empty(shape: Shape, device: &Device, dtype: FloatDType) -> Tensor;
    fn float_erf(tensor: Tensor) -> Tensor;
    fn float_exp(tensor: Tensor) -> Tensor;
    fn float_expand(tensor: Tensor, shape: Shape) -> Tensor;
    fn float_flip(tensor: Tensor, axes: &[usize]) -> Tensor;
    fn float_floor(tensor: Tensor) -> Tensor;
    fn float_from_data(data: TensorData, device: &Device) -> Tensor;
    fn float_full(shape: Shape, fill_value: Scalar, device: &Device, dtype: FloatDType) -> Tensor;
    fn float_gather(dim: usize, tensor: Tensor, indices: Tensor) -> Tensor;
    fn float_into_int(tensor: Tensor, out_dtype: IntDType) -> Tensor;
    fn float_log(tensor: Tensor) -> Tensor;
    fn float_log1p(tensor: Tensor) -> Tensor;
    fn float_max_dim(tensor: Tensor, dim: usize) -> Tensor;
    fn float_min_dim(tensor: Tensor, dim: usize) -> Tensor;
    fn float_mul(lhs: Tensor, rhs: Tensor) -> Tensor;
    fn float_mul_scalar(lhs: Tensor, rhs: Scalar) -> Tensor;
    fn float_neg(tensor: Tensor) -> Tensor;
    fn float_permute(tensor: Tensor, axes: &[usize]) -> Tensor;
    fn float_powf(lhs: Tensor, rhs: Tensor) -> Tensor;
    fn float_powf_scalar_impl(tensor: Tensor, value: Scalar) -> Tensor;
    fn float_recip(tensor: Tensor) -> Tensor;
    fn float_reshape(tensor: Tensor, shape: Shape) -> Tensor;
    fn float_round(tensor: Tensor) -> Tensor;
    fn float_scatter(dim: usize, tensor: Tensor, indices: Tensor, value: Tensor, update: IndexingUpdateOp) -> Tensor;
    fn float_select(tensor: Tensor, dim: usize, indices: Tensor) -> Tensor;
    fn float_select_assign(
        tensor: Tensor, dim: usize, indices: Tensor, value: Tensor, update: IndexingUpdateOp,
    ) -> Tensor;
    fn float_sign(tensor: Tensor) -> Tensor;
    fn float_sin(tensor: Tensor) -> Tensor;
    fn float_slice(tensor: Tensor, slices: &[Slice]) -> Tensor;
    fn float_slice_assign(tensor: Tensor, slices: &[Slice], value: Tensor) -> Tensor;
    fn float_sqrt(tensor: Tensor) -> Tensor;
    fn float_sub(lhs: Tensor, rhs: Tensor) -> Tensor;
    fn float_sum(tensor: Tensor) -> Tensor;
    fn float_sum_dim(tensor: Tensor, dim: usize) -> Tensor;
    fn float_sum_dims(tensor: Tensor, dims: &[usize]) -> Tensor;
    fn float_tanh(tensor: Tensor) -> Tensor;
    fn int_add(lhs: Tensor, rhs: Tensor) -> Tensor;
    fn int_expand(tensor: Tensor, shape: Shape) -> Tensor;
    fn int_from_data(data: TensorData, device: &Device) -> Tensor;
    fn int_into_float(tensor: Tensor, out_dtype: FloatDType) -> Tensor;
    fn int_mul_scalar(lhs: Tensor, rhs: Scalar) -> Tensor;
    fn int_reshape(tensor: Tensor, shape: Shape) -> Tensor;
}
