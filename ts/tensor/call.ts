import {
  ArgumentError,
  type Binding,
  binding,
  checkList,
  checkNumber,
  checkWord,
  DeviceError,
  type Handle,
  shown,
} from "../runtime/index.js";

/** How operators are called; 0 stands for an absent tensor. */
interface Calls {
  /** An operator with one result, at most two tensors (b is 0 for one) and one number: no arrays are made. */
  one(operator: number, a: Handle, b: Handle | 0, value: number): Handle;
  /** An operator with one result. */
  first(operator: number, tensors: (Handle | 0)[], ints: number[], floats: number[]): Handle;
  /** An operator with several results. */
  all(operator: number, tensors: (Handle | 0)[], ints: number[], floats: number[]): Handle[];
}

/**
 * Calls by the operator table with this digest. A binding of another build, whose codes would name other operators, is
 * refused.
 *
 * @throws DeviceError `native_mismatch`.
 */
export function operatorCalls(tableDigest: string): Calls {
  let verified: Binding | undefined;
  const checked = (): Binding => {
    const current = binding();
    if (current === verified) return current;
    if (current.surfaceDigest() !== tableDigest) {
      throw new DeviceError(
        "the native add-on or WebAssembly module and the compiled package are of different builds: install the " +
          "package again, or in a clone run npm run build.",
        "native_mismatch",
      );
    }
    verified = current;
    return current;
  };
  return {
    one(operator, a, b, value) {
      const current = checked();
      if (current.applyOne) return current.applyOne(operator, a, b, value);
      return current.apply(operator, b === 0 ? [a] : [a, b], [], [value])[0] as Handle;
    },
    first: (operator, tensors, ints, floats) => checked().apply(operator, tensors, ints, floats)[0] as Handle,
    all: (operator, tensors, ints, floats) => checked().apply(operator, tensors, ints, floats),
  };
}

/**
 * The code of a word of an enum.
 *
 * @throws ArgumentError `invalid_argument` that lists the words.
 */
export function code<W extends string>(operator: string, name: string, words: readonly W[], word: W): number {
  return words.indexOf(checkWord(operator, name, word, words));
}

/**
 * A boolean as the core takes it.
 *
 * @throws ArgumentError `invalid_argument` for anything else.
 */
export function flag(operator: string, name: string, value: boolean): number {
  if (typeof value === "boolean") return value ? 1 : 0;
  throw new ArgumentError(`${operator}: ${name} is ${shown(value)}, expected true or false.`, "invalid_argument");
}

/**
 * A whole number that JavaScript represents exactly; whether it is in its range the operator knows.
 *
 * @throws ArgumentError `invalid_argument` for anything else.
 */
export function integer(operator: string, name: string, value: number): number {
  return Number.isSafeInteger(value) ? value : checkNumber(operator, name, value, WHOLE);
}

const WHOLE = { integer: true, min: Number.MIN_SAFE_INTEGER, max: Number.MAX_SAFE_INTEGER } as const;

/** The core takes at most two numbers for each of 32 axes. */
const MAX_LENGTH = 64;

/**
 * A list of whole numbers, with its length in front.
 *
 * @throws ArgumentError `invalid_argument` for anything else.
 */
export function integers(operator: string, name: string, value: readonly number[]): number[] {
  const list = [checkList(operator, name, value, MAX_LENGTH).length];
  for (const entry of value) list.push(integer(operator, name, entry));
  return list;
}

/**
 * A number; it may be infinite or NaN.
 *
 * @throws ArgumentError `invalid_argument` for anything else.
 */
export function number(operator: string, name: string, value: number): number {
  if (typeof value === "number") return value;
  throw new ArgumentError(`${operator}: ${name} is ${shown(value)}, expected a number.`, "invalid_argument");
}

/**
 * A list of numbers.
 *
 * @throws ArgumentError `invalid_argument` for anything else.
 */
export function numbers(operator: string, name: string, value: readonly number[]): readonly number[] {
  for (const entry of checkList(operator, name, value)) number(operator, name, entry);
  return value;
}
