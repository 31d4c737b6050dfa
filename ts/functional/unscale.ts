import { handleOf, operators, Tensor } from "../tensor/index.js";

/**
 * What gradients of a scaled loss are multiplied by, a scalar, and the next state of the scale, `[2]`: its value, and
 * the finite steps since it changed. The factor divides by the scale and clips the norm to `limit`; it is -1 where a
 * gradient is not finite and the scale above 1, which is then halved. Computed on the device, off the tape.
 *
 * @throws ArgumentError `invalid_argument` where there is no tensor; ShapeError `shape_mismatch`; DeviceError
 * `device_mismatch`; DTypeError `dtype_mismatch`.
 */
export function unscale(gradients: readonly Tensor[], state: Tensor, limit: number): { factor: Tensor; state: Tensor } {
  const [factor, next] = operators.unscale(handleOf(state), gradients.map(handleOf), limit);
  return { factor: new Tensor(factor), state: new Tensor(next) };
}
