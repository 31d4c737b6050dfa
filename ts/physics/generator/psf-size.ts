import { ArgumentError, checkSize, LARGEST } from "../../runtime/index.js";
import { checkImgSize } from "../argument-checks.js";

/** Height and width of a filter, at most 2048 each, from an option that is one number or a pair. */
export function checkPsfSize(className: string, value: unknown, name = "psfSize"): readonly [number, number] {
  if (value === undefined)
    throw new ArgumentError(
      `${className}: ${name} is missing; pass the side of the filters, such as 31, or [height, width].`,
      "missing_argument",
    );
  const [h, w, ...rest] = checkImgSize(className, typeof value === "number" ? [value, value] : value, name);
  if (h === undefined || w === undefined || rest.length > 0) {
    throw new ArgumentError(
      `${className}: ${name} must be one integer or a pair, [height, width].`,
      "invalid_argument",
    );
  }
  for (const side of [h, w]) checkSize(className, "a filter side", side, LARGEST.filterSide, name);
  return [h, w];
}
