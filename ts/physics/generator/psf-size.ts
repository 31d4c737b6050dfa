import { ArgumentError } from "../../runtime/index.js";
import { checkImgSize } from "../argument-checks.js";

/** Height and width of a filter, from an option that is one number or a pair. */
export function checkPsfSize(className: string, value: unknown, name = "psfSize"): readonly [number, number] {
  if (value === undefined)
    throw new ArgumentError(
      `${className}: ${name} is missing; pass the side of the filters, such as 31, or [height, width].`,
      "missing_argument",
    );
  const [h, w, ...rest] = checkImgSize(className, typeof value === "number" ? [value, value] : value);
  if (h === undefined || w === undefined || rest.length > 0) {
    throw new ArgumentError(
      `${className}: ${name} must be one integer or a pair, [height, width].`,
      "invalid_argument",
    );
  }
  return [h, w];
}
