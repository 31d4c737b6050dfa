import type { Tensor } from "../tensor/index.js";

/** Weights and statistics of a module by name; the names are those of the same PyTorch or deepinv module. */
export type StateDict = Record<string, Tensor>;

/**
 * The state of a module of type `M`: tensors by name, where the names that follow from its type are known to the
 * compiler.
 *
 * Known are the public fields of type `Tensor`, of `M` and of its parts, and the layers of a `Sequential` that was
 * made from a list of known length. What may be absent (a bias of type `Tensor | null`), and arrays of parts, are found
 * as in any {@link StateDict}. A public field of type `Tensor` is taken for a parameter or a buffer, which the type
 * does not tell from any other tensor.
 */
export type StateOf<M> = StateDict & { [name in StateKey<M>]: Tensor };

/** Parts by name, of which the type `L` of the list that they were made from is known. */
export type PartsFrom<Part, L> = [string, Part][] & { readonly madeFrom?: L };

/** What every module has, and nothing else that a field may hold. */
interface AnyModule {
  namedChildren(): unknown;
  namedParameters(): unknown;
}

/** The names of a module's state that its type tells, to six parts deep. */
export type StateKey<M, Depth extends readonly unknown[] = [0, 0, 0, 0, 0, 0]> = Depth extends readonly [
  unknown,
  ...infer Rest,
]
  ? FieldKey<M, Rest> | (M extends { namedChildren(): { readonly madeFrom?: infer L } } ? ListKey<L, Rest> : never)
  : never;

/** The names that the fields of a module give. */
type FieldKey<M, Depth extends readonly unknown[]> = {
  [K in keyof M & string]: M[K] extends Tensor
    ? StateName<K>
    : M[K] extends AnyModule
      ? `${StateName<K>}.${StateKey<M[K], Depth>}`
      : never;
}[keyof M & string];

/** The names that the parts of a list of known length give: their own, or their position. */
type ListKey<L, Depth extends readonly unknown[]> = L extends readonly unknown[]
  ? number extends L["length"]
    ? never
    : {
        [I in keyof L & `${number}`]: L[I] extends readonly [infer N extends string, infer M]
          ? `${N}.${StateKey<M, Depth>}`
          : `${I}.${StateKey<L[I], Depth>}`;
      }[keyof L & `${number}`]
  : never;

/** `inConv` to `in_conv`, as `stateName` in module.ts; a name that starts with a capital stays. */
type StateName<Name extends string> = Name extends `${infer First}${infer Rest}`
  ? IsLowerCase<First> extends true
    ? `${First}${Separated<Rest, First>}`
    : Name
  : Name;

type Separated<Text extends string, Before extends string> = Text extends `${infer First}${infer Rest}`
  ? `${IsUpperCase<First> extends true ? `${StartsWord<Before>}${Lowercase<First>}` : First}${Separated<Rest, First>}`
  : "";

type StartsWord<Before extends string> = IsUpperCase<Before> extends true ? "" : Before extends "_" | "$" ? "" : "_";
type IsUpperCase<Letter extends string> = Letter extends Lowercase<Letter> ? false : true;
type IsLowerCase<Letter extends string> = Letter extends Uppercase<Letter> ? false : true;
