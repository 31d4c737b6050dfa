// Objects of adjoint from the descriptions of tasks.mjs.
import { loss, nn, physics, transform, zeros } from "adjoint";
import { ColumnSplittingMaskGenerator, ConsistentMoDL, Unrolled } from "../../../examples/shared/index.mjs";

/** A penalty on a loss above a limit: `max(0, loss - limit)^2`. */
class AboveLimit extends loss.Loss {
  constructor({ loss: of, limit }) {
    super();
    this.name = "AboveLimit";
    this.assumptions = of.assumptions;
    this.limit = limit;
    this.of = of;
  }

  forward(args) {
    return this.of.forward(args).sub(this.limit).relu().square();
  }
}

/** What a description says; `tensors` are those that it may name, `more` further options of its outermost object. */
export function made(description, tensors, more = {}) {
  if (Array.isArray(description)) return description.map((each) => made(each, tensors));
  if (description === null || typeof description !== "object") return description;
  if (description.tensor) return tensors[description.tensor];
  const { name, ...options } = description;
  const Class = [{ AboveLimit, ColumnSplittingMaskGenerator }, loss, loss.mri, loss.adversarial, physics, transform, nn]
    .map((folder) => folder[name])
    .find(Boolean);
  const values = Object.entries(options).map(([key, value]) => [key, made(value, tensors)]);
  return new Class({ ...Object.fromEntries(values), ...more });
}

/** The operator of a task. Filtered back-projection is its pseudo-inverse where the network starts from it. */
export function operatorOf(task, tensors) {
  return made(task.physics, tensors, task.network.start === "fbp" ? { fbp: true } : {});
}

/** The untrained network of a task and the denoiser in it, which is the identity: its last convolution is 0. */
export function networkOf({ network }, rng) {
  const { start, denoiser: description, ...settings } = network;
  const denoiser = made(description, {}, { rng });
  denoiser.outConv.weight.assign_(zeros(denoiser.outConv.weight.shape));
  if (start === "modl") return { denoiser, model: new ConsistentMoDL({ denoiser, ...settings }) };
  if (start === "unrolled") return { denoiser, model: new Unrolled({ denoiser, ...settings }) };
  const mode = start === "fbp" ? "pinv" : start;
  return { denoiser, model: new nn.ArtifactRemoval({ backboneNet: denoiser, mode }) };
}

/** The losses of a row with their weights, and the model adapted to them. */
export function lossesOf({ terms }, model, tensors) {
  const losses = terms.map(({ loss: description, weight = 1 }) => ({ loss: made(description, tensors), weight }));
  const adapted = losses.reduce((each, { loss: own }) => own.adaptModel(each), model);
  return { losses, model: adapted };
}

/** The initial discriminator of a task, where it has one. */
export function discriminatorOf({ discriminator }, rng) {
  return discriminator === undefined ? undefined : made(discriminator, {}, { rng });
}
