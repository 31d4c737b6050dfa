import { handleOf, operators, Tensor } from "../tensor/index.js";

/**
 * The factor `min(1, limit / (norm + 1e-6))`, a scalar, that brings the Euclidean norm of some tensors together to at
 * most `limit`; computed on the device, off the tape.
 *
 * (Pascanu, Mikolov, Bengio, "On the difficulty of training recurrent neural networks", 2013, arXiv:1211.5063.)
 *
 * @throws ArgumentError `invalid_argument` where there is no tensor; DeviceError `device_mismatch`; DTypeError
 * `dtype_mismatch`.
 */
export function clipFactor(tensors: readonly Tensor[], limit: number): Tensor {
  return new Tensor(operators.clipFactor(tensors.map(handleOf), limit));
}
