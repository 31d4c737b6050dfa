import { beforeAll, describe, expect, it } from "vitest";
import { adversarial, type LossArgs } from "../../../ts/loss/index.js";
import { MAE } from "../../../ts/metric/index.js";
import {
  ArtifactRemoval,
  DCGANDiscriminator,
  DnCNN,
  functional,
  Module,
  PatchGANDiscriminator,
} from "../../../ts/nn/index.js";
import { BernoulliSplittingMaskGenerator, Inpainting } from "../../../ts/physics/index.js";
import { Rng } from "../../../ts/random/index.js";
import { init } from "../../../ts/runtime/index.js";
import { gradcheck } from "../../../ts/testing/index.js";
import { grad, memory, tensor, type Tensor, tidy } from "../../../ts/tensor/index.js";

const {
  DiscriminatorMetric,
  SupAdversarialDiscriminatorLoss,
  SupAdversarialGeneratorLoss,
  UAIRDiscriminatorLoss,
  UAIRGeneratorLoss,
  UnsupAdversarialDiscriminatorLoss,
  UnsupAdversarialGeneratorLoss,
} = adversarial;
const dtype = "float64" as const;

beforeAll(() => init());

/** Scores are the pixels themselves. */
class Pixels extends Module {
  forward(x: Tensor): Tensor {
    return x.mul(1);
  }
}
/** A critic as a function of its two kernels. */
class Critic extends Module {
  constructor(
    private readonly a: Tensor,
    private readonly b: Tensor,
  ) {
    super();
  }
  forward(x: Tensor): Tensor {
    return functional.conv2d(functional.conv2d(x, this.a).softplus(), this.b);
  }
}
const one = (value: number): Tensor => tensor([value], { shape: [1, 1, 1, 1], dtype });
const code = (f: () => unknown): unknown => {
  try {
    f();
  } catch (error) {
    return (error as { code?: string }).code;
  }
  return undefined;
};
const softplus = (v: number): number => Math.log1p(Math.exp(v));

describe("flavours", () => {
  // The formulas of the table, at s_real = 0.3 and s_fake = -0.4.
  it.each([
    ["standard", softplus(-0.3) + softplus(-0.4), softplus(0.4)],
    ["lsgan", 0.49 + 0.16, 1.96],
    ["wgan", -0.7, 0.4],
    ["hinge", 0.7 + 0.6, 0.4],
  ] as const)("%s", async (flavour, discriminator, generator) => {
    const args = { x: one(0.3), xNet: one(-0.4), D: new Pixels() };
    expect(await new SupAdversarialDiscriminatorLoss({ flavour }).forward(args).item()).toBeCloseTo(
      discriminator / 2,
      12,
    );
    expect(await new SupAdversarialGeneratorLoss({ flavour, weightAdv: 1 }).forward(args).item()).toBeCloseTo(
      generator,
      12,
    );
  });

  it("wgan-gp: at slope 1 there is no penalty, at slope 3 it is 4 times its weight", async () => {
    class Steep extends Module {
      constructor(private readonly slope: number) {
        super();
      }
      forward(x: Tensor): Tensor {
        return x.mul(this.slope);
      }
    }
    const args = { x: one(0.3), xNet: one(-0.4) };
    const loss = new SupAdversarialDiscriminatorLoss({ flavour: "wgan-gp", weightGp: 7 });
    expect(await loss.forward({ ...args, D: new Steep(1) }).item()).toBeCloseTo(-0.35, 12);
    expect(await loss.forward({ ...args, D: new Steep(3) }).item()).toBeCloseTo((-2.1 + 28) / 2, 12);
  });

  it.each(["standard", "lsgan", "wgan", "wgan-gp", "hinge"] as const)(
    "%s: the gradient with respect to the discriminator's weights is that of finite differences",
    (flavour) => {
      const [x, xNet] = [new Rng(1).normal([2, 1, 4, 4], { dtype }), new Rng(2).normal([2, 1, 4, 4], { dtype })];
      const loss = new SupAdversarialDiscriminatorLoss({ flavour });
      gradcheck(
        (a, b) => loss.forward({ x, xNet, D: new Critic(a, b), rng: new Rng(3) }),
        [new Rng(4).normal([2, 1, 2, 2], { dtype }), new Rng(5).normal([1, 2, 2, 2], { dtype })],
      );
    },
  );

  it("standard takes probabilities from a discriminator that ends in a sigmoid", async () => {
    const [logit, p] = [one(0.8), one(1 / (1 + Math.exp(-0.8)))];
    for (const real of [true, false]) {
      const logits = new DiscriminatorMetric({ flavour: "standard" }).forward(logit, real);
      const probabilities = new DiscriminatorMetric({ flavour: "standard", fromLogits: false }).forward(p, real);
      expect(await probabilities.item()).toBeCloseTo(await logits.item(), 12);
    }
    const sure = new DiscriminatorMetric({ flavour: "standard", fromLogits: false });
    const edge = tensor([0, 1], { shape: [2, 1] }).requiresGrad_();
    const value = sure.forward(edge, true);
    expect((await value.data()).every(Number.isFinite)).toBe(true);
    expect((await grad(value.sum(), [edge])[0]!.data()).every(Number.isFinite)).toBe(true);
    const D = new DCGANDiscriminator({ ndf: 2, nc: 1, rng: new Rng(0) });
    const image = new Rng(1).uniform([2, 1, 64, 64]);
    expect(
      new SupAdversarialDiscriminatorLoss({ flavour: "standard", fromLogits: false }).forward({
        x: image,
        xNet: image,
        D,
      }).shape,
    ).toEqual([2]);
  });

  it("wgan clips the weights after a step, the others leave them", async () => {
    for (const [flavour, most] of [
      ["wgan", 0.02],
      ["lsgan", 1],
    ] as const) {
      const D = new PatchGANDiscriminator({ inputNc: 1, ndf: 2, nLayers: 1, rng: new Rng(0) });
      new SupAdversarialDiscriminatorLoss(flavour === "wgan" ? { flavour, clip: 0.02 } : { flavour }).afterStep(D);
      const values = (await Promise.all(D.parameters().map((weight) => weight.data()))).flatMap((weight) =>
        [...weight].map(Math.abs),
      );
      expect(Math.max(...values)).toBeCloseTo(most, 6);
    }
  });

  it("a metric of one's own takes their place", async () => {
    const metricGan = new DiscriminatorMetric({ metric: new MAE(), realLabel: 0.9 });
    expect(
      await new SupAdversarialGeneratorLoss({ metricGan, weightAdv: 2 })
        .forward({ x: one(0), xNet: one(0.5), D: new Pixels() })
        .item(),
    ).toBeCloseTo(0.8, 12);
    expect(new DiscriminatorMetric({ noGrad: true }).forward(one(0.5).requiresGrad_(), true).requiresGrad).toBe(false);
  });
});

describe("losses", () => {
  const mask = (): Tensor => new Rng(5).bernoulli([1, 1, 8, 8], 0.5);
  const setting = () => {
    const physics = new Inpainting({ imgSize: [1, 8, 8], mask: mask() });
    const model = new ArtifactRemoval({
      backboneNet: new DnCNN({ inChannels: 1, outChannels: 1, depth: 2, nf: 2, rng: new Rng(2) }),
    });
    const y = physics.forward(new Rng(3).uniform([2, 1, 8, 8]));
    return {
      physics,
      model,
      y,
      x: new Rng(3).uniform([2, 1, 8, 8]),
      xNet: model.forward(y, physics),
      D: new PatchGANDiscriminator({ inputNc: 1, ndf: 2, nLayers: 1, batchNorm: false, rng: new Rng(0) }),
    };
  };

  it("give one value for each image; unsupervised ones look at measurements", async () => {
    const args = setting();
    const all = [
      new SupAdversarialGeneratorLoss(),
      new SupAdversarialDiscriminatorLoss(),
      new UnsupAdversarialGeneratorLoss(),
      new UnsupAdversarialDiscriminatorLoss(),
      new UAIRGeneratorLoss(),
      new UAIRDiscriminatorLoss(),
    ];
    for (const loss of all) expect((loss.forward as (given: unknown) => Tensor).call(loss, args).shape).toEqual([2]);
    const score = (t: Tensor): Tensor => args.D.forward(t).sub(1).square().mean([1, 2, 3]);
    const expected = await score(args.physics.A(args.xNet)).data();
    const { D, ...without } = args;
    for (const value of [
      new UnsupAdversarialGeneratorLoss().forward(args),
      new UnsupAdversarialGeneratorLoss({ D }).forward(without),
    ]) {
      (await value.data()).forEach((got, i) => expect(got).toBeCloseTo(expected[i] as number, 5));
    }
  });

  it("UAIR gives the physics to the network also the second time", async () => {
    const { physics, model, y, xNet, D } = setting();
    const yHat = physics.A(xNet);
    const consistency = physics.A(model.forward(yHat, physics)).sub(yHat).square().mean([1, 2, 3]);
    const value = new UAIRGeneratorLoss({ weightAdv: 0, weightMc: 3 }).forward({ xNet, y, physics, model, D });
    (await value.data()).forEach((got, i) => expect(got).toBeCloseTo(3 * (consistency.dataSync()[i] as number), 6));
  });

  it("without ground truth can measure the reconstruction with an operator of their own, as the papers do", async () => {
    const { physics, y, model, D } = setting();
    const physicsGenerator = new BernoulliSplittingMaskGenerator({ imgSize: [1, 8, 8], splitRatio: 0.5 });
    // A network that returns its input.
    const args = { y, xNet: y, physics, model, D };
    const score = async (t: Tensor, label: number): Promise<number> =>
      await D.forward(t).sub(label).square().mean().item();
    const drawn = physicsGenerator.step(2, { rng: new Rng(9) }).mask as Tensor;
    const call = (loss: { forward(given: typeof args & { rng: Rng }): Tensor }) =>
      loss
        .forward({ ...args, rng: new Rng(9) })
        .mean()
        .item();
    for (const generator of [physicsGenerator, null]) {
      const again = generator ? y.mul(drawn) : y;
      expect(await call(new UnsupAdversarialGeneratorLoss({ physicsGenerator: generator }))).toBeCloseTo(
        await score(again, 1),
        6,
      );
      for (const Discriminator of [UnsupAdversarialDiscriminatorLoss, UAIRDiscriminatorLoss]) {
        expect(await call(new Discriminator({ physicsGenerator: generator }))).toBeCloseTo(
          (await score(y, 1)) + (await score(again, 0)),
          6,
        );
      }
      const mask = generator ? drawn : (physics.mask as Tensor);
      const back = mask.mul(model.forward(again, new Inpainting({ imgSize: [1, 8, 8], mask }))).sub(again);
      expect(await call(new UAIRGeneratorLoss({ weightAdv: 0, physicsGenerator: generator }))).toBeCloseTo(
        await back.square().mean().item(),
        6,
      );
    }
    expect(await (physics.mask as Tensor).array()).toEqual(await mask().array());
    const loss = new UAIRGeneratorLoss({ physicsGenerator });
    const step = (): void =>
      void tidy(() => grad(call2(loss).mean(), model.parameters(), { allowUnused: true }).map(() => undefined));
    const call2 = (given: typeof loss): Tensor =>
      given.forward({ ...args, xNet: model.forward(y, physics), rng: new Rng(1) });
    step();
    const before = memory().tensors;
    for (let i = 0; i < 5; i++) step();
    expect(memory().tensors).toBe(before);
  });

  it("of the discriminator do not train the generator", async () => {
    const args = setting();
    for (const loss of [
      new SupAdversarialDiscriminatorLoss({ flavour: "wgan-gp" }),
      new UnsupAdversarialDiscriminatorLoss(),
    ]) {
      const slopes = grad(
        (loss.forward as (given: unknown) => Tensor).call(loss, args).mean(),
        args.model.parameters(),
        { allowUnused: true },
      );
      for (const slope of slopes) expect((await slope.data()).every((value) => value === 0)).toBe(true);
    }
  });

  it("can be written by oneself", () => {
    class Mixed extends adversarial.GeneratorLoss {
      override readonly name = "Mixed";
      override readonly assumptions = { noise: "any", operator: "any", needs: ["xNet"], adapted: false } as const;
      constructor() {
        super("Mixed");
      }
      override forward(args: LossArgs): Tensor {
        this.check(args);
        return this.adversarialLoss(args.xNet as Tensor, args);
      }
    }
    expect(new Mixed().forward({ xNet: one(1), D: new Pixels() }).shape).toEqual([1]);
  });
});

describe("bad input of adversarial losses", () => {
  class Total extends Module {
    forward(x: Tensor): Tensor {
      return x.sum();
    }
  }
  class Pairs extends Module {
    forward(x: Tensor): Tensor {
      return x.reshape([1, -1]);
    }
  }
  const args = () => ({ x: new Rng(1).uniform([2, 1, 4, 4]), xNet: new Rng(2).uniform([2, 1, 4, 4]) });
  it.each([
    [
      "an unknown flavour",
      () => new SupAdversarialGeneratorLoss({ flavour: "wasserstein" as never }),
      "invalid_argument",
    ],
    ["an unknown option", () => new SupAdversarialGeneratorLoss({ weight: 1 } as never), "unknown_option"],
    ["a negative weight", () => new SupAdversarialGeneratorLoss({ weightAdv: -1 }), "invalid_argument"],
    ["clip for another flavour", () => new SupAdversarialDiscriminatorLoss({ clip: 0.1 }), "invalid_argument"],
    ["clip 0", () => new SupAdversarialDiscriminatorLoss({ flavour: "wgan", clip: 0 }), "invalid_argument"],
    [
      "a penalty for another flavour",
      () => new SupAdversarialDiscriminatorLoss({ flavour: "hinge", weightGp: 1 }),
      "invalid_argument",
    ],
    [
      "a metric for another flavour",
      () => new DiscriminatorMetric({ flavour: "hinge", metric: new MAE() }),
      "invalid_argument",
    ],
    [
      "two metrics",
      () => new SupAdversarialGeneratorLoss({ flavour: "wgan", metricGan: new DiscriminatorMetric() }),
      "invalid_argument",
    ],
    [
      "something that is no metric",
      () => new SupAdversarialGeneratorLoss({ metricGan: new MAE() as never }),
      "invalid_argument",
    ],
    [
      "a physics generator that is none",
      () => new UAIRGeneratorLoss({ physicsGenerator: {} as never }),
      "invalid_argument",
    ],
    ["no discriminator", () => new SupAdversarialGeneratorLoss().forward(args()), "missing_argument"],
    [
      "a discriminator that is none",
      () => new SupAdversarialGeneratorLoss().forward({ ...args(), D: (() => 1) as never }),
      "invalid_argument",
    ],
    [
      "one score for the whole batch",
      () => new SupAdversarialGeneratorLoss().forward({ ...args(), D: new Total() }),
      "shape_mismatch",
    ],
    [
      "scores of another batch",
      () => new SupAdversarialDiscriminatorLoss().forward({ ...args(), D: new Pairs() }),
      "shape_mismatch",
    ],
    [
      "no scores at all",
      () => new SupAdversarialGeneratorLoss().forward({ ...args(), D: { forward: () => 3 } as never }),
      "shape_mismatch",
    ],
    [
      "images of two sizes",
      () => new SupAdversarialDiscriminatorLoss().forward({ x: one(1), xNet: args().xNet, D: new Pixels() }),
      "shape_mismatch",
    ],
    [
      "no ground truth",
      () => new SupAdversarialGeneratorLoss().forward({ xNet: one(1), D: new Pixels() } as never),
      "missing_argument",
    ],
    [
      "no model for UAIR",
      () =>
        new UAIRGeneratorLoss().forward({
          xNet: one(1),
          y: one(1),
          physics: new Inpainting({ imgSize: [1, 1, 1], mask: one(1) }),
          D: new Pixels(),
        } as never),
      "missing_argument",
    ],
  ])("%s", (_, run, expected) => expect(code(run)).toBe(expected));
});
