import { ArgumentError, nearest, ShapeError } from "../runtime/index.js";
import { Tensor } from "../tensor/index.js";

/** One entry of a parameter: a number, or a list of numbers for one transform, where null entries are ignored. */
export type ParamEntry = number | readonly (number | null)[];

/**
 * Parameters of one or several transforms by name, such as `{ theta: [0, 90] }`, with one entry for each transform.
 *
 * They are numbers on the CPU, so that no transform waits for a device; a tensor is read.
 */
export type TransformParams = Readonly<Record<string, readonly ParamEntry[] | Tensor | undefined>>;

/** Checked parameters: lists without null entries. */
export type CheckedParams = Readonly<Record<string, readonly (number | readonly number[])[]>>;

/**
 * Parameters as numbers, with their names checked; at least one of those that are `needed` must be there.
 *
 * @throws ArgumentError `unknown_option`, `invalid_argument` or `missing_argument`.
 */
export function checkParams(
  caller: string,
  params: TransformParams,
  names: readonly string[],
  needed = names,
): CheckedParams {
  if (params === null || typeof params !== "object" || Array.isArray(params) || params instanceof Tensor) {
    throw new ArgumentError(
      `${caller}: params must be an object such as the result of getParams(x), { ${names.join(", ")} }.`,
      "invalid_argument",
    );
  }
  const checked: Record<string, readonly (number | readonly number[])[]> = {};
  for (const [name, value] of Object.entries(params)) {
    if (value === undefined) continue;
    if (!names.includes(name)) {
      const near = nearest(name, names);
      throw new ArgumentError(
        `${caller}: unknown parameter "${name}"; ` +
          `${near === undefined ? "it has none" : `did you mean "${near}"? Parameters: ${names.join(", ")}`}.`,
        "unknown_option",
      );
    }
    checked[name] = entriesOf(caller, name, value);
  }
  if (needed.length > 0 && Object.keys(checked).length === 0) {
    throw new ArgumentError(
      `${caller}: no parameter is given; pass { ${names.join(", ")} }, or draw them with getParams(x).`,
      "missing_argument",
    );
  }
  return checked;
}

/**
 * The number of transforms that the parameters are for; without parameters, 1.
 *
 * @throws ShapeError `shape_mismatch` for lists of different lengths.
 */
export function checkLengths(caller: string, params: CheckedParams): number {
  const [first, ...others] = Object.entries(params).map(([name, entries]) => [name, entries.length] as const);
  const odd = others.find(([, length]) => length !== first?.[1]);
  if (first && odd)
    throw new ShapeError(
      `${caller}: ${odd[0]} has ${odd[1]} entries and ${first[0]} has ${first[1]}, expected equal numbers; ` +
        "give each parameter one entry for each transform.",
      "shape_mismatch",
    );
  return first?.[1] ?? 1;
}

/** The entries of one parameter, checked. */
function entriesOf(caller: string, name: string, value: unknown): readonly (number | readonly number[])[] {
  const listed: unknown = value instanceof Tensor ? nested(value) : value;
  const given: readonly unknown[] = Array.isArray(listed) ? listed : [];
  const entries = given.map(
    (entry) =>
      (Array.isArray(entry) ? entry.filter((n) => n !== null && !Number.isNaN(n)) : entry) as
        | number
        | readonly number[],
  );
  const fits =
    entries.length > 0 &&
    entries.every((entry) => [entry].flat().every((n) => typeof n === "number" && Number.isFinite(n)));
  if (!fits)
    throw new ArgumentError(
      `${caller}: ${name} must be a list of finite numbers, one for each transform.`,
      "invalid_argument",
    );
  return entries;
}

/** The values of a scalar, a vector or a matrix as nested arrays; rows of a matrix may be padded with NaN. */
function nested(t: Tensor): unknown {
  const values = Array.from(t.dataSync());
  if (t.shape.length < 2) return values;
  const width = values.length / (t.shape[0] ?? 1);
  return Array.from({ length: t.shape[0] ?? 0 }, (_, i) => values.slice(i * width, (i + 1) * width));
}

/** The number that a set of parameters has under a name, or without one the neutral value. */
export function scalar(params: CheckedParams, name: string, neutral: number): number {
  const value = params[name]?.[0];
  return typeof value === "number" ? value : neutral;
}
