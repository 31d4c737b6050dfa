import { exactDiv, SureGaussianLoss, type Loss } from "../../ts/loss/index.js";
import { functional } from "../../ts/nn/index.js";
import type { Metric } from "../../ts/metric/index.js";
import type { Physics } from "../../ts/physics/index.js";
import { cat, tensor, Tensor } from "../../ts/tensor/index.js";
import type { CaseData } from "./case-data.js";
import { replay } from "./draws.js";
import type { Values } from "./format.js";
import { build, buildPhysics, findClass } from "./library.js";
import { GoldenNetwork } from "./network.js";

/** One comparison of a quirk: ours, what is right, and under which key the reference's own value lies. */
export interface QuirkCheck {
  readonly label: string;
  readonly key: string;
  readonly got: Tensor;
  readonly right: Tensor | Values;
}

/** For each case what is right, written down from the formula and independently of the library's classes. */
export const QUIRKS: Readonly<Record<string, (data: CaseData) => QuirkCheck[]>> = {
  exact_div_batch: divergencePerImage,
  metric_lpnorm_onesided: oneSidedNorm,
  metric_mse_standardize: standardisedPerImage,
  mri_ensure_inpainting: weightedEnsure,
  mri_ensure_mri: weightedEnsure,
  score_poisson_eval: poissonScore,
  score_poisson_unnormalized: poissonScore,
  sure_gaussian_unsure_momentum: momentum,
  transform_scale: scale,
};

function physicsOf(data: CaseData): Physics {
  const physics = buildPhysics(data);
  if (!physics) throw new Error(`${data.golden.name}: the case has no physics`);
  return physics;
}

/** `[B, ...]` to `[B]`. */
function perImage(t: Tensor): Tensor {
  return t.reshape([t.shape[0] ?? 1, -1]).mean(1);
}

/** One image of a batch. */
function images({ shape, data }: Values): Float64Array[] {
  const [batch = 1] = shape;
  return Array.from({ length: batch }, (_, b) =>
    data.subarray((b * data.length) / batch, ((b + 1) * data.length) / batch),
  );
}

/** The trace of the Jacobian over the entries of one image, image by image, here by central differences. */
function divergencePerImage(data: CaseData): QuirkCheck[] {
  const exact = data.exact();
  const physics = physicsOf(exact);
  const model = new GoldenNetwork(data.golden.model ?? {}, exact);
  const y = exact.input("y");
  const [batch = 1, ...rest] = y.shape;
  const entries = rest.reduce((a, b) => a * b, 1);
  const step = 1e-4;
  const sums = new Float64Array(batch);
  for (let i = 0; i < entries; i++) {
    const unit = new Float64Array(entries).map((_, k) => (k === i ? step : 0));
    const move = tensor(unit, { shape: [1, ...rest], ...exact.setting });
    const change = physics.A(model.forward(y.add(move))).sub(physics.A(model.forward(y.sub(move))));
    const values = change.reshape([batch, entries]).dataSync();
    sums.forEach((_, b) => (sums[b] = (sums[b] ?? 0) + (values[b * entries + i] ?? NaN) / (2 * step)));
  }
  const got = exactDiv({
    y: data.input("y"),
    model: new GoldenNetwork(data.golden.model ?? {}, data),
    physics: physicsOf(data),
  });
  // The reference has one number for the batch, so the value of each image is compared with it.
  return Array.from({ length: batch }, (_, b) => ({
    label: `value of image ${b}`,
    key: "expected.value",
    got: got.slice([b], [b + 1]),
    right: { shape: [1], data: Float64Array.of((sums[b] ?? NaN) / entries) },
  }));
}

/** Jacques et al. 2013: `sum max(0, -xNet x)^p`. */
function oneSidedNorm(data: CaseData): QuirkCheck[] {
  const { p } = data.golden.params as { p: number };
  const x = images(data.raw("x"));
  const sums = images(data.raw("xNet")).map((image, b) =>
    image.reduce((sum, v, i) => sum + Math.max(0, -v * (x[b]?.[i] ?? NaN)) ** p, 0),
  );
  const metric = build(data.golden, data) as Metric;
  const got = metric.forward(data.input("xNet"), data.input("x"));
  return [
    { label: "value", key: "expected.value", got, right: { shape: [sums.length], data: Float64Array.from(sums) } },
  ];
}

/** Mean and deviation of one image do not depend on the others in its batch. */
function standardisedPerImage(data: CaseData): QuirkCheck[] {
  const stats = (image: Float64Array): [number, number] => {
    const mean = image.reduce((a, b) => a + b, 0) / image.length;
    return [mean, Math.sqrt(image.reduce((a, b) => a + (b - mean) ** 2, 0) / (image.length - 1))];
  };
  const references = images(data.raw("x"));
  const errors = images(data.raw("xNet")).map((image, b) => {
    const reference = references[b] as Float64Array;
    const [[mean, deviation], [targetMean, targetDeviation]] = [stats(image), stats(reference)];
    const error = (v: number, i: number) =>
      ((v - mean) / deviation) * targetDeviation + targetMean - (reference[i] ?? NaN);
    return image.reduce((sum, v, i) => sum + error(v, i) ** 2, 0) / image.length;
  });
  const metric = build(data.golden, data) as Metric;
  const got = metric.forward(data.input("xNet"), data.input("x"));
  return [
    { label: "value", key: "expected.value", got, right: { shape: [errors.length], data: Float64Array.from(errors) } },
  ];
}

/** The divergence carries the same weights W^2 = 1 / E[mask] as the error. */
function weightedEnsure(data: CaseData): QuirkCheck[] {
  const { golden } = data;
  const physics = physicsOf(data);
  const model = new GoldenNetwork(golden.model ?? {}, data);
  const { sigma, tau } = golden.params as { sigma: number; tau: number };
  const y = data.input("y");
  const rng = replay(data);
  const loss = build(golden, data) as Loss;
  const xNet = model.forward(y, physics);
  const got = loss.forward({ xNet, y, physics, model, rng });

  const weight = data.tensor("maskAverage").rsqrt();
  const b = data.tensor("draw0");
  const ax = physics.A(xNet);
  const change = physics
    .A(model.forward(y.add(b.mul(tau)), physics))
    .sub(ax)
    .div(tau);
  const error = perImage(ax.sub(y).mul(weight).square());
  const right = error.add(perImage(weight.square().mul(b).mul(change)).mul(2 * sigma ** 2)).sub(sigma ** 2);
  return [{ label: "value", key: "expected.value", got, right }];
}

/**
 * Tweedie to first order: `E[x | y] = y + gain + gain y S(y)`; counts z stand for `gain z`, so `gain (z + 1 + z S(z))`.
 */
function poissonScore(data: CaseData): QuirkCheck[] {
  const { golden } = data;
  const physics = physicsOf(data);
  const network = new GoldenNetwork(golden.model ?? {}, data);
  const { delta } = golden.params as { delta: [number, number] };
  const { gain, normalize } = (golden.physics?.noise?.params ?? {}) as { gain: number; normalize: boolean };
  const model = (build(golden, data) as Loss).adaptModel(network);
  model.eval();
  const y = data.input("y");
  const got = model.forward(y, physics, { rng: replay(data) });
  const before = data.input("y");
  const score = network.forward(before.add(data.tensor("draw0").mul(delta[0])));
  const right = normalize
    ? before.add(gain).add(before.mul(score).mul(gain))
    : before.add(1).add(before.mul(score)).mul(gain);
  const checks: QuirkCheck[] = [{ label: "value", key: "expected.value", got, right }];
  const changed = golden.expected.outputs?.yAfterCall;
  if (typeof changed === "string")
    checks.push({ label: "the caller's y after the call", key: changed, got: y, right: data.raw("y") });
  return checks;
}

/** `v = momentum v + (1 - momentum) gradient`, started by the first gradient; `sigma2 = sigma2 + stepSize v`. */
function momentum(data: CaseData): QuirkCheck[] {
  const { golden } = data;
  const physics = physicsOf(data);
  const model = new GoldenNetwork(golden.model ?? {}, data);
  const params = golden.params as { sigma: number; tau: number; stepSize: number; momentum: number };
  const loss = build(golden, data) as SureGaussianLoss;
  const y = data.input("y");
  const rng = replay(data);
  const xNet = model.forward(y, physics);
  let sigma2 = params.sigma ** 2;
  let velocity = NaN;
  const checks: QuirkCheck[] = [];
  golden.draws.forEach((_, k) => {
    const level = sigma2;
    const value = loss.forward({
      xNet,
      y,
      physics: physics as Parameters<typeof loss.forward>[0]["physics"],
      model,
      rng,
    });
    const b = data.tensor(`draw${k}`);
    const divergence = perImage(
      model
        .forward(y.add(b.mul(params.tau)))
        .sub(xNet)
        .div(params.tau)
        .mul(b),
    );
    const right = perImage(xNet.sub(y).square())
      .add(divergence.mul(2 * level))
      .sub(level);
    const gradient = 2 * divergence.mean().itemSync();
    velocity = k === 0 ? gradient : params.momentum * velocity + (1 - params.momentum) * gradient;
    sigma2 += params.stepSize * velocity;
    const learned = loss.sigma2 instanceof Tensor ? loss.sigma2.clone() : tensor(loss.sigma2, data.setting);
    // The first step is the same with and without momentum; from the second on the levels part.
    if (k === 0) return;
    checks.push({
      label: `sigma2 after step ${k}`,
      key: `expected.sigma2AfterStep${k}`,
      got: learned,
      right: { shape: [], data: Float64Array.of(sigma2) },
    });
    if (k > 1) checks.push({ label: `value ${k}`, key: `expected.value${k}`, got: value, right });
  });
  return checks;
}

/** A zoom about a centre that leaves the image alone at factor 1, also where height and width differ. */
function scale(data: CaseData): QuirkCheck[] {
  const { factor, center } = data.golden.params.given as { factor: number[]; center: [number, number][] };
  const found = findClass(data.golden.class, data.golden.name);
  const transform = new found({}) as { transform(x: Tensor, params: object): Tensor };
  const x = data.input("x");
  const given = { factor: tensor(factor, data.setting), center: tensor(center, data.setting) };
  const [, , height = 1, width = 1] = x.shape;
  const zoomed = factor.map((f, b) => {
    const [cx, cy] = (center[b] ?? [0.5, 0.5]).map((c) => 2 * c - 1) as [number, number];
    const grid = Float64Array.from({ length: height * width * 2 }, (_, i) => {
      const [pixel, axis] = [Math.floor(i / 2), i % 2];
      const at =
        axis === 0 ? (2 * (pixel % width)) / (width - 1) - 1 : (2 * Math.floor(pixel / width)) / (height - 1) - 1;
      const c = axis === 0 ? cx : cy;
      return (at - c) / f + c;
    });
    const image = x.slice([b, 0, 0, 0], [b + 1, ...x.shape.slice(1)]);
    const sampled = tensor(grid, { shape: [1, height, width, 2], ...data.setting });
    return functional.gridSample(image, sampled, { mode: "bicubic", paddingMode: "reflection", alignCorners: true });
  });
  return [{ label: "value", key: "expected.value", got: transform.transform(x, given), right: cat(zoomed, 0) }];
}
