import type { Tensor } from "../tensor/index.js";

/** A network that can be exported: any `Module` with a forward function. */
export interface ExportableModel {
  /** The output for an input, and for a noise level or a physics. */
  forward(x: Tensor, ...condition: never[]): Tensor;
  /** Whether it is in training mode. */
  readonly training: boolean;
  /** Switches to evaluation mode. */
  eval(): unknown;
  /** The network and its parts. */
  modules?(): readonly { readonly training: boolean }[];
  /** Weights by name. */
  namedParameters?(): [string, Tensor][];
  /** Statistics by name. */
  namedBuffers?(): [string, Tensor][];
}

/** Options of `exportOnnx`. */
export interface ExportOnnxOptions {
  /** Shape of the input, such as `[1, 1, 64, 64]`. */
  readonly inputShape: readonly number[];
  /**
   * Axes whose sizes are chosen at run time: `"batch"`, `"height"`, `"width"`. The graph takes the path that forward
   * takes for `inputShape` and its double: a network that halves its input three times needs sides that 8 divides.
   * Default: none.
   */
  readonly dynamic?: readonly ("batch" | "height" | "width")[];
  /** The noise level of a network that takes one; `"input"` makes it an input `sigma` of shape `[1]`. Default: none. */
  readonly sigma?: number | "input";
  /** The physics of a network that takes one; it becomes part of the graph. Default: none. */
  readonly physics?: object;
  /** Texts that the file carries; `name` and `version` also name the graph and its producer's version. */
  readonly metadata?: Readonly<Record<string, string>>;
}
