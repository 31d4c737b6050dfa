import { type Binding, binding, checkWord, DeviceError, type Handle } from "../runtime/index.js";

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
        "the native add-on or WebAssembly module and the compiled package are of different builds: run npm run build.",
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
