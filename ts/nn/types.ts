import type { OperatorKind, NoiseModel, Physics } from "../physics/index.js";
import type { RandomSource } from "../random/index.js";
import type { DeviceName, DType } from "../runtime/index.js";
import type { Tensor } from "../tensor/index.js";
import type { LoadReport, Module } from "./module.js";
import type { StateDict } from "./state-type.js";

/** A module that maps one tensor to one tensor: what `Sequential` is made of. */
export type Layer = Module & {
  /** The layer's output. */
  forward(x: Tensor): Tensor;
};

/** A module that cleans an image; `sigma` is the noise level, which a blind denoiser ignores. */
export type Denoiser = Module & {
  /** The cleaned image, of the shape of `x` (channels may differ). */
  forward(x: Tensor, sigma?: number | Tensor): Tensor;
};

/** The second argument of a network, which it may ignore: the physics, or the noise level. */
export type Condition = Physics<NoiseModel, OperatorKind> | Tensor | number;

/** Options of a reconstruction. */
export interface ReconstructOptions {
  /** For models that draw something per call (splitting masks, recorruptions): whether to redraw it. */
  updateParameters?: boolean;
  /** Stream of these draws. */
  rng?: RandomSource;
}

/** A reconstruction method, `x = R(y, A)`: from measurements to an image. */
export interface Reconstructor {
  /** The reconstruction of measurements `y` made by `physics`. */
  forward(y: Tensor, physics?: Physics<NoiseModel, OperatorKind>, options?: ReconstructOptions): Tensor;
  /** Whether the model is in training mode. */
  training: boolean;
  /** All weights, each once. */
  parameters(): Tensor[];
  /** All weights with their names. */
  namedParameters(): [string, Tensor][];
  /** A snapshot of weights and buffers by name. */
  stateDict(): StateDict;
  /** Loads weights and buffers by name. */
  loadStateDict(state: StateDict, options?: { strict?: boolean }): LoadReport;
  /** Switches to training mode (or out of it with `false`). */
  train(mode?: boolean): unknown;
  /** Switches to evaluation mode. */
  eval(): unknown;
}

/** How the weights of a new layer or model are initialised. */
export interface WeightOptions {
  /**
   * Stream of the initial weights; give one, such as `new Rng(0)`, to all layers of a network for weights that can be
   * reproduced. Default: the stream of the library, seeded by the operating system.
   */
  rng?: RandomSource;
  /** Element type of the weights. Default: `"float32"`. */
  dtype?: DType;
  /** Device of the weights. Default: the current device. */
  device?: DeviceName;
}

/** The option names of {@link WeightOptions}, for `checkOptions`. */
export const WEIGHT_OPTIONS = ["rng", "dtype", "device"] as const;
