import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { TensorDataset } from "../../ts/data/index.js";
import * as F from "../../ts/functional/index.js";
import { SupLoss } from "../../ts/loss/index.js";
import { AutoEncoder, Conv2d, ConvTranspose2d, DnCNN, Linear } from "../../ts/nn/index.js";
import { Adam } from "../../ts/optim/index.js";
import { CompressedSensing, Denoising, GaussianNoise } from "../../ts/physics/index.js";
import { Rng } from "../../ts/random/index.js";
import { init, type Precision } from "../../ts/runtime/index.js";
import { grad, ones, tensor, type Tensor } from "../../ts/tensor/index.js";
import { Trainer } from "../../ts/train/index.js";
import { chosenDevices, whyAbsent } from "../devices.js";
import { BITS } from "./precisions.js";

afterAll(async () => await init({ device: "cpu" }));

const values = async (t: Tensor): Promise<number[]> => [...(await t.data())];

for (const device of chosenDevices().filter((name) => name !== "cpu")) {
  const reason = await whyAbsent(device);
  for (const precision of ["bf16", "f16"] as const) {
    const start = async (type: Precision): Promise<void> => await init({ device, precision: type });
    const why = reason ?? (await start(precision).catch((error: Error) => error))?.message;
    if (why !== undefined) {
      it.skip(`${precision} on ${device}: ${why}`, () => undefined);
      continue;
    }
    describe(`${precision} on ${device}`, () => {
      beforeAll(async () => await start(precision));
      // Below and above half of the last bit of 1.
      const [below, above] = [1 + 2 ** -(BITS[precision] + 2), 1 + 2 ** -BITS[precision]];
      const images = (of: number): Tensor => ones([1, 2, 5, 5]).mul(of);

      it("rounds both operands of a network's convolution, and of its gradients", async () => {
        for (const [value, rounded] of [
          [below, 1],
          [above, above],
        ] as const) {
          const x = images(value).requiresGrad_();
          const weight = ones([1, 2, 1, 1]).requiresGrad_();
          const y = F.conv2d(x, weight, { mixed: true });
          expect(new Set(await values(y))).toEqual(new Set([2 * rounded]));
          // dw = sum of g x, dx = sum of g w: each from rounded operands.
          const [dx, dw] = grad(y.mul(value).sum(), [x, weight]) as [Tensor, Tensor];
          expect(new Set(await values(dx))).toEqual(new Set([rounded]));
          for (const of of await values(dw)) expect(of).toBeCloseTo(25 * rounded * rounded, 3);
          const back = F.convTranspose2d(ones([1, 1, 5, 5]), ones([1, 2, 1, 1]).mul(value), { mixed: true });
          expect(new Set(await values(back))).toEqual(new Set([rounded]));
        }
      });

      it("rounds both operands of a network's product of matrices, and of its gradients", async () => {
        for (const [value, rounded] of [
          [below, 1],
          [above, above],
        ] as const) {
          const x = ones([2, 5, 3]).mul(value).requiresGrad_();
          const weight = ones([4, 3]).mul(value).requiresGrad_();
          const y = F.linear(x, weight, { mixed: true });
          for (const of of await values(y)) expect(of).toBeCloseTo(3 * rounded * rounded, 5);
          // dx = sum over the 4 outputs of g w, dw = sum over the 10 rows of g x.
          const [dx, dw] = grad(y.mul(value).sum(), [x, weight]) as [Tensor, Tensor];
          for (const of of await values(dx)) expect(of).toBeCloseTo(4 * rounded * rounded, 5);
          for (const of of await values(dw)) expect(of).toBeCloseTo(10 * rounded * rounded, 4);
          // The second derivative is made of such products too: the gradient of |dx|^2 in the weight.
          const [gx] = grad(y.sum(), [x], { createGraph: true }) as [Tensor];
          const [second] = grad(gx.mul(ones([2, 5, 3]).mul(value)).sum(), [weight]) as [Tensor];
          for (const of of await values(second)) expect(of).toBeCloseTo(10 * rounded, 4);
          const row = ones([3])
            .mul(value)
            .matmul(ones([3]).mul(value), { mixed: true });
          expect((await values(row))[0]).toBeCloseTo(3 * rounded * rounded, 5);
        }
      });

      it("adds in float32", async () => {
        // 4,096 + 1 has 13 bits.
        const x = tensor([4096, 1], { shape: [1, 2, 1, 1] });
        expect(await values(F.conv2d(x, ones([1, 2, 1, 1]), { mixed: true }))).toEqual([4097]);
        const many = ones([3, 1, 64, 64]);
        const weight = ones([1, 1, 1, 1]).requiresGrad_();
        const [dw] = grad(F.conv2d(many, weight, { mixed: true }).sum(), [weight]) as [Tensor];
        expect(await values(dw)).toEqual([3 * 64 * 64]);
        const row = tensor([4096, 1], { shape: [1, 2] });
        expect(await values(row.matmul(ones([2, 1]), { mixed: true }))).toEqual([4097]);
        expect(await values(ones([1, 12289]).matmul(ones([12289, 1]), { mixed: true }))).toEqual([12289]);
      });

      it("rounds nothing where a convolution or a product is no network's", async () => {
        const x = images(below);
        expect(new Set(await values(F.conv2d(x, ones([1, 2, 1, 1]))))).toEqual(new Set([2 * below]));
        const blurred = F.convolve(x, ones([1, 1, 1, 1]), { padding: "circular" });
        expect(new Set(await values(blurred))).toEqual(new Set([below]));
        const row = ones([1, 2]).mul(below);
        expect(await values(row.matmul(ones([2, 1])))).toEqual([2 * below]);
        expect(await values(F.linear(row, ones([1, 2])))).toEqual([2 * below]);
        const physics = new CompressedSensing({ m: 1, imgSize: [2, 5, 5], matrix: ones([1, 50]).mul(1 / 64) });
        expect(await values(physics.A(x))).toEqual([(50 * below) / 64]);
      });

      it("is what the layers of networks ask for", async () => {
        const options = { inChannels: 2, outChannels: 2, kernelSize: 1, bias: false } as const;
        for (const layer of [new Conv2d(options), new ConvTranspose2d(options)]) {
          layer.weight.assign_(ones([2, 2, 1, 1]).mul(0.5));
          expect(new Set(await values(layer.forward(images(below))))).toEqual(new Set([1]));
        }
        const layer = new Linear({ inFeatures: 2, outFeatures: 2, bias: false });
        layer.weight.assign_(ones([2, 2]).mul(0.5));
        expect(await values(layer.forward(ones([1, 2]).mul(below)))).toEqual([1, 1]);
      });

      it.each([
        ["convolutions", (rng: Rng) => new DnCNN({ inChannels: 1, outChannels: 1, depth: 4, nf: 8, rng })],
        ["linear layers", (rng: Rng) => new AutoEncoder({ dimInput: 256, dimMid: 64, rng })],
      ] as const)("a network of %s trains within 0.05 dB of float32", async (_, network) => {
        const trained = async (type: Precision): Promise<readonly number[]> => {
          await start(type);
          const rng = new Rng(5);
          const x = rng.uniform([8, 1, 16, 16]).mul(0.5).add(0.25);
          const model = network(rng);
          const physics = new Denoising({ noiseModel: new GaussianNoise({ sigma: 0.1 }) });
          const trainer = new Trainer({
            model,
            physics,
            losses: new SupLoss(),
            optimizer: new Adam(model.parameters(), { lr: 3e-3 }),
            trainData: new TensorDataset({ x }),
            batchSize: 4,
            epochs: 20,
            gradClip: 1,
            readEvery: 4,
            rng: new Rng(6),
          });
          const history = await trainer.train();
          const y = physics.forward(x, { rng: new Rng(8) });
          const error = await values(model.forward(y, physics).sub(x).square().mean().reshape([1]));
          return [...history.map(({ loss }) => loss), error[0]].map((of) => -10 * Math.log10(of as number));
        };
        const [exact, rounded] = [await trained("float32"), await trained(precision)];
        expect(exact.length).toBeGreaterThan(5);
        expect(rounded).not.toEqual(exact);
        for (const [i, of] of exact.entries()) expect(Math.abs(of - (rounded[i] as number))).toBeLessThan(0.05);
        await start(precision);
      });

      it("is float32 again after init without it", async () => {
        await init({ device });
        const y = F.conv2d(images(below), ones([1, 2, 1, 1]), { mixed: true });
        expect(new Set(await values(y))).toEqual(new Set([2 * below]));
        await start(precision);
      });
    });
  }
}
