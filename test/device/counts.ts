import { binding } from "../../ts/runtime/index.js";
import { grad, tensor, tidy } from "../../ts/tensor/index.js";
import { drawn, type Compared } from "./check.js";

/** Kernels that a value and its gradient launch, and tensors that they send to the device for themselves. */
export interface Counts {
  readonly forward: number;
  readonly backward: number;
  readonly uploads: number;
}

/** What a second call of a function, and of its gradient where it has one, takes on the current device. */
export function countsOf(what: Compared): Counts {
  const launches = () => binding().launches?.() ?? Number.NaN;
  const uploads = () => binding().uploads?.() ?? Number.NaN;
  return tidy(() => {
    const inputs = drawn(what).map(({ values, shape }) => tensor(values, { shape, requiresGrad: !what.valueOnly }));
    const call = () => {
      const before = [launches(), uploads()] as const;
      const value = what.f(...inputs);
      const seed = value.detach().mul(2);
      const between = launches();
      if (!what.valueOnly) grad(value, inputs, { gradOutputs: [seed] });
      // The seed is one launch of its own.
      return { forward: between - before[0] - 1, backward: launches() - between, uploads: uploads() - before[1] };
    };
    call();
    return call();
  });
}
