import type { Transform, TransformParams } from "../../ts/transform/index.js";
import type { CaseData } from "./case-data.js";
import { findClass, resolve } from "./library.js";
import type { Result } from "./result.js";

/** `transform(x, given)` and `inverse(x, given)` with the parameters that the case gives. */
export function runTransform(data: CaseData): Result {
  const { golden } = data;
  const { given, ...params } = golden.params as { given: TransformParams } & Record<string, unknown>;
  // Cases of rotations by other angles than multiples of 90 say in their name how they interpolate.
  const mode = golden.class === "Rotate" ? /_(nearest|bilinear)/.exec(golden.name)?.[1] : undefined;
  const options = { ...(resolve(params, data) as object), ...(mode && params.interpolationMode === undefined ? { interpolationMode: mode } : {}) };
  const transform = new (findClass(golden.class, golden.name))(options) as Transform;
  const x = data.input("x");
  const value = transform.transform(x, given);
  const leaves = new Map([["x", x]]);
  // Gradients of transforms are those of sum(value * w).
  const objective = golden.inputs.w === undefined ? undefined : value.mul(data.input("w").expand(value.shape)).sum();
  return { value, leaves, ...(objective ? { objective } : {}), outputs: { inverse: () => transform.inverse(x, given) } };
}
