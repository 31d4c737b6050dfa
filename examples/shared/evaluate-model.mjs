import { metric, Rng, train } from "adjoint";

/**
 * Evaluates a model on the test images; with the same seed, every model gets the same noise.
 *
 * Returns the label, `values[metric][image]`, the reconstructions and the ground truth.
 */
export async function evaluateModel(label, model, { physics, data, seed, metrics = [new metric.PSNR()] }) {
  const images = [];
  const truth = [];
  const onBatch = async ({ x, xNet }) => {
    images.push(xNet.clone());
    truth.push(x.clone());
  };
  const result = await train.evaluate({ model, physics, data, metrics, rng: new Rng(seed + 1_000_000), onBatch });
  const values = Object.fromEntries(
    Object.entries(result.metrics).map(([name, summary]) => [name, [...summary.values]]),
  );
  return { label, values, images, truth };
}

/** The mean of a list of numbers. */
export function mean(values) {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
