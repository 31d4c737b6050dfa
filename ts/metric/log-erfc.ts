import { type Tensor, where } from "../tensor/index.js";

/** Depth of the continued fraction; from x = 1 on the error is then below 1e-11. */
const DEPTH = 64;

/**
 * `log(erfc(x))`, also where erfc underflows.
 *
 * Above 1 it is `-x^2 - log(sqrt(pi) f(x))` with the continued fraction `f(x) = x + (1/2) / (x + 1 / (x + (3/2) / (x +
 * ...` (Abramowitz and Stegun, 7.1.14); its tail after k terms is close to `(x + sqrt(x^2 + 2 k)) / 2`.
 */
export function logErfc(x: Tensor): Tensor {
  const large = x.detach().gt(1);
  const tail = where(large, x, 1);
  let fraction = tail
    .add(
      tail
        .square()
        .add(2 * (DEPTH + 1))
        .sqrt(),
    )
    .div(2);
  for (let k = DEPTH; k > 0; k--) fraction = tail.add(fraction.pow(-1).mul(k / 2));
  const asymptotic = tail
    .square()
    .neg()
    .sub(fraction.log())
    .sub(Math.log(Math.PI) / 2);
  const direct = where(large, 0, x).erf().neg().add(1).log();
  return where(large, asymptotic, direct);
}
