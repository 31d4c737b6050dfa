import { noGrad, stack, type Tensor, tidy } from "../tensor/index.js";

/** Whether every entry of some tensors is finite, with a single read-back: 0 * x is NaN where x is NaN or infinite. */
export async function allFinite(tensors: readonly Tensor[]): Promise<boolean> {
  const sums = () =>
    stack(
      tensors.map((value) => value.mul(0).sum()),
      0,
    );
  const sum = noGrad(() => tidy(() => sums().sum()));
  const [value] = await sum.data();
  sum.dispose();
  return value === 0;
}
