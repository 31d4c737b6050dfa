import { beforeAll, describe, expect, it } from "vitest";
import { grad, init, memory, nn, noGrad, Rng, type Tensor, tensor, tidy } from "../../ts/node.js";
import { eachDevice } from "../devices.js";

beforeAll(async () => await init());

const values = (tensors: readonly Tensor[]): number[][] => tensors.map((t) => [...t.dataSync()]);
const network = () => new nn.DnCNN({ inChannels: 1, outChannels: 1, depth: 6, nf: 8, rng: new Rng(1) });
const image = (): Tensor => new Rng(2).normal([2, 1, 12, 12]);

/** A network in blocks, each within `wrap`. */
function forward(net: nn.DnCNN, y: Tensor, wrap: (fn: () => Tensor) => Tensor): Tensor {
  let hidden = y;
  for (const layer of [net.inConv, ...net.convList]) {
    const given = hidden;
    hidden = wrap(() => layer.forward(given).relu());
  }
  return net.outConv.forward(hidden).add(y);
}
const plainly = (fn: () => Tensor): Tensor => fn();

describe("checkpoint", () => {
  it("gives the values and the gradients without it, to the bit", () => {
    const net = network();
    const y = image();
    const [plain, checkpointed] = [plainly, nn.checkpoint].map((wrap) => {
      const output = forward(net, y, wrap);
      return values([output, ...grad(output.square().mean(), net.parameters())]);
    });
    expect(checkpointed).toEqual(plain);
  });

  it("gives the gradients of an image and of weights that depend on each other", () => {
    const w = tensor([0.5, 0.75], { requiresGrad: true });
    const of = (wrap: (fn: () => Tensor) => Tensor): number[][] => {
      const x = w.mul(w);
      return values(grad(wrap(() => x.mul(w).exp().add(x)).sum(), [w, x]));
    };
    // d/dw (exp(w^3) + w^2) and, with x and w taken for themselves, d/dx (exp(x w) + x).
    const [total, partial] = of(nn.checkpoint) as [number[], number[]];
    [0.5, 0.75].forEach((v, i) => {
      expect(total[i]).toBeCloseTo(3 * v * v * Math.exp(v ** 3) + 2 * v, 5);
      expect(partial[i]).toBeCloseTo(v * Math.exp(v ** 3) + 1, 5);
    });
    expect([total, partial]).toEqual(of(plainly));
  });

  it("is differentiated twice", () => {
    const x = tensor([0.3, -0.7], { dtype: "float64", requiresGrad: true });
    const second = (wrap: (fn: () => Tensor) => Tensor): number[][] => {
      const first = wrap(() => x.sin().mul(x));
      const [slope] = grad(first.sum(), [x], { createGraph: true }) as [Tensor];
      return values(grad(slope.square().sum(), [x]));
    };
    expect(second(nn.checkpoint)).toEqual(second(plainly));
  });

  it("does not draw random numbers again", () => {
    const x = tensor([1, 2, 3], { requiresGrad: true });
    const rng = new Rng(7);
    const y = nn.checkpoint(() => x.mul(rng.normal([3])));
    const factors = values([y])[0]?.map((v, i) => v / (i + 1)) as number[];
    const [slope] = values(grad(y.sum(), [x])) as [number[]];
    slope.forEach((v, i) => expect(v).toBeCloseTo(factors[i] as number, 6));
  });

  it("updates statistics of batch norm once", () => {
    const of = (wrap: (fn: () => Tensor) => Tensor): number[][] => {
      const norm = new nn.BatchNorm2d({ numFeatures: 1 });
      const x = image().requiresGrad_();
      const [slope] = grad(
        wrap(() => norm.forward(x))
          .square()
          .mean(),
        [x],
      ) as [Tensor];
      return values([slope, norm.runningMean as Tensor, norm.runningVar as Tensor]);
    };
    expect(of(nn.checkpoint)).toEqual(of(plainly));
  });

  it("takes what is computed within noGrad for constant", () => {
    const x = tensor([1.5], { requiresGrad: true });
    const y = nn.checkpoint(() => x.mul(noGrad(() => x.mul(x))));
    expect(values(grad(y, [x]))).toEqual([[2.25]]);
  });

  it("keeps the results of the blocks alone", () => {
    const net = network();
    const held = (wrap: (fn: () => Tensor) => Tensor): number =>
      tidy(() => {
        const y = image();
        const before = memory().bytes;
        const output = forward(net, y, wrap);
        const bytes = memory().bytes - before;
        output.dispose();
        return bytes;
      });
    const inside = (wrap: (fn: () => Tensor) => Tensor): number =>
      tidy(() => {
        const y = image().requiresGrad_();
        const before = memory().bytes;
        const output = wrap(() => forward(net, y, plainly));
        const bytes = memory().bytes - before;
        output.dispose();
        return bytes;
      });
    const size = 2 * 12 * 12 * 4;
    // The whole network as one block: its output.
    expect(inside(nn.checkpoint)).toBe(size);
    expect(inside(plainly)).toBeGreaterThan(40 * size);
    expect(held(nn.checkpoint)).toBeLessThan(held(plainly));
  });

  it("leaves nothing behind, nor does a function that fails", () => {
    const net = network();
    const before = memory().tensors;
    tidy(() => {
      const output = forward(net, image(), nn.checkpoint);
      grad(output.square().mean(), net.parameters());
    });
    expect(memory().tensors).toBe(before);
    tidy(() => {
      const y = image();
      expect(() =>
        nn.checkpoint(() => {
          net.forward(y);
          throw new RangeError("mine");
        }),
      ).toThrow(RangeError);
      // The tape records again.
      expect(net.forward(y).requiresGrad).toBe(true);
    });
    expect(memory().tensors).toBe(before);
  });

  it("does nothing within another one, within noGrad, and where nothing is on the tape", () => {
    const x = tensor([2], { requiresGrad: true });
    const y = nn.checkpoint(() => nn.checkpoint(() => x.square()).mul(3));
    expect(values(grad(y, [x]))).toEqual([[12]]);
    expect(noGrad(() => nn.checkpoint(() => x.square())).requiresGrad).toBe(false);
    expect(nn.checkpoint(() => tensor([2]).square()).requiresGrad).toBe(false);
    expect(nn.checkpoint(() => x).requiresGrad).toBe(true);
  });

  it("refuses what it cannot compute again", () => {
    const x = tensor([2], { requiresGrad: true });
    const code = (fn: () => unknown): unknown => {
      try {
        nn.checkpoint(fn as () => Tensor);
      } catch (error) {
        return (error as { code?: string }).code;
      }
      return undefined;
    };
    expect(code(() => grad(x.square(), [x])[0])).toBe("in_checkpoint");
    expect(code(async () => await Promise.resolve(x))).toBe("asynchronous_scope");
    expect(code(() => 3)).toBe("invalid_argument");
    expect(x.square().requiresGrad).toBe(true);
  });
});

await eachDevice("checkpoint", (device) => {
  it("gives the gradients without it", async () => {
    const of = async (wrap: (fn: () => Tensor) => Tensor): Promise<number[]> => {
      const x = tensor([0.5, 2], { requiresGrad: true });
      const [slope] = grad(wrap(() => x.exp().mul(x)).sum(), [x]) as [Tensor];
      return [...(await slope.data())];
    };
    expect(await of(nn.checkpoint)).toEqual(await of(plainly));
  });

  it.skipIf(device === "cpu")("refuses to take what it computed to another device", () => {
    const x = tensor([2], { requiresGrad: true });
    expect(() => nn.checkpoint(() => x.square().to("cpu"))).toThrow(expect.objectContaining({ code: "in_checkpoint" }));
  });
});
