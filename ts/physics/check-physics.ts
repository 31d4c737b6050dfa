import { checkKind, checkText } from "../runtime/index.js";
import { Physics } from "./physics.js";
import { StackedPhysics } from "./stacked.js";

/**
 * Refuses what is no physics.
 *
 * @throws ArgumentError `invalid_argument`.
 */
export function checkPhysics(caller: string, value: unknown): asserts value is Physics | StackedPhysics {
  checkText("checkPhysics", "caller", caller);
  checkKind(caller, "physics", value, {
    expected: "a physics, such as new physics.Denoising()",
    fits: (physics) => physics instanceof Physics || physics instanceof StackedPhysics,
  });
}
