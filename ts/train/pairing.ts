import type { Loss, LossesIn, NameOf, PairingFault } from "../loss/index.js";
import type { TrainerOptions } from "./options.js";

/**
 * Options of {@link Trainer} with the types of what belongs together. Where losses do not fit the physics, the data or
 * the model, the type of `losses` is a text that says why, which the compiler prints.
 */
export type PairedOptions<L, P, D, M> = Omit<TrainerOptions, "losses" | "physics" | "trainData" | "model"> & {
  /** The model to train. The Trainer calls each loss's `adaptModel` itself. */
  model: M;
  /** Makes the measurements where the data has none; several are taken in turn, each with its data set. */
  physics: P;
  /** The losses, or a list of such lists, one for each data set: `[[sup], [sure, { loss: tv, weight: 0.1 }]]`. */
  losses: Paired<L, P, D, M>;
  /**
   * Samples with `x`, with `y`, or both; a plain dataset is batched and shuffled. Several data sets are taken in turn,
   * a batch of each, until every batch of each was taken once; that is an epoch.
   */
  trainData: D;
};

/** The losses as they are, where they fit, otherwise why they do not. */
export type Paired<L, P, D, M> = [PairedFault<L, P, D, M>] extends [never] ? L : PairedFault<L, P, D, M>;

type PairedFault<L, P, D, M> = L extends readonly (readonly unknown[])[]
  ? { [I in keyof L]: ListFault<LossesOf<L[I]>, EntryOf<P, I>, EntryOf<D, I>, M> }[number]
  : ListFault<LossesOf<L>, EntryOf<P, number>, EntryOf<D, number>, M>;

/** The entry of a list for data set `I`; of one for all, that one. */
type EntryOf<T, I> = T extends readonly unknown[] ? (I extends keyof T ? T[I] : T[number]) : T;

type ListFault<L, P, D, M> = PairingFault<L, P> | TruthFault<L, D> | AdaptedFault<L, M> | TwoAdapted<Adapting<L>>;

/** The losses of an option: alone, with weights, in lists, in schedulers. */
type LossesOf<L> = L extends Loss
  ? L extends { readonly allLosses: unknown; readonly losses: readonly (infer E)[] }
    ? LossesOf<LossesIn<E>>
    : L
  : L extends readonly (infer E)[]
    ? LossesOf<E>
    : L extends { readonly loss: infer E }
      ? LossesOf<E>
      : never;

/** Where samples have no ground truth for a loss that needs it. */
type TruthFault<L, D> = D extends unknown
  ? [HasTruth<SampleOf<D>>] extends [false]
    ? L extends { readonly assumptions: { readonly needs: infer Needs extends readonly string[] } }
      ? // The length of a list that the type does not tell is `number`.
        number extends Needs["length"]
        ? never
        : "x" extends Needs[number]
          ? `${NameOf<L>} compares with ${Target<L>}, but trainData has none: give samples { x, y }, or another loss`
          : never
      : never
    : never
  : never;

/** Whether samples of a type may have ground truth; those of one's own datasets may have no `x` at all. */
type HasTruth<S> = unknown extends S
  ? true
  : S extends { readonly x?: infer X }
    ? [X] extends [undefined]
      ? false
      : "x" extends keyof S
        ? true
        : false
    : "x" extends keyof S
      ? true
      : false;

/** What a loss that needs `x` compares with. */
type Target<L> = L extends { readonly assumptions: { readonly noisyPairs: true } }
  ? "a second noisy image x"
  : "ground truth";

type SampleOf<D> = D extends { readonly dataset: { get(index: number): infer S } }
  ? Awaited<S>
  : D extends { get(index: number): infer S }
    ? Awaited<S>
    : unknown;

type Adapting<L> = L extends { readonly assumptions: { readonly adapted: true } } ? NameOf<L> : never;

/** Where the model was adapted to another loss. */
type AdaptedFault<L, M> = M extends { readonly adaptedBy: infer By extends string }
  ? string extends By
    ? never
    : Adapting<L> extends infer N extends string
      ? N extends By
        ? never
        : `${N} needs a model adapted to it, but this one is adapted to ${By}: give the network itself`
      : never
  : never;

/** Where two losses each need a model adapted to them alone. */
type TwoAdapted<All, N = All> = N extends unknown
  ? [All] extends [N]
    ? never
    : "two of the losses each need a model adapted to them alone: train with one of them"
  : never;
