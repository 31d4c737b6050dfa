import type { NoiseKind, OperatorKind } from "../physics/index.js";
import type { LossName, lossAssumptions } from "./assumptions.js";

/**
 * What the compiler says of a loss that does not fit a physics: the type of what is expected becomes a text, which is
 * then all that the error prints. What a type does not tell (a `Physics` of any noise, a `Loss`) is checked at run time
 * alone, by `mismatch`.
 */
export type PairingFault<L, P, All = P> = L extends { readonly assumptions: infer A extends Row }
  ? // The length of a list that the type does not tell is `number`.
    number extends A["needs"]["length"]
    ? never
    : P extends unknown
      ? Fault<NameOf<L>, A, P, All> extends infer Text extends string
        ? `${Text}; losses that fit: ${Joined<Fitting<P, Suggested>, ", ">}`
        : never
      : never
  : never;

/** The class name of a loss of this library, otherwise "this loss". */
export type NameOf<L> = L extends { readonly name: infer N extends string }
  ? string extends N
    ? "this loss"
    : N
  : "this loss";

/** The losses that a message suggests where they fit, in this order; `compatibleLosses` names all that do. */
type Suggested = [
  "SureGaussianLoss",
  "SurePoissonLoss",
  "SurePGLoss",
  "R2RLoss",
  "SplittingLoss",
  "StackedPhysicsLoss",
  "MCLoss",
  "EILoss",
  "SupLoss",
];

interface Row {
  readonly noise: readonly string[] | "any";
  readonly operator: readonly string[] | "any" | "linear";
  readonly needs: readonly string[];
}

type Fault<N extends string, A extends Row, P, All = P> =
  OperatorOf<P> extends "stacked" | "pansharpen"
    ? // Among all kinds, a stack is only one that it may be.
      OperatorKind extends OperatorOf<All>
      ? never
      : StackFault<N, A>
    : NoiseFault<N, A, NoiseOf<P>> | OperatorFault<N, A, P>;

type StackFault<N extends string, A extends Row> = A["operator"] extends readonly ["stacked"]
  ? never
  : Extract<A["needs"][number], "y" | "physics"> extends never
    ? never
    : `${N} takes one operator, but the physics is a stack: give each operator its own loss in a StackedPhysicsLoss`;

type NoiseFault<N extends string, A extends Row, K extends string> = A["noise"] extends readonly string[]
  ? Exclude<Known<K, NoiseKind>, A["noise"][number]> extends infer Other extends string
    ? `${N} assumes ${Joined<A["noise"], " or ">} noise, but the physics has ${Other} noise`
    : never
  : never;

type OperatorFault<N extends string, A extends Row, P> = A["operator"] extends readonly string[]
  ? Exclude<Known<OperatorOf<P>, OperatorKind>, A["operator"][number]> extends infer Other extends string
    ? `${N} assumes the operator ${Joined<A["operator"], " or ">}, but the physics is ${Other}`
    : never
  : A["operator"] extends "linear"
    ? P extends { AAdjoint: unknown }
      ? never
      : OperatorKind extends OperatorOf<P>
        ? never
        : `${N} assumes a linear operator, but the physics is not a LinearPhysics`
    : never;

type NoiseOf<P> = P extends { readonly noiseModel: { readonly kind: infer K extends string } } ? K : NoiseKind;
type OperatorOf<P> = P extends { readonly operator: infer O extends string } ? O : OperatorKind;

/** A kind that the type of a physics tells; nothing where it may be any. */
type Known<K extends string, Any extends string> = Any extends K ? never : K;

type Fitting<P, Names> = Names extends readonly [infer N extends LossName, ...infer Rest]
  ? [Fault<N, (typeof lossAssumptions)[N], P>] extends [never]
    ? [N, ...Fitting<P, Rest>]
    : Fitting<P, Rest>
  : [];

type Joined<Words, Between extends string> = Words extends readonly [infer Word extends string, ...infer Rest]
  ? Rest extends readonly []
    ? Word
    : `${Word}${Between}${Joined<Rest, Between>}`
  : Words extends readonly (infer Word extends string)[]
    ? Word
    : never;
