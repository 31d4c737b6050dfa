import { beforeAll, describe, expect, it } from "vitest";
import { Conv2d, ConvTranspose2d, Linear, PatchGANDiscriminator, ReLU, SpectralNorm } from "../../ts/nn/index.js";
import { Rng } from "../../ts/random/index.js";
import { init } from "../../ts/runtime/index.js";
import { grad, tensor, type Tensor } from "../../ts/tensor/index.js";

beforeAll(() => init());

const dtype = "float64" as const;
const layers = {
  Conv2d: () => ({
    layer: new Conv2d({ inChannels: 2, outChannels: 3, kernelSize: 3, padding: 1, dtype, rng: new Rng(1) }),
    x: new Rng(2).normal([2, 2, 4, 4], { dtype }),
  }),
  "Conv2d, circular": () => ({
    layer: new Conv2d({
      inChannels: 2,
      outChannels: 3,
      kernelSize: 3,
      padding: 1,
      paddingMode: "circular",
      dtype,
      rng: new Rng(1),
    }),
    x: new Rng(2).normal([2, 2, 4, 4], { dtype }),
  }),
  ConvTranspose2d: () => ({
    layer: new ConvTranspose2d({ inChannels: 2, outChannels: 3, kernelSize: 2, stride: 2, dtype, rng: new Rng(1) }),
    x: new Rng(2).normal([2, 2, 3, 3], { dtype }),
  }),
  Linear: () => ({
    layer: new Linear({ inFeatures: 5, outFeatures: 3, dtype, rng: new Rng(1) }),
    x: new Rng(2).normal([2, 5], { dtype }),
  }),
};

describe("SpectralNorm", () => {
  it("divides a diagonal matrix by its largest entry", async () => {
    const layer = new Linear({ inFeatures: 3, outFeatures: 3, bias: false, dtype, rng: new Rng(1) });
    layer.weight.assign_(
      tensor(
        [
          [2, 0, 0],
          [0, 8, 0],
          [0, 0, 4],
        ],
        { dtype },
      ),
    );
    const norm = new SpectralNorm({ layer, rng: new Rng(0) });
    expect(await norm.spectralNorm().item()).toBeCloseTo(8, 5);
    const y = norm.forward(tensor([[1, 1, 1]], { dtype }));
    (await y.data()).forEach((value, i) => expect(value).toBeCloseTo([0.25, 1, 0.5][i] as number, 5));
  });

  it.each(Object.entries(layers))(
    "is the layer with its weight divided, and differentiates through the norm: %s",
    async (_, make) => {
      const { layer, x } = make();
      const norm = new SpectralNorm({ layer, rng: new Rng(3) });
      for (let i = 0; i < 60; i++) norm.forward(x);
      norm.eval();
      const got = await norm.forward(x).data();
      const transposed = layer instanceof ConvTranspose2d ? layer.weight.permute([1, 0, 2, 3]) : layer.weight;
      const rows = transposed.shape[0] as number;
      const m = transposed.detach().reshape([rows, -1]);
      // The largest eigenvalue of W W^T by squaring: its 64th power is the trace, to float64's accuracy.
      let power = m.matmul(m.transpose(0, 1));
      let scale = 0;
      for (let i = 0; i < 12; i++) {
        const size = power.abs().max().itemSync();
        power = power.div(size);
        scale = (scale + Math.log(size)) * 2;
        power = power.matmul(power);
      }
      const trace = Array.from({ length: rows }, (_unused, i) => power.dataSync()[i * rows + i] as number).reduce(
        (a, b) => a + b,
      );
      const largest = Math.exp((scale + Math.log(trace)) / 2 ** 12 / 2);
      expect(await norm.spectralNorm().item()).toBeCloseTo(largest, 3);
      const divided = make();
      divided.layer.weight.assign_(layer.weight.detach().div(norm.spectralNorm().detach()));
      const expected = await (divided.layer as { forward(x: Tensor): Tensor }).forward(x).data();
      got.forEach((value, i) => expect(value).toBeCloseTo(expected[i] as number, 9));
      // Central differences of the sum of squares with respect to each weight.
      const objective = (): Tensor => norm.forward(x).square().sum();
      const [slope] = grad(objective(), [norm.weightOrig]) as [Tensor];
      const values = Float64Array.from(norm.weightOrig.dataSync());
      const at = (i: number, shift: number): number => {
        const moved = Float64Array.from(values);
        moved[i] = (moved[i] as number) + shift;
        norm.weightOrig.assign_(tensor(moved, { shape: norm.weightOrig.shape, dtype }));
        return objective().itemSync();
      };
      const analytic = slope.dataSync();
      for (let i = 0; i < values.length; i++) expect(analytic[i]).toBeCloseTo((at(i, 1e-6) - at(i, -1e-6)) / 2e-6, 5);
    },
  );

  it("has PyTorch's state names, and changes nothing in evaluation", async () => {
    const { layer, x } = layers.Conv2d();
    const norm = new SpectralNorm({ layer, rng: new Rng(0) });
    expect(Object.keys(norm.stateDict()).sort()).toEqual(["bias", "weight_orig", "weight_u", "weight_v"]);
    expect(
      norm
        .namedParameters()
        .map(([name]) => name)
        .sort(),
    ).toEqual(["bias", "weight_orig"]);
    norm.eval();
    const before = await norm.weightU.data();
    norm.forward(x);
    expect(await norm.weightU.data()).toEqual(before);
  });

  it("divides by what the vectors of a state give, also below 0, as PyTorch does before any iteration", () => {
    const layer = new Linear({ inFeatures: 2, outFeatures: 2, bias: false, dtype, rng: new Rng(1) });
    const norm = new SpectralNorm({ layer, rng: new Rng(0) }).eval();
    const make = (values: number[], shape = [2]): Tensor => tensor(values, { dtype, shape });
    const state = { weight_orig: make([2, 0, 0, 4], [2, 2]), weight_u: make([-1, 0]), weight_v: make([1, 0]) };
    norm.loadStateDict(state);
    const x = make([1, 1], [1, 2]);
    expect([...norm.forward(x).dataSync()]).toEqual([-1, -2]);
    expect([...(grad(norm.forward(x).sum(), [norm.weightOrig])[0] as Tensor).dataSync()]).toEqual([
      1, -0.5, -0.5, -0.5,
    ]);
    norm.loadStateDict({ ...state, weight_orig: make([0, 0, 0, 0], [2, 2]) });
    expect([...norm.forward(x).dataSync()]).toEqual([0, 0]);
  });

  it("refuses other layers and settings", () => {
    expect(() => new SpectralNorm({ layer: new ReLU() as never })).toThrow(/Conv2d/);
    expect(() => new SpectralNorm({ layer: layers.Linear().layer, nPowerIterations: 0 })).toThrow(/nPowerIterations/);
  });

  it("is an option of PatchGANDiscriminator", () => {
    const D = new PatchGANDiscriminator({
      inputNc: 1,
      ndf: 2,
      nLayers: 1,
      batchNorm: false,
      spectralNorm: true,
      rng: new Rng(0),
    });
    expect(Object.keys(D.stateDict())).toContain("model.0.weight_orig");
    expect(D.forward(new Rng(1).normal([2, 1, 8, 8])).shape).toEqual([2, 1, 7, 7]);
  });
});
