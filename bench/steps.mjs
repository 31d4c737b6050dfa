// Steps of timed cases, as a user would write them. Each is a function that returns a tensor to wait for.
import { grad, noGrad, optim, physics, Rng } from "../dist/index.js";

/** Standard deviation of the noise. */
export const sigma = 0.1;

/** A step of Adam on a scalar: the gradients of all weights, and one update. */
export function training(model, scalar) {
  const optimizer = new optim.Adam(model.parameters(), { lr: 1e-4 });
  return () => {
    const value = scalar();
    // A Jacobian does not depend on the last bias.
    const gradients = grad(value, model.parameters(), { allowUnused: true });
    noGrad(() => optimizer.step(gradients));
    return value.detach();
  };
}

export const denoising = () => new physics.Denoising({ noiseModel: new physics.GaussianNoise({ sigma }) });

/** A batch of noisy images and their originals. */
export function images(rng, shape, operator) {
  const x = rng.uniform(shape);
  return { x, y: operator.forward(x, { rng }) };
}

/** A number to wait for, once its gradients are computed: reading a gradient back would take part of the time. */
export function derived(value, operands) {
  for (const gradient of grad(value, operands)) gradient.dispose();
  return value.detach();
}

/** The gradients of a squared norm in these operands. */
export function squared(f, ...operands) {
  const leaves = operands.map((operand) => operand.requiresGrad_());
  return () =>
    derived(
      f(...leaves)
        .square()
        .sum(),
      leaves,
    );
}

/** Adds noise to images. */
export function noise(model) {
  const rng = new Rng(0);
  const x = rng.uniform([4, 3, 256, 256]);
  return () => noGrad(() => model.forward(x, { rng }));
}
