import { beforeAll, describe, expect, it } from "vitest";
import { DataLoader, TensorDataset } from "../../ts/data/index.js";
import { type LossArgs, MCLoss, SupLoss } from "../../ts/loss/index.js";
import { Module } from "../../ts/nn/index.js";
import { SGD } from "../../ts/optim/index.js";
import * as p from "../../ts/physics/index.js";
import { Rng } from "../../ts/random/index.js";
import { ArgumentError, init } from "../../ts/runtime/index.js";
import { full, keep, memory, ones, tensor, Tensor } from "../../ts/tensor/index.js";
import { type AnyPhysics } from "../../ts/train/options.js";
import { Trainer } from "../../ts/train/index.js";
import { expectError } from "../physics/helpers.js";

beforeAll(() => init({ device: "cpu" }));

/** `w A^T y`, or of stacked operators the adjoint of the first; it records what it was given. */
class Adjoint extends Module {
  readonly weight = ones([1]).requiresGrad_();
  readonly seen: { parameters: string; training: boolean }[] = [];

  forward(y: Tensor | p.TensorList, physics?: p.Physics | p.StackedPhysics): Tensor {
    this.seen.push({ parameters: JSON.stringify(values(physics)), training: this.training });
    const [first, operator] =
      y instanceof p.TensorList ? [y.at(0), (physics as unknown as p.StackedPhysics).at(0)] : [y, physics];
    return (operator as p.LinearPhysics).AAdjoint(first).mul(this.weight);
  }
}

/** Measurement consistency that records the physics it was given. */
class Recorded extends MCLoss {
  readonly seen: string[] = [];
  override forward(args: LossArgs): Tensor {
    this.seen.push(JSON.stringify(values(args.physics)));
    return super.forward(args as Parameters<MCLoss["forward"]>[0]);
  }
}

/** Every number in an object and in the objects and tensors in it. */
function values(object: unknown, found: Set<unknown> = new Set()): unknown {
  if (object instanceof Tensor) return { shape: object.shape, data: Array.from(object.dataSync()) };
  if (typeof object !== "object" || object === null) return typeof object === "function" ? "function" : object;
  if (found.has(object) || ArrayBuffer.isView(object)) return "seen";
  found.add(object);
  const skipped = ["rng", "left", "right", "ramp"];
  return Object.entries(object)
    .filter(([name]) => !skipped.includes(name))
    .map(([name, value]) => [name, values(value, found)]);
}

/** `x` multiplied by a factor, kept in a field as an earlier version of custom.md told. */
class Scaled extends p.LinearPhysics {
  factor: p.Level = 1;
  override A(x: Tensor): Tensor {
    return x.mul(this.factor);
  }
  override AAdjoint(y: Tensor): Tensor {
    return y.mul(this.factor);
  }
  override parameterNames(): readonly string[] {
    return ["factor"];
  }
  protected override setParameters({ factor }: p.PhysicsParameters): void {
    if (factor !== undefined) this.factor = factor instanceof Tensor ? keep(factor) : factor;
  }
}

/** The same with a `#private` member. */
class Hidden extends p.LinearPhysics {
  #factor: p.Level = 1;
  override A(x: Tensor): Tensor {
    return x.mul(this.#factor);
  }
  override AAdjoint(y: Tensor): Tensor {
    return y.mul(this.#factor);
  }
  override parameterNames(): readonly string[] {
    return ["factor"];
  }
  protected override setParameters({ factor }: p.PhysicsParameters): void {
    if (factor !== undefined) this.#factor = factor instanceof Tensor ? keep(factor) : factor;
  }
  protected override newInstance(): this {
    const copy = new Hidden();
    copy.#factor = this.#factor;
    return copy as this;
  }
}

interface Case {
  readonly name: string;
  readonly physics: () => AnyPhysics;
  /** Shape of one image; default: `[1, 8, 8]`. */
  readonly image?: number[];
  /** Parameters of `n` samples. */
  readonly params: (n: number, rng: Rng) => Record<string, Tensor>;
}

/** Levels between `low` and `low + 1`, one for each sample. */
const levels = (n: number, rng: Rng, low = 0.1): Tensor => rng.uniform([n]).add(low);
const blurred = (n: number, rng: Rng): Record<string, Tensor> => ({ filter: rng.uniform([n, 1, 3, 3]).add(0.1) });
const masks = (n: number, rng: Rng, shape: number[]): Record<string, Tensor> => ({
  // At least one entry is measured.
  mask: rng.bernoulli([n, ...shape], 0.5).maximum(tensor([1]).pad([0, 7], { mode: "constant" })),
});
const noisy = (noiseModel: p.NoiseModel): p.Denoising<p.NoiseModel> => new p.Denoising({ noiseModel });
const inpainting = (): p.Inpainting =>
  new p.Inpainting({ imgSize: [1, 8, 8], mask: new Rng(5).bernoulli([8, 8], 0.5) });

const cases: readonly Case[] = [
  { name: "sigma", physics: () => noisy(new p.GaussianNoise()), params: (n, rng) => ({ sigma: levels(n, rng) }) },
  {
    name: "sigma, [1] in each sample",
    physics: () => noisy(new p.GaussianNoise()),
    params: (n, rng) => ({ sigma: levels(n, rng).reshape([n, 1]) }),
  },
  { name: "gain", physics: () => noisy(new p.PoissonNoise()), params: (n, rng) => ({ gain: levels(n, rng) }) },
  {
    name: "gain and sigma",
    physics: () => noisy(new p.PoissonGaussianNoise()),
    params: (n, rng) => ({ gain: levels(n, rng), sigma: levels(n, rng) }),
  },
  { name: "l", physics: () => noisy(new p.GammaNoise()), params: (n, rng) => ({ l: levels(n, rng, 1) }) },
  { name: "a", physics: () => noisy(new p.UniformNoise({ a: 0.3 })), params: (n, rng) => ({ a: levels(n, rng) }) },
  {
    name: "sigmaMin and sigmaMax",
    physics: () => noisy(new p.UniformGaussianNoise()),
    params: (n, rng) => ({ sigmaMin: levels(n, rng), sigmaMax: levels(n, rng, 2) }),
  },
  {
    name: "p and s",
    physics: () => noisy(new p.SaltPepperNoise()),
    params: (n, rng) => ({ p: levels(n, rng).mul(0.1), s: levels(n, rng).mul(0.1) }),
  },
  { name: "mask of Inpainting", physics: inpainting, params: (n, rng) => masks(n, rng, [1, 8, 8]) },
  { name: "filter of Blur", physics: () => new p.Blur({ filter: ones([1, 1, 3, 3]) }), params: blurred },
  {
    name: "filter of BlurFFT",
    physics: () => new p.BlurFFT({ imgSize: [1, 8, 8], filter: ones([1, 1, 3, 3]) }),
    params: blurred,
  },
  { name: "filter of Downsampling", physics: () => new p.Downsampling({ filter: "bilinear" }), params: blurred },
  {
    name: "mask and sigma of MRI",
    physics: () => new p.MRI({ imgSize: [8, 8], noiseModel: new p.GaussianNoise() }),
    image: [2, 8, 8],
    params: (n, rng) => ({ ...masks(n, rng, [2, 8, 8]), sigma: levels(n, rng) }),
  },
  {
    name: "mask and coilMaps of MultiCoilMRI",
    physics: () => new p.MultiCoilMRI({ imgSize: [8, 8], coilMaps: 2 }),
    image: [2, 8, 8],
    params: (n, rng) => ({ ...masks(n, rng, [1, 8, 8]), coilMaps: rng.normal([n, 2, 8, 8, 2]) }),
  },
  {
    name: "mask of DynamicMRI",
    physics: () => new p.DynamicMRI({ imgSize: [3, 8, 8] }),
    image: [2, 3, 8, 8],
    params: (n, rng) => masks(n, rng, [1, 3, 8, 8]),
  },
  {
    name: "mask of SequentialMRI",
    physics: () => new p.SequentialMRI({ imgSize: [3, 8, 8] }),
    image: [2, 8, 8],
    params: (n, rng) => masks(n, rng, [1, 3, 8, 8]),
  },
  {
    name: "mask of SinglePixelCamera",
    physics: () => new p.SinglePixelCamera({ imgSize: [1, 8, 8], m: 20 }),
    params: (n, rng) => masks(n, rng, [1, 8, 8]),
  },
  {
    name: "angles of Tomography",
    physics: () => new p.Tomography({ angles: 4, imgWidth: 8 }),
    params: (n, rng) => ({ angles: rng.uniform([n, 5]).mul(180) }),
  },
  {
    name: "mask, filter and sigma of a composition",
    physics: () =>
      new p.Blur({
        filter: ones([1, 1, 3, 3]),
        padding: "circular",
        noiseModel: new p.GaussianNoise(),
      }).compose(inpainting()),
    params: (n, rng) => ({ ...masks(n, rng, [1, 8, 8]), ...blurred(n, rng), sigma: levels(n, rng) }),
  },
  {
    name: "filter and sigma of a stack",
    physics: () =>
      p.stack(new p.Blur({ filter: ones([1, 1, 3, 3]) }), new p.Denoising({ noiseModel: new p.GaussianNoise() })),
    params: (n, rng) => ({ ...blurred(n, rng), sigma: levels(n, rng) }),
  },
  {
    name: "factor of a physics of one's own",
    physics: () => new Scaled(),
    params: (n, rng) => ({ factor: levels(n, rng).reshape([n, 1, 1, 1]) }),
  },
  {
    name: "factor of a physics of one's own, #private",
    physics: () => new Hidden(),
    params: (n, rng) => ({ factor: levels(n, rng).reshape([n, 1, 1, 1]) }),
  },
];

function dataset({ image = [1, 8, 8], params }: Case, n: number, rng: Rng): TensorDataset {
  return new TensorDataset({ x: rng.uniform([n, ...image]).add(0.1), params: params(n, rng) });
}

describe.each(cases)("samples with $name", (example) => {
  const { physics: make, image = [1, 8, 8] } = example;

  it("train and test in batches of different sizes, and leave the physics what it was, bit for bit", async () => {
    const [physics, rng] = [make(), new Rng(1)];
    const x = rng.uniform([2, ...image]);
    const measure = (): unknown => {
      const y = physics.forward(x, { rng: new Rng(2) });
      return values(y instanceof p.TensorList ? y.toArray() : y);
    };
    const before = JSON.stringify([values(physics), measure()]);
    const model = new Adjoint();
    const recorded = new Recorded();
    const data = dataset(example, 4, rng);
    const trainer = new Trainer({
      model,
      physics,
      losses: physics instanceof p.StackedPhysics ? new SupLoss() : [recorded, new SupLoss()],
      optimizer: new SGD(model.parameters(), { lr: 1e-3 }),
      trainData: data,
      batchSize: 2,
      evalData: new DataLoader({ dataset: dataset(example, 3, rng), batchSize: 3 }),
      epochs: 2,
      rng: new Rng(3),
    });
    await trainer.train();
    await trainer.test(new DataLoader({ dataset: dataset(example, 5, rng), batchSize: 5 }));
    expect(JSON.stringify([values(physics), measure()])).toBe(before);

    // Model and losses received the parameters of each batch.
    const trained = model.seen.filter(({ training }) => training).map(({ parameters }) => parameters);
    expect(trained).toHaveLength(4);
    if (recorded.seen.length > 0) expect(recorded.seen).toEqual(trained);
    if (make() instanceof Hidden) return;
    // Two batches of an epoch, those of the evaluation, and that of the test.
    expect(new Set(trained.slice(0, 2)).size).toBe(2);
    expect(new Set(model.seen.slice(-2).map(({ parameters }) => parameters)).size).toBe(2);
    expect(trained).not.toContain(JSON.stringify(values(physics)));
  });

  it("use as much memory after many steps as after a few", async () => {
    const model = new Adjoint();
    const figures: number[] = [];
    const trainer = new Trainer({
      model,
      physics: make(),
      losses: new SupLoss(),
      optimizer: new SGD(model.parameters(), { lr: 0 }),
      trainData: dataset(example, 4, new Rng(1)),
      batchSize: 2,
      epochs: 12,
      readEvery: 1,
      rng: new Rng(3),
      onProgress: ({ step }) => (step === 4 || step === 24) && figures.push(memory().tensors),
    });
    await trainer.train();
    // Fewer only where the collector freed what other tests forgot.
    expect(figures[1]).toBeLessThanOrEqual(figures[0] as number);
  });
});

describe("samples with parameters that the physics does not have", () => {
  it("are refused by an error that names those that it has", async () => {
    const model = new Adjoint();
    const trainer = new Trainer({
      model,
      physics: noisy(new p.GaussianNoise()),
      losses: new SupLoss(),
      optimizer: new SGD(model.parameters(), { lr: 0 }),
      trainData: new TensorDataset({ x: ones([2, 1, 4, 4]), params: { gain: full([2], 1) } }),
    });
    const error: unknown = await trainer.train().catch((thrown: unknown) => thrown);
    expectError(
      () => {
        throw error;
      },
      ArgumentError,
      "unknown_option",
      '"gain"',
      "sigma",
    );
  });
});
