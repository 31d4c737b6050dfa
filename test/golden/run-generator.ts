import { PhysicsGenerator } from "../../ts/physics/index.js";
import type { CaseData } from "./case-data.js";
import { replay } from "./draws.js";
import { build } from "./library.js";
import type { Result } from "./result.js";

/** One step of a generator for a single image; the cases leave the batch out. */
export function runGenerator(data: CaseData): Result {
  const generator = build(data.golden, data);
  if (!(generator instanceof PhysicsGenerator))
    throw new Error(`${data.golden.name}: ${data.golden.class} is no generator`);
  const rng = replay(data);
  const inputMask = data.golden.inputs.inputMask === undefined ? undefined : data.input("inputMask");
  const { mask } = generator.step(1, { rng, ...(inputMask ? { inputMask } : {}) });
  rng.assertDone();
  return mask ? { value: mask.reshape(mask.shape.slice(1)).to(data.setting.device).to(data.setting.dtype) } : {};
}
