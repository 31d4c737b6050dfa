import { beforeAll, describe, expect, it } from "vitest";
import { init } from "../../ts/runtime/index.js";
import { grad, memory, ones, tensor, tidy } from "../../ts/tensor/index.js";
import type { Tensor } from "../../ts/tensor/index.js";
import { Rng } from "../../ts/random/index.js";
import { DnCNN } from "../../ts/nn/index.js";
import {
  Adam,
  AdamW,
  CosineAnnealingLR,
  ExponentialLR,
  LinearWarmup,
  MultiStepLR,
  Optimizer,
  SGD,
  StepLR,
} from "../../ts/optim/index.js";
import type { Schedule } from "../../ts/optim/index.js";

beforeAll(async () => {
  await init();
});

const values = (t: Tensor): number[] => [...t.dataSync()];
const caught = (f: () => unknown): Error & { code?: string } => {
  try {
    f();
  } catch (error) {
    return error as Error & { code?: string };
  }
  throw new Error("nothing was thrown");
};
const makers: Record<string, (p: Tensor[]) => Optimizer> = {
  Adam: (p) => new Adam(p, { lr: 0.01 }),
  "Adam with amsgrad": (p) => new Adam(p, { lr: 0.01, amsgrad: true, weightDecay: 0.1 }),
  AdamW: (p) => new AdamW(p, { lr: 0.01 }),
  "SGD with momentum": (p) => new SGD(p, { lr: 0.01, momentum: 0.9, nesterov: true }),
};

describe("Adam", () => {
  it("takes the step of the formula, with and without weight decay and amsgrad", () => {
    for (const [Class, decoupled] of [
      [Adam, false],
      [AdamW, true],
    ] as const) {
      for (const amsgrad of [false, true]) {
        const p = tensor([1, -2], { dtype: "float64", requiresGrad: true });
        const adam = new Class([p], { lr: 0.1, betas: [0.8, 0.9], eps: 1e-3, weightDecay: 0.05, amsgrad });
        const want = [1, -2];
        const [m, v, top] = [
          [0, 0],
          [0, 0],
          [0, 0],
        ];
        for (let t = 1; t <= 4; t++) {
          const g = [3 / t, -1];
          adam.step([tensor(g, { dtype: "float64" })]);
          for (let i = 0; i < 2; i++) {
            const gi = g[i]! + (decoupled ? 0 : 0.05 * want[i]!);
            if (decoupled) want[i] = want[i]! * (1 - 0.1 * 0.05);
            m[i] = 0.8 * m[i]! + 0.2 * gi;
            v[i] = 0.9 * v[i]! + 0.1 * gi * gi;
            top[i] = Math.max(top[i]!, v[i]!);
            const used = amsgrad ? top[i]! : v[i]!;
            want[i] = want[i]! - (0.1 * (m[i]! / (1 - 0.8 ** t))) / (Math.sqrt(used / (1 - 0.9 ** t)) + 1e-3);
          }
        }
        values(p).forEach((got, i) => expect(got).toBeCloseTo(want[i]!, 9));
        expect(p.requiresGrad).toBe(true);
      }
    }
  });

  it("updates element types and sizes that no single call takes together", () => {
    const large = 3 * 2 ** 20;
    const ps = [ones([large]), tensor([1], { dtype: "float64" }), ones([large]), tensor([1])];
    new Adam(ps, { lr: 0.1 }).step(ps.map((p) => p.mul(2)));
    // The first step is lr in the direction of the sign.
    for (const p of ps) expect(values(p.sub(0.9).abs().max())[0]).toBeLessThan(1e-6);
    expect(ps.map(({ dtype }) => dtype)).toEqual(["float32", "float64", "float32", "float32"]);
  });

  it("has AdamW's default weight decay", () => {
    expect(new AdamW([ones([1]).requiresGrad_()]).weightDecay).toBe(0.01);
    expect(new Adam([ones([1]).requiresGrad_()]).weightDecay).toBe(0);
  });
});

describe("SGD", () => {
  it("follows its formula", () => {
    const p = tensor([1], { requiresGrad: true });
    const sgd = new SGD([p], { lr: 0.5, momentum: 0.5, weightDecay: 0.5 });
    sgd.step([tensor([1])]); // b = 1.5, p = 0.25
    expect(values(p)).toEqual([0.25]);
    sgd.step([tensor([1])]); // g = 1.125, b = 1.875, p = -0.6875
    expect(values(p)).toEqual([-0.6875]);
  });
});

describe.each(Object.keys(makers))("%s", (name) => {
  const make = makers[name]!;
  const gradients = (t: number): Tensor[] => {
    const rng = new Rng(t);
    return [rng.normal([3, 2]), rng.normal([4])];
  };
  const fresh = (): Tensor[] => [new Rng(100).normal([3, 2]).requiresGrad_(), new Rng(101).normal([4]).requiresGrad_()];

  it("continues bit for bit from its state", () => {
    const whole = fresh();
    const one = make(whole);
    for (let t = 0; t < 6; t++) one.step(gradients(t));
    const halves = fresh();
    const first = make(halves);
    for (let t = 0; t < 3; t++) first.step(gradients(t));
    const state = first.stateDict();
    first.step(gradients(77)); // must not reach into the snapshot
    const resumed = fresh();
    const again = make(resumed);
    for (let t = 0; t < 3; t++) again.step(gradients(t));
    again.loadStateDict({
      ...state,
      ...JSON.parse(JSON.stringify({ kind: state.kind, learningRate: state.learningRate, steps: state.steps })),
    });
    for (let t = 3; t < 6; t++) again.step(gradients(t));
    expect(resumed.map(values)).toEqual(whole.map(values));
    expect(again.stepCount).toBe(6);
  });

  it("lowers a loss and leaks nothing over 50 steps", () => {
    const net = new DnCNN({ inChannels: 1, outChannels: 1, depth: 3, nf: 4, rng: new Rng(0) });
    const x = new Rng(1).normal([2, 1, 8, 8]);
    const parameters = net.parameters();
    const optimizer = make(parameters);
    const loss = (): Tensor => net.forward(x).square().mean();
    const step = (): void => tidy(() => optimizer.step(grad(loss(), parameters)));
    const start = tidy(() => loss().itemSync());
    step();
    const before = memory();
    for (let i = 0; i < 50; i++) step();
    expect(memory()).toEqual(before);
    expect(tidy(() => loss().itemSync())).toBeLessThan(start);
  });

  it("multiplies gradients by a factor, as if they had come so", () => {
    const run = (factor: number, scale: number): number[] => {
      const ps = [tensor([1, -2]), tensor([[0.5]])];
      const optimizer = make(ps);
      for (let step = 1; step <= 3; step++) {
        const g = [tensor([3 * scale, -scale / step]), tensor([[0.25 * scale]])];
        optimizer.step(g, { factor: tensor([factor]) });
      }
      return ps.flatMap(values);
    };
    expect(run(0.25, 4)).toEqual(run(1, 1));
    expect(run(0.25, 4)).not.toEqual(run(0, 4));
    const optimizer = make([tensor([1])]);
    expect(caught(() => optimizer.step([ones([1])], { factor: ones([2]) })).code).toBe("shape_mismatch");
    expect(caught(() => optimizer.step([ones([1])], { scale: ones([1]) } as never)).code).toBe("unknown_option");
  });

  it("counts the steps of each parameter", () => {
    const gradients = [3, -1, 0.5].map((g) => tensor([g]));
    const [a, b, alone] = [tensor([1]), tensor([1]), tensor([1])];
    const [both, one] = [make([a, b]), make([alone])];
    gradients.forEach((g, i) => both.step([g, i === 0 ? null : g]));
    gradients.slice(1).forEach((g) => one.step([g]));
    expect(values(b)).toEqual(values(alone));
    expect(both.stateDict().steps).toEqual([3, 2]);
  });

  it("refuses gradients and states that do not fit", () => {
    const p = fresh();
    const optimizer = make(p);
    expect(caught(() => optimizer.step([ones([3, 2])])).message).toContain(
      "got 1 gradients, expected one for each of 2",
    );
    expect(caught(() => optimizer.step([ones([3, 2]), ones([5])])).code).toBe("shape_mismatch");
    for (const wrong of [undefined, 3, [ones([3, 2]), 4], Object.assign([ones([3, 2])], { length: 2 })])
      expect(caught(() => optimizer.step(wrong as never))).toMatchObject({
        code: "invalid_argument",
        message: expect.stringContaining("gradient"),
      });
    optimizer.step([null, ones([4])]);
    expect(values(p[0]!)).toEqual(values(fresh()[0]!));
    expect(
      caught(() => optimizer.loadStateDict({ kind: "Other", learningRate: 1, steps: [0, 0], tensors: {} })).code,
    ).toBe("state_mismatch");
    const state = optimizer.stateDict();
    expect(caught(() => optimizer.loadStateDict({ ...state, steps: [1] })).code).toBe("state_mismatch");
    expect(caught(() => optimizer.loadStateDict({ ...state, tensors: { "0.m": ones([9]) } })).code).toBe(
      "shape_mismatch",
    );
    expect(caught(() => optimizer.loadStateDict({ ...state, tensors: { "9.m": ones([9]) } })).code).toBe(
      "state_mismatch",
    );
  });
});

describe("a class of one's own", () => {
  class Signs extends Optimizer {
    protected override update(parameter: Tensor, g: Tensor): void {
      parameter.assign_(parameter.sub(g));
    }
  }

  it("is given clipped gradients, and may add what concerns all parameters", () => {
    class Twice extends Signs {
      protected override updateAll(...given: Parameters<Signs["updateAll"]>): void {
        super.updateAll(...given);
        super.updateAll(...given);
      }
    }
    const p = [tensor([1])];
    new Twice(p, 1).step([tensor([8])], { factor: tensor([0.25]) });
    expect(values(p[0]!)).toEqual([-3]);
  });

  it("is refused with a step of its own, which would not be given the factor of clipping", () => {
    class Loses extends Signs {
      override step(gradients: readonly Tensor[]): void {
        super.step(gradients);
      }
    }
    const error = caught(() => new Loses([tensor([1])], 1));
    expect([error.code, error.message]).toEqual(["invalid_argument", expect.stringContaining("override update")]);
  });
});

describe("options", () => {
  it("out of range or unknown are named", () => {
    const p = [ones([1]).requiresGrad_()];
    expect(caught(() => new Adam([])).code).toBe("empty_parameters");
    expect(caught(() => new Adam([p[0]!, p[0]!])).message).toContain("twice");
    expect(caught(() => new Adam(p, { lr: -1 })).message).toContain("lr is -1");
    expect(caught(() => new Adam(p, { lr: NaN })).code).toBe("invalid_argument");
    expect(caught(() => new Adam(p, { betas: [0.9, 1] })).message).toContain("betas[1]");
    const typo = caught(() => new Adam(p, { learningrate: 1 } as never));
    expect([typo.code, typo.message.startsWith("Adam: unknown option")]).toEqual(["unknown_option", true]);
    expect(caught(() => new AdamW(p, { weightDecay: -1 })).message).toContain("AdamW: weightDecay");
    expect(caught(() => new SGD(p, { nesterov: true })).message).toContain("momentum");
    expect(caught(() => new StepLR(new SGD(p), { stepSize: 0 })).message).toContain("stepSize");
    expect(caught(() => new StepLR({} as never, { stepSize: 1 })).message).toContain("optimiser");
    expect(caught(() => new MultiStepLR(new SGD(p), { milestones: [1, 2.5] })).message).toContain("milestones[1]");
  });
});

describe("schedules", () => {
  const rates = (make: (o: Optimizer) => Schedule, epochs: number): number[] => {
    const optimizer = new SGD([ones([1]).requiresGrad_()], { lr: 1 });
    const schedule = make(optimizer);
    return Array.from({ length: epochs }, () => {
      const rate = optimizer.learningRate;
      schedule.step();
      return rate;
    });
  };

  it("give the rates of their formulas", () => {
    expect(rates((o) => new StepLR(o, { stepSize: 2, gamma: 0.5 }), 5)).toEqual([1, 1, 0.5, 0.5, 0.25]);
    expect(rates((o) => new MultiStepLR(o, { milestones: [1, 3], gamma: 0.5 }), 5)).toEqual([1, 0.5, 0.5, 0.25, 0.25]);
    expect(rates((o) => new MultiStepLR(o, { milestones: [0, 2, 2], gamma: 0.5 }), 3)).toEqual([0.5, 0.5, 0.125]);
    expect(rates((o) => new ExponentialLR(o, { gamma: 0.5 }), 3)).toEqual([1, 0.5, 0.25]);
    rates((o) => new CosineAnnealingLR(o, { tMax: 2, etaMin: 0.5 }), 4).forEach((rate, i) =>
      expect(rate).toBeCloseTo([1, 0.75, 0.5, 0.75][i]!, 12),
    );
    rates(
      (o) => new LinearWarmup(o, { steps: 2, startFactor: 0.5, after: new StepLR(o, { stepSize: 1, gamma: 0.1 }) }),
      4,
    ).forEach((rate, i) => expect(rate).toBeCloseTo([0.5, 0.75, 1, 0.1][i]!, 12));
  });

  it("continue from their state", () => {
    const optimizer = new SGD([ones([1]).requiresGrad_()], { lr: 1 });
    const schedule = new StepLR(optimizer, { stepSize: 2, gamma: 0.5 });
    for (let i = 0; i < 3; i++) schedule.step();
    const other = new SGD([ones([1]).requiresGrad_()], { lr: 7 });
    const resumed = new StepLR(other, { stepSize: 2, gamma: 0.5 });
    resumed.loadStateDict(JSON.parse(JSON.stringify(schedule.stateDict())) as ReturnType<Schedule["stateDict"]>);
    expect(other.learningRate).toBe(0.5);
    resumed.step();
    expect(other.learningRate).toBe(0.25);
    expect(caught(() => resumed.loadStateDict({ epoch: -1, baseLearningRate: 1 })).code).toBe("invalid_argument");
  });

  it("continue from their state together with what follows, also with another learning rate", () => {
    const make = (lr: number): [Optimizer, LinearWarmup] => {
      const optimizer = new SGD([ones([1]).requiresGrad_()], { lr });
      const after = new StepLR(optimizer, { stepSize: 2, gamma: 0.5 });
      return [optimizer, new LinearWarmup(optimizer, { steps: 2, startFactor: 0.5, after })];
    };
    const [first, schedule] = make(1);
    schedule.step();
    const state = JSON.parse(JSON.stringify(schedule.stateDict())) as ReturnType<Schedule["stateDict"]>;
    const [other, resumed] = make(7);
    resumed.loadStateDict(state);
    for (let i = 0; i < 6; i++) {
      expect(other.learningRate).toBe(first.learningRate);
      schedule.step();
      resumed.step();
    }
    expect(other.learningRate).toBe(0.25);
    // A state that does not fit changes neither.
    expect(caught(() => resumed.loadStateDict({ ...state, epoch: -1 })).code).toBe("invalid_argument");
    expect(resumed.stateDict()).toEqual(schedule.stateDict());
    expect(other.learningRate).toBe(0.25);
    // One of before there was that of `after` leaves its learning rate.
    const [late, old] = make(7);
    old.loadStateDict({ epoch: 2, baseLearningRate: 1 });
    expect(late.learningRate).toBe(7);
  });
});
