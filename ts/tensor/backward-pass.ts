import { binding, type Handle } from "../runtime/index.js";
import { handlesOf, zerosLike } from "./autodiff.js";
import { freeOnError } from "./handle.js";
import { handleOf, Tensor } from "./tensor.js";

/**
 * The backward pass from one output, which gives the gradients of some inputs, stops, and goes on when asked for more:
 * the bits are those of {@link grad} with `allowUnused`, and nothing is computed twice.
 *
 * It holds the part of the graph that it has not come through, until it is disposed of. Not differentiable again.
 */
export class BackwardPass {
  readonly #inputs: readonly Tensor[];
  readonly #binding = binding();
  readonly #pass: number;

  /**
   * @throws ArgumentError `not_scalar` for an output of more than one element; `in_checkpoint`.
   */
  constructor(output: Tensor, inputs: readonly Tensor[]) {
    this.#inputs = inputs;
    this.#pass = this.#binding.gradBegin(handleOf(output), handlesOf(inputs));
  }

  /** The positions of all inputs, in the order in which their gradients become complete. */
  get order(): number[] {
    return [...this.#binding.gradOrder(this.#pass)];
  }

  /**
   * The gradients of the inputs at some positions. The pass goes on until they are complete; an error ends it.
   *
   * @throws ArgumentError `disposed` after the end; DeviceError.
   */
  next(positions: readonly number[]): Tensor[] {
    return freeOnError(() => {
      const found = this.#binding.gradNext(this.#pass, [...positions]);
      const given = found.map((handle) => (handle === 0 ? undefined : new Tensor(handle as Handle)));
      return given.map((gradient, i) => gradient ?? zerosLike(this.#inputs[positions[i] as number] as Tensor));
    });
  }

  /** Ends the pass; a second call does nothing. */
  dispose(): void {
    this.#binding.gradEnd(this.#pass);
  }
}
