import { checkKind, hasMethods, checkText } from "../runtime/index.js";
import type { Reconstructor } from "./types.js";

/**
 * Refuses what is no network: an object with a method `forward`.
 *
 * @throws ArgumentError `invalid_argument`.
 */
export function checkModel(caller: string, name: string, value: unknown): asserts value is Reconstructor {
  checkText("checkModel", "caller", caller);
  checkText(caller, "name", name);
  checkKind(caller, name, value, {
    expected: "a network with a method forward, such as new nn.UNet()",
    fits: (model) => hasMethods(model, ["forward"]),
  });
}
