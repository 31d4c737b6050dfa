import { ArgumentError, checkKind, checkNumber, checkOptions, hasMethods, shown } from "../runtime/index.js";
import { unscale } from "../functional/index.js";
import { checkGradients } from "./check-gradients.js";
import { checkTensor, type DeviceName, type DType, keep, noGrad, Tensor, tensor, tidy } from "../tensor/index.js";

/** What makes a step, such as an `Optimizer`. */
interface Stepping {
  step(grads: readonly (Tensor | null)[], options: { readonly factor?: Tensor; readonly leaveOut?: boolean }): void;
}

const AN_OPTIMIZER = {
  fits: (value: unknown): boolean => hasMethods(value, ["step"]),
  expected: "an optimiser, such as new optim.Adam(model.parameters())",
};

/** Options of {@link LossScale}. */
export interface LossScaleOptions {
  /** The first scale. Default: 65536. */
  initial?: number;
}

/** Everything that a {@link LossScale} needs to continue exactly. */
export interface LossScaleState {
  /** The scale, and the finite steps since it changed, `[2]`; null before the first step. */
  values: Tensor | null;
}

/** Options of {@link LossScale.step}. */
export interface ScaledStepOptions {
  /** Largest Euclidean norm of the gradients together, without the scale. Default: no limit. */
  gradClip?: number | undefined;
}

/**
 * The scale of a loss for `init({ precision: "f16" })`: gradients of the scaled loss stay above the smallest float16.
 *
 * A step with gradients that are not finite is left out, parameters and the optimiser's tensors unchanged (it counts in
 * `stepCount`), and the scale is halved, down to 1; after 2,000 finite steps it is doubled, up to 2^24. With a scale of
 * 1 the step is taken: its weights are not finite, and a Trainer says so. All of it on the device: nothing is read.
 * (Micikevicius et al., "Mixed precision training", 2018, arXiv:1710.03740.)
 */
export class LossScale {
  readonly #initial: number;
  /** The scale, and the finite steps since it changed. */
  #state: Tensor | undefined;

  /** @throws ArgumentError `invalid_argument`, `unknown_option`. */
  constructor(options: LossScaleOptions = {}) {
    checkOptions("LossScale", options, ["initial"]);
    this.#initial = checkNumber("LossScale", "initial", options.initial ?? 65536, { min: 1, max: 2 ** 24 });
  }

  /** The loss times the scale. */
  scaled(loss: Tensor): Tensor {
    checkTensor("LossScale.scaled", "loss", loss);
    return this.#with(loss, (state) => tidy(() => loss.mul(state.slice([0], [1]).reshape([]))));
  }

  /**
   * A step of an optimiser on gradients of the scaled loss, and the next scale.
   *
   * @throws ArgumentError `invalid_argument`, `unknown_option`; what the optimiser's step throws.
   */
  step(optimizer: Stepping, gradients: readonly (Tensor | null)[], options: ScaledStepOptions = {}): void {
    const caller = "LossScale.step";
    checkKind(caller, "optimizer", optimizer, AN_OPTIMIZER);
    const given = checkGradients(caller, gradients).filter((gradient) => gradient !== null);
    checkOptions(caller, options, ["gradClip"]);
    const [first] = given;
    if (!first) return void optimizer.step(gradients, {});
    this.#with(first, (before) => {
      this.#state = noGrad(() =>
        tidy(() => {
          const { factor, state } = unscale(given, before, options.gradClip ?? Number.POSITIVE_INFINITY);
          optimizer.step(gradients, { factor, leaveOut: true });
          return keep(state);
        }),
      );
      before.dispose();
    });
  }

  /** The current scale; this waits for the device. */
  async value(): Promise<number> {
    return this.#state ? ((await this.#state.data())[0] as number) : this.#initial;
  }

  /** A snapshot; later steps do not change it, and the caller owns its tensor. */
  stateDict(): LossScaleState {
    return { values: this.#state?.detach() ?? null };
  }

  /**
   * Restores a snapshot; the next steps are then bit-equal. Nothing is changed where it does not fit.
   *
   * @throws ArgumentError `state_mismatch`.
   */
  loadStateDict(state: LossScaleState): void {
    checkLossScaleState("LossScale", state);
    const values = state.values && noGrad(() => keep(state.values!.detach().clone()));
    this.dispose();
    this.#state = values ?? undefined;
  }

  /** Frees the scale, which is the first one again. */
  dispose(): void {
    this.#state?.dispose();
    this.#state = undefined;
  }

  /** Runs `fn` with the state; one that is made for it does not outlive an error. */
  #with<T>({ dtype, device }: Tensor, fn: (state: Tensor) => T): T {
    const before = this.#state;
    try {
      this.#state ??= keep(tensor([this.#initial, 0], { dtype, device }));
      // One that was loaded may lie elsewhere.
      if (this.#state.device !== device || this.#state.dtype !== dtype) this.#move(this.#state, dtype, device);
      return fn(this.#state);
    } catch (error) {
      if (!before) this.dispose();
      throw error;
    }
  }

  #move(state: Tensor, dtype: DType, device: DeviceName): void {
    this.#state = noGrad(() => tidy(() => keep(state.to(dtype).to(device).clone())));
    state.dispose();
  }
}

/** Refuses what is no state of a {@link LossScale}. */
export function checkLossScaleState(owner: string, state: unknown): void {
  const { values } = (state ?? {}) as Partial<LossScaleState>;
  if (values === null || (values instanceof Tensor && values.shape.length === 1 && values.size === 2)) return;
  throw new ArgumentError(
    `${owner}.loadStateDict: ${shown(state)} is no state of a loss scale, expected { values } of two numbers or null.`,
    "state_mismatch",
  );
}
