import type { Transform, TransformParams } from "../../ts/transform/index.js";
import type { CaseData } from "./case-data.js";
import { findClass, resolve } from "./library.js";
import type { Result } from "./result.js";

/** `transform(x, given)`, and `inverse(w, given)` of a second image, with the parameters that the case gives. */
export function runTransform(data: CaseData): Result {
  const { golden } = data;
  const { given, ...params } = golden.params as { given: TransformParams } & Record<string, unknown>;
  // Cases of rotations by other angles than multiples of 90 say in their name how they interpolate.
  const mode = golden.class === "Rotate" ? /_(nearest|bilinear)/.exec(golden.name)?.[1] : undefined;
  const options = {
    ...(resolve(params, data) as object),
    ...(mode && params.interpolationMode === undefined ? { interpolationMode: mode } : {}),
  };
  const transform = new (findClass(golden.class, golden.name))(options) as Transform;
  const x = data.input("x");
  const value = transform.transform(x, given);
  const leaves = new Map([["x", x]]);
  return { value, leaves, outputs: { inverse: () => transform.inverse(data.input("w"), given) } };
}
