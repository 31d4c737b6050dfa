import { ArgumentError, checkList } from "../runtime/index.js";
import { checkTensor, type Tensor } from "../tensor/index.js";

/**
 * Gradients, null for what has none.
 *
 * @param count how many there must be. Default: any number.
 * @throws ArgumentError `invalid_argument` where the value is anything else.
 */
export function checkGradients(caller: string, value: unknown, count?: number): readonly (Tensor | null)[] {
  const gradients = checkList(caller, "gradients", value as readonly (Tensor | null)[]);
  if (count !== undefined && gradients.length !== count)
    throw new ArgumentError(
      `${caller}: got ${gradients.length} gradients, expected one for each of ${count} parameters.`,
      "invalid_argument",
    );
  for (const [i, gradient] of gradients.entries())
    if (gradient !== null) checkTensor(caller, `gradient ${i}`, gradient);
  return gradients;
}
