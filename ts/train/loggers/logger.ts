import type { Tensor } from "../../tensor/index.js";

/**
 * Receives the values and images of a training: give one or several to the Trainer's `loggers`.
 *
 * A method that throws or rejects ends the training with that error.
 */
export interface Logger {
  /** The files that it writes: while a Trainer runs, another training that names one of them is refused. */
  readonly lockedFiles?: readonly string[];

  /**
   * Called once before the first step of a run.
   *
   * @param step steps already done: 0, or the step of the checkpoint that the run continues.
   * @param settings the Trainer's options as plain data, for display.
   */
  start?(step: number, settings: Readonly<Record<string, unknown>>): void | Promise<void>;

  /**
   * Values after a step, by name: `train/loss`, `train/<loss>`, `train/<metric>`, `eval/<metric>`, `eval/<loss>`,
   * `learningRate`, `imagesPerSecond`.
   */
  scalars(step: number, values: Readonly<Record<string, number>>): void | Promise<void>;

  /** Images `[C, H, W]` after a step, by name. The tensors are freed after the call. */
  images?(step: number, images: Readonly<Record<string, Tensor>>): void | Promise<void>;

  /** Called once at the end of a run, also after an error or an abort. */
  close?(): void | Promise<void>;
}
