import { Adam } from "../../ts/optim/index.js";
import type { Loss } from "../../ts/loss/index.js";
import type { Module, Reconstructor } from "../../ts/nn/index.js";
import type { Physics } from "../../ts/physics/index.js";
import type { RandomSource } from "../../ts/random/index.js";
import { cat, grad, noGrad, tidy, type Tensor } from "../../ts/tensor/index.js";
import { call, everyLoss } from "../loss/every.js";
import { asOnCpu, numbersOf, type DeviceCheck, type Numbers } from "./check.js";

/** What a training step has of an example of a loss: a batch and a model, whose weights it changes. */
interface StepArgs {
  readonly y: Tensor;
  readonly physics: Physics;
  readonly model: Reconstructor;
  readonly D?: Module;
  readonly rng: RandomSource;
}

/** A training step as the trainer does it: reconstruction, loss, gradients, Adam. It returns loss and gradients. */
export function trainingStep(loss: Loss, args: Readonly<Record<string, unknown>>): () => Tensor[] {
  const { y, physics, model, D, rng } = args as unknown as StepArgs;
  const weights = [...model.parameters(), ...(D?.parameters() ?? [])];
  const optimizer = new Adam(weights, { lr: 1e-3 });
  return () => {
    const xNet = model.forward(y, physics, { updateParameters: true, rng });
    const value = call(loss, { ...args, xNet });
    const gradients = grad(value.mean(), weights, { allowUnused: true });
    noGrad(() => optimizer.step(gradients));
    return [value.detach(), ...gradients];
  };
}

/** Largest error: some losses are differences of nearly equal numbers, divided by a small one. */
const TOLERANCE = 1e-3;

/** The loss and the gradients of two steps, those of a step as one list: some gradients are 0 but for rounding. */
async function twoSteps(name: keyof typeof everyLoss): Promise<Numbers[]> {
  const results = tidy(() => {
    const { loss, args } = everyLoss[name]();
    const step = trainingStep(loss, args);
    return [step(), step()].map((all) => cat(all.map((t) => t.flatten())));
  });
  return await numbersOf(Object.fromEntries(results.map((t, i) => [`step ${i}`, t])));
}

/** A step of every loss, against the CPU with the same draws. */
export const lossChecks: readonly DeviceCheck[] = (Object.keys(everyLoss) as (keyof typeof everyLoss)[]).map((name) =>
  asOnCpu(`a step of ${name}`, async () => await twoSteps(name), TOLERANCE),
);
